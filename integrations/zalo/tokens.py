"""Zalo's pair of tokens: kept encrypted, renewed by one process at a time, written down before it is used.

A refresh token works once. So the new pair replaces exactly the one it was bought with, and when Zalo's reply is lost
the old one may be dead: the access token is used to its end, the refresh is tried again after the lease, and what Zalo
then says decides whether a person must paste a new pair.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from integrations.errors import Fate, SendFailed
from integrations.zalo import errors
from integrations.zalo.oauth import ACCESS_LIFETIME, OAuth, Pair
from integrations.zalo.token_state import LOST, REFUSED, RENEW_BEFORE, TokenState
from store.channel_tables import zalo_token
from store.clock import Clock
from store.database import Database, insert_if_new
from store.logs import get_logger
from store.settings import Settings

# Longer than the call can take; also the pause after one that failed.
LEASE = timedelta(seconds=60)
# A message does not wait longer for a renewal: it is tried again instead.
PATIENCE_SECONDS = 5
_ROW = 1

logger = get_logger("integrations.zalo")


def replace_pair(connection: Connection, pair: Pair, now: datetime) -> None:
    """Keep this pair instead of whatever there was: a person got it from Zalo."""
    row = _fresh(pair, now)
    if insert_if_new(connection, zalo_token, row | {"id": _ROW}) is None:
        connection.execute(update(zalo_token).values(row))


def read_state(connection: Connection) -> TokenState | None:
    """What may be shown of the pair; None: there is none yet."""
    row = connection.execute(select(zalo_token)).mappings().first()
    return None if row is None else TokenState(row["expires_at"], row["issued_at"], row["trouble"])


def _fresh(pair: Pair, now: datetime) -> dict[str, Any]:
    return {
        "access": pair.access,
        "refresh": pair.refresh,
        "expires_at": now + pair.lifetime,
        "issued_at": now,
        "refreshing": None,
        "refreshing_until": None,
        "trouble": None,
    }


class Tokens:
    """The access token for each call. `first`: the pair from the settings, for an empty store."""

    def __init__(self, database: Database, clock: Clock, oauth: OAuth, first: Pair | None = None) -> None:
        self._database, self._clock, self._oauth, self._first = database, clock, oauth, first
        self._renewal: asyncio.Task[str] | None = None
        self._unwritten: tuple[str, Pair] | None = None

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, clock: Clock, oauth: OAuth) -> Tokens:
        access, refresh = settings.zalo_access_token, settings.zalo_refresh_token
        first = Pair(access.get_secret_value(), refresh.get_secret_value()) if access and refresh else None
        return cls(database, clock, oauth, first)

    async def access(self) -> str:
        """The token to use now, renewed before when it is about 20 hours old. Raises SendFailed."""
        row, now = await self._stored(), self._clock.now()
        is_usable = now < row["expires_at"]
        if now < row["expires_at"] - RENEW_BEFORE or (is_usable and self._is_renewing):
            return str(row["access"])
        try:
            return await self.renewed(row["access"])
        except SendFailed:
            if is_usable:
                return str(row["access"])
            raise

    async def renewed(self, stale: str) -> str:
        """A token that is not `stale`: somebody else's new one, or our own. Raises SendFailed.

        RETRY while another process or the pause after a failure is in the way, CHANNEL_DOWN when a person must act.
        """
        renewal = self._renewal
        if renewal is None or renewal.done():
            renewal = self._renewal = asyncio.create_task(self._renew(stale))
        # A caller that is cancelled must not cut off the reply that carries the only valid pair
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await asyncio.shield(renewal)
        except TimeoutError:
            raise SendFailed(errors.TOKEN_RENEWING) from None

    async def keep_fresh(self) -> TokenState | None:
        """For the ticker: renew in time also when nothing is sent, so that the chain of pairs never breaks."""
        try:
            await self.access()
        except SendFailed as failed:
            logger.warning("zalo_pair_not_renewed", code=failed.error.code)
        return await self._database.read(read_state)

    async def replace(self, access: str, refresh: str, lifetime: timedelta = ACCESS_LIFETIME) -> None:
        """Keep a pair that a person got from Zalo; ends any trouble."""
        now = self._clock.now()
        await self._database.run(lambda c: replace_pair(c, Pair(access, refresh, lifetime), now))

    async def close(self) -> None:
        """Wait for a renewal under way: a few seconds at most."""
        if self._renewal is not None:
            await asyncio.gather(self._renewal, return_exceptions=True)

    @property
    def _is_renewing(self) -> bool:
        return self._renewal is not None and not self._renewal.done()

    async def _renew(self, stale: str) -> str:
        await self._write()
        row, now = await self._stored(), self._clock.now()
        if row["access"] != stale:
            return str(row["access"])
        if row["trouble"] == REFUSED:
            raise SendFailed(errors.NO_TOKEN)
        me = secrets.token_hex(8)
        used = None if _is_leased(row, now) else await self._database.run(lambda c: _lease(c, stale, me, now))
        if used is None:
            raise SendFailed(errors.TOKEN_LOST if row["trouble"] else errors.TOKEN_RENEWING, LEASE.total_seconds())
        try:
            pair = await self._oauth.refresh(used)
        except SendFailed as failed:
            raise await self._troubled(me, failed) from failed
        self._unwritten = used, pair
        await self._write()
        return str((await self._stored())["access"])

    async def _write(self) -> None:
        """Until it is written the new pair stays in memory: the old one is dead, a full disk must not kill this one."""
        if self._unwritten is not None:
            (used, pair), now = self._unwritten, self._clock.now()
            await self._database.run(lambda c: _keep(c, used, pair, now))
            self._unwritten = None

    async def _stored(self) -> RowMapping:
        row = await self._database.read(_read)
        if row is None and self._first is not None:
            first = _fresh(self._first, self._clock.now()) | {"id": _ROW}
            await self._database.run(lambda c: insert_if_new(c, zalo_token, first))
            row = await self._database.read(_read)
        if row is None:
            raise SendFailed(errors.NO_TOKEN)
        return row

    async def _troubled(self, me: str, failed: SendFailed) -> SendFailed:
        """Remember what went wrong; what it means to whoever wants to send. The lease stays as a pause."""
        fate, code = failed.error.fate, failed.error.code
        if fate in (Fate.RETRY, Fate.BACK_OFF):
            return failed  # the call never reached Zalo: the pair is as good as before
        trouble = LOST if fate is Fate.UNCERTAIN else REFUSED if code in errors.BURNT else code
        await self._database.run(lambda c: _mark(c, me, trouble))
        logger.error("zalo_pair_in_trouble", trouble=trouble)
        if trouble == LOST:
            return SendFailed(errors.TOKEN_LOST, LEASE.total_seconds())
        return SendFailed(replace(failed.error, fate=Fate.CHANNEL_DOWN))


def _read(connection: Connection, lock: bool = False) -> RowMapping | None:
    query = select(zalo_token)
    return connection.execute(query.with_for_update() if lock else query).mappings().first()


def _is_leased(row: RowMapping, now: datetime) -> bool:
    """A lease that would last longer than leases do was made by a clock that has been set back since."""
    until = row["refreshing_until"]
    return until is not None and timedelta(0) < until - now <= LEASE


def _lease(connection: Connection, stale: str, me: str, now: datetime) -> str | None:
    """The refresh token, when nobody else is at it and the pair is still the one that was read."""
    row = _read(connection, lock=True)
    if row is None or row["access"] != stale or _is_leased(row, now):
        return None
    connection.execute(update(zalo_token).values(refreshing=me, refreshing_until=now + LEASE))
    return str(row["refresh"])


def _keep(connection: Connection, used: str, pair: Pair, now: datetime) -> None:
    """Write the pair in the place of the one it was bought with, whoever has the lease by now.

    Only when that one is gone, because somebody pasted another meanwhile, theirs counts.
    """
    row = _read(connection, lock=True)
    if row is not None and row["refresh"] == used:
        connection.execute(update(zalo_token).values(_fresh(pair, now)))
        logger.info("zalo_pair_renewed")


def _mark(connection: Connection, me: str, trouble: str) -> None:
    connection.execute(update(zalo_token).where(zalo_token.c.refreshing == me).values(trouble=trouble))
