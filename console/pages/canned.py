"""/console/canned: replies that are kept ready; supervisors write and remove the officers' own."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.pages.queue import Officer
from console.roles import LEADERS
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from programme import canned_replies
from programme.canned_replies import SHORTCUT, VARIABLES, CannedReply, ShortcutTaken
from store.audit import record

router = APIRouter()
Leader = Annotated[SignedIn, Depends(allow(*LEADERS))]
Typed = Annotated[str, Query(max_length=100)]
Own = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/canned")
async def canned_page(request: Request, person: Officer, q: Typed = "") -> HTMLResponse:
    """All of them, or those that have what is looked for; for htmx the list alone."""
    context = console_context(request)
    template = "canned_list.html" if "HX-Request" in request.headers else "canned.html"
    found = canned_replies.matching(await _all(context), q)
    return page(request, person, template, replies=found, q=q, variables=VARIABLES)


@router.get("/canned/new")
async def new_page(
    request: Request, person: Leader, of: Annotated[str, Query(alias="from", max_length=30)] = ""
) -> HTMLResponse:
    """An empty form, or one of the nation's to write an own one from."""
    national = console_context(request).content.canned_replies
    return _form(request, person, national.get(of, CannedReply("", "", "")))


@router.get("/canned/{own}")
async def edit_page(request: Request, person: Leader, own: Own) -> HTMLResponse:
    """The form of one of the officers' own."""
    context = console_context(request)
    return _form(request, person, await _one(context, person, own))


@router.post("/canned")
async def create(request: Request, person: Leader) -> Response:
    """Write a new one."""
    return await _keep(request, person, None)


@router.post("/canned/{own}")
async def change(request: Request, person: Leader, own: Own) -> Response:
    """Change one."""
    return await _keep(request, person, own)


@router.post("/canned/{own}/delete")
async def delete(request: Request, person: Leader, own: Own) -> RedirectResponse:
    """Remove one; what it stood in front of is there again. Removing twice is removing once."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> None:
        if canned_replies.remove(connection, own):
            actor = actor_of(person)
            record(connection, context.keyring, now, actor, "canned_reply.removed", f"canned_reply {own}")

    await context.database.run(work)
    return see_other("/console/canned")


async def _all(context: ConsoleContext) -> tuple[CannedReply, ...]:
    national = context.content.canned_replies
    return await context.database.read(lambda c: canned_replies.all_replies(c, national))


async def _one(context: ConsoleContext, person: SignedIn, own: int) -> CannedReply:
    found = next((reply for reply in await _all(context) if reply.own == own), None)
    if found is None:
        raise Problem(404, "canned_unknown", context.words.say("canned.unknown", person.language))
    return found


async def _keep(request: Request, person: SignedIn, own: int | None) -> Response:
    """Write what the form says, or the form again with what is wrong with it."""
    context = console_context(request)
    reply = _read(await request.form(), own)
    wrong = _wrong(context, person, reply)
    if wrong is not None:
        return _form(request, person, reply, wrong)
    now = context.clock.now()

    def work(connection: Connection) -> None:
        number = canned_replies.keep(connection, reply, person.officer_id, now)
        actor = actor_of(person)
        record(connection, context.keyring, now, actor, "canned_reply.written", f"canned_reply {number}")

    try:
        await context.database.run(work)
    except ShortcutTaken:
        taken = context.words.say("canned.taken", person.language, shortcut=reply.shortcut)
        return _form(request, person, reply, taken)
    except LookupError:
        raise Problem(404, "canned_unknown", context.words.say("canned.unknown", person.language)) from None
    return see_other("/console/canned")


def _read(form: FormData, own: int | None) -> CannedReply:
    return CannedReply(
        shortcut=text_field(form, "shortcut", 100),
        title=text_field(form, "title", canned_replies.LONGEST_TITLE),
        text=text_field(form, "text", canned_replies.LONGEST_TEXT),
        own=own,
    )


def _wrong(context: ConsoleContext, person: SignedIn, reply: CannedReply) -> str | None:
    """What the person must change, in their words."""
    if not re.match(SHORTCUT, reply.shortcut):
        return context.words.say("canned.shortcut_wrong", person.language)
    if not reply.title or not reply.text:
        return context.words.say("canned.missing", person.language)
    places = canned_replies.wrong_places(reply.text)
    if places:
        known = " ".join(f"{{{name}}}" for name in VARIABLES)
        return context.words.say("canned.place_wrong", person.language, places=" ".join(places), known=known)
    return None


def _form(request: Request, person: SignedIn, reply: CannedReply, wrong: str | None = None) -> HTMLResponse:
    status = 422 if wrong else 200
    return page(request, person, "canned_form.html", status, reply=reply, wrong=wrong, variables=VARIABLES)
