"""A day that is known only roughly ("năm ngoái", "hơn 1 năm"): the first and the last day it may be.

Whoever decides by such a day decides for both ends, or asks. No language: reading it is `dates_said` and `ages_said`.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

# Nobody who asks was born, and no company founded, before; nothing is promised after.
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


@dataclass(frozen=True)
class Span:
    """Both ends are included; `first` is never after `last`."""

    first: dt.date
    last: dt.date

    @property
    def is_a_day(self) -> bool:
        return self.first == self.last

    @property
    def is_within_a_month(self) -> bool:
        return (self.first.year, self.first.month) == (self.last.year, self.last.month)

    def shared_with(self, other: Span) -> Span | None:
        """The days that are in both; None when there is none."""
        return span(max(self.first, other.first), min(self.last, other.last))

    def as_text(self) -> str:
        """`2025-11-20`, a whole month `2025-11`, else `2025-11-20/2026-01-03`."""
        if self.is_a_day:
            return str(self.first)
        if self == month(self.first.year, self.first.month):
            return f"{self.first:%Y-%m}"
        return f"{self.first}/{self.last}"

    @classmethod
    def from_text(cls, text: str) -> Span:
        """Reads `as_text`. Raises ValueError."""
        first, _, last = text.partition("/")
        if last:
            return cls(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
        if len(first) == len("2025-11"):
            start = dt.date.fromisoformat(f"{first}-01")
            return cls(start, _end_of_month(start.year, start.month))
        return cls(dt.date.fromisoformat(first), dt.date.fromisoformat(first))


def span(first: dt.date | None, last: dt.date | None) -> Span | None:
    """None for ends that are no days, or in the wrong order."""
    return Span(first, last) if first is not None and last is not None and first <= last else None


def day(year: int, month: int, day: int) -> Span | None:
    """One day; None for the 31st of February."""
    try:
        return Span(dt.date(year, month, day), dt.date(year, month, day))
    except ValueError:
        return None


def month(year: int, month: int) -> Span | None:
    """A whole month; None for the thirteenth."""
    return months(year, month, month)


def months(year: int, first: int, last: int) -> Span | None:
    """From the first day of one month to the last of another in the same year."""
    if not (1 <= first <= last <= 12 and EARLIEST.year <= year <= LATEST.year):
        return None
    return Span(dt.date(year, first, 1), _end_of_month(year, last))


def months_earlier(from_day: dt.date, count: int) -> dt.date:
    """The same day of the month `count` months ago, or the last one that month has; never before EARLIEST."""
    index = max(from_day.year * 12 + from_day.month - 1 - count, EARLIEST.year * 12)
    end = _end_of_month(index // 12, index % 12 + 1)
    return end.replace(day=min(from_day.day, end.day))


def years_later(from_day: dt.date, years: int) -> dt.date:
    """The anniversary; for the 29th of February the 28th where there is none."""
    return months_earlier(from_day, -12 * years)


def full_years(born: dt.date, on: dt.date) -> int:
    """A person's age in full years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def born_for_age(youngest: int, oldest: int, on: dt.date) -> Span:
    """The birthdays of everyone who is `youngest` to `oldest` full years old `on` that day."""
    too_old = months_earlier(on, 12 * (oldest + 1))
    return Span(too_old + dt.timedelta(days=1), months_earlier(on, 12 * youngest))


def _end_of_month(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])
