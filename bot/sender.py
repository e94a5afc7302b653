"""Delivers what was said to the providers: each conversation in its order, many conversations at a time.

The idempotency story. A row is marked `sending`, committed, before its provider is called, and gets its result after.
A process that dies between leaves it `sending`; when its lease has ended it is *uncertain*: the provider may have taken
it. Where the provider reports what it sent (Zalo), the echo is waited for and decides. Else it stays so: a person sees
it, and nothing is sent again by itself. Whoever was only slow still counts: a result belongs to its `attempt`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from bot import metrics
from bot.deliveries import Call, Deliveries
from bot.files import FileGone, Files
from bot.pace import Pace
from bot.retry import RetryDecision, decide
from bot.wakeups import OUTBOX, Wakeups
from integrations.errors import Fate, ProviderError, SendFailed
from integrations.provider import Outgoing, Provider
from store.clock import Clock
from store.database import Database
from store.logs import get_logger
from store.messages import Reply
from store.queries import next_delivery

log = get_logger("bot.sender")

PARALLEL_SENDS = 48
# One delivery with its upload and a renewal of the token; each part has a shorter limit of its own.
CALL_SECONDS = 22
LONGEST_NAP_SECONDS = 1.0
SHORTEST_NAP_SECONDS = 0.02
# So long a message may wait for its turn in memory; longer, and it goes back into the queue.
PATIENCE_SECONDS = 0.3
INVITE_AGAIN = timedelta(minutes=30)
# After so many troubles in a row a channel is left alone for a moment: what is not called cannot become uncertain.
MANY_TROUBLES = 3
LONGEST_PAUSE_SECONDS = 30.0

TIMED_OUT = ProviderError("timed_out", Fate.UNCERTAIN, "Nhà cung cấp không trả lời kịp, chưa rõ tin đã đi hay chưa.")
BROKE = ProviderError("sender_broke", Fate.UNCERTAIN, "Lỗi của hotline khi gửi, chưa rõ tin đã đi hay chưa.")
# Taken, but under which id? The echo will say; without it the echo would look like a person's message.
NO_ID = ProviderError("no_message_id", Fate.UNCERTAIN, "Nhà cung cấp nhận tin nhưng không cho mã tin.")
FILE_GONE = ProviderError("file_gone", Fate.REFUSED, "Ảnh hoặc tệp cần gửi không còn.")


class Sender:
    """One per process. `providers`: by channel; what is said on another channel waits."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        providers: Mapping[str, Provider],
        pace: Pace,
        files: Files,
        wakeups: Wakeups,
    ) -> None:
        self.database, self.clock, self.providers, self.pace = database, clock, providers, pace
        self.files, self.wakeups = files, wakeups
        self._beginning: asyncio.Future[bool] | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._deliveries, self._is_running = Deliveries(clock, providers), False
        self._troubles: dict[str, int] = {}
        self._told: dict[str, tuple[str, datetime]] = {}  # who was told to slow down last, and until when

    async def run(self) -> None:
        """Deliver until cancelled; the calls under way are finished first, and nothing more is begun."""
        self._is_running = True
        try:
            while True:
                try:
                    await self._look()
                except SQLAlchemyError:
                    log.exception("outbox_unreadable")
                    await asyncio.sleep(LONGEST_NAP_SECONDS)
        finally:
            self._is_running, self._deliveries.is_ending = False, True
            await self.finish()

    async def finish(self) -> None:
        """Wait for the deliveries that are under way."""
        if self._beginning is not None:
            await asyncio.gather(self._beginning, return_exceptions=True)
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def deliver_due(self) -> None:
        """Deliver what is due now, to its end."""
        while await self._begin_due(PARALLEL_SENDS):
            await self.finish()

    def take(self, connection: Connection, row: RowMapping) -> Call | None:
        """Within the transaction that says something: what is due there; to `begin` as soon as that is committed.

        It saves the claim. None while there is no room: `run` will come to it.
        """
        if not self._is_running or len(self._sending) >= PARALLEL_SENDS:
            return None
        return self._deliveries.next(connection, row)

    def begin(self, call: Call) -> None:
        """Deliver what was taken, and what else waits in its conversation."""
        self._start(self._deliver(call))

    def abandon(self, call: Call) -> None:
        """Whether taking it was committed is not known. Nobody was called: if it was, it goes back into the queue."""
        self._start(self._put_back(call))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        sending = asyncio.create_task(work)
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _look(self) -> None:
        """Begin what is due; if nothing is, sleep until something may be."""
        news = self.wakeups.listen(OUTBOX)
        try:
            free = PARALLEL_SENDS - len(self._sending)
            if free <= 0:
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
            elif not await self._begin_due(free):
                await self.wakeups.wait(news, await self._nap())
        finally:
            news.cancel()

    async def _begin_due(self, limit: int) -> bool:
        # Whoever is cancelled meanwhile finishes it: what is marked and not called would become uncertain for nothing
        self._beginning = asyncio.ensure_future(self._begin(limit))
        return await asyncio.shield(self._beginning)

    async def _begin(self, limit: int) -> bool:
        calls = await self.database.run(lambda c: self._deliveries.claim(c, limit))
        for call in calls:
            self.begin(call)
        return bool(calls)

    async def _nap(self) -> float:
        due = await self.database.read(next_delivery)
        if due is None:
            return LONGEST_NAP_SECONDS
        return min(LONGEST_NAP_SECONDS, max(SHORTEST_NAP_SECONDS, (due - self.clock.now()).total_seconds()))

    async def _deliver(self, call: Call | None) -> None:
        """Send `call` and what else waits in its conversation."""
        try:
            while call is not None:
                wait = await self._turn_in(call)
                if wait:
                    await self._give_back(call, wait)
                    return
                call = await self._send(call, self.providers[call.channel])
        except SQLAlchemyError:
            log.exception("delivery_not_written")  # the lease brings the conversation back
        except Exception:
            log.exception("delivery_broke")

    async def _turn_in(self, call: Call) -> float:
        """0 when the message may go now; else the seconds after which it should be tried again."""
        patience = PATIENCE_SECONDS
        rate = self.providers[call.channel].rate
        while True:
            wait = await self.pace.ready_in(
                call.channel, call.conversation["address"], rate, bulk=bool(call.message["bulk"])
            )
            if wait <= 0 or wait > patience:
                return max(wait, 0.0)
            await asyncio.sleep(wait)
            patience -= wait

    async def _give_back(self, call: Call, seconds: float) -> None:
        at = self.clock.now() + timedelta(seconds=seconds)
        await self.database.run(lambda c: self._deliveries.give_back(c, call, at))

    async def _put_back(self, call: Call) -> None:
        while self.clock.now() < call.until:
            try:
                return await self._give_back(call, 0)
            except (OperationalError, InterfaceError):
                await asyncio.sleep(LONGEST_NAP_SECONDS)

    async def _send(self, call: Call, provider: Provider) -> Call | None:
        now = self.clock.now()
        known = call.conversation
        try:
            reply = Reply.from_json(call.message["reply"])
            address = reply.image or (reply.file.url if reply.file else None)
            file = await self.files.read(address) if address else None
            row, is_bots = reply.repeats or call.message["id"], call.message["sender"] == "bot"
            message = Outgoing(known["address"], reply, now, file, known["last_heard_at"], row, is_bots)
            with metrics.provider_call(call.channel):
                async with asyncio.timeout(CALL_SECONDS):
                    sent = await provider.send(message)
        except SendFailed as failure:
            return await self._failed(call, failure, provider)
        except FileGone:
            return await self._failed(call, SendFailed(FILE_GONE), provider)
        except TimeoutError:
            return await self._failed(call, SendFailed(TIMED_OUT), provider)
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("send_broke", message=call.message["id"])
            return await self._failed(call, SendFailed(BROKE), provider)
        if sent.provider_message_id is None and provider.echoes:
            return await self._failed(call, SendFailed(NO_ID), provider)
        self._troubles.pop(call.channel, None)
        return await self.database.run(lambda c: self._deliveries.accepted(c, call, sent))

    async def _failed(self, call: Call, failure: SendFailed, provider: Provider) -> Call | None:
        now, attempts = self.clock.now(), call.message["attempts"] + 1
        decision = decide(failure, attempts, call.message["created_at"], now, provider.echoes)
        if decision.status == "held":
            decision = await self._invite(call, provider, decision)
        log.warning("message_not_taken", message=call.message["id"], code=decision.code, status=decision.status)
        metrics.message_delivered(call.channel, decision.status)
        await self._slow_down(call, failure, decision)
        return await self.database.run(lambda c: self._deliveries.failed(c, call, decision))

    async def _slow_down(self, call: Call, failure: SendFailed, decision: RetryDecision) -> None:
        if decision.pause_chat:
            await self.pace.back_off(call.channel, call.conversation["address"], decision.pause_chat.total_seconds())
            if self._is_about_channel(call, decision.pause_chat):
                await self.pace.back_off(call.channel, None, decision.pause_chat.total_seconds())
        if decision.pause_channel:
            await self.pace.back_off(call.channel, None, decision.pause_channel.total_seconds())
        if failure.error.fate not in (Fate.UNCERTAIN, Fate.RETRY):
            self._troubles.pop(call.channel, None)
            return
        troubles = self._troubles[call.channel] = self._troubles.get(call.channel, 0) + 1
        if troubles >= MANY_TROUBLES:
            seconds = min(LONGEST_PAUSE_SECONDS, 2.0 ** (troubles - MANY_TROUBLES))
            await self.pace.back_off(call.channel, None, seconds)

    def _is_about_channel(self, call: Call, pause: timedelta) -> bool:
        """Whether a second conversation is told to slow down while the first still waits: then it is not about them.

        A provider does not say which of its limits was met, and whoever knocks again meanwhile waits longer.
        """
        now, (address, until) = self.clock.now(), self._told.get(call.channel, ("", datetime.min.replace(tzinfo=UTC)))
        self._told[call.channel] = call.conversation["address"], max(until, now + pause)
        return address != call.conversation["address"] and now < until

    async def _invite(self, call: Call, provider: Provider, held: RetryDecision) -> RetryDecision:
        """The window is closed: ask the owner, where the provider has a way, to write, so that it opens again.

        An invitation that cannot go now (at night, too fast) goes later: the message is tried again then, or when the
        owner writes before.
        """
        try:
            await provider.invite(call.conversation["address"])
        except SendFailed as failure:
            log.warning("invitation_not_taken", message=call.message["id"], code=failure.error.code)
            if failure.error.fate in (Fate.RETRY, Fate.BACK_OFF):
                wait = max(INVITE_AGAIN, timedelta(seconds=failure.after_seconds or 0))
                return RetryDecision("held", failure.error.code, self.clock.now() + wait)
            return RetryDecision("held", failure.error.code)  # what the alarms read
        return held
