"""Sends what the ledger has waiting: claims in batches, calls the gateways, writes what became of it.

The idempotency story. A row is marked `sending`, committed, before its gateway is called, and gets its result after. A
process that dies between leaves it so until its lease ends; then it is repeated under the same request_id, after asking
the law anew, where the gateway still remembers that, and is `uncertain` where it does not: never sent again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from bot import metrics
from bot.wakeups import CAMPAIGNS, OUTBOX, Wakeups
from integrations.errors import Fate, ProviderError, SendFailed
from integrations.sms.gateway import Bulk, Gateway
from programme import ledger
from programme.campaign_text import MissingValue, render
from programme.content import Content
from programme.ledger import State
from programme.sms_parts import Encoding, parts
from scheduler import bulk_results
from scheduler.bulk_calls import CALL_SECONDS, FRESH, Call, Result, failed
from scheduler.bulk_claims import MOST_AT_ONCE, claim, open_runs
from scheduler.bulk_marking import Rooms
from scheduler.bulk_receipts import ReceiptAsker
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.logs import get_logger

log = get_logger("scheduler.dispatcher")

PARALLEL_CALLS = 512
LONGEST_NAP_SECONDS = 1.0
SHORTEST_NAP_SECONDS = 0.02
# Results that come within so long are written together.
GATHER_SECONDS = 0.05
MOST_WRITTEN = 400

TIMED_OUT = ProviderError("timed_out", Fate.UNCERTAIN, "Cổng tin nhắn không trả lời kịp, chưa rõ tin đã đi hay chưa.")
RUN_BROKE, TEXT_BROKE = "run_broke", "text_broke"
BROKE = ProviderError("dispatcher_broke", Fate.UNCERTAIN, "Lỗi của hotline khi gửi, chưa rõ tin đã đi hay chưa.")


class Dispatcher:
    """One per process; several may run at once. `gateways`: by name ("esms", "speedsms", "zbs"). `public_url`: of the
    links in messages. `callbacks`: where each gateway reports, if it takes an address."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        content: Content,
        keyring: Keyring,
        gateways: Mapping[str, Gateway],
        wakeups: Wakeups,
        *,
        public_url: str = "",
        callbacks: Mapping[str, str] | None = None,
    ) -> None:
        self.database, self.clock, self.gateways, self.wakeups = database, clock, gateways, wakeups
        self.callbacks = callbacks or {}
        self.rooms = Rooms(clock, content, keyring, gateways, wakeups, public_url.rstrip("/"))
        self.receipts = ReceiptAsker(database, clock, gateways)
        self._calls: set[asyncio.Task[None]] = set()
        self._results: list[Result] = []
        self._writer: asyncio.Task[None] | None = None
        self._beginning: asyncio.Future[tuple[int, float]] | None = None

    async def run(self) -> None:
        """Send until cancelled; the calls under way are finished first, and their results written."""
        try:
            while True:
                news = self.wakeups.listen(CAMPAIGNS)
                try:
                    moved, nap = await self._look()
                    if not moved:
                        await self.wakeups.wait(news, nap)
                except Exception:
                    log.exception("ledger_unreadable")  # the hotline does not end for it
                    await asyncio.sleep(LONGEST_NAP_SECONDS)
                finally:
                    news.cancel()
        finally:
            await self.finish()

    async def send_due(self) -> None:
        """Send what may leave now, to its end: for tests and the command line."""
        while (await self._look())[0]:
            await self.finish()

    async def finish(self) -> None:
        """Wait for the calls that are under way, and until their results are written."""
        if self._beginning is not None:
            await asyncio.gather(self._beginning, return_exceptions=True)
        while self._calls or (self._writer is not None and not self._writer.done()):
            await asyncio.gather(*self._calls, *([self._writer] if self._writer else []), return_exceptions=True)

    async def _look(self) -> tuple[int, float]:
        if PARALLEL_CALLS - len(self._calls) < MOST_AT_ONCE:
            await asyncio.wait(self._calls, return_when=asyncio.FIRST_COMPLETED)
            if PARALLEL_CALLS - len(self._calls) < MOST_AT_ONCE:
                return 0, SHORTEST_NAP_SECONDS
        # Whoever is cancelled meanwhile finishes it: what is marked and not called would become uncertain for nothing
        self._beginning = asyncio.ensure_future(self._begin())
        return await asyncio.shield(self._beginning)

    async def _begin(self) -> tuple[int, float]:
        """How many rows moved, and the seconds until there may be more."""
        moved, nap = 0, LONGEST_NAP_SECONDS
        for run_id in await self.database.read(open_runs):
            room = PARALLEL_CALLS - len(self._calls)
            if room <= 0:
                return moved, SHORTEST_NAP_SECONDS
            try:
                claimed = await self.database.run(partial(claim, self.rooms, run_id, room))
            except (OperationalError, InterfaceError):
                raise  # the database is away: that is no fault of this run
            except Exception:
                log.exception("run_broke", run=run_id)
                await self.database.run(partial(ledger.pause, run_id=run_id, reason=RUN_BROKE))
                continue  # the others go on
            for call in claimed.calls:
                task = asyncio.create_task(self._call(call))
                self._calls.add(task)
                task.add_done_callback(self._calls.discard)
            if claimed.said:
                self.wakeups.notify(OUTBOX)
            if claimed.paused:
                log.warning("run_paused", run=run_id, code=claimed.paused)
            moved += claimed.moved
            if claimed.again_in is not None:
                nap = min(nap, max(SHORTEST_NAP_SECONDS, claimed.again_in))
        return moved, nap

    async def _call(self, call: Call) -> None:
        self._add(await self._result(call))

    async def _result(self, call: Call) -> Result:
        now = self.clock.now()
        is_late = call.deadline is not None and now > call.deadline
        if is_late or now - call.claimed_at > FRESH:
            # Not called. The law and the deadline are asked again; what may have gone before stays to be decided
            back = State.WAITING if call.is_first else State.SENDING
            return Result(call, back, None, None if call.is_first else now, was_called=False)
        gateway = self.gateways[call.step.gateway]
        try:
            message, size = self._message(call)
        except MissingValue as missing:
            kept = State.SKIPPED if call.is_first else State.UNCERTAIN
            return Result(call, kept, f"no_{missing.name}"[:40], was_called=False)
        except Exception:
            log.exception("bulk_text_broke", recipient=call.recipient_id)
            kept = State.FAILED if call.is_first else State.UNCERTAIN
            return Result(call, kept, TEXT_BROKE, was_called=False, is_error=True)
        try:
            with metrics.provider_call(call.step.gateway):
                async with asyncio.timeout(CALL_SECONDS):
                    taken = await gateway.send(message)
        except SendFailed as failure:
            return self._failed(call, failure, gateway)
        except TimeoutError:
            return self._failed(call, SendFailed(TIMED_OUT), gateway)
        except Exception:
            log.exception("bulk_send_broke", recipient=call.recipient_id)
            return self._failed(call, SendFailed(BROKE), gateway)
        return Result(call, State.ACCEPTED, message_id=taken.message_id, price=taken.price, parts=size)

    def _failed(self, call: Call, failure: SendFailed, gateway: Gateway) -> Result:
        result = failed(call, failure, gateway.remembers, self.clock.now())
        log.warning("bulk_not_taken", recipient=call.recipient_id, code=failure.error.code, status=result.status)
        return result

    def _message(self, call: Call) -> tuple[Bulk, int | None]:
        """The message and its size in parts. Raises MissingValue."""
        variant, zbs = call.variant, call.variant.get("zbs") or {}
        common: dict[str, Any] = {"phone": call.phone, "kind": call.kind, "request_id": call.request_id}
        callback = self.callbacks.get(call.step.gateway)
        if call.step.channel == "zbs":
            names: Mapping[str, str] = zbs.get("variables") or {}
            values = {name: render(f"{{{{ {ours} }}}}", call.values) for name, ours in names.items()}
            return Bulk(text="", template=str(zbs["template"]), values=values, callback=callback, **common), None
        text = render(variant["text"], call.values, accents=bool(variant.get("unicode")))
        needed = parts(text)
        # Sent as UCS-2 a text that does not need it would take, and cost, more parts than were counted
        is_unicode = needed.encoding is Encoding.UCS2
        return Bulk(text=text, unicode=is_unicode, callback=callback, **common), needed.parts

    def _add(self, result: Result) -> None:
        self._results.append(result)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Write what has come in, until nothing is left. A database that is away comes back; if it stays away for
        longer than the lease, what was called is found out by the recovery."""
        await asyncio.sleep(0)
        singly = 0  # so many are written one by one, since one of them cannot be
        while self._results:
            if len(self._calls) > 1 and not singly:
                await asyncio.sleep(GATHER_SECONDS)
            batch = self._results[: 1 if singly else MOST_WRITTEN]
            try:
                paused = await self.database.run(partial(bulk_results.write, batch, self.clock.now()))
            except (OperationalError, InterfaceError):
                log.exception("results_wait", results=len(batch))
                await asyncio.sleep(LONGEST_NAP_SECONDS)
                continue
            except Exception:
                log.exception("results_not_written", results=len(batch))
                if len(batch) > 1:
                    singly = len(batch)
                    continue
                paused = []  # trying again would hold up all others: its lease brings the row back
            singly = max(0, singly - len(batch))
            del self._results[: len(batch)]
            for run_id, reason in paused:
                log.warning("run_paused", run=run_id, code=reason)
