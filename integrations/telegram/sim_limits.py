"""How fast a bot may send, by the simulator's clock: overall, per chat and per group."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from integrations.telegram.sim_parameters import Refused


@dataclass(frozen=True)
class Pace:
    """`burst` at once, then one in `seconds`."""

    seconds: float
    burst: int


@dataclass
class _Meter:
    """What one limit remembers. `free_at`: when everything sent so far is paid for, in seconds of the clock.

    `penalty`: how long the sender was told to wait, `until` when.
    """

    free_at: float = 0.0
    until: float = 0.0
    penalty: int = 0


@dataclass
class SendLimits:
    """Telegram promises no figures; those of sim_world.py are the ones everybody keeps. A refused message does not
    count as sent. `extend`: who comes back too early waits longer.
    """

    overall: Pace
    chat: Pace
    group: Pace
    extend: bool = True
    _meters: dict[str, _Meter] = field(default_factory=dict)
    _last: float = 0.0

    def take(self, chat_id: int, is_group: bool, now: datetime) -> None:
        """One message. Raises Refused (429) with `retry_after` in whole seconds."""
        at = now.timestamp()
        if at < self._last:  # the clock was set back: what was before lies in the future now
            self._meters.clear()
        self._last = at
        limits = {"all": self.overall, f"chat {chat_id}": self.chat}
        if is_group:
            limits[f"group {chat_id}"] = self.group
        for name, pace in limits.items():
            self._check(self._meters.setdefault(name, _Meter()), pace, at)
        for name, pace in limits.items():
            meter = self._meters[name]
            meter.free_at = max(meter.free_at, at) + pace.seconds

    def _check(self, meter: _Meter, pace: Pace, at: float) -> None:
        if at < meter.until:
            if self.extend:
                meter.penalty += 1
                meter.until = at + meter.penalty
            raise too_many(math.ceil(meter.until - at))
        wait = meter.free_at - at - (pace.burst - 1) * pace.seconds
        # Below a microsecond it is the rounding of the clock's own figures
        if wait > 1e-6:
            meter.penalty = math.ceil(wait)
            meter.until = at + meter.penalty
            raise too_many(meter.penalty)


def too_many(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
