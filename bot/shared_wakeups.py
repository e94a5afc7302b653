"""Wake-ups among several processes: every notify is told to the others through Redis, by publish and subscribe.

Best effort: while Redis is away hints are dropped, and everybody finds the news by looking, as always.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid

from bot.wakeups import Wakeups
from store.redis_link import ANSWER_SECONDS, FAILURES, RedisAway, RedisLink

MOST_HINTS = 1000  # waiting to be told; what is more is dropped
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


class SharedWakeups(Wakeups):
    """One per process; relays while `run` runs. A message is a JSON list: the sender's id, then the keys."""

    def __init__(self, link: RedisLink) -> None:
        super().__init__()
        self.link = link
        self.channel = f"{link.prefix}:wakeups"
        self._own_id = uuid.uuid4().hex
        self._hints: dict[str, None] = {}  # a key told twice at once says no more than once
        self._has_hints = asyncio.Event()

    def notify(self, key: str) -> None:
        """Wake all that wait for `key`, here now and elsewhere soon. Never waits for Redis and never fails."""
        super().notify(key)
        if len(self._hints) < MOST_HINTS:
            self._hints[key] = None
            self._has_hints.set()

    async def run(self) -> None:
        """Tell and listen; ends only when it is cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._tell())
            both.create_task(self._listen_to_others())

    async def _tell(self) -> None:
        while True:
            await self._has_hints.wait()
            message = json.dumps([self._own_id, *self._hints])
            self._hints.clear()
            self._has_hints.clear()
            with contextlib.suppress(RedisAway):
                await self._publish(message)

    async def _publish(self, message: str) -> None:
        await self.link.ask(lambda: self.link.client.publish(self.channel, message))

    async def _listen_to_others(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self.link.client.pubsub() as subscription:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await subscription.subscribe(self.channel)
                        await subscription.get_message(timeout=None)  # that we are subscribed
                    self.link.back()
                    pause = FIRST_PAUSE_SECONDS
                    while True:
                        message = await subscription.get_message(timeout=None)
                        if message is not None and message["type"] == "message":
                            self._pass_on(message["data"])
            except FAILURES as error:
                self.link.lost(error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _pass_on(self, text: str) -> None:
        try:
            sender, *keys = json.loads(text)
        except (ValueError, TypeError):
            return  # not ours
        if sender != self._own_id:
            for key in keys:
                super().notify(str(key))
