"""When officers are at work: a province's office hours in the national calendar.

It governs when people are disturbed, and figures beside the reported one. The deadline itself runs day and night
(plan 148 says nothing else) and asks nothing here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import accumulate

from programme.office_hours import DAY, Interval, OfficeHours
from programme.working_days import Deadlines

Span = tuple[datetime, datetime]

# An office that does not open within so many days in a row does not open any more, as far as anybody can plan.
CLOSED_FOR_GOOD = 400
ONE_DAY = timedelta(days=1)


class WorkingTime:
    """Instants are aware; `timezone` is where the office is. A span's end does not belong to it."""

    def __init__(self, hours: OfficeHours, calendar: Deadlines, timezone: tzinfo) -> None:
        self.hours, self.calendar, self.timezone = hours, calendar, timezone
        self._days: dict[date, tuple[Span, ...]] = {}

    def is_working(self, at: datetime) -> bool:
        return any(opens <= at < closes for opens, closes in self._on(self._day(at)))

    def working_between(self, a: datetime, b: datetime) -> timedelta:
        """Working time within [a, b); nothing when b comes before a."""
        worked, day, last = timedelta(0), self._day(a), self._day(b)
        while day <= last:
            for opens, closes in self._on(day):
                worked += max(timedelta(0), min(closes, b) - max(opens, a))
            day += ONE_DAY
        return worked

    def next_opening(self, at: datetime) -> datetime | None:
        """`at` itself while the office is open, else when it opens next; None: not within 400 days."""
        return next((max(opens, at) for opens, _ in self._spans_from(at)), None)

    def after(self, at: datetime, working: timedelta) -> datetime | None:
        """The instant when `working` has been worked since `at`; None: before that the office closes for good."""
        if working <= timedelta(0):
            return at
        for opens, closes in self._spans_from(at):
            begins = max(opens, at)
            if closes - begins >= working:
                return begins + working
            working -= closes - begins
        return None

    def spans(self, first: datetime, last: datetime) -> Iterator[Span]:
        """The times of work that touch [first, last), in their order."""
        day = self._day(first)
        while day <= self._day(last):
            yield from (span for span in self._on(day) if span[0] < last and first < span[1])
            day += ONE_DAY

    def _spans_from(self, at: datetime) -> Iterator[Span]:
        """Those that are not over at `at`, without end unless the office closes for good."""
        day, closed = self._day(at), 0
        while closed <= CLOSED_FOR_GOOD:
            closed += 1
            for span in self._on(day):
                if span[1] > at:
                    closed = 0
                    yield span
            day += ONE_DAY

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.timezone).date()

    def _on(self, day: date) -> tuple[Span, ...]:
        if day not in self._days:
            self._days[day] = tuple(
                (self._instant(day, one.opens), self._instant(day, one.closes)) for one in self._intervals(day)
            )
        return self._days[day]

    def _intervals(self, day: date) -> tuple[Interval, ...]:
        made_up = self.calendar.make_up_days.get(day)
        if made_up is not None:
            return self.hours.on(made_up.instead_of.weekday()) if made_up.hours is None else made_up.hours
        return () if day in self.calendar.holidays else self.hours.on(day.weekday())

    def _instant(self, day: date, minute: int) -> datetime:
        """In UTC: differences of local times would count an hour that clocks skip."""
        days, minute = divmod(minute, DAY)
        wall = time(minute // 60, minute % 60)
        return datetime.combine(day + timedelta(days=days), wall, self.timezone).astimezone(UTC)


class Stopwatch:
    """Working seconds between many pairs of instants of one period, each in the time of two look-ups."""

    def __init__(self, working_time: WorkingTime, first: datetime, last: datetime) -> None:
        spans = [(opens.timestamp(), closes.timestamp()) for opens, closes in working_time.spans(first, last)]
        self._opens = [opens for opens, _ in spans]
        self._closes = [closes for _, closes in spans]
        self._before = [0.0, *accumulate(closes - opens for opens, closes in spans)]

    def seconds(self, a: float, b: float) -> float:
        """From `a` to `b`, both seconds since 1970 within the period."""
        return max(0.0, self._until(b) - self._until(a))

    def _until(self, at: float) -> float:
        begun = bisect_right(self._opens, at)
        if begun == 0:
            return 0.0
        return self._before[begun] - max(0.0, self._closes[begun - 1] - at)
