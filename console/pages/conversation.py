"""/console/conversations/{id}: the thread, the owner's card, what may be done; earlier pages of the thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection, Row, select
from starlette.responses import HTMLResponse

from bot.web.attachments import link
from bot.web.problems import Problem
from console import desk, notes, tabs, thread
from console.access import allow
from console.context import ConsoleContext, console_context
from console.desk import Desk
from console.owner_card import OwnerCard, owner_card
from console.pages.queue import Officer
from console.roles import DESK
from console.sessions import SignedIn
from console.templating import fragment, moment_of, page
from console.thread import Page
from console.viewing import note_view
from programme.canned_replies import CannedReply, all_replies, matching, render
from programme.difficulties import LONGEST_TEXT
from store import difficulty_queries
from store.audit import Actor, record
from store.console_tables import account, note
from store.tables import contact, officer

router = APIRouter(prefix="/conversations")
MOST_CANNED = 8
MOST_TRIED = 5
Id = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,32}$")]
Seq = Annotated[int, Query(ge=0, le=2**31 - 1)]


@dataclass(frozen=True)
class Opened:
    """All that the page shows."""

    desk: Desk
    page: Page
    card: OwnerCard
    draft: str
    last_note: int
    colleagues: tuple[tuple[int, str], ...]
    noted: Sequence[Row[Any]]


def unknown(context: ConsoleContext, person: SignedIn) -> Problem:
    return Problem(404, "conversation_unknown", context.words.say("desk.unknown", person.language))


@router.get("/{conversation_id}")
async def conversation_page(request: Request, conversation_id: Id, person: Officer, at: Seq = 0) -> HTMLResponse:
    """The newest messages, or those around the message `at`. That it was seen is recorded."""
    context = console_context(request)
    now = context.clock.now()

    def open_(connection: Connection) -> Opened | None:
        opened = _open(connection, context, person, conversation_id, at, now)
        if opened is not None:
            tabs.look(connection, person.account_id, conversation_id, now)
            notes.read_here(connection, person.account_id, conversation_id, now)
            actor = Actor(person.name, person.account_id)
            record(connection, context.keyring, now, actor, "conversation.viewed", f"conversation {conversation_id}")
        return opened

    opened = await context.database.run(open_)
    if opened is None:
        raise unknown(context, person)
    context.wakeups.notify(conversation_id)
    tried = _tried(context, opened.page)
    return page(request, person, "conversation.html", **vars(opened), tried=tried, **thread_values(context, now))


@router.get("/{conversation_id}/earlier")
async def earlier(
    request: Request, conversation_id: Id, before: Seq, person: Annotated[SignedIn, Depends(allow(*DESK))]
) -> HTMLResponse:
    """The page of the thread that ends before the message `before`."""
    context = console_context(request)
    found = await context.database.read(lambda c: thread.before(c, conversation_id, before))
    now = context.clock.now()
    await _note_seen(context, person, conversation_id, now)
    return page(request, person, "thread_page.html", page=found, id=conversation_id, **thread_values(context, now))


@router.get("/{conversation_id}/canned")
async def canned(
    request: Request,
    conversation_id: Id,
    person: Annotated[SignedIn, Depends(allow(*DESK))],
    q: Annotated[str, Query(max_length=40)] = "",
) -> HTMLResponse:
    """The ready replies that fit what was typed behind "/", with what is known of this owner filled in."""
    context = console_context(request)
    now = context.clock.now()

    def read(connection: Connection) -> tuple[Mapping[str, str | None], tuple[CannedReply, ...]]:
        seen = desk.look(connection, conversation_id, person, now)
        if seen is None:
            raise unknown(context, person)
        owner = connection.scalar(select(contact.c.name).filter_by(id=seen.conversation["contact_id"]))
        return _known(context, person, seen, owner), all_replies(connection, context.content.canned_replies)

    known, replies = await context.database.read(read)
    await _note_seen(context, person, conversation_id, now)
    fitting = [(reply, *render(reply, known)) for reply in matching(replies, q)[:MOST_CANNED]]
    return page(request, person, "canned_choices.html", fitting=fitting)


async def _note_seen(context: ConsoleContext, person: SignedIn, conversation_id: str, now: datetime) -> None:
    """For the parts of a page that may be asked for without it. Committed before anybody reads them."""
    object_ = f"conversation {conversation_id}"
    await context.database.run(lambda c: note_view(c, context, person, "conversation.viewed", object_, now))


def _known(context: ConsoleContext, person: SignedIn, seen: Desk, owner: str | None) -> Mapping[str, str | None]:
    """What the places of a ready reply may be filled with."""
    commune = context.content.communes.by_code(seen.commune) if seen.commune else None
    vendor = commune.vendor if commune else None
    due = seen.escalation["due_at"] if seen.escalation is not None else None
    return {
        "name": owner,
        "commune": commune.full_name if commune else None,
        "vendor": vendor.short if vendor else None,
        "platform": vendor.platform if vendor else None,
        "officer": person.name,
        "due": moment_of(context, due) if due and due > context.clock.now() else None,
    }


def thread_values(context: ConsoleContext, now: datetime) -> dict[str, Any]:
    """What the templates of the thread need beside its entries."""
    return {
        "content": context.content,
        "longest_text": LONGEST_TEXT,
        "viewer": lambda attachment_id: link(context.keyring, attachment_id, now),
    }


def head(context: ConsoleContext, person: SignedIn, seen: Desk) -> str:
    """The part of the page that says who holds the conversation and what may be done."""
    return fragment(context, person, "conversation_head.html", desk=seen, content=context.content)


def _tried(context: ConsoleContext, shown: Page) -> tuple[str, ...]:
    """What the bot has answered with lately, as the packs' entries are called; a phrase of its own has no title."""
    said = [entry.reply.entry for entry in shown.entries if entry.kind == "bot" and entry.reply is not None]
    titles = {answer.id: answer.title() for answer in context.content.answers if answer.id in said}
    return tuple(dict.fromkeys(titles[entry] for entry in said if entry in titles))[-MOST_TRIED:]


def _open(
    connection: Connection, context: ConsoleContext, person: SignedIn, conversation_id: str, at: int, now: datetime
) -> Opened | None:
    seen = desk.look(connection, conversation_id, person, now)
    if seen is None:
        return None
    # First: a note that comes meanwhile is said again by the stream, and the page knows it; else nobody would say it
    newest_note = select(note.c.id).filter_by(conversation_id=conversation_id).order_by(note.c.id.desc()).limit(1)
    last_note = connection.scalar(newest_note) or 0
    shown = thread.around(connection, conversation_id, at) if at else thread.newest(connection, conversation_id)
    contact_id = seen.conversation["contact_id"]
    return Opened(
        desk=seen,
        page=shown,
        card=owner_card(connection, context.content, contact_id, seen.commune, conversation_id, person.language),
        draft=tabs.draft(connection, person.account_id, conversation_id),
        last_note=last_note,
        colleagues=_colleagues(connection, person),
        noted=difficulty_queries.of_conversation(connection, conversation_id),
    )


def _colleagues(connection: Connection, person: SignedIn) -> tuple[tuple[int, str], ...]:
    """To whom a conversation may be passed on: everybody at the desk, those on duty first."""
    rows = (
        select(account.c.officer_id, officer.c.name)
        .join(officer, officer.c.id == account.c.officer_id)
        .where(account.c.disabled_at.is_(None), account.c.role.in_(DESK), account.c.id != person.account_id)
        .order_by(account.c.on_duty.desc(), officer.c.name)
    )
    return tuple((row.officer_id, row.name) for row in connection.execute(rows))
