"""The instants of any schedule go forward, keep the local wall clock, and are the same wherever one begins to look."""

from __future__ import annotations

import datetime as dt
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.campaign_estimate import first_and_last
from programme.campaign_plan import Plan, Variant
from programme.campaign_schedule import Place, Recurring, ScheduleInvalid, read_schedule
from programme.content import Content
from programme.working_days import Deadlines

DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))
ZONES = st.sampled_from([ZoneInfo(name) for name in ("Asia/Ho_Chi_Minh", "Europe/Berlin", "America/St_Johns", "UTC")])
TIMES = st.times().map(lambda time: time.replace(second=0, microsecond=0))
MOMENTS = st.integers(0, 1_000_000).map(
    lambda minutes: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
)
RECURRING = st.builds(
    Recurring,
    every=st.sampled_from(["daily", "weekly", "monthly"]),
    time=TIMES,
    first=DAYS,
    last=st.none() | DAYS,
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    day=st.integers(1, 31),
    skip_holidays=st.booleans(),
)


@given(RECURRING, ZONES, st.frozensets(DAYS, max_size=20), MOMENTS)
def test_recurring_instants_go_forward_on_their_days_and_do_not_hang_on_where_one_begins(
    schedule: Recurring, zone: ZoneInfo, holidays: frozenset[dt.date], after: dt.datetime
) -> None:
    place = Place(zone, Deadlines(1, {}, holidays))
    found = list(islice(schedule.instants(place, after), 8))
    assert all(earlier < later for earlier, later in pairwise([after, *found]))
    for at in found:
        day = at.astimezone(zone).date()
        # An hour that a change of clocks leaves out is told an hour later; every other one as written
        if zone.key in ("Asia/Ho_Chi_Minh", "UTC"):
            assert at.astimezone(zone).time() == schedule.time
        assert schedule.first <= day and (schedule.last is None or day <= schedule.last)
        assert not (schedule.skip_holidays and day in holidays)
        assert schedule.every != "weekly" or day.weekday() in schedule.weekdays
    for before, at in pairwise([after, *found]):
        assert schedule.next_after(place, before) == at
        assert schedule.next_after(place, at - dt.timedelta(microseconds=1)) == at  # a clock that was set back


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6, unique=True), st.frozensets(DAYS, max_size=40))
def test_every_step_of_a_series_has_one_instant_of_its_own(days: list[int], holidays: frozenset[dt.date]) -> None:
    steps = sorted({0, *days})
    schedule = read_schedule({"kind": "series", "at": "2026-06-01T09:00", "days": steps})
    place = Place(ZoneInfo("Asia/Ho_Chi_Minh"), Deadlines(1, {}, holidays))
    found = list(schedule.instants(place, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    assert [schedule.steps_at(place, at) for at in found] == [(step,) for step in range(len(steps))]
    assert not {place.day(at) for at in found} & holidays


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"kind": "once", "at": "gần đây"},
        {"kind": "once", "at": "2026-12-01T09:00+07:00"},
        {"kind": "weekly", "time": "09:00", "from": "2026-12-01", "weekdays": []},
        {"kind": "monthly", "time": "09:00", "from": "2026-12-01", "day": 32},
        {"kind": "daily", "time": "25:00", "from": "2026-12-01"},
        {"kind": "daily", "time": "09:00", "from": "2026-12-02", "until": "2026-12-01"},
        {"kind": "relative", "to": "survey_unfinished", "days": [-1], "time": "09:00"},
        {"kind": "relative", "to": "gone", "days": [1], "time": "09:00"},
        {"kind": "series", "at": "2026-12-01T09:00", "days": [1, 2]},
    ],
)
def test_what_is_no_schedule_is_refused_in_words(written: dict[str, object]) -> None:
    with pytest.raises(ScheduleInvalid) as refused:
        read_schedule(written)
    assert refused.value.what


def test_the_last_message_is_estimated_over_the_hours_that_are_open(content: Content) -> None:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    window = {"from": "09:00", "until": "10:00"}
    text = (Variant("A", "Chao"),)
    plan = Plan("a", "customer_care", text, ("sms",), {"and": []}, {}, pace_per_minute=10, window=window)
    begins = dt.datetime(2026, 12, 1, 9, 30, tzinfo=zone).astimezone(dt.UTC)
    place = Place(zone, content.deadlines)

    def last(people: int) -> str:
        found = first_and_last(plan, people, begins, place, content.bulk_law)[1]
        assert found is not None
        return f"{found.astimezone(zone):%d %H:%M}"

    # Half an hour is left of the first day, then one hour each
    assert (last(1), last(101), last(301), last(901)) == ("01 09:30", "01 09:40", "02 09:00", "03 09:00")
