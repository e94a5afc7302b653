from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.wakeups import QUEUE
from console import sessions
from console.context import ConsoleContext
from console.pages.events import ALIVE_SECONDS, STREAMS_AT_ONCE, Shown, _stream
from console.sessions import SignedIn
from store.console_tables import account, account_session
from store.tables import outbound
from tests.console.conftest import MakePerson, OpenBrowser, Person
from tests.console.owners import Street
from tests.console.signing_in import recorded

SECONDS = 10
Next = Callable[[str], Awaitable[Any]]
Listen = Callable[..., Any]


def _sign_in(context: ConsoleContext, person: Person) -> tuple[str, SignedIn]:
    now = context.clock.now()
    _, token = context.database.run_now(
        lambda c: sessions.begin(c, context.keyring, person.account_id, "b", "127.0.0.1", now)
    )
    found = context.database.read_now(lambda c: sessions.find(c, context.keyring, token, now))
    assert found is not None
    return token, found[0]


@pytest.fixture
def listen(context: ConsoleContext) -> Listen:
    """Opens a stream; what it gives is the next event of a name, others are passed over."""

    @asynccontextmanager
    async def open_(person: Person, conversation: str = "", after: int = 0) -> AsyncIterator[Next]:
        token, signed_in = _sign_in(context, person)
        stream = _stream(context, token, signed_in, conversation, Shown(after, 0))

        async def next_(name: str) -> Any:
            async with asyncio.timeout(SECONDS):
                async for chunk in stream:
                    first, _, rest = chunk.decode().partition("\n")
                    if first == f"event: {name}":
                        return json.loads(rest.removeprefix("data: "))
            raise AssertionError(f"the stream ended without {name}")

        yield next_
        await stream.aclose()

    return open_


async def test_a_new_message_is_shown_once(listen: Listen, make_person: MakePerson, street: Street) -> None:
    id_ = street.owner("tin cũ")
    async with listen(make_person(), id_, after=1) as heard:
        assert "Đang chờ cán bộ" in (await heard("head"))["html"]
        street.writes(id_, "tin mới <b>")
        street.context.wakeups.notify(id_)
        shown = await heard("thread")
        assert shown["after"] == 2
        assert "tin mới &lt;b&gt;" in shown["html"] and "tin cũ" not in shown["html"]
        street.writes(id_, "tin nữa")
        street.context.wakeups.notify(id_)
        assert "tin mới" not in (await heard("thread"))["html"]


async def test_a_change_without_a_hint_is_found_by_looking(
    listen: Listen, make_person: MakePerson, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.pages.events.LOOK_SECONDS", 0.05)
    id_ = street.owner("alo")
    async with listen(make_person(), id_, after=1) as heard:
        await heard("head")
        street.writes(id_, "từ tiến trình khác")
        assert "từ tiến trình khác" in (await heard("thread"))["html"]


async def test_news_of_the_queue_do_not_put_off_the_look(
    listen: Listen, make_person: MakePerson, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.pages.events.LOOK_SECONDS", 0.3)
    id_ = street.owner("alo")

    async def busy() -> None:
        while True:
            street.context.wakeups.notify(QUEUE)
            await asyncio.sleep(0.02)

    async with listen(make_person(), id_, after=1) as heard:
        await heard("head")
        others = asyncio.create_task(busy())
        street.writes(id_, "từ tiến trình khác")
        assert "từ tiến trình khác" in (await heard("thread"))["html"]
        others.cancel()


async def test_a_delivery_that_changes_is_shown(
    listen: Listen, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo", channel="zalo")
    street.bot_says(id_, "Dạ")
    async with listen(make_person(), id_, after=2) as heard:
        assert "Đang gửi" in (await heard("states"))["m2"]
        context.database.run_now(lambda c: c.execute(outbound.update().values(status="failed", error="zalo_1")))
        context.wakeups.notify(id_)
        changed = await heard("states")
        assert list(changed) == ["m2"]
        assert "KHÔNG gửi được" in changed["m2"]


async def test_news_of_the_queue_are_told_to_everybody_but_not_in_every_instant(
    listen: Listen, make_person: MakePerson, context: ConsoleContext
) -> None:
    async with listen(make_person("Hà")) as one, listen(make_person("Bình")) as two:
        await one("queue")
        await two("queue")
        begun = asyncio.get_running_loop().time()
        for _ in range(20):
            context.wakeups.notify(QUEUE)
            await asyncio.sleep(0)
        await one("queue")
        await two("queue")
        assert asyncio.get_running_loop().time() - begun >= 0.9


async def test_a_session_that_ends_closes_its_stream(
    listen: Listen, make_person: MakePerson, context: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ALIVE_SECONDS <= 60
    monkeypatch.setattr("console.pages.events.ALIVE_SECONDS", 0.0)
    async with listen(make_person()) as heard:
        await heard("queue")
        context.database.run_now(lambda c: c.execute(account_session.delete()))
        context.wakeups.notify(QUEUE)
        assert await heard("signed-out") == {}


async def test_whoever_loses_the_rights_of_the_desk_hears_nothing_more(
    listen: Listen, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    person, id_ = make_person(), street.owner("alo")
    async with listen(person, id_, after=1) as heard:
        await heard("head")
        context.database.run_now(lambda c: c.execute(account.update().values(role="commune")))
        street.writes(id_, "tin riêng")
        context.wakeups.notify(id_)
        assert await heard("signed-out") == {}


async def test_a_conversation_that_is_only_listened_to_was_seen(
    listen: Listen, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    person, id_ = make_person(), street.owner("alo")
    async with listen(person, id_) as heard:
        assert "alo" in (await heard("thread"))["html"]
    assert recorded(context, "conversation.viewed") == [(person.account_id, "Hà", f"conversation {id_}", None)]


async def test_nobody_opens_streams_without_end(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    person = make_person()
    assert (await open_browser(person).get("/console/events?conversation=none")).status_code == 404
    context.open_streams[person.account_id] = STREAMS_AT_ONCE
    answer = await open_browser(person).get("/console/events")
    assert (answer.status_code, answer.headers["X-Problem"]) == (429, "too_many_streams")


async def test_parts_of_a_conversation_are_not_read_unseen(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo", name="Lan")
    for number, part in enumerate(("earlier?before=9", "canned?q="), 1):
        browser = open_browser(make_person(f"Người {number}"))
        assert (await browser.get(f"/console/conversations/{id_}/{part}")).status_code == 200
        assert (await browser.get(f"/console/conversations/{id_}/{part}")).status_code == 200
        assert len(recorded(context, "conversation.viewed")) == number
