"""What waits is counted from the indexes alone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from store.backlog import read_backlog
from store.clock import ManualClock
from store.database import Database
from tests.store.plans import tables_read_whole


def test_counting_what_waits_does_not_read_what_is_done(database: Database, clock: ManualClock) -> None:
    assert tables_read_whole(database, partial(read_backlog, now=clock.now())) == set()


def test_an_empty_backlog_has_no_age(database: Database, clock: ManualClock) -> None:
    backlog = database.read_now(partial(read_backlog, now=clock.now()))
    assert (backlog.inbox, backlog.inbox_age, backlog.outbox_age) == (0, timedelta(0), timedelta(0))
    assert backlog.outbox == {"waiting": 0, "sending": 0, "uncertain": 0, "held": 0}
