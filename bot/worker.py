"""Takes due conversations and runs their turns, many at a time, each conversation by one worker at a time."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from bot.inbox import Work
from bot.turn import LEASE, TurnRunner
from bot.wakeups import INBOX, Wakeups
from store.clock import Clock
from store.database import Database
from store.logs import get_logger
from store.queries import next_wake

log = get_logger("bot.worker")

# One interpreter runs them all: more at a time would end no sooner, and what comes in would wait for them.
PARALLEL_TURNS = 4
LONGEST_NAP_SECONDS = 1.0
SHORTEST_NAP_SECONDS = 0.02


class Worker:
    """One per process. `run` ends only when it is cancelled; running turns are finished first."""

    def __init__(self, database: Database, runner: TurnRunner, clock: Clock, wakeups: Wakeups) -> None:
        self.database, self.runner, self.clock, self.wakeups = database, runner, clock, wakeups
        self._turns: set[asyncio.Task[None]] = set()
        self._promised = 0

    async def run(self) -> None:
        try:
            while True:
                try:
                    await self._look()
                except SQLAlchemyError:
                    # A database that is away comes back; what was accepted waits there
                    log.exception("inbox_unreadable")
                    await asyncio.sleep(LONGEST_NAP_SECONDS)
        finally:
            await self.finish()

    async def _look(self) -> None:
        """Take what is due; if nothing is, sleep until something may be."""
        news = self.wakeups.listen(INBOX)
        try:
            taken = await self._claim()
            for work in taken:
                self._start(work)
            if not taken:
                await self.wakeups.wait(news, await self._nap())
        finally:
            news.cancel()

    def lease(self) -> datetime | None:
        """Until when a message that comes in now may be taken for this worker; None while it has no room.

        With a lease goes a place: it ends with `begin`, or with `release` when nothing was taken.
        """
        if len(self._turns) + self._promised >= PARALLEL_TURNS:
            return None
        self._promised += 1
        return self.clock.now() + LEASE

    def release(self) -> None:
        """Give back the place that `lease` promised."""
        self._promised -= 1

    def begin(self, work: Work) -> None:
        """Run the turns of a conversation that was taken for this worker with a lease."""
        self.release()
        self._start(work)

    def _start(self, work: Work) -> None:
        turn = asyncio.create_task(self._run_turns(work))
        self._turns.add(turn)
        turn.add_done_callback(self._turns.discard)

    async def finish(self) -> None:
        """Wait for the turns that are under way."""
        await asyncio.gather(*self._turns, return_exceptions=True)

    async def _claim(self) -> list[Work]:
        while (free := PARALLEL_TURNS - len(self._turns)) <= 0:
            await asyncio.wait(self._turns, return_when=asyncio.FIRST_COMPLETED)
        return await self.database.run(lambda connection: self.runner.claim(connection, free))

    async def _nap(self) -> float:
        due = await self.database.read(next_wake)
        if due is None:
            return LONGEST_NAP_SECONDS
        # Due already, but another worker holds the row: do not ask again at once
        return min(LONGEST_NAP_SECONDS, max(SHORTEST_NAP_SECONDS, (due - self.clock.now()).total_seconds()))

    async def _run_turns(self, work: Work) -> None:
        try:
            await self.runner.run(work)
        except Exception:
            log.exception("turns_failed", conversation=work.conversation["id"])
