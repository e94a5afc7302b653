"""One process's link to Redis, for hints and pace only: nothing there is the only copy of anything.

Whoever uses it goes on without it while it is away. The log says once that it was lost, and once that it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from store.logs import get_logger

log = get_logger("store.redis")

ANSWER_SECONDS = 0.5
RETRY_SECONDS = 1.0
DEFAULT_PREFIX = "hotline"
FAILURES = (RedisError, OSError, TimeoutError)
Answer = TypeVar("Answer")


class RedisAway(Exception):
    """Redis did not answer just now, or is known not to."""


class RedisLink:
    """For use on one event loop. `url`: redis[s]://…; "?prefix=" names this hotline where a Redis serves several.

    `retry_seconds`: how often a Redis that is away is tried again. Raises ValueError when the URL cannot be read.
    """

    def __init__(self, url: str, retry_seconds: float = RETRY_SECONDS) -> None:
        address, self.prefix = _address_and_prefix(url)
        self.client = Redis.from_url(
            address,
            protocol=2,  # the third adds pushes about clusters that nothing here listens to
            decode_responses=True,
            encoding_errors="replace",
            retry=Retry(NoBackoff(), 0),
            # Time is limited here, in `ask`: below Python 3.12 the client's own limit may swallow a cancellation
            socket_connect_timeout=None,
            socket_timeout=None,
        )
        self._retry_seconds = retry_seconds
        self._away = False
        self._try_at = 0.0

    async def ask(self, command: Callable[[], Awaitable[Answer]]) -> Answer:
        """What `command` answers, within half a second. Raises RedisAway, at once while Redis is known to be away."""
        now = asyncio.get_running_loop().time()
        if self._away:
            if now < self._try_at:
                raise RedisAway
            self._try_at = now + self._retry_seconds  # one finds out, the others do not wait with it
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await command()
        except FAILURES as error:
            self.lost(error)
            raise RedisAway from error
        self.back()
        return answer

    def lost(self, error: Exception) -> None:
        """Redis did not answer: it is left alone for a while."""
        if not self._away:
            log.warning("redis_lost", reason=type(error).__name__)
            self._away = True
            self._try_at = asyncio.get_running_loop().time() + self._retry_seconds

    def back(self) -> None:
        """Redis has answered."""
        if self._away:
            log.info("redis_back")
            self._away = False

    async def close(self) -> None:
        """End its connections."""
        await self.client.aclose()


def _address_and_prefix(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    prefix = query.pop("prefix", DEFAULT_PREFIX)
    return parts._replace(query=urlencode(query)).geturl(), prefix
