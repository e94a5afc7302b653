"""While messages come in faster than they can be answered, answering gives way."""

from __future__ import annotations

import asyncio

from bot.pressure import BURST, WITHIN_SECONDS, Pressure
from bot.worker import PARALLEL_TURNS, TURNS_UNDER_PRESSURE, Worker
from tests.bot.conftest import Bot


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def burst(pressure: Pressure, messages: int = BURST) -> None:
    for _ in range(messages):
        pressure.arrived()


def test_a_burst_is_over_as_soon_as_it_is() -> None:
    time = Time()
    pressure = Pressure(time)
    burst(pressure, BURST - 1)
    assert not pressure.is_high()
    burst(pressure, 1)
    assert pressure.is_high()
    time.now += WITHIN_SECONDS
    assert not pressure.is_high()


def test_many_messages_over_a_longer_time_are_no_burst() -> None:
    time = Time()
    pressure = Pressure(time)
    for _ in range(10 * BURST):
        time.now += 2 * WITHIN_SECONDS / BURST
        pressure.arrived()
    assert not pressure.is_high()


async def test_a_worker_has_one_place_during_a_burst_and_all_of_them_after_it(bot: Bot) -> None:
    time = Time()
    worker = Worker(bot.database, bot.runner, bot.clock, bot.web.wakeups, Pressure(time))
    burst(worker.pressure)
    assert [worker.lease() is None for _ in range(3)] == [False, True, True]
    assert TURNS_UNDER_PRESSURE == 1
    time.now += WITHIN_SECONDS
    assert sum(worker.lease() is not None for _ in range(2 * PARALLEL_TURNS)) == PARALLEL_TURNS - 1


async def test_what_waited_during_a_burst_is_answered_after_it(bot: Bot) -> None:
    time = Time()
    worker = Worker(bot.database, bot.runner, bot.clock, bot.web.wakeups, Pressure(time))
    conversations = [await bot.open() for _ in range(4)]
    for one in conversations:
        await bot.receive("xin chào", to=one)
    burst(worker.pressure)
    working = asyncio.create_task(worker.run())
    time.now += WITHIN_SECONDS
    async with asyncio.timeout(10):
        while not all([await bot.replies(of=one) for one in conversations]):
            await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.wait([working])
