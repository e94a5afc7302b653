"""/console/queue: who waits, who is held by whom; the list alone for the page's own refreshing; whom notes mention."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, RedirectResponse

from bot.web.problems import Problem
from console import notes, queue
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import see_other
from console.queue import PAGE_ROWS, Filters, Place, View
from console.roles import DESK
from console.sessions import SignedIn
from console.templating import page
from console.viewing import note_view, seen_lately
from integrations.provider import Provider
from store.mail_threads import CHANNEL as MAIL

router = APIRouter()
Officer = Annotated[SignedIn, Depends(allow(*DESK))]
Code = Annotated[str, Query(max_length=40)]
WEB_CHAT = "webchat"
VIEWED, QUEUE = "queue.viewed", "queue"


def chosen(commune: Code = "", channel: Code = "", topic: Code = "", vendor: Code = "") -> Filters:
    """The filters of the address."""
    return Filters(commune, channel, topic, vendor)


def place(after: Annotated[str, Query(max_length=60)] = "") -> Place | None:
    """Where the list goes on: "due time,number". Raises Problem 422."""
    if not after:
        return None
    due_at, _, number = after.rpartition(",")
    try:
        behind = Place(datetime.fromisoformat(due_at), int(number))
        if behind.due_at.tzinfo is None:
            raise ValueError(due_at)
    except ValueError:
        raise Problem(422, "request_invalid", "after") from None
    return behind


@router.get("/queue")
async def queue_page(
    request: Request,
    person: Officer,
    filters: Annotated[Filters, Depends(chosen)],
    behind: Annotated[Place | None, Depends(place)],
    view: View = View.WAITING,
) -> HTMLResponse:
    """The whole page, or for htmx the list alone."""
    context = console_context(request)
    now = context.clock.now()

    def read(connection: Connection) -> dict[str, Any]:
        found = queue.rows(connection, view, person.officer_id, filters, behind)
        return {
            "rows": found[:PAGE_ROWS],
            "more": found[PAGE_ROWS - 1] if len(found) > PAGE_ROWS and view is View.WAITING else None,
            "counts": queue.counts(connection, person.officer_id, now),
            "mentions": notes.unread(connection, person.account_id),
            "is_noted": seen_lately(connection, person, VIEWED, QUEUE, now),
        }

    values = await context.database.read(read)
    if not values.pop("is_noted"):  # a list that is fetched every second must not write every second
        await context.database.run(lambda c: note_view(c, context, person, VIEWED, QUEUE, now))
    values |= {"view": view, "filters": filters, "content": context.content, "views": list(View)}
    if "HX-Request" in request.headers:
        return page(request, person, "queue_list.html", **values)
    choices: dict[str, Any] = {
        "communes": context.content.communes.communes(context.province),
        "channels": channels(context.providers),
        "topics": context.content.topics.all.values(),
        "vendors": context.content.packs.province(context.province).vendors,
    }
    return page(request, person, "queue.html", **values, **choices)


@router.get("/queue/next")
async def next_in_queue(request: Request, person: Officer) -> RedirectResponse:
    """To the conversation that is due first."""
    context: ConsoleContext = console_context(request)
    first = await context.database.read(queue.next_waiting)
    return see_other(f"/console/conversations/{first}" if first else "/console/queue")


def channels(providers: Mapping[str, Provider]) -> list[str]:
    """Every channel that conversations may come from."""
    return sorted({*providers, "zalo", "telegram", MAIL, WEB_CHAT})
