"""The one place where the time comes from. Everything else is handed a Clock, so that tests own the time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


class Clock:
    """Aware times. `start`: the clock begins at this instant and runs on from there (HOTLINE_NOW)."""

    def __init__(self, timezone: str = "Asia/Ho_Chi_Minh", start: datetime | None = None) -> None:
        self.timezone = ZoneInfo(timezone)
        if start is not None and start.tzinfo is None:
            start = start.replace(tzinfo=self.timezone)
        self._ahead = timedelta(0) if start is None else start - self._system_now()

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return self._system_now() + self._ahead

    def today(self) -> date:
        """The calendar day where the hotline's people live."""
        return self.now().astimezone(self.timezone).date()

    @staticmethod
    def _system_now() -> datetime:
        return datetime.now(UTC)


class ManualClock(Clock):
    """Stands still until it is moved."""

    def __init__(self, start: datetime, timezone: str = "Asia/Ho_Chi_Minh") -> None:
        super().__init__(timezone)
        self._now = start if start.tzinfo else start.replace(tzinfo=self.timezone)

    def now(self) -> datetime:
        return self._now.astimezone(UTC)

    def set(self, now: datetime) -> None:
        """Put the clock to an aware instant."""
        self._now = now

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative `by` sets it back, as machines sometimes do."""
        self._now += by
