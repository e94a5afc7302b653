"""When a campaign's first and last message would leave, by its pace, its window and the law's hours. An estimate:
what the law finds of each number, slow gateways and pauses only make it later.
"""

from __future__ import annotations

import datetime as dt

from programme.bulk_law import BulkLaw
from programme.campaign_plan import Plan
from programme.campaign_schedule import Place
from programme.campaign_window import opens, read_window

_LOOKS_AHEAD = 400  # days
_ONE_DAY = dt.timedelta(days=1)


def first_and_last(
    plan: Plan, people: int, begins: dt.datetime, place: Place, law: BulkLaw
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Of a run for `people` that is due at `begins`. None: it never opens, or it does not get done within a year.

    Raises ScheduleInvalid for a window that cannot be read.
    """
    window = read_window(plan.window, place)
    first = opens(window, law, plan.kind, plan.channels, begins, place)
    if first is None or plan.pace_per_minute < 1:
        return first, None
    left = dt.timedelta(minutes=max(people - 1, 0) / plan.pace_per_minute)
    day = place.day(first)
    for _ in range(_LOOKS_AHEAD):
        hours = [found for channel in plan.channels if (found := law.hours(plan.kind, channel, day)) is not None]
        if hours:
            begin, end = min(one for one, _ in hours), max(one for _, one in hours)
            midnight = place.instant(day + _ONE_DAY, dt.time(0))
            until = midnight if end == dt.time.max else place.instant(day, end)
            since = max(first, place.instant(day, begin))
            for opens_at, closes_at in window.spans(since, until):
                opening, closing = max(opens_at, since), min(closes_at, until)
                if left < closing - opening:
                    return first, opening + left
                left -= closing - opening
        day += _ONE_DAY
    return first, None
