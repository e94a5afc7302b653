"""Telegram is polled by one process, and an update is confirmed only when it is kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.polling import LEASE, ROLE, TelegramPoller
from integrations.errors import SendFailed
from integrations.telegram.errors import ERRORS
from integrations.telegram.provider import TelegramProvider
from integrations.telegram.sim_account import BOT_TOKEN
from store import leadership
from store.clock import ManualClock
from store.database import Database
from store.events import Event
from store.messages import InboundMessage
from store.survey_tables import leader
from tests.integrations.telegram.platform import Platform, telegram


@dataclass
class Kept:
    """What was taken; `failures` are raised first, each once."""

    texts: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    failures: list[Exception] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, channel: str, events: Sequence[Event]) -> None:
        assert channel == "telegram"
        if self.failures:
            raise self.failures.pop(0)
        for event in events:
            if isinstance(event, InboundMessage) and event.provider_message_id not in self.keys:
                self.keys.add(event.provider_message_id)
                self.texts.append(event.text)
        self.news.set()

    async def wait(self, texts: int) -> None:
        async with asyncio.timeout(10):
            while len(self.texts) < texts:
                self.news.clear()
                await self.news.wait()


@contextlib.asynccontextmanager
async def running(*pollers: TelegramPoller) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def poller(database: Database, clock: ManualClock, provider: Any, kept: Kept) -> TelegramPoller:
    return TelegramPoller(database, clock, provider, kept.take, naps=(0.01,), follower_nap=0.01)


@contextlib.asynccontextmanager
async def account() -> AsyncIterator[tuple[Platform, TelegramProvider]]:
    async with telegram() as platform:
        provider = TelegramProvider(BOT_TOKEN, platform.url)
        yield platform, provider
        await provider.close()


async def test_what_people_write_is_kept_in_order_and_then_confirmed(database: Database, clock: ManualClock) -> None:
    kept = Kept()
    async with account() as (platform, provider), running(poller(database, clock, provider, kept)):
        for n in range(5):
            platform.act("text", text=f"tin {n}")
            await kept.wait(n + 1)
        assert kept.texts == [f"tin {n}" for n in range(5)]
        async with asyncio.timeout(5):
            while platform.simulator.world.updates.count(platform.simulator.clock.now()):
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("failure", [OperationalError("", {}, Exception()), ValueError("a fault of ours")])
async def test_what_could_not_be_kept_comes_again(database: Database, clock: ManualClock, failure: Exception) -> None:
    kept = Kept(failures=[failure, failure])
    async with account() as (platform, provider):
        platform.act("text", text="một")
        platform.act("text", text="hai")
        async with running(poller(database, clock, provider, kept)):
            await kept.wait(2)
    assert kept.texts == ["một", "hai"] and kept.failures == []


async def test_trouble_with_telegram_passes(database: Database, clock: ManualClock) -> None:
    kept = Kept()
    async with account() as (platform, provider):
        for fault in ({"kind": "html"}, {"kind": "error", "code": 409}, {"kind": "reset_before"}, {"kind": "http_502"}):
            platform.simulator.faults.arm({**fault, "count": 1})
        platform.act("text", text="một")
        async with running(poller(database, clock, provider, kept)):
            await kept.wait(1)


async def test_numbers_that_begin_lower_hide_nothing(database: Database, clock: ManualClock) -> None:
    kept = Kept()
    async with account() as (platform, provider):
        updates = platform.simulator.world.updates
        async with running(poller(database, clock, provider, kept)):
            platform.act("text", text="trước")
            await kept.wait(1)
            updates.next_id = 5
            platform.act("text", text="sau")
            await kept.wait(2)
    assert kept.texts == ["trước", "sau"]


@dataclass
class Asked:
    """A provider that answers polls from a list, then never; `polls` are the offsets it was asked with."""

    answers: list[Any]
    polls: list[int | None] = field(default_factory=list)
    set_ups: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def set_up(self) -> None:
        self.set_ups += 1

    async def updates(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        self.polls.append(offset)
        if not self.answers:
            self.idle.set()
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return cast("list[dict[str, Any]]", answer)

    read_update = TelegramProvider.read_update


def update(number: Any, text: str = "alo") -> dict[str, Any]:
    chat = {"id": 5012345678, "type": "private"}
    return {"update_id": number, "message": {"message_id": 1, "date": 1, "chat": chat, "text": text}}


async def polled(database: Database, clock: ManualClock, *answers: Any) -> tuple[Asked, Kept]:
    asked, kept = Asked(list(answers)), Kept()
    async with running(poller(database, clock, asked, kept)):
        async with asyncio.timeout(10):
            await asked.idle.wait()
    return asked, kept


async def test_the_offset_confirms_what_was_kept_and_is_dropped_when_nothing_waits(
    database: Database, clock: ManualClock
) -> None:
    asked, _ = await polled(database, clock, [update(7), update(8)], [update(9)], [], [update(3)])
    assert asked.polls == [None, 9, 10, None, 4]
    assert asked.set_ups == 1


async def test_after_trouble_the_same_is_asked_again(database: Database, clock: ManualClock) -> None:
    conflict, silence = SendFailed(ERRORS["telegram_conflict"]), SendFailed(ERRORS["telegram_no_answer"])
    asked, kept = await polled(database, clock, [update(7)], conflict, silence, [update(8, "hai")])
    assert asked.polls == [None, 8, 8, 8, 9] and kept.texts == ["alo", "hai"]


async def test_an_update_that_cannot_be_read_holds_up_nobody(database: Database, clock: ManualClock) -> None:
    odd = {"update_id": 7, "message": [1]}
    asked, kept = await polled(database, clock, [odd, update("x"), update(8, "sau")])
    assert kept.texts == ["sau"] and asked.polls == [None, 9]


async def test_updates_without_any_id_end_in_a_pause_not_in_a_race(database: Database, clock: ManualClock) -> None:
    asked, _ = await polled(database, clock, [update("x")], [update(8)])
    assert asked.polls == [None, None, 9]


async def test_of_two_processes_one_polls_and_the_other_follows_when_it_ends(
    database: Database, clock: ManualClock
) -> None:
    kept = Kept()
    async with account() as (platform, provider):
        first, second = (poller(database, clock, provider, kept) for _ in range(2))
        async with running(second):
            async with running(first):
                platform.act("text", text="một")
                await kept.wait(1)
            platform.act("text", text="hai")
            await kept.wait(2)
        assert kept.texts == ["một", "hai"]


async def test_a_killed_poller_is_replaced_when_its_lease_is_over(database: Database, clock: ManualClock) -> None:
    await database.run(lambda c: leadership.take(c, ROLE, "killed", clock.now(), LEASE))
    asked, kept = Asked([[update(7)]]), Kept()
    async with running(poller(database, clock, asked, kept)):
        await asyncio.sleep(0.1)
        assert asked.polls == []
        clock.advance(LEASE)
        async with asyncio.timeout(10):
            await asked.idle.wait()
    assert kept.texts == ["alo"]
    assert await database.read(lambda c: c.execute(select(leader)).all()) == []  # given up for the next process
