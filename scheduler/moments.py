"""A condition of an alarm, and the moment at which it is looked at. Which there are: conditions.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection

from programme.working_time import WorkingTime
from scheduler.watch import Watch
from store.backlog import Backlog, read_backlog

LATELY = timedelta(hours=1)


@dataclass(frozen=True)
class Moment:
    """What a condition looks at. `is_open`: its alarm is open already."""

    connection: Connection
    now: datetime
    timezone: tzinfo
    working_time: WorkingTime
    watch: Watch
    is_open: bool = False

    def backlog(self) -> Backlog:
        return read_backlog(self.connection, self.now)

    def clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.timezone):%H:%M ngày %d/%m}"


@dataclass(frozen=True)
class Condition:
    """`name`: at most 60 characters, for good. `title`, `remedy` and what `check` returns are Vietnamese; None: all is
    well. `check` runs in a transaction that only reads.
    """

    name: str
    title: str
    remedy: str
    check: Callable[[Moment], str | None]
