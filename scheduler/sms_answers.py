"""Sends the confirmations that wait (programme/sms_answers.py), by the gateway that brought the word they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.wakeups import SMS_ANSWERS, Wakeups
from integrations.errors import Fate, SendFailed
from integrations.sms.gateway import Bulk, Gateway
from programme import sms_answers
from programme.bulk_law import MessageKind
from programme.sms_answers import SmsAnswer
from scheduler.bulk_calls import CALL_SECONDS, STOPPED
from store.clock import Clock
from store.database import Database
from store.logs import get_logger

log = get_logger("scheduler.sms_answers")

LONGEST_NAP_SECONDS = 15.0
WAITS = tuple(timedelta(seconds=seconds) for seconds in (2, 15, 60, 300))


class SmsAnswerer:
    """One per process; several may run at once, each row is one's at a time."""

    def __init__(self, database: Database, clock: Clock, gateways: Mapping[str, Gateway], wakeups: Wakeups) -> None:
        self.database, self.clock, self.gateways, self.wakeups = database, clock, gateways, wakeups
        self._is_ending = False

    async def run(self) -> None:
        """Send until cancelled; one that is under way is settled first."""
        while True:
            news = self.wakeups.listen(SMS_ANSWERS)
            sending = asyncio.ensure_future(self.send_due())
            try:
                await asyncio.shield(sending)
                await self.wakeups.wait(news, LONGEST_NAP_SECONDS)
            except SQLAlchemyError:
                log.exception("sms_answers_unreadable")
                await asyncio.sleep(LONGEST_NAP_SECONDS)
            except asyncio.CancelledError:
                self._is_ending = True
                await asyncio.gather(sending, return_exceptions=True)
                raise
            finally:
                news.cancel()

    async def send_due(self) -> int:
        """Send what may go now, one after the other; how many calls that were."""
        names, calls = tuple(sorted(self.gateways)), 0
        while not self._is_ending:
            one = await self.database.run(partial(_take, names, self.clock.now()))
            if one is None:
                break
            await self._send(one)
            calls += 1
        return calls

    async def _send(self, one: SmsAnswer) -> None:
        message = Bulk(one.phone, one.text, MessageKind.CUSTOMER_CARE, one.uid)
        status, reason, at = "sent", None, None
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self.gateways[one.gateway].send(message)
        except SendFailed as failed:
            status, reason = "failed", failed.error.code[:40]
            if failed.error.fate is Fate.UNCERTAIN:
                status = "uncertain"
            elif failed.error.fate in (Fate.RETRY, Fate.BACK_OFF, Fate.CHANNEL_DOWN):
                at = self.clock.now() + _pause(one, failed)
        except TimeoutError:
            status, reason = "uncertain", "timed_out"
        except Exception:
            log.exception("sms_answer_broke", answer=one.id)
            status, reason = "uncertain", "answerer_broke"
        if reason is not None:
            log.warning("sms_answer_not_taken", answer=one.id, code=reason)
        now = self.clock.now()
        if at is not None and reason is not None:
            await self.database.run(partial(_put_off, one, reason, at, now))
        else:
            await self.database.run(partial(_settle, one, status, reason, now))


def _take(names: tuple[str, ...], now: datetime, connection: Connection) -> SmsAnswer | None:
    return sms_answers.take(connection, names, now)


def _put_off(one: SmsAnswer, reason: str, at: datetime, now: datetime, connection: Connection) -> None:
    sms_answers.put_off(connection, one, reason, at, now)


def _settle(one: SmsAnswer, status: str, reason: str | None, now: datetime, connection: Connection) -> None:
    sms_answers.settle(connection, one, status, reason, now)


def _pause(one: SmsAnswer, failed: SendFailed) -> timedelta:
    if failed.error.fate is Fate.CHANNEL_DOWN:
        return STOPPED
    told = timedelta(seconds=failed.after_seconds or 0)
    return max(told, WAITS[min(one.attempts, len(WAITS)) - 1])
