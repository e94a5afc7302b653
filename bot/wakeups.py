"""Wake-ups inside one process: somebody waits for a key, somebody else says that it has news.

Only a hint, never the only copy of anything: whoever waits also looks by itself from time to time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

INBOX = "inbox"
OUTBOX = "outbox"
CAMPAIGNS = "campaigns"  # a run was frozen, resumed or cancelled
SMS_ANSWERS = "sms_answers"  # a refusal by SMS is to be confirmed
ATTACHMENTS = "attachments"
IMPORTS = "imports"  # a list was uploaded, its columns chosen, or its reading started
QUEUE = "queue"  # what waits for people, or who holds it


class Wakeups:
    """For use on one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def notify(self, key: str) -> None:
        """Wake all that wait for `key` at this moment."""
        for waiter in self._waiting.pop(key, ()):
            if not waiter.done():
                waiter.set_result(None)

    def listen(self, key: str) -> asyncio.Future[None]:
        """A future that ends at the next notify(key). Listen first, then look, then await: no news is missed."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[key].add(waiter)
        waiter.add_done_callback(lambda done: self._forget(key, done))
        return waiter

    async def wait(self, waiter: asyncio.Future[None], seconds: float) -> bool:
        """Whether the wake-up came within `seconds`."""
        try:
            # Not wait_for: below Python 3.12 it swallows a cancellation that comes together with the wake-up
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return False
        return True

    def _forget(self, key: str, waiter: asyncio.Future[None]) -> None:
        if key in self._waiting:
            self._waiting[key].discard(waiter)
            if not self._waiting[key]:
                del self._waiting[key]
