"""Pace as tokens in the database: shared by all processes, kept over a kill, unmoved by a clock that is set back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

THOUSAND = 1000
# What may have gathered while nobody took: so long a stall of the database costs no pace, and no burst is longer.
GATHERS_SECONDS = 1.0


@dataclass(frozen=True)
class Bucket:
    """`millitokens`: thousandths of a message, as of `filled_at`. `per_second`: messages; 0: no limit."""

    millitokens: int
    filled_at: datetime | None
    per_second: float

    def filled(self, now: datetime) -> Bucket:
        """As it is at `now`. Set back, the clock fills nothing and takes nothing away."""
        most = max(THOUSAND, int(self.per_second * THOUSAND * GATHERS_SECONDS))
        passed = 0.0 if self.filled_at is None else max(0.0, (now - self.filled_at).total_seconds())
        gained = int(min(passed, GATHERS_SECONDS + THOUSAND) * self.per_second * THOUSAND)
        if self.filled_at is not None and gained == 0 and now >= self.filled_at:
            return self  # too early for a thousandth: what has passed is not lost
        return Bucket(min(most, self.millitokens + gained), now, self.per_second)

    def holds(self, wanted: int) -> int:
        """How many of `wanted` messages may go now."""
        return wanted if self.per_second <= 0 else max(0, min(wanted, self.millitokens // THOUSAND))

    def without(self, messages: int) -> Bucket:
        return Bucket(self.millitokens - messages * THOUSAND, self.filled_at, self.per_second)

    def wait_for(self, messages: int) -> float:
        """Seconds until so many may go, if nobody else takes them."""
        if self.per_second <= 0:
            return 0.0
        return max(0.0, (messages * THOUSAND - self.millitokens) / (self.per_second * THOUSAND))
