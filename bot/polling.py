"""Telegram without a public address: one process asks for the updates, and confirms them only when they are kept."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from integrations.errors import SendFailed
from store import leadership
from store.clock import Clock
from store.database import Database
from store.events import Event
from store.logs import get_logger

if TYPE_CHECKING:  # whoever has no Telegram account does not load its library
    from integrations.telegram.provider import TelegramProvider

log = get_logger("bot.polling")

CHANNEL, ROLE = "telegram", "telegram_poller"
POLL_SECONDS = 5
# Longer than one poll and the renewal after it; the time that updates wait at Telegram for a killed poller's successor.
LEASE = timedelta(seconds=15)
FOLLOWER_NAP_SECONDS = 5.0
# One after the other while the trouble lasts, the last again and again.
TROUBLE_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)

Take = Callable[[str, Sequence[Event]], Awaitable[None]]


class TelegramPoller:
    """One per process; of all processes one polls. `take` returns when the events are durable."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        provider: TelegramProvider,
        take: Take,
        naps: Sequence[float] = TROUBLE_SECONDS,
        follower_nap: float = FOLLOWER_NAP_SECONDS,
    ) -> None:
        self.database, self.clock, self.provider, self.take = database, clock, provider, take
        self.naps, self.follower_nap = naps, follower_nap
        self.name = secrets.token_hex(16)
        self._is_set_up = False
        self._offset: int | None = None

    async def run(self) -> None:
        """Poll until cancelled; whatever else happens is logged and tried again."""
        failures = 0
        try:
            while True:
                try:
                    nap = 0.0 if await self._look() else self.follower_nap
                    failures = 0
                except SendFailed as failed:
                    nap = max(self._nap(failures), failed.after_seconds or 0.0)
                    failures += 1
                    report = log.error if failed.error.alarm else log.warning
                    report("telegram_not_polled", code=failed.error.code, again_in_seconds=nap)
                except Exception:
                    # The database is away, or a fault of ours: what was not kept is not confirmed and comes again
                    log.exception("telegram_polling_broke")
                    nap = self._nap(failures)
                    failures += 1
                await asyncio.sleep(nap)
        finally:
            await self._give_up()

    async def _look(self) -> bool:
        """One poll, if we lead; whether we do."""
        if not await self.database.run(self._lead):
            self._is_set_up, self._offset = False, None
            return False
        if not self._is_set_up:
            await self.provider.set_up()
            self._is_set_up = True
        found = await self.provider.updates(self._offset, POLL_SECONDS)
        now = self.clock.now()
        if found:
            await self.take(CHANNEL, [self.provider.read_update(update, now) for update in found])
        self._offset = _next_offset(found)
        return True

    def _lead(self, connection: Connection) -> bool:
        return leadership.take(connection, ROLE, self.name, self.clock.now(), LEASE)

    def _nap(self, failures: int) -> float:
        return self.naps[min(failures, len(self.naps) - 1)]

    async def _give_up(self) -> None:
        try:
            await self.database.run(lambda connection: leadership.give_up(connection, ROLE, self.name))
        except Exception:
            log.exception("telegram_lead_not_given_up")  # the lease ends by itself


def _next_offset(found: Sequence[dict[str, Any]]) -> int | None:
    """What confirms `found`. None when nothing came: then all is confirmed, and Telegram may some day count from a
    lower number again, which an offset of ours would hide. Raises IndexError when no update has an id.
    """
    ids = [update["update_id"] for update in found if isinstance(update.get("update_id"), int)]
    return ids[-1] + 1 if found else None
