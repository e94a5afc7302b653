"""The periods that firms report of: months counted from January, as the pack says how long one is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from programme.lead_problems import LeadProblem
from programme.lead_rules import MONTHS_OF_A_YEAR, ReportRules

FIRST_YEAR, LAST_YEAR = 2020, 2100
_WRITTEN = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True)
class Period:
    """From the first day of month `year`-`month` on. `name`: "2026-11"."""

    year: int
    month: int
    rules: ReportRules
    zone: tzinfo

    @property
    def name(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def begins(self) -> datetime:
        return self._midnight(date(self.year, self.month, 1))

    @property
    def ends(self) -> datetime:
        """The first instant after it."""
        return self._midnight(self._day_after())

    @property
    def last_day(self) -> date:
        return self._day_after() - timedelta(days=1)

    @property
    def due(self) -> date:
        """The last day on which a report is in time."""
        return self.last_day + timedelta(days=self.rules.due_days)

    @property
    def closes(self) -> date:
        """The last day on which a report may be corrected."""
        return self.last_day + timedelta(days=self.rules.close_days)

    def is_overdue(self, now: datetime) -> bool:
        return now.astimezone(self.zone).date() > self.due

    def is_closed(self, now: datetime) -> bool:
        return now.astimezone(self.zone).date() > self.closes

    def has_begun(self, now: datetime) -> bool:
        return now >= self.begins

    def before(self) -> Period:
        """The period before this one."""
        months = self.year * MONTHS_OF_A_YEAR + self.month - 1 - self.rules.months
        return Period(months // MONTHS_OF_A_YEAR, months % MONTHS_OF_A_YEAR + 1, self.rules, self.zone)

    def _day_after(self) -> date:
        months = self.year * MONTHS_OF_A_YEAR + self.month - 1 + self.rules.months
        return date(months // MONTHS_OF_A_YEAR, months % MONTHS_OF_A_YEAR + 1, 1)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self.zone)


def period_of(at: datetime, rules: ReportRules, zone: tzinfo) -> Period:
    """The period that an instant is in."""
    day = at.astimezone(zone).date()
    return Period(day.year, (day.month - 1) // rules.months * rules.months + 1, rules, zone)


def period_named(name: str, rules: ReportRules, zone: tzinfo) -> Period:
    """ "2026-11". Raises LeadProblem period_unknown: also for a month in the middle of a period."""
    match = _WRITTEN.fullmatch(name.strip()) if name.isascii() else None
    year, month = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= MONTHS_OF_A_YEAR and (month - 1) % rules.months == 0):
        raise LeadProblem("period_unknown")
    return Period(year, month, rules, zone)


def latest(now: datetime, rules: ReportRules, zone: tzinfo, most: int) -> Iterator[Period]:
    """The present period and those before it."""
    one = period_of(now, rules, zone)
    for _ in range(most):
        yield one
        one = one.before()
