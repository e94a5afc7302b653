"""When a campaign runs: once, again and again, relative to something of each recipient's, or as a series of steps.

Written as JSON, in local time where the province is:
  {"kind": "once", "at": "2026-12-01T09:00"}                       `at` null: as soon as it is approved
  {"kind": "daily" | "weekly" | "monthly", "time": "09:00", "from": "2026-12-01", "until": "2027-03-31" | null,
   "weekdays": [0, 2] (0 is Monday), "day": 31 (a shorter month's last day), "skip_holidays": true}
  {"kind": "relative", "to": one of RELATIVE_TO, "days": [-60, -30, -7], "time": "09:00"}
  {"kind": "series", "at": "2026-12-01T09:00", "days": [0, 3, 7], "skip_holidays": true}   days after the first step
Instants are in UTC and only go forward: a clock that is set back makes none of them twice.
"""

from __future__ import annotations

import calendar as months
import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from programme.working_days import Deadlines

RELATIVE_TO = ("survey_unfinished", "class", "domain_expiry", "lead_unserved")
# What is known only when it has happened
_ONLY_AFTER = ("survey_unfinished", "lead_unserved")
MOST_STEPS = 12
MOST_DAYS = 366
# A recurrence without an instant in so many days has none.
_LOOKS_AHEAD = 800
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DAY = dt.timedelta(days=1)


class ScheduleInvalid(Exception):
    """What is written is no schedule. `what`: Vietnamese words."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True)
class Place:
    """Where the schedule is kept: its time zone, and the calendar with its holidays."""

    timezone: dt.tzinfo
    calendar: Deadlines

    def instant(self, day: dt.date, time: dt.time) -> dt.datetime:
        """A wall clock's time as an instant; of an hour that comes twice the first one."""
        return dt.datetime.combine(day, time, self.timezone).astimezone(dt.UTC)

    def day(self, at: dt.datetime) -> dt.date:
        return at.astimezone(self.timezone).date()


class Schedule(ABC):
    """`relative_to`: what the day of each recipient hangs on, if it does."""

    relative_to: str | None = None

    @abstractmethod
    def instants(self, place: Place, after: dt.datetime) -> Iterator[dt.datetime]:
        """The instants later than `after`, in their order."""

    def next_after(self, place: Place, after: dt.datetime) -> dt.datetime | None:
        """The first instant later than `after`; None: no run comes any more."""
        return next(self.instants(place, after), None)

    def steps_at(self, place: Place, at: dt.datetime) -> tuple[int, ...]:
        """The steps that are due at one of its instants."""
        return (0,)

    def steps_until(self, place: Place, at: dt.datetime) -> tuple[int, ...]:
        """Of a series, the steps that were due up to an instant."""
        return ()

    @property
    def steps(self) -> tuple[int, ...]:
        """Every step there is."""
        return (0,)


@dataclass(frozen=True)
class Once(Schedule):
    """`at`: local wall time; None: at the approval."""

    at: dt.datetime | None

    def instants(self, place: Place, after: dt.datetime) -> Iterator[dt.datetime]:
        if self.at is not None and (at := place.instant(self.at.date(), self.at.time())) > after:
            yield at


@dataclass(frozen=True)
class Recurring(Schedule):
    """`every`: daily | weekly | monthly."""

    every: str
    time: dt.time
    first: dt.date
    last: dt.date | None = None
    weekdays: frozenset[int] = frozenset()
    day: int = 1
    skip_holidays: bool = True

    def instants(self, place: Place, after: dt.datetime) -> Iterator[dt.datetime]:
        day = max(self.first, place.day(after))
        empty = 0
        while (self.last is None or day <= self.last) and empty < _LOOKS_AHEAD:
            at = place.instant(day, self.time)
            if at > after and self._is_on(day) and not (self.skip_holidays and day in place.calendar.holidays):
                empty = 0
                yield at
            empty += 1
            day += _DAY

    def _is_on(self, day: dt.date) -> bool:
        if self.every == "weekly":
            return day.weekday() in self.weekdays
        if self.every == "monthly":
            return day.day == min(self.day, months.monthrange(day.year, day.month)[1])
        return True


@dataclass(frozen=True)
class Relative(Schedule):
    """Every day, for those whose day it is. `days`: from the event; before it they are negative."""

    to: str
    days: tuple[int, ...]
    time: dt.time

    @property
    def relative_to(self) -> str:  # type: ignore[override]
        return self.to

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(range(len(self.days)))

    def instants(self, place: Place, after: dt.datetime) -> Iterator[dt.datetime]:
        day = place.day(after)
        while True:
            if (at := place.instant(day, self.time)) > after:
                yield at
            day += _DAY

    def steps_at(self, place: Place, at: dt.datetime) -> tuple[int, ...]:
        return self.steps

    def event_day(self, place: Place, at: dt.datetime, step: int) -> dt.date:
        """On which local day the event is, for a step that is due at `at`."""
        return place.day(at) - dt.timedelta(days=self.days[step])


@dataclass(frozen=True)
class Series(Schedule):
    """Step after step; `days`: after the first, from 0 on. A step that falls on a holiday comes the day after."""

    at: dt.datetime
    days: tuple[int, ...]
    skip_holidays: bool = True

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(range(len(self.days)))

    def instants(self, place: Place, after: dt.datetime) -> Iterator[dt.datetime]:
        yield from (at for at in self._all(place) if at > after)

    def steps_at(self, place: Place, at: dt.datetime) -> tuple[int, ...]:
        return tuple(step for step, one in enumerate(self._all(place)) if one == at)

    def steps_until(self, place: Place, at: dt.datetime) -> tuple[int, ...]:
        return tuple(step for step, one in enumerate(self._all(place)) if one <= at)

    def _all(self, place: Place) -> list[dt.datetime]:
        found: list[dt.datetime] = []
        last: dt.date | None = None
        for days in self.days:
            day = self.at.date() + dt.timedelta(days=days)
            while (self.skip_holidays and day in place.calendar.holidays) or (last is not None and day <= last):
                day += _DAY
            last = day
            found.append(place.instant(day, self.at.time()))
        return found


def read_schedule(written: Mapping[str, Any]) -> Schedule:
    """The schedule that JSON says. Raises ScheduleInvalid."""
    kind = written.get("kind")
    if kind == "once":
        return Once(None if written.get("at") is None else _moment(written["at"]))
    if kind in ("daily", "weekly", "monthly"):
        return _recurring(kind, written)
    if kind == "relative":
        if written.get("to") not in RELATIVE_TO:
            raise ScheduleInvalid("chọn mốc: khảo sát dở, lớp học, tên miền hết hạn hay khách chưa có đơn vị nhận.")
        days = _days(written.get("days"))
        if written["to"] in _ONLY_AFTER and min(days) < 1:
            raise ScheduleInvalid("mốc này chỉ nhắc được sau ít nhất 1 ngày.")
        return Relative(written["to"], days, _time(written.get("time")))
    if kind == "series":
        days = _days(written.get("days"))
        if days[0] != 0 or list(days) != sorted(days):
            raise ScheduleInvalid("các bước của chuỗi phải tăng dần, bước đầu là ngày 0.")
        if written.get("at") is None:
            raise ScheduleInvalid("chuỗi cần ngày giờ của bước đầu.")
        return Series(_moment(written["at"]), days, bool(written.get("skip_holidays", True)))
    raise ScheduleInvalid("chưa chọn kiểu lịch.")


def _recurring(kind: str, written: Mapping[str, Any]) -> Recurring:
    first, until = _date(written.get("from")), written.get("until")
    last = None if until is None else _date(until)
    if last is not None and last < first:
        raise ScheduleInvalid("ngày cuối nằm trước ngày đầu.")
    weekdays = frozenset(_whole(written.get("weekdays") or (), 0, 6)) if kind == "weekly" else frozenset()
    if kind == "weekly" and not weekdays:
        raise ScheduleInvalid("chọn ít nhất một ngày trong tuần.")
    day = _whole((written.get("day"),), 1, 31)[0] if kind == "monthly" else 1
    skip = bool(written.get("skip_holidays", True))
    return Recurring(kind, _time(written.get("time")), first, last, weekdays, day, skip)


def _days(written: object) -> tuple[int, ...]:
    if not isinstance(written, Sequence) or isinstance(written, str) or not written:
        raise ScheduleInvalid("chưa có số ngày.")
    days = _whole(written, -MOST_DAYS, MOST_DAYS)
    if len(set(days)) != len(days) or len(days) > MOST_STEPS:
        raise ScheduleInvalid(f"nhiều nhất {MOST_STEPS} mốc ngày, không trùng nhau.")
    return days


def _whole(written: Sequence[object], least: int, most: int) -> tuple[int, ...]:
    numbers = tuple(one for one in written if isinstance(one, int) and not isinstance(one, bool))
    if len(numbers) != len(written) or not all(least <= one <= most for one in numbers):
        raise ScheduleInvalid(f"số ngày phải từ {least} đến {most}.")
    return numbers


def _time(written: object) -> dt.time:
    found = _TIME.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ScheduleInvalid("giờ viết như 09:00.")
    return dt.time(int(found[1]), int(found[2]))


def _date(written: object) -> dt.date:
    try:
        return dt.date.fromisoformat(str(written))
    except ValueError:
        raise ScheduleInvalid("chưa có ngày, hoặc không có ngày ấy.") from None


def _moment(written: object) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(str(written))
    except ValueError:
        raise ScheduleInvalid("chưa có ngày giờ, hoặc không có ngày giờ ấy.") from None
    if moment.tzinfo is not None:
        raise ScheduleInvalid("ngày giờ viết theo giờ địa phương.")
    return moment.replace(second=0, microsecond=0)
