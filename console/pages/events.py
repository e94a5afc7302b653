"""/console/events: what changes, as it changes, for one open page: server-sent events.

`queue`: the list should be fetched again. `thread`: new entries of the conversation, as HTML. `states`: deliveries that
have changed. `head`: who holds it, who looks. `mentions`: how many notes mention this person. `signed-out`: the session
has ended. An open page of a conversation is what `tabs` calls looking at it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.responses import StreamingResponse

from bot.wakeups import QUEUE
from bot.web.problems import Problem
from console import desk, notes, sessions, tabs, thread
from console.access import todo_of
from console.context import ConsoleContext, console_context
from console.desk import Desk
from console.pages.conversation import head, thread_values, unknown
from console.pages.queue import Officer
from console.roles import DESK
from console.sessions import COOKIE, SignedIn
from console.templating import fragment
from console.thread import Entry
from console.viewing import note_view

router = APIRouter()

# Another process may have changed something without a hint getting through.
LOOK_SECONDS = 3.0
# News of the queue come in bursts; a list is fetched at most so often.
QUEUE_SECONDS = 1.0
# How often an open page renews its row, says that it is alive, and its session is looked up.
ALIVE_SECONDS = 15.0
GATHER_SECONDS = 0.02
# Of one account: hidden pages let go of theirs, so that these are windows side by side on several screens.
STREAMS_AT_ONCE = 30
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass
class Shown:
    """What the page shows now. `states`: by seq, as rendered; of what was read last."""

    seq: int
    note: int
    head: str = ""
    states: dict[int, str] = field(default_factory=dict)
    mentions: int | None = None
    queue_told_at: float = 0.0
    queue_changed: bool = False


@dataclass(frozen=True)
class News:
    """What one look at the database found."""

    desk: Desk | None = None
    entries: tuple[Entry, ...] = ()
    deliveries: dict[int, Entry] = field(default_factory=dict)
    mentions: int = 0


class SignedOut(Exception):
    """The session has ended, or what it may do has."""


@router.get("/events")
async def events(
    request: Request,
    person: Officer,
    conversation: Annotated[str, Query(pattern=r"^[0-9A-Za-z_-]{0,32}$")] = "",
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    note: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
) -> StreamingResponse:
    """`conversation`: the open one, shown up to the message `after` and the note `note`."""
    context = console_context(request)
    if context.open_streams[person.account_id] >= STREAMS_AT_ONCE:
        raise Problem(429, "too_many_streams", "", retry_after=int(ALIVE_SECONDS))
    if (
        conversation
        and await context.database.read(lambda c: desk.look(c, conversation, person, context.clock.now())) is None
    ):
        raise unknown(context, person)
    stream = _counted(
        context, person, _stream(context, request.cookies[COOKIE], person, conversation, Shown(after, note))
    )
    return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)


async def _counted(context: ConsoleContext, person: SignedIn, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream, counted while somebody reads it."""
    context.open_streams[person.account_id] += 1
    try:
        async for event in stream:
            yield event
    finally:
        context.open_streams[person.account_id] -= 1


async def _stream(
    context: ConsoleContext, token: str, person: SignedIn, conversation_id: str, shown: Shown
) -> AsyncIterator[bytes]:
    keys = [QUEUE, f"account {person.account_id}", *([conversation_id] if conversation_id else [])]
    loop = asyncio.get_running_loop()
    alive_at, looked_at, woken = 0.0, 0.0, set(keys)
    try:
        while True:
            # Listen before looking: what happens between the look and the wait wakes us
            waiters = {key: context.wakeups.listen(key) for key in keys}
            try:
                if loop.time() - alive_at >= ALIVE_SECONDS:
                    alive_at = loop.time()
                    await _keep_alive(context, token, person, conversation_id)
                    yield b": alive\n\n"
                # News of a busy queue come all the time: they must not put off the look for what came without a hint
                if woken - {QUEUE} or loop.time() - looked_at >= LOOK_SECONDS:
                    looked_at = loop.time()
                    for event in await _news(context, token, person, conversation_id, shown):
                        yield event
                if QUEUE in woken:
                    shown.queue_changed = True
                if shown.queue_changed and loop.time() - shown.queue_told_at >= QUEUE_SECONDS:
                    shown.queue_changed, shown.queue_told_at = False, loop.time()
                    yield _event("queue", {})
                nap = QUEUE_SECONDS if shown.queue_changed else LOOK_SECONDS
                await asyncio.wait(waiters.values(), timeout=nap, return_when=asyncio.FIRST_COMPLETED)
                woken = {key for key, waiter in waiters.items() if waiter.done()}
                if not woken and not shown.queue_changed:
                    woken = set(keys)
                elif conversation_id in woken:
                    await asyncio.sleep(GATHER_SECONDS)  # a turn says several things at once
            finally:
                for waiter in waiters.values():
                    waiter.cancel()
    except SignedOut:
        yield _event("signed-out", {})
    finally:
        if conversation_id:
            context.wakeups.notify(conversation_id)


async def _keep_alive(context: ConsoleContext, token: str, person: SignedIn, conversation_id: str) -> None:
    """The open page is noted, and that it is seen. Raises SignedOut."""
    now = context.clock.now()

    def look(connection: Connection) -> None:
        _refuse_signed_out(connection, context, token, now)
        if conversation_id:
            tabs.look(connection, person.account_id, conversation_id, now)
            note_view(connection, context, person, "conversation.viewed", f"conversation {conversation_id}", now)

    await context.database.run(look)


def _refuse_signed_out(connection: Connection, context: ConsoleContext, token: str, now: datetime) -> None:
    """Rights may have ended since the page was opened, as sessions do. Raises SignedOut."""
    found = sessions.find(connection, context.keyring, token, now)
    if found is None or found[0].role not in DESK or todo_of(context, found[0]) is not None:
        raise SignedOut


async def _news(
    context: ConsoleContext, token: str, person: SignedIn, conversation_id: str, shown: Shown
) -> list[bytes]:
    """Raises SignedOut."""
    now = context.clock.now()

    def look(connection: Connection) -> News:
        _refuse_signed_out(connection, context, token, now)
        mentions = notes.count_unread(connection, person.account_id)
        if not conversation_id:
            return News(mentions=mentions)
        return News(
            desk=desk.look(connection, conversation_id, person, now),
            entries=thread.after(connection, conversation_id, shown.seq, shown.note),
            deliveries=thread.deliveries(connection, conversation_id),
            mentions=mentions,
        )

    news = await context.database.read(look)
    said, new = [], {entry.seq for entry in news.entries if entry.kind != "note"}
    if news.entries:
        values = thread_values(context, now)
        html = fragment(context, person, "thread_entries.html", entries=news.entries, id=conversation_id, **values)
        shown.seq = max((entry.seq for entry in news.entries if entry.kind != "note"), default=shown.seq)
        shown.note = max((entry.id for entry in news.entries if entry.kind == "note"), default=shown.note)
        said.append(_event("thread", {"html": html, "after": shown.seq, "note": shown.note}))
    if news.desk is not None:
        changed = _changed_states(context, person, conversation_id, shown, news, new)
        if changed:
            said.append(_event("states", changed))
        words = head(context, person, news.desk)
        if words != shown.head:
            shown.head = words
            said.append(_event("head", {"html": words}))
    if news.mentions != shown.mentions:
        shown.mentions = news.mentions
        said.append(_event("mentions", {"count": news.mentions}))
    return said


def _changed_states(
    context: ConsoleContext, person: SignedIn, conversation_id: str, shown: Shown, news: News, new: set[int]
) -> dict[str, str]:
    """The deliveries that have changed since the last look, rendered, by the entry's id; without those of `new`.

    The first look says all: the page may be older than its stream.
    """
    now_shown = {
        seq: fragment(context, person, "delivery.html", entry=entry, id=conversation_id)
        for seq, entry in news.deliveries.items()
        if seq <= shown.seq
    }
    changed = {
        f"m{seq}": words for seq, words in now_shown.items() if seq not in new and shown.states.get(seq) != words
    }
    shown.states = now_shown
    return changed


def _event(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))
