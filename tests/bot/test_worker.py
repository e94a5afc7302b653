from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from bot import worker as workers
from bot.worker import Worker
from store.database import Database
from tests.bot.conftest import Bot


async def until_answered(bot: Bot, *replies: str) -> None:
    async with asyncio.timeout(10):
        while await bot.replies() != list(replies):
            await asyncio.sleep(0.01)


async def test_it_answers_what_comes_in_and_finishes_its_turns_when_it_is_stopped(bot: Bot) -> None:
    worker = Worker(bot.database, bot.runner, bot.clock, bot.web.wakeups)
    running = asyncio.create_task(worker.run())
    await bot.receive("một")
    bot.web.wakeups.notify(workers.INBOX)
    await until_answered(bot, "echo một")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_database_that_is_away_for_a_moment_does_not_end_it(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "LONGEST_NAP_SECONDS", 0.01)
    read, failures = Database.read, iter(range(3))

    async def sometimes(self: Database, work: object) -> object:
        if next(failures, None) is not None:
            raise OperationalError("SELECT", {}, Exception("the server went away"))
        return await read(self, work)  # type: ignore[arg-type]

    monkeypatch.setattr(Database, "read", sometimes)
    running = asyncio.create_task(Worker(bot.database, bot.runner, bot.clock, bot.web.wakeups).run())
    while next(failures, None) is not None:
        await asyncio.sleep(0.01)
    await bot.receive("một")
    await until_answered(bot, "echo một")
    running.cancel()


async def test_it_takes_no_more_than_it_can_run(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PARALLEL_TURNS", 0)
    assert bot.web.worker.lease() is None
