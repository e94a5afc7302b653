"""Ticks, and what a tick does: of all processes one makes jobs due and runs what is due.

APScheduler only ticks. Which instants there are is our clock's to say, what is due is in the database, and nothing of
it is lost with a process.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC
from types import MappingProxyType
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.wakeups import Wakeups
from integrations.sms.gateway import Gateway
from programme.content import Content
from scheduler import jobs
from scheduler.jobs import DueJob
from scheduler.kinds import JobContext, JobKind
from scheduler.registry import KINDS
from scheduler.watch import NOTHING_WATCHED, Watch
from store import leadership
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.logs import get_logger

log = get_logger("scheduler.ticker")

ROLE = "scheduler"
# Often enough to renew the lease (leadership.LEASE) twice before it ends, and never to step over a minute. Instants
# are whole minutes all the same: the ticks of one minute find its jobs made already.
TICK_SECONDS = 10
# A tick that the process was too busy to make is made late, several as one.
GRACE_SECONDS = 60


class Ticker:
    """One per process; of several, also on several machines, one does the work."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        content: Content,
        wakeups: Wakeups,
        keyring: Keyring,
        kinds: Mapping[str, JobKind] = KINDS,
        watch: Watch = NOTHING_WATCHED,
        renewals: Sequence[Callable[[], Awaitable[object]]] = (),
        gateways: Mapping[str, Gateway] = MappingProxyType({}),
    ) -> None:
        self.context = JobContext(database, clock, content, wakeups, keyring, watch, renewals, gateways)
        self.kinds = kinds
        self.name = secrets.token_hex(16)

    async def run(self) -> None:
        """Tick until cancelled, the first time at once. A database that is away comes back."""
        due = asyncio.Event()
        due.set()

        async def tick() -> None:
            due.set()  # while a look takes longer than the next tick, however many ticks are one more look

        scheduler: Any = AsyncIOScheduler(timezone=UTC)  # type: ignore[no-untyped-call]
        scheduler.add_job(
            tick, "interval", seconds=TICK_SECONDS, coalesce=True, max_instances=1, misfire_grace_time=GRACE_SECONDS
        )
        scheduler.start()
        try:
            while True:
                await due.wait()
                due.clear()
                try:
                    await self.look()
                except SQLAlchemyError:
                    log.exception("ticker_cannot_look")
        finally:
            scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # it stops its timer in the loop's next round

    async def look(self) -> None:
        """One tick: lead or be led; make jobs due, then run what is due, the oldest first.

        A job that fails is logged and stays due for the next tick; until then the others of its kind wait as well.
        Raises SQLAlchemyError when the database is away.
        """
        failed: set[str] = set()
        for job in await self.context.database.run(self._prepare):
            kind = self.kinds.get(job.kind)
            if kind is None or kind.name in failed:  # an unknown kind is of a newer version, which will lead some day
                continue
            # Renewed before each job: many short ones together may take longer than the lease
            if not await self.context.database.run(self._lead):
                return
            if not await self._run(kind, job):
                failed.add(kind.name)

    def _lead(self, connection: Connection) -> bool:
        return leadership.take(connection, ROLE, self.name, self.context.clock.now())

    def _prepare(self, connection: Connection) -> list[DueJob]:
        """What the leader has to run now; nothing for the others."""
        if not self._lead(connection):
            return []
        now = self.context.clock.now()
        for kind in self.kinds.values():
            if jobs.make_due(connection, kind.name, kind.newest_instant(now)):
                log.info("job_due", kind=kind.name)
        jobs.forget_done(connection, now)
        return jobs.take_due(connection, now)

    async def _run(self, kind: JobKind, job: DueJob) -> bool:
        """Whether the job is done."""
        try:
            await kind.run(self.context)
            # Dying just before this runs the job again, which its kind bears (see jobs.py)
            await self.context.database.run(lambda c: jobs.done(c, job.id, self.context.clock.now()))
        except Exception:
            log.exception("job_failed", kind=job.kind, job=job.id)
            return False
        return True
