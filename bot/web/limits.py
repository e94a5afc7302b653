"""How fast the web chat may be used: token buckets in this process's memory, of bounded number.

They keep one client from crowding out the others; what an owner may say is limited in the inbox (flood). A refused
request costs nothing but the wait: the page keeps what was written and sends it again.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from bot.web.problems import Problem
from store.clock import Clock
from store.logs import get_logger

log = get_logger("bot.web.limits")

MOST_KEYS = 10_000
# One owner's tabs, and streams that a bad network has left behind unnoticed.
STREAMS_AT_ONCE = 10
STREAM_RETRY_SECONDS = 15


class Buckets:
    """Per key `burst` at once, then `per_minute` on average. Beyond MOST_KEYS whoever was idle longest is forgotten."""

    def __init__(self, burst: int, per_minute: float) -> None:
        self.burst, self.per_second = burst, per_minute / 60
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key → (tokens left, when)

    def take(self, key: str, now: float) -> float:
        """Take one token of `key` at `now` (seconds). Seconds until there is one; 0 = it was taken."""
        left, at = self._levels.pop(key, (float(self.burst), now))
        left = min(self.burst, left + max(0.0, now - at) * self.per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self.per_second
        self._levels[key] = (left if wait else left - 1, now)
        if len(self._levels) > MOST_KEYS:
            self._levels.popitem(last=False)
        return wait


class WebLimits:
    """The web chat's limits. `messages_per_minute`: what one owner may send before the inbox stops answering; twice as
    much is still stored. A network has many owners behind one address, who all begin at most once.
    """

    def __init__(self, messages_per_minute: int = 30) -> None:
        self._buckets = {
            "sessions": Buckets(burst=messages_per_minute, per_minute=messages_per_minute / 2),
            "messages": Buckets(burst=2 * messages_per_minute, per_minute=2 * messages_per_minute),
            "uploads": Buckets(burst=6, per_minute=6),
            # Thousands of telephones are behind one address of a carrier, and open a campaign's link at once
            "links": Buckets(burst=300, per_minute=1200),
            "streams": Buckets(burst=messages_per_minute, per_minute=messages_per_minute),
        }
        self._open_streams: dict[str, int] = {}

    def allow(self, what: str, key: str, clock: Clock) -> None:
        """Count one of `what` ("sessions", "messages", "uploads", "links", "streams") for `key`. Raises Problem 429."""
        wait = self._buckets[what].take(key, clock.now().timestamp())
        if wait:
            self._refuse(what, wait)

    def allow_stream(self, session: str, clock: Clock) -> None:
        """Whether `session` may open one more event stream. Raises Problem 429."""
        if self._open_streams.get(session, 0) >= STREAMS_AT_ONCE:
            self._refuse("streams", STREAM_RETRY_SECONDS)
        self.allow("streams", session, clock)

    @contextmanager
    def open_stream(self, session: str) -> Iterator[None]:
        """Counts the stream while it is open."""
        self._open_streams[session] = self._open_streams.get(session, 0) + 1
        try:
            yield
        finally:
            self._open_streams[session] -= 1
            if not self._open_streams[session]:
                del self._open_streams[session]

    def _refuse(self, what: str, wait: float) -> None:
        log.info("web_limit_reached", what=what)
        seconds = math.ceil(wait)
        detail = f"Cô/bác thao tác hơi nhanh, đợi khoảng {seconds} giây rồi thử lại giúp em ạ."
        raise Problem(429, f"too_many_{what}", detail, retry_after=seconds)


def network_of(host: str) -> str:
    """Whom a client address stands for: itself, or for IPv6 the /64 that one customer has for themselves."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
