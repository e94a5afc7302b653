"""Whether messages come in faster than they can be kept: then answering gives way to accepting.

A provider that is not answered in time calls again and in the end no more (Zalo: 2 seconds); an owner who waits for an
answer a little longer notices nothing. Both share one event loop and, on SQLite, one writer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

# So many that wait for the disk at one time are a burst, and so long after the last such moment it is taken for one.
MANY = 6
HOLD_SECONDS = 0.25


class Pressure:
    """For one process. `now`: seconds on a clock that only runs forward."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._waiting = 0
        self._until = 0.0

    @contextlib.contextmanager
    def keeping(self) -> Iterator[None]:
        """Something has come in and is not on disk yet."""
        self._waiting += 1
        if self._waiting >= MANY:
            self._until = self.now() + HOLD_SECONDS
        try:
            yield
        finally:
            self._waiting -= 1

    def is_high(self) -> bool:
        """Whether answering should give way."""
        return self.now() < self._until
