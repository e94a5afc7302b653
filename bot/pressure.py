"""Whether messages come in faster than anybody could answer them: then answering gives way to accepting.

A provider that is not answered in time calls again and in the end no more (Zalo: 2 seconds); an owner who waits for an
answer a little longer notices nothing. Both share one event loop and, on SQLite, one writer.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

# So many messages within so long are a burst: about what one process can answer in that time, several times over.
BURST = 48
WITHIN_SECONDS = 0.25


class Pressure:
    """For one process. `now`: seconds on a clock that only runs forward."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._arrivals: deque[float] = deque(maxlen=BURST)

    def arrived(self) -> None:
        """One message has come in."""
        self._arrivals.append(self._now())

    def is_high(self) -> bool:
        """Whether the last BURST messages came within WITHIN_SECONDS, until just now."""
        return len(self._arrivals) == BURST and self._now() - self._arrivals[0] < WITHIN_SECONDS
