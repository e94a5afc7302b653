"""Asks gateways what became of messages that they took and have not reported, and looks after those in conversations.

Callbacks get lost, and a gateway cannot call a machine without a public address. Asking sends nothing: whatever goes
wrong here is left for the next time. After a week a row stays `accepted`, for nobody knows more any longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.exc import SQLAlchemyError

from integrations.errors import SendFailed
from integrations.sms.gateway import Gateway
from programme import receipts
from programme.ledger import State
from scheduler import bulk_zalo
from scheduler.bulk_calls import CALL_SECONDS, FIRST_RECEIPT
from store.campaign_tables import recipient
from store.clock import Clock
from store.database import Database
from store.logs import get_logger

log = get_logger("scheduler.bulk_receipts")

AT_ONCE = 50
# eSMS answers for so long (PROTOCOLS); the others are not asked longer either.
ASKED_FOR = timedelta(days=7)
LONGEST_PAUSE = timedelta(hours=12)
NAP_SECONDS, NAP_BETWEEN_SECONDS = 30.0, 1.0


def pause_after(age: timedelta) -> timedelta | None:
    """How long until a message is asked about again that was taken `age` ago; None: it is not. About a dozen times."""
    return None if age >= ASKED_FOR else min(LONGEST_PAUSE, max(FIRST_RECEIPT, age))


class ReceiptAsker:
    """One per process; several may run at once, each row is one's at a time."""

    def __init__(self, database: Database, clock: Clock, gateways: Mapping[str, Gateway]) -> None:
        self.database, self.clock, self.gateways = database, clock, gateways

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                looked = await self.ask_due()
            except SQLAlchemyError:
                log.exception("receipts_unreadable")
                looked = 0
            await asyncio.sleep(NAP_BETWEEN_SECONDS if looked == AT_ONCE else NAP_SECONDS)

    async def ask_due(self) -> int:
        """Look after the rows whose time has come, at most AT_ONCE of them; how many there were."""
        due = await self.database.run(partial(_take_due, now=self.clock.now()))
        await asyncio.gather(*(self._ask(row) for row in due if row["gateway"] in self.gateways))
        for row in due:
            if row["channel"] == bulk_zalo.CHANNEL:
                await self.database.run(partial(bulk_zalo.hear, row["id"], self.clock.now()))
        return len(due)

    async def _ask(self, row: RowMapping) -> None:
        if row["gateway_message_id"] is None:
            return
        try:
            async with asyncio.timeout(CALL_SECONDS):
                report = await self.gateways[row["gateway"]].ask(row["gateway_message_id"])
        except (SendFailed, TimeoutError) as failure:
            code = failure.error.code if isinstance(failure, SendFailed) else "timed_out"
            log.warning("receipt_not_told", recipient=row["id"], code=code)
            return
        except Exception:
            log.exception("receipt_broke", recipient=row["id"])
            return
        if report is not None:
            # One transaction for each: a batch would lock runs and rows in an order that nobody else has
            await self.database.run(
                lambda connection: receipts.take(connection, row["gateway"], report, self.clock.now(), "polling")
            )


def _take_due(connection: Connection, now: datetime) -> Sequence[RowMapping]:
    """The rows to look after; the next time is written first, so whoever dies has only lost one time."""
    is_due = recipient.c.status == State.ACCEPTED.value, recipient.c.next_at <= now
    of = select(recipient).where(*is_due).order_by(recipient.c.next_at, recipient.c.id).limit(AT_ONCE)
    rows = connection.execute(of.with_for_update(skip_locked=True)).mappings().all()
    for row in rows:
        since = row["accepted_at"] or now
        pause = pause_after(now - since)
        own = update(recipient).where(recipient.c.id == row["id"])
        connection.execute(own.values(next_at=None if pause is None else now + pause, accepted_at=since))
    return rows
