"""A tick: one leader makes jobs due and runs them, and no job stops another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from scheduler import jobs
from scheduler import ticker as ticking
from scheduler.jobs import KEPT
from scheduler.kinds import JobContext, JobKind
from scheduler.registry import KINDS
from store.database import Database
from store.leadership import LEASE
from tests.scheduler.conftest import Desk, Logged

MINUTE = timedelta(minutes=1)
NINE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # where the clock of the tests stands
# Every kind, and the module that tests what it does.
TESTED = {
    kind: Path(__file__).with_name(f"test_{module}.py")
    for kind, module in {
        "alarms": "alarms",
        "renewal": "renewal",
        "retention": "retention",
        "sla_watch": "sla_watch",
        "officer_notices": "officer_notices",
        "lead_watch": "lead_watch",
        "erasures": "erasures",
        "campaigns": "campaigns",
        "balances": "balances",
    }.items()
} | {"kpi": Path(__file__).parents[1] / "console" / "test_kpi.py"}


class Died(BaseException):
    """As kill -9: nothing of ours catches it."""


@dataclass
class Counted:
    """A job that counts its runs, and does what it is told to."""

    every: timedelta = MINUTE
    failure: BaseException | None = None
    runs: int = 0
    times: list[datetime] = field(default_factory=list)

    async def run(self, context: JobContext) -> None:
        self.runs += 1
        self.times.append(context.clock.now())
        if self.failure is not None:
            raise self.failure

    def kind(self, name: str) -> JobKind:
        return JobKind(name, self.every, self.run)


def kinds(**counted: Counted) -> Mapping[str, JobKind]:
    return {name: one.kind(name) for name, one in counted.items()}


def test_every_kind_of_job_has_its_tests() -> None:
    assert set(KINDS) == set(TESTED)
    assert all(tests.is_file() for tests in TESTED.values())
    for name, kind in KINDS.items():
        assert name == kind.name and len(name) <= 40
        assert kind.every >= MINUTE and not kind.every % MINUTE


def test_an_instant_is_the_last_whole_minute_that_the_period_divides() -> None:
    kind = Counted(timedelta(minutes=10)).kind("ten")
    assert kind.newest_instant(NINE) == NINE
    assert kind.newest_instant(NINE + timedelta(minutes=9, seconds=59.9)) == NINE
    assert kind.newest_instant(NINE + timedelta(minutes=10)) == NINE + timedelta(minutes=10)


async def test_a_job_runs_once_in_its_period_however_often_it_ticks(desk: Desk) -> None:
    often, seldom = Counted(), Counted(timedelta(minutes=10))
    ticker = desk.ticker(kinds(often=often, seldom=seldom))
    for _ in range(6 * 11):
        await ticker.look()
        desk.clock.advance(timedelta(seconds=10))
    assert (often.runs, seldom.runs) == (11, 2)
    rows = await desk.jobs()
    assert all(row.done_at is not None for row in rows)
    assert [row.due_at for row in rows if row.kind == "seldom"] == [NINE, NINE + timedelta(minutes=10)]


async def test_a_tick_that_comes_late_does_not_lose_an_instant_nor_makes_up_for_each(desk: Desk) -> None:
    job = Counted(timedelta(minutes=10))
    ticker = desk.ticker(kinds(job=job))
    await ticker.look()
    desk.clock.advance(timedelta(minutes=34))
    await ticker.look()
    assert job.runs == 2
    assert [row.due_at for row in await desk.jobs()] == [NINE, NINE + timedelta(minutes=30)]


async def test_of_two_tickers_one_runs_the_job(desk: Desk) -> None:
    job = Counted()
    first, second = (desk.ticker(kinds(job=job)) for _ in range(2))
    for _ in range(5):
        await asyncio.gather(first.look(), second.look())
        desk.clock.advance(timedelta(seconds=20))
    assert len(job.times) == len(await desk.jobs()) == 2
    assert (await desk.jobs())[0].due_at == NINE


async def test_the_other_ticker_takes_over_when_the_leader_is_gone(desk: Desk) -> None:
    mine, other = Counted(), Counted()
    first, second = desk.ticker(kinds(job=mine)), desk.ticker(kinds(job=other))
    await first.look()
    desk.clock.advance(LEASE - timedelta(seconds=1))
    await second.look()
    assert (mine.runs, other.runs) == (1, 0)
    desk.clock.advance(MINUTE)
    await second.look()
    assert (mine.runs, other.runs) == (1, 1)


async def test_a_job_whose_leader_died_in_it_is_run_by_the_next(desk: Desk) -> None:
    dying, other = Counted(failure=Died()), Counted()
    with pytest.raises(Died):
        await desk.ticker(kinds(job=dying)).look()
    desk.clock.advance(LEASE)
    await desk.ticker(kinds(job=other)).look()
    (row,) = await desk.jobs()
    assert (dying.runs, other.runs, row.done_at) == (1, 1, desk.clock.now())


async def test_a_leader_that_lost_the_lead_in_a_long_job_does_not_begin_the_next(desk: Desk) -> None:
    rival, second = desk.ticker({}), Counted()

    async def long_job(context: JobContext) -> None:
        desk.clock.advance(LEASE)
        await rival.look()

    await desk.ticker({"long": JobKind("long", MINUTE, long_job), **kinds(second=second)}).look()
    assert second.runs == 0
    assert [row.kind for row in await desk.jobs() if row.done_at is None] == ["second"]


async def test_a_failing_job_is_logged_stops_no_other_and_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = Logged()
    monkeypatch.setattr(ticking, "log", logged)
    failing, sound = Counted(failure=ValueError("broken")), Counted()
    ticker = desk.ticker(kinds(failing=failing, sound=sound))
    await ticker.look()
    assert (failing.runs, sound.runs) == (1, 1)
    desk.clock.advance(MINUTE)
    await ticker.look()
    assert (failing.runs, sound.runs) == (2, 2)  # not once more for each instant that waits
    assert [values["kind"] for event, values in logged.events if event == "job_failed"] == ["failing", "failing"]
    failing.failure = None
    await ticker.look()
    assert (failing.runs, sound.runs) == (4, 2)
    assert all(row.done_at is not None for row in await desk.jobs())


async def test_a_kind_that_this_version_does_not_know_waits(desk: Desk) -> None:
    await desk.database.run(lambda c: jobs.make_due(c, "new", desk.clock.now()))
    job = Counted()
    await desk.ticker(kinds(job=job)).look()
    assert job.runs == 1
    assert [row.kind for row in await desk.jobs() if row.done_at is None] == ["new"]


async def test_a_tick_forgets_what_was_done_a_month_ago(desk: Desk) -> None:
    ticker = desk.ticker(kinds(job=Counted()))
    await ticker.look()
    desk.clock.advance(KEPT + MINUTE)
    await ticker.look()
    assert [row.due_at for row in await desk.jobs()] == [NINE + KEPT + MINUTE]


class AwayAtFirst(Database):
    """A database whose server comes back after some time."""

    failures = 2

    async def run(self, work: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise OperationalError("SELECT 1", None, ConnectionRefusedError())
        return await super().run(work)


async def test_the_first_look_does_not_wait_for_a_tick(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "TICK_SECONDS", 3600)
    ran = asyncio.Event()

    async def job(context: JobContext) -> None:
        ran.set()

    running = asyncio.create_task(desk.ticker({"job": JobKind("job", MINUTE, job)}).run())
    try:
        async with asyncio.timeout(20):
            await ran.wait()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_running_ticks_again_and_again_outlives_an_outage_and_ends_cleanly(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedulers, logged = [], Logged()
    monkeypatch.setattr(ticking, "log", logged)

    class Watched(ticking.AsyncIOScheduler):
        def start(self, paused: bool = False) -> None:
            schedulers.append(self)
            super().start(paused)

    monkeypatch.setattr(ticking, "AsyncIOScheduler", Watched)
    monkeypatch.setattr(ticking, "TICK_SECONDS", 0.01)
    enough, runs = asyncio.Event(), 0

    async def job(context: JobContext) -> None:
        nonlocal runs
        runs += 1
        desk.clock.advance(MINUTE)
        if runs == 3:
            enough.set()

    database = AwayAtFirst(desk.database_url)
    running = asyncio.create_task(desk.ticker({"job": JobKind("job", MINUTE, job)}, database).run())
    try:
        async with asyncio.timeout(20):
            await enough.wait()
    finally:
        running.cancel()
        (ended,) = await asyncio.gather(running, return_exceptions=True)
        database.close()
    assert isinstance(ended, asyncio.CancelledError)
    (scheduler,) = schedulers
    assert not scheduler.running
    assert [event for event, _ in logged.events if event == "ticker_cannot_look"] == ["ticker_cannot_look"] * 2
