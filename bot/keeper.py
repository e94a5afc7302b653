"""What must happen without a message: leases of officers end, what they put off comes back, approvals take effect."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot import baton, holding
from bot.wakeups import INBOX, QUEUE, Wakeups
from programme.answers import AnswerBook
from programme.approvals import approvals
from store.clock import Clock
from store.database import Database
from store.logs import get_logger

log = get_logger("bot.keeper")

LOOK_SECONDS = 5.0


class Keeper:
    """One per process; several do no harm, since a lease is ended under its row's lock."""

    def __init__(self, database: Database, clock: Clock, answers: AnswerBook, wakeups: Wakeups) -> None:
        self.database, self.clock, self.answers, self.wakeups = database, clock, answers, wakeups

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except SQLAlchemyError:
                log.exception("keeper_cannot_look")  # a database that is away comes back
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Do what is due now."""

        def ended(connection: Connection) -> tuple[list[str], list[str]]:
            now = self.clock.now()
            woken = [held.conversation_id for held in holding.wake_snoozed(connection, now)]
            return woken, baton.expire_leases(connection, now)

        self.answers.release(await self.database.read(approvals))
        woken, freed = await self.database.run(ended)
        for conversation_id in freed:
            log.info("lease_ended", conversation=conversation_id)
        if freed:
            self.wakeups.notify(INBOX)
        if woken or freed:
            self.wakeups.notify(QUEUE)
        for conversation_id in (*woken, *freed):
            self.wakeups.notify(conversation_id)
