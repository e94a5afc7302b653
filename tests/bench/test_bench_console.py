"""The console's part of the benchmark: its year is drawn the same each time, its clients see what is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from aiohttp import web
from sqlalchemy import Connection, func, select

from bench import chat, console_live
from bench.catalogue import Sheet
from bench.console import NOW, SECRET, Browser, _holders, _pages, _races, console_of
from bench.console_data import LONG, OFFICERS, Size, Year, fill, put_in_queue
from bench.console_live import Screen, _all_shown, _written
from bench.scale import QUICK
from programme.content import Content
from store.clock import ManualClock
from store.console_tables import request
from store.crypto import Keyring
from store.database import Database, open_database
from store.search import find_said, read_words
from store.tables import conversation, escalation, inbound, outbound

SIZE = Size(contacts=60, messages=600, long_talk=80)
SCALE = replace(QUICK, console_owners=60, console_long_talk=80, console_waiting=24, console_samples=10, console_races=6)


@pytest.fixture
def year(content: Content) -> Year:
    return Year(SIZE, content, Keyring(SECRET), NOW)


@pytest.fixture
def filled(database_url: str, year: Year) -> Iterator[Database]:
    """A database that the year is to be written into."""
    database = open_database(database_url, year.keyring, ManualClock(NOW))
    yield database
    database.close()


def test_a_year_is_drawn_the_same_each_time(content: Content, year: Year) -> None:
    again = Year(SIZE, content, Keyring(SECRET), NOW)
    messages = list(year.messages())
    assert messages == list(again.messages())
    assert year.names() == again.names()
    talks = Counter(talk for _, talk, _, _, _ in messages)
    assert talks[LONG] == SIZE.long_talk and len(messages) == SIZE.messages
    assert [at for *_, at in messages] == sorted(at for *_, at in messages)
    # people speak unevenly: half of all messages are in less than a third of the conversations
    most = sorted((count for talk, count in talks.items() if talk != LONG), reverse=True)
    assert sum(most[: SIZE.contacts // 3]) > sum(most) / 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_the_pages_are_measured_on_a_filled_hotline(filled: Database, year: Year) -> None:
    sheet = Sheet(decides=False)
    url = filled.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with console_of(filled, year.content, year.keyring, OFFICERS) as officers:
        await asyncio.to_thread(fill, url, year)
        await _pages(officers, url, year, sheet, SCALE)
        measured = {figure.id for figure in sheet.figures if figure.value is not None}
        assert measured == {"console_queue", "console_queue_full", "console_conversation", "console_search"}
        assert filled.read_now(_counts) == (SIZE.messages, SIZE.contacts, SIZE.contacts)
        words = read_words("cam on")
        assert words is not None
        assert filled.read_now(lambda c: find_said(c, words, 5)).said
        assert await _races(officers, filled, year, SCALE) == 0
        with pytest.raises(AssertionError, match="answered by 404"):
            await officers[0].timed("/console/conversations/nobody")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_race_that_leaves_two_holders_is_counted(
    filled: Database, year: Year, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = filled.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with console_of(filled, year.content, year.keyring, OFFICERS) as officers:
        await asyncio.to_thread(fill, url, year)
        await asyncio.to_thread(put_in_queue, url, year, 0, 10)

        async def take(self: Browser, talk: str) -> int:
            return 303

        monkeypatch.setattr(Browser, "take", take)
        assert await _races(officers, filled, year, replace(SCALE, console_races=4)) == 4
        assert filled.read_now(lambda c: _holders(c, LONG)) == ("queue", [None])


def _counts(connection: Connection) -> tuple[int, int, int]:
    """Messages, conversations, clocks that run."""
    tables = (inbound, outbound, conversation, request)
    counts = [connection.execute(select(func.count()).select_from(one)).scalar_one() for one in tables]
    assert connection.execute(select(func.count()).select_from(escalation)).scalar_one() == counts[3]
    return counts[0] + counts[1], counts[2], counts[3]


# --- the officer's screen


@contextlib.asynccontextmanager
async def hotline(loses: int | None = None) -> AsyncIterator[str]:
    """A console that shows each message a little later, but never message `loses`; its address."""
    queues: dict[str, asyncio.Queue[str]] = {}

    async def events(asked: web.Request) -> web.StreamResponse:
        queue = queues.setdefault(asked.query["conversation"], asyncio.Queue())
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(asked)
        await answer.write(b'event: head\ndata: {"html": ""}\n\n')
        while True:
            html = await queue.get()
            await answer.write(b"event: thread\ndata: " + json.dumps({"html": html}).encode() + b"\n\n")

    async def messages(asked: web.Request) -> web.Response:
        text = (await asked.json())["text"]
        if not text.endswith(f" so{loses}so"):
            queues[asked.headers["Authorization"].removeprefix("Bearer owner-")].put_nowait(f"<p>{text}</p>")
        return web.json_response({}, status=202)

    app = web.Application()
    app.router.add_get("/console/events", events)
    app.router.add_post("/webchat/messages", messages)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_every_message_is_awaited_on_its_officers_screen() -> None:
    async with hotline() as url, chat.client() as session, contextlib.AsyncExitStack() as opened:
        screens = [Screen(url, "cookie", "csrf", f"t{n}", f"owner-t{n}") for n in range(2)]
        for screen in screens:
            await opened.enter_async_context(screen.open(session))
        planned = await _written(screens, session, rate=50, seconds=0.3, first=7)
        await _all_shown(screens, planned)
        shown = {number: at for screen in screens for number, at in screen.shown.items()}
    assert set(shown) == set(planned) and min(planned) == 7
    assert all(due <= shown[number] <= time.perf_counter() for number, due in planned.items())


async def test_a_message_that_no_officer_sees_breaks_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_live, "WAIT_SECONDS", 0.5)
    async with hotline(loses=8) as url, chat.client() as session:
        screen = Screen(url, "cookie", "csrf", "t", "owner-t")
        async with screen.open(session):
            planned = await _written([screen], session, rate=50, seconds=0.2, first=7)
            with pytest.raises(AssertionError, match="1 of"):
                await _all_shown([screen], planned)
