"""How soon a message may go to a provider, so that its limits are kept: per channel, per conversation, and pauses.

Each limit is one number, the instant at which it will be unused again: a message moves it on by its share (the generic
cell rate algorithm). Clocks may jump: nothing ever lies further ahead than it was when it was set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from integrations.provider import Rate
from store.clock import Clock

BULK_LEAVES = 0.2  # of the channel's burst, for replies
LONGEST_PAUSE_SECONDS = 24 * 3600.0
FORGET_FROM = 1000

Key = tuple[str, ...]
_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Share:
    """What a message takes of one limit, in microseconds: it moves it `step` further ahead, at most up to `most`, and
    may go while it is at most `room` ahead.
    """

    key: Key
    step: int
    most: int
    room: int


def shares(channel: str, address: str, rate: Rate, bulk: bool) -> list[Share]:
    """Of each limit that `rate` sets for one message to `address`."""
    wanted = []
    if rate.per_second > 0:
        wanted.append(_share(("rate", channel), 1 / rate.per_second, rate.burst, BULK_LEAVES if bulk else 0))
    if rate.chat_seconds > 0:
        wanted.append(_share(("rate", channel, address), rate.chat_seconds, rate.chat_burst, 0))
    return wanted


def _share(key: Key, seconds: float, burst: int, leaves: float) -> Share:
    """One message in `seconds`, `burst` at once; goes if a part of `leaves` of the burst is left then."""
    size = max(burst, 1)
    step = math.ceil(seconds * 1_000_000)
    # However small the burst is, when it is whole one may go
    must_be_there = min(size, 1 + leaves * size)
    return Share(key, step, size * step, int((size - must_be_there) * step))


def pauses(channel: str, address: str) -> tuple[Key, Key]:
    """The keys of what may hold a message up: the channel's pause, the conversation's."""
    return ("pause", channel), ("pause", channel, address)


class Pace:
    """For one process, on one event loop.

    Nothing is reserved: of those who wait, the first who asks in time goes, so ask in the order of the queue. Replies
    go before bulk, which takes nothing while less than a fifth of the channel's burst would be left; while replies
    alone fill the channel, bulk stands still.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[Key, tuple[int, int]] = {}  # when it is unused again, and how far ahead it was when set
        self._forget_at = FORGET_FROM

    async def ready_in(self, channel: str, address: str, rate: Rate, bulk: bool) -> float:
        """0.0: send now, it is counted. Else the seconds after which to ask again; nothing is counted."""
        now = self._now()
        wanted = shares(channel, address, rate, bulk)
        wait = self._pause(now, channel, address)
        for share in wanted:
            wait = max(wait, min(self._ahead(now, share.key), share.most) - share.room)
        if wait <= 0:
            for share in wanted:
                self._set(now, share.key, min(self._ahead(now, share.key), share.most) + share.step, share.most)
        return max(wait, 0) / 1_000_000

    async def back_off(self, channel: str, address: str | None, seconds: float) -> None:
        """Nobody sends to `address`, or on the whole channel if None, for so long; a longer pause stays."""
        now, length = self._now(), pause_length(seconds)
        key = pauses(channel, address or "")[address is not None]
        if length > self._ahead(now, key):
            self._set(now, key, length, length)

    def _pause(self, now: int, channel: str, address: str) -> int:
        return max(self._ahead(now, key) for key in pauses(channel, address))

    def _ahead(self, now: int, key: Key) -> int:
        """How far the limit is ahead, in microseconds; 0 = unused."""
        if key not in self._limits:
            return 0
        unused_at, most = self._limits[key]
        if unused_at - now > most:  # the clock was set back
            self._limits[key] = now + most, most
            return most
        return max(unused_at - now, 0)

    def _set(self, now: int, key: Key, ahead: int, most: int) -> None:
        self._limits[key] = now + ahead, most
        if len(self._limits) >= self._forget_at:
            self._limits = {key: self._limits[key] for key in list(self._limits) if self._ahead(now, key)}
            self._forget_at = max(FORGET_FROM, 2 * len(self._limits))

    def _now(self) -> int:
        return (self._clock.now() - _EPOCH) // _MICROSECOND


def pause_length(seconds: float) -> int:
    """`seconds` in whole microseconds, within reason: a provider's nonsense must not silence a channel for ever."""
    return int(min(max(seconds, 0), LONGEST_PAUSE_SECONDS) * 1_000_000)
