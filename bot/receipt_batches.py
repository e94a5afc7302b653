"""Reports of gateways that come at the same time are taken in one transaction: a run of thousands brings as many back.

Whoever reports is answered after the commit, so what was not kept is reported again. Taking a report again changes
nothing (programme/receipts.py), and a batch that fails is taken one by one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from integrations.sms.gateway import Report
from programme import receipts
from programme.receipts import Outcome
from store.clock import Clock
from store.database import Database

# So long a report waits for others; no gateway minds.
GATHER_SECONDS = 0.1
MOST_TOGETHER = 200


@dataclass(frozen=True)
class _Waiting:
    gateway: str
    report: Report
    outcome: asyncio.Future[Outcome]


class ReceiptBatches:
    """For use on one event loop."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._waiting: list[_Waiting] = []
        self._flusher: asyncio.Task[None] | None = None

    async def take(self, gateway: str, report: Report) -> Outcome:
        """What the report came to, once that is committed; raises what the database raised."""
        one = _Waiting(gateway, report, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        return await one.outcome

    async def _flush(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_SECONDS)
            gateway = self._waiting[0].gateway
            batch = [one for one in self._waiting if one.gateway == gateway][:MOST_TOGETHER]
            taken = set(map(id, batch))
            self._waiting = [one for one in self._waiting if id(one) not in taken]
            try:
                await self._take(batch)
            except Exception:  # noqa: BLE001 - one of them failed, or the database did: each learns for itself
                await self._one_by_one(batch)

    async def _take(self, batch: Sequence[_Waiting]) -> None:
        """Take them and answer those who still wait; whoever has gone has lost nothing: what is committed stays."""
        work = partial(
            receipts.take_all,
            gateway=batch[0].gateway,
            reports=[one.report for one in batch],
            now=self._clock.now(),
            by="callback",
        )
        outcomes = await self._database.run(work)
        for one, outcome in zip(batch, outcomes, strict=True):
            if not one.outcome.done():
                one.outcome.set_result(outcome)

    async def _one_by_one(self, batch: Sequence[_Waiting]) -> None:
        for one in batch:
            try:
                await self._take([one])
            except Exception as error:  # noqa: BLE001 - it is the caller's
                if not one.outcome.done():
                    one.outcome.set_exception(error)
