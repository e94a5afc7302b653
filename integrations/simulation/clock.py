"""The simulated platform's time: real time plus an offset that can be moved."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from store.clock import Clock


class SimulatedClock(Clock):
    """Runs on from `start` (aware; None = now); whoever sleeps by it wakes when it is moved past the time."""

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__(start=start)
        self._moved = asyncio.Event()

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative `by` sets it back."""
        self._ahead += by
        self._moved.set()
        self._moved = asyncio.Event()

    def set(self, now: datetime) -> None:
        """Put the clock to an aware instant, from where it runs on."""
        self.advance(now - self.now())

    def milliseconds(self) -> str:
        """The present instant as both platforms' events carry it: milliseconds since 1970, as a string of digits."""
        return str(int(self.now().timestamp() * 1000))

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of simulated time."""
        due = self.now() + timedelta(seconds=seconds)
        while (left := (due - self.now()).total_seconds()) > 0:
            moved = self._moved
            try:
                async with asyncio.timeout(left):
                    await moved.wait()
            except TimeoutError:
                return
