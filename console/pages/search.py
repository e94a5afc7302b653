"""/console/search: owners by number or name, messages and notes by their words; as somebody types, the results alone.

That somebody searched is recorded, and how much was found: never the words, which are often a person's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse

from console.context import console_context
from console.pages.queue import Officer, channels
from console.snippets import snippet
from console.templating import page
from console.viewing import actor_of
from store.audit import record
from store.contact_search import Owner, find_owners
from store.search import Found, find_said, read_words
from store.text import clean

router = APIRouter()
MOST_OWNERS, MOST_MESSAGES = 10, 30
LONGEST_QUERY = 200


class Period(StrEnum):
    """How far back, in days."""

    ALL = ""
    WEEK = "7"
    MONTH = "30"
    YEAR = "365"


@dataclass(frozen=True)
class Sought:
    """What is looked for: the address's parameters."""

    typed: str
    channel: str
    period: Period


def sought(
    q: Annotated[str, Query(max_length=LONGEST_QUERY)] = "",
    channel: Annotated[str, Query(max_length=20)] = "",
    period: Period = Period.ALL,
) -> Sought:
    """The box and its filters."""
    # a space at the end says that the last word is whole
    typed = clean(q)
    return Sought(typed + " " if typed and q[-1:].isspace() else typed, channel, period)


@router.get("/search")
async def search_page(request: Request, person: Officer, wanted: Annotated[Sought, Depends(sought)]) -> HTMLResponse:
    """The whole page, or for htmx what was found alone."""
    context = console_context(request)
    now = context.clock.now()
    words = read_words(wanted.typed)
    since = now - timedelta(days=int(wanted.period)) if wanted.period else None

    def look(connection: Connection) -> tuple[list[Owner], Found]:
        if words is None:
            return [], Found((), is_all=True)
        owners = find_owners(connection, context.keyring, wanted.typed, MOST_OWNERS)
        return owners, find_said(connection, words, MOST_MESSAGES, wanted.channel or None, since)

    owners, found = await context.database.read(look)
    if words:
        # In a transaction of its own, since nobody who writes should wait for a search; committed before anybody reads
        # what was found.
        detail = {"length": len(wanted.typed), "owners": len(owners), "messages": len(found.said)}
        actor = actor_of(person)
        await context.database.run(lambda c: record(c, context.keyring, now, actor, "search", "messages", detail))
    return page(
        request,
        person,
        "search_found.html" if "HX-Request" in request.headers else "search.html",
        wanted=wanted,
        words=words,
        owners=owners,
        found=found,
        channels=channels(context.providers),
        periods=list(Period),
        snippet=snippet,
    )
