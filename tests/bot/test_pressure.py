"""While messages come in faster than they can be answered, answering gives way."""

from __future__ import annotations

import asyncio
import contextlib

from bot.pressure import HOLD_SECONDS, MANY, Pressure
from bot.worker import PARALLEL_TURNS, TURN_UNDER_PRESSURE_SECONDS, Worker
from tests.bot.conftest import Bot


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def burst(pressure: Pressure, messages: int = MANY) -> None:
    with contextlib.ExitStack() as waiting:
        for _ in range(messages):
            waiting.enter_context(pressure.keeping())


def test_many_that_wait_at_once_are_a_burst_until_a_moment_later() -> None:
    time = Time()
    pressure = Pressure(time)
    burst(pressure, MANY - 1)
    assert not pressure.is_high()
    burst(pressure)
    assert pressure.is_high()
    time.now += HOLD_SECONDS
    assert not pressure.is_high()


def test_however_many_come_one_after_the_other_are_no_burst() -> None:
    pressure = Pressure(Time())
    for _ in range(10 * MANY):
        burst(pressure, 1)
    assert not pressure.is_high()


async def test_a_worker_has_no_place_during_a_burst_and_all_of_them_after_it(bot: Bot) -> None:
    time = Time()
    worker = Worker(bot.database, bot.runner, bot.clock, bot.web.wakeups, Pressure(time))
    burst(worker.pressure)
    assert worker.lease() is None
    time.now += HOLD_SECONDS
    assert sum(worker.lease() is not None for _ in range(2 * PARALLEL_TURNS)) == PARALLEL_TURNS


async def test_however_long_a_burst_lasts_somebody_is_answered_from_time_to_time(bot: Bot) -> None:
    time = Time()
    worker = Worker(bot.database, bot.runner, bot.clock, bot.web.wakeups, Pressure(time))
    time.now += TURN_UNDER_PRESSURE_SECONDS
    burst(worker.pressure)
    assert [worker.lease() is None for _ in range(3)] == [False, True, True]


async def test_what_waited_during_a_burst_is_answered_after_it(bot: Bot) -> None:
    time = Time()
    worker = Worker(bot.database, bot.runner, bot.clock, bot.web.wakeups, Pressure(time))
    conversations = [await bot.open() for _ in range(4)]
    for one in conversations:
        await bot.receive("xin chào", to=one)
    burst(worker.pressure)
    working = asyncio.create_task(worker.run())
    time.now += HOLD_SECONDS
    async with asyncio.timeout(10):
        while not all([await bot.replies(of=one) for one in conversations]):
            await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.wait([working])
