"""Working time is counted within the province's office hours only."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from programme.content import Content
from scheduler.working_hours import working_time

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
ALL = timedelta(days=1000)


def hours(content: Content, since: str, now: str, most: timedelta = ALL) -> float:
    at = [datetime.fromisoformat(text).replace(tzinfo=VIETNAM) for text in (since, now)]
    return working_time(content.deadlines, *at, VIETNAM, most) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "now", "expected"),
    [
        ("2026-11-23T09:00", "2026-11-23T11:30", 2.5),  # a Monday
        ("2026-11-23T06:00", "2026-11-23T09:00", 1),  # the morning begins at 8
        ("2026-11-23T16:00", "2026-11-24T09:00", 2),  # an hour each, the night does not count
        ("2026-11-20T16:00", "2026-11-23T08:30", 1.5),  # nor does the weekend
        ("2026-11-21T09:00", "2026-11-22T18:00", 0),
        ("2026-08-31T16:00", "2026-09-03T09:00", 2),  # National Day
        ("2026-11-23T11:00", "2026-11-23T10:00", 0),  # a clock that was set back
    ],
)
def test_working_time(content: Content, since: str, now: str, expected: float) -> None:
    assert hours(content, since, now) == expected


def test_it_counts_no_further_than_asked(content: Content) -> None:
    assert hours(content, "1990-01-01T00:00", "2026-11-23T11:00", timedelta(hours=4)) == 4
