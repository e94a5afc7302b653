"""Asks gateways what became of messages that they took and have not reported, and looks after those in conversations.

Callbacks get lost, and a gateway cannot call a machine without a public address. Asking sends nothing: whatever goes
wrong here is left for the next time. After a week a row stays `accepted`, for nobody knows more any longer.

A row that is `uncertain` is asked about for two days: by its message's id where there is one, else in the gateway's
list of what it took, if it has one. What is not found stays uncertain: that it was not taken nobody can prove.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from integrations.errors import SendFailed
from integrations.sms.gateway import Gateway, Listing, Report
from programme import receipts
from programme.campaign_plan import TALKS
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
UNCERTAIN_FOR = timedelta(hours=48)
LONGEST_PAUSE = timedelta(hours=12)
# A call is repeated for some minutes, and clocks differ: within so long of the first one the gateway took it, or never
LISTED_BEFORE, LISTED_AFTER = timedelta(minutes=5), timedelta(minutes=30)
TOGETHER = timedelta(hours=1)
LIST_SECONDS = 120.0
NOT_LISTED = "not_listed"
_ASKED = (State.ACCEPTED, State.UNCERTAIN)
NAP_SECONDS, NAP_BETWEEN_SECONDS = 30.0, 1.0


def pause_after(age: timedelta, asked_for: timedelta = ASKED_FOR) -> timedelta | None:
    """How long until a message is asked about again that was taken `age` ago; None: it is not. About a dozen times."""
    return None if age >= asked_for else min(LONGEST_PAUSE, max(FIRST_RECEIPT, age))


class ReceiptAsker:
    """One per process; several may run at once, each row is one's at a time."""

    def __init__(self, database: Database, clock: Clock, gateways: Mapping[str, Gateway]) -> None:
        self.database, self.clock, self.gateways = database, clock, gateways

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                looked = await self.ask_due()
            except Exception:
                log.exception("receipts_unreadable")  # the hotline does not end for it
                looked = 0
            await asyncio.sleep(NAP_BETWEEN_SECONDS if looked == AT_ONCE else NAP_SECONDS)

    async def ask_due(self) -> int:
        """Look after the rows whose time has come, at most AT_ONCE of them; how many there were."""
        due = await self.database.run(partial(_take_due, now=self.clock.now()))
        await asyncio.gather(*(self._ask(row) for row in due if row["gateway"] in self.gateways))
        await self._look_up(due)
        for row in due:
            if row["channel"] in TALKS:
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
            await self._take(row["gateway"], report)

    async def _take(self, gateway: str, report: Report) -> None:
        """One transaction for each: a batch would lock runs and rows in an order that nobody else has."""
        await self.database.run(lambda c: receipts.take(c, gateway, report, self.clock.now(), "polling"))

    async def _look_up(self, due: Sequence[RowMapping]) -> None:
        """Those without a message's id, in the lists of gateways that have one."""
        for name, gateway in self.gateways.items():
            if isinstance(gateway, Listing):
                nameless = [row for row in due if row["gateway"] == name and row["gateway_message_id"] is None]
                for rows in _together(nameless):
                    await self._find(name, gateway, rows)

    async def _find(self, name: str, gateway: Listing, rows: Sequence[RowMapping]) -> None:
        since, until = rows[0]["tried_at"] - LISTED_BEFORE, rows[-1]["tried_at"] + LISTED_AFTER
        try:
            async with asyncio.timeout(LIST_SECONDS):
                listed = await gateway.listed(since, until)
        except (SendFailed, TimeoutError) as failure:
            code = failure.error.code if isinstance(failure, SendFailed) else "timed_out"
            log.warning("list_not_told", gateway=name, code=code)
            return
        except Exception:
            log.exception("list_broke", gateway=name)
            return
        for row in rows:
            if (report := listed.get(row["request_id"])) is not None:
                await self._take(name, report)
            elif _pause(row, self.clock.now()) is None:
                await self.database.run(partial(_note_not_listed, row["id"]))


def _take_due(connection: Connection, now: datetime) -> Sequence[RowMapping]:
    """The rows to look after; the next time is written first, so whoever dies has only lost one time."""
    is_asked = recipient.c.status.in_([bindparam(None, one.value, literal_execute=True) for one in _ASKED])
    of = select(recipient).where(is_asked, recipient.c.next_at <= now).order_by(recipient.c.next_at, recipient.c.id)
    rows = connection.execute(of.limit(AT_ONCE).with_for_update(skip_locked=True)).mappings().all()
    for row in rows:
        pause, values = _pause(row, now), {}
        if row["status"] == State.ACCEPTED:
            values = {"accepted_at": row["accepted_at"] or now}
        own = update(recipient).where(recipient.c.id == row["id"])
        connection.execute(own.values(next_at=None if pause is None else now + pause, **values))
    return rows


def _pause(row: RowMapping, now: datetime) -> timedelta | None:
    if row["status"] == State.UNCERTAIN:
        return pause_after(now - (row["tried_at"] or now), UNCERTAIN_FOR)
    return pause_after(now - (row["accepted_at"] or now))


def _together(rows: Sequence[RowMapping]) -> list[list[RowMapping]]:
    """Rows that were tried within an hour of one another, so that one list has them."""
    groups: list[list[RowMapping]] = []
    for row in sorted((one for one in rows if one["tried_at"] and one["request_id"]), key=lambda one: one["tried_at"]):
        if groups and row["tried_at"] - groups[-1][0]["tried_at"] <= TOGETHER:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _note_not_listed(recipient_id: int, connection: Connection) -> None:
    own = update(recipient).where(recipient.c.id == recipient_id, recipient.c.status == State.UNCERTAIN)
    connection.execute(own.values(reason=NOT_LISTED))
