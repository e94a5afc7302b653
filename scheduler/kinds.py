"""What a kind of job is, and what it may use. Which there are: `registry.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.wakeups import Wakeups
from integrations.sms.gateway import Gateway
from programme.content import Content
from programme.office_hours import ALWAYS_CLOSED
from programme.packs import normalise_province_id
from programme.working_time import WorkingTime
from scheduler.watch import NOTHING_WATCHED, Watch
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database


@dataclass(frozen=True)
class JobContext:
    """The rooms that jobs work with. `renewals`: what must be renewed in time also when nobody uses it; none raises for
    what the provider answers. `gateways`: of bulk messages, by name.
    """

    database: Database
    clock: Clock
    content: Content
    wakeups: Wakeups
    keyring: Keyring
    watch: Watch = NOTHING_WATCHED
    renewals: Sequence[Callable[[], Awaitable[object]]] = ()
    gateways: Mapping[str, Gateway] = field(default_factory=dict)

    def working_time(self, province: str) -> WorkingTime:
        """When the officers of a province are at work: never, where it has no pack."""
        pack = self.content.packs.provinces.get(normalise_province_id(province))
        hours = ALWAYS_CLOSED if pack is None else pack.working_hours
        return WorkingTime(hours, self.content.deadlines, self.clock.timezone)


@dataclass(frozen=True)
class JobKind:
    """`name`: at most 40 characters, for good. `every`: whole minutes. `run` bears being run twice (see `jobs.py`)."""

    name: str
    every: timedelta
    run: Callable[[JobContext], Awaitable[None]]

    def newest_instant(self, now: datetime) -> datetime:
        """The last minute up to `now` that `every` divides, counted in UTC.

        The last one, not only the present minute: a tick that comes late does not lose what was due in between. What
        was due while no process ran is made up for by one job, not by one for each instant.
        """
        every, seconds = int(self.every.total_seconds()), int(now.timestamp())
        return datetime.fromtimestamp(seconds - seconds % every, UTC)
