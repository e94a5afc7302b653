"""How long people have been at work between two instants: Monday to Friday, 8 to 17 o'clock, without holidays."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

from programme.working_days import Deadlines

FROM, UNTIL = time(8), time(17)


def working_time(calendar: Deadlines, since: datetime, now: datetime, timezone: tzinfo, most: timedelta) -> timedelta:
    """The working time within [since, now], counted no further than `most`."""
    worked, day = timedelta(0), since.astimezone(timezone).date()
    while worked < most and day <= now.astimezone(timezone).date():
        if calendar.is_working_day(day):
            opens, closes = (datetime.combine(day, at, timezone) for at in (FROM, UNTIL))
            worked += max(timedelta(0), min(closes, now) - max(opens, since))
        day += timedelta(days=1)
    return min(worked, most)
