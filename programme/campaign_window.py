"""The hours in which a campaign may send, narrower than the law's: JSON, local time.

{"from": "08:00", "until": "20:00", "days": [0, 1, 2, 3, 4], "holidays": false}; {} is always. `until` itself does not
belong to it. The province's calendar says which days are holidays, and which are worked in their place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from programme.bulk_law import BulkLaw
from programme.campaign_schedule import Place, ScheduleInvalid
from programme.office_hours import DAY, Interval, OfficeHours
from programme.working_days import Deadlines
from programme.working_time import WorkingTime

NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NO_HOLIDAYS = Deadlines(1, {}, frozenset())
# Where nothing opens within so many days, nothing does.
_LOOKS_AHEAD = 400
_ONE_DAY = dt.timedelta(days=1)


def read_window(window: Mapping[str, Any], place: Place) -> WorkingTime:
    """When it is open. Raises ScheduleInvalid."""
    begin, end = _minutes(window.get("from", "00:00")), _minutes(window.get("until", "24:00"))
    if not begin < end:
        raise ScheduleInvalid("giờ bắt đầu phải trước giờ kết thúc.")
    days = window.get("days", list(range(7)))
    if not isinstance(days, list) or not all(isinstance(one, int) and 0 <= one <= 6 for one in days):
        raise ScheduleInvalid("các ngày trong tuần chưa đúng.")
    open_day = (Interval(begin, end),)
    week: dict[str, Any] = {name: open_day if at in days else () for at, name in enumerate(NAMES)}
    hours = OfficeHours.model_construct(**week)
    keeps = place.calendar if not window.get("holidays", True) else _NO_HOLIDAYS
    return WorkingTime(hours, keeps, place.timezone)


def opens(
    window: WorkingTime, law: BulkLaw, kind: str, channels: tuple[str, ...], at: dt.datetime, place: Place
) -> dt.datetime | None:
    """The first instant from `at` on at which both the window and the law's hours are open; None: never."""
    day = place.day(at)
    for _ in range(_LOOKS_AHEAD):
        hours = [found for channel in channels if (found := law.hours(kind, channel, day)) is not None]
        for begin, end in sorted(hours):
            first = max(at, place.instant(day, begin))
            last = place.instant(day + _ONE_DAY, dt.time(0)) if end == dt.time.max else place.instant(day, end)
            opening = window.next_opening(first)
            if opening is None:
                return None
            if opening < last:
                return opening
        day += _ONE_DAY
    return None


def _minutes(written: object) -> int:
    if written == "24:00":
        return DAY
    try:
        time = dt.time.fromisoformat(str(written))
    except ValueError:
        raise ScheduleInvalid("giờ viết như 08:00.") from None
    return time.hour * 60 + time.minute
