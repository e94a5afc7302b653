"""The pace of several processes together: the limits of `bot.pace`, kept in Redis, each step one atomic script."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace

from bot.pace import Key, Pace, pause_length, pauses, shares
from integrations.provider import Rate
from store.clock import Clock
from store.redis_link import RedisAway, RedisLink

# A limit is "when it is unused again" and "how far ahead that was when it was set", in microseconds. It is forgotten a
# minute after it is of no use, by Redis' clock, whichever clock it was set by.
_LIMITS = """
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local function set(key, ahead, most)
  redis.call('SET', key, string.format('%.0f %.0f', now + ahead, most), 'PX', math.ceil(ahead / 1000) + 60000)
end
local function ahead(key)
  local limit = redis.call('GET', key)
  if not limit then return 0 end
  local unused_at, most = string.match(limit, '(%d+) (%d+)')
  if unused_at - now > tonumber(most) then  -- the clock was set back
    set(key, tonumber(most), tonumber(most))
    return tonumber(most)
  end
  return math.max(unused_at - now, 0)
end
"""
# KEYS: two pauses, then the limits. ARGV: now or '', the pause the asker knows, then step, most and room of each limit.
_TAKE = (
    _LIMITS
    + """
local wait, used = math.max(ARGV[2], ahead(KEYS[1]), ahead(KEYS[2])), {}
for number = 3, #KEYS do
  local at = 3 * number - 6
  used[number] = math.min(ahead(KEYS[number]), tonumber(ARGV[at + 1]))
  wait = math.max(wait, used[number] - ARGV[at + 2])
end
if wait > 0 then return wait end
for number = 3, #KEYS do
  local at = 3 * number - 6
  set(KEYS[number], used[number] + ARGV[at], tonumber(ARGV[at + 1]))
end
return 0
"""
)
# KEYS: a pause. ARGV: now or '', its length.
_PAUSE = (
    _LIMITS
    + """
local length = tonumber(ARGV[2])
if length > ahead(KEYS[1]) then set(KEYS[1], length, length) end
"""
)


class SharedPace(Pace):
    """One per process. The time is Redis' own, so that no process is ahead of another; False for `time_of_redis`: the
    clock's, which all must then share.

    While Redis is away each process keeps half the rate by itself, and forgets no pause it was told; at the change
    from one to the other a burst may follow upon a burst, which the provider answers with a pause at worst.
    """

    def __init__(self, clock: Clock, link: RedisLink, time_of_redis: bool = True) -> None:
        super().__init__(clock)
        self._link, self._time_of_redis = link, time_of_redis
        self._take, self._lengthen = link.client.register_script(_TAKE), link.client.register_script(_PAUSE)

    async def ready_in(self, channel: str, address: str, rate: Rate, bulk: bool) -> float:
        own = self._pause(self._now(), channel, address)
        wanted = shares(channel, address, rate, bulk)
        keys = [self._name(key) for key in (*pauses(channel, address), *(share.key for share in wanted))]
        numbers = [number for share in wanted for number in (share.step, share.most, share.room)]
        try:
            wait = await self._link.ask(lambda: self._take(keys, [self._time(), own, *numbers]))
        except RedisAway:
            return await super().ready_in(channel, address, halved(rate), bulk)
        return int(wait) / 1_000_000

    async def back_off(self, channel: str, address: str | None, seconds: float) -> None:
        await super().back_off(channel, address, seconds)
        key = self._name(pauses(channel, address or "")[address is not None])
        with contextlib.suppress(RedisAway):
            await self._link.ask(lambda: self._lengthen([key], [self._time(), pause_length(seconds)]))

    def _time(self) -> str:
        return "" if self._time_of_redis else str(self._now())

    def _name(self, key: Key) -> str:
        """The key's name in Redis; an address, which a person may be known by, only as its hash."""
        kind, channel, *address = key
        digests = [hashlib.blake2b(part.encode(), digest_size=16).hexdigest() for part in address]
        return ":".join((self._link.prefix, kind, channel, *digests))


def halved(rate: Rate) -> Rate:
    """What one of two processes may use of `rate` when they cannot agree."""
    return replace(
        rate,
        per_second=rate.per_second / 2,
        burst=max(rate.burst // 2, 1),
        chat_seconds=rate.chat_seconds * 2,
        chat_burst=max(rate.chat_burst // 2, 1),
    )
