"""What is due is a row until it is done."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler import jobs
from store.clock import ManualClock
from store.database import Database


def test_an_instant_of_a_kind_is_due_once(database: Database, clock: ManualClock) -> None:
    now = clock.now()

    def make(kind: str, at: datetime) -> bool:
        return database.run_now(lambda c: jobs.make_due(c, kind, at))

    assert make("a", now) and not make("a", now)
    assert make("b", now) and make("a", now + timedelta(minutes=1))


def test_what_is_due_comes_oldest_first_until_it_is_done(database: Database, clock: ManualClock) -> None:
    now, minute = clock.now(), timedelta(minutes=1)
    for kind, at in (("late", now), ("future", now + minute), ("early", now - minute)):
        database.run_now(lambda c, kind=kind, at=at: jobs.make_due(c, kind, at))
    early, late = database.read_now(lambda c: jobs.take_due(c, now))
    assert [(early.kind, early.due_at), (late.kind, late.due_at)] == [("early", now - minute), ("late", now)]
    assert database.read_now(lambda c: jobs.take_due(c, now)) == [early, late]
    database.run_now(lambda c: jobs.done(c, early.id, now))
    assert database.read_now(lambda c: jobs.take_due(c, now)) == [late]
    assert not database.run_now(lambda c: jobs.make_due(c, "early", now - minute))


def test_what_was_done_is_forgotten_after_thirty_days_and_what_was_not_never(
    database: Database, clock: ManualClock
) -> None:
    then = clock.now()
    for kind in ("done", "not done"):
        database.run_now(lambda c, kind=kind: jobs.make_due(c, kind, then))
    done, not_done = database.read_now(lambda c: jobs.take_due(c, then))
    database.run_now(lambda c: jobs.done(c, done.id, then))

    def knows(kind: str) -> bool:
        with database.engine.connect() as connection:  # tried, and never committed
            return not jobs.make_due(connection, kind, then)

    database.run_now(lambda c: jobs.forget_done(c, then + jobs.KEPT))
    assert knows("done")
    clock.advance(jobs.KEPT + timedelta(minutes=1))
    database.run_now(lambda c: jobs.forget_done(c, clock.now()))
    assert not knows("done")
    assert database.read_now(lambda c: jobs.take_due(c, clock.now())) == [not_done]
