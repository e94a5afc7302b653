"""Whoever writes, dies or races meanwhile: a reminder goes out whole, and once."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.wakeups import Wakeups
from programme.bulk_gate import is_quiet, may_be_reached
from programme.responses import Kept
from programme.survey.response import left
from scheduler import survey_nudges
from scheduler.kinds import JobContext
from scheduler.survey_nudges import NUDGE_AFTER, nudge_owners
from scheduler.ticker import Ticker
from store.leadership import LEASE
from store.tables import conversation
from tests.scheduler.conftest import ONLY_NUDGES, Desk, Heard, own_connection
from tests.scheduler.nudging import between
from tests.scheduler.test_ticker import Died


async def test_a_turn_that_is_under_way_is_superseded_and_answers_behind_the_reminder(desk: Desk) -> None:
    kept, bot = await desk.leave_unfinished(), desk.bot
    bot.conversation_id = str(kept.origin.conversation_id)
    desk.clock.advance(NUDGE_AFTER)
    await bot.receive("còn đó không")
    (work,) = await bot.database.run(lambda c: bot.runner.claim(c, 10))
    # its worker hung, somebody else let the conversation rest, and now the worker comes back
    await bot.database.run(lambda c: c.execute(update(conversation).values(wake_at=None)))
    await nudge_owners(desk.context)
    await bot.runner.run(work)
    reminder = desk.content.phrases.say("survey_nudge", left=left(kept.response))
    assert await bot.replies() == [reminder, "echo còn đó không"]
    assert len(bot.rasa.requests) == 2  # the first attempt had no effect


async def test_nobody_changes_the_conversation_between_the_check_and_the_reminder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, free = await desk.leave_unfinished(), []
    desk.clock.advance(NUDGE_AFTER)

    def looking(asked: Callable[..., Any]) -> Callable[..., Any]:
        def look_who_may_write(*about: Any) -> Any:
            free.append(_may_be_written_to(desk, str(kept.origin.conversation_id)))
            return asked(*about)

        return look_who_may_write

    monkeypatch.setattr(survey_nudges, "is_quiet", looking(is_quiet))
    monkeypatch.setattr(survey_nudges, "may_be_reached", looking(may_be_reached))
    await nudge_owners(desk.context)
    assert free == [True, False]  # before the job begins; behind the check in the owner's transaction


def _may_be_written_to(desk: Desk, conversation_id: str) -> bool:
    if desk.database.is_sqlite:
        with closing(sqlite3.connect(str(desk.database.engine.url.database), timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True
    unlocked = select(conversation.c.id).filter_by(id=conversation_id).with_for_update(skip_locked=True)
    return desk.database.run_now(lambda c: c.scalar(unlocked)) is not None


async def test_a_process_that_dies_before_the_commit_has_done_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await desk.leave_unfinished()
    before = await desk.row(str(kept.origin.conversation_id))
    desk.clock.advance(NUDGE_AFTER)
    append = survey_nudges.outbox.append

    def append_and_die(*arguments: Any, **named: Any) -> None:
        append(*arguments, **named)
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(survey_nudges.outbox, "append", append_and_die)
        with pytest.raises(Died):
            await desk.ticker().look()
    assert await desk.said(kept) == [] and await desk.nudged_at(kept) is None
    assert await desk.row(before.id) == before
    desk.clock.advance(LEASE)
    await desk.ticker().look()
    assert len(await desk.said(kept)) == 1
    assert [row.done_at for row in await desk.jobs()] == [desk.clock.now()]


async def test_a_process_that_dies_after_the_commit_repeats_nothing(desk: Desk) -> None:
    owners = [await desk.leave_unfinished() for _ in range(3)]

    class Deadly(Heard):
        def notify(self, key: str) -> None:
            raise Died

    desk.clock.advance(NUDGE_AFTER)
    with pytest.raises(Died):
        await Ticker(desk.database, desk.clock, desk.content, Deadly(), desk.bot.keyring, ONLY_NUDGES).look()
    assert sorted([len(await desk.said(owner)) for owner in owners]) == [0, 0, 1]
    desk.clock.advance(LEASE)
    for _ in range(2):
        await desk.ticker().look()
    assert [len(await desk.said(owner)) for owner in owners] == [1, 1, 1]
    assert [row.done_at for row in await desk.jobs()] == [desk.clock.now()]


async def test_two_jobs_that_race_for_the_same_owners_remind_each_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if there were two leaders: both have found every owner before either begins."""
    owners = [await desk.leave_unfinished() for _ in range(8)]
    desk.clock.advance(NUDGE_AFTER)
    both_found = threading.Barrier(2)
    between(monkeypatch, lambda: both_found.wait(20))
    await asyncio.to_thread(_in_two_threads, desk, nudge_owners)
    await _each_once(desk, owners)


async def test_two_tickers_that_race_make_one_job_and_one_reminder(desk: Desk) -> None:
    owners = [await desk.leave_unfinished() for _ in range(8)]
    desk.clock.advance(NUDGE_AFTER)
    ready = threading.Barrier(2)

    async def look(context: JobContext) -> None:
        ready.wait(20)
        await Ticker(
            context.database, context.clock, context.content, context.wakeups, context.keyring, ONLY_NUDGES
        ).look()

    await asyncio.to_thread(_in_two_threads, desk, look)
    await _each_once(desk, owners)
    assert len(await desk.jobs()) == 1


async def _each_once(desk: Desk, owners: list[Kept]) -> None:
    for owner in owners:
        (sent,) = await desk.said(owner)
        row = await desk.row(str(owner.origin.conversation_id))
        assert (sent.seq, row.last_seq, row.version) == (1, 1, 1)


def _in_two_threads(desk: Desk, work: Callable[[JobContext], Any]) -> None:
    """Run `work` in two threads, each with its own event loop and connections, like two processes."""

    def process() -> None:
        with own_connection(desk) as database:
            asyncio.run(work(JobContext(database, desk.clock, desk.content, Wakeups(), desk.bot.keyring)))

    with ThreadPoolExecutor(2) as threads:
        for ended in [threads.submit(process) for _ in range(2)]:
            ended.result()
