"""When a conversation that is put off comes back: a choice of the form, or a time as browsers write it."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

MORNING = time(8)
MONDAY = 0
CHOICES = ("1h", "3h", "tomorrow", "monday")


def read_until(said: str, now: datetime, timezone: tzinfo) -> datetime | None:
    """ "1h", "3h", "tomorrow" (8 o'clock), "monday", or "2026-11-27T09:30" in the province's time; None: unreadable."""
    here = now.astimezone(timezone)
    match said:
        case "1h" | "3h":
            return now + timedelta(hours=int(said[0]))
        case "tomorrow":
            return datetime.combine(here.date() + timedelta(days=1), MORNING, timezone)
        case "monday":
            ahead = (MONDAY - here.weekday()) % 7 or 7
            return datetime.combine(here.date() + timedelta(days=ahead), MORNING, timezone)
    try:
        until = datetime.fromisoformat(said)
    except ValueError:
        return None
    return until if until.tzinfo else until.replace(tzinfo=timezone)
