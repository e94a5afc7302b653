"""An office's time is counted to the minute: several intervals a day, weekends, holidays, make-up days."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from programme.content import Content
from programme.office_hours import DAY, Interval, OfficeHours
from programme.working_days import Deadlines, MakeUpDay, load_deadlines
from programme.working_time import Stopwatch, WorkingTime
from programme.yaml_source import ContentError

VIETNAM, NEW_YORK = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("America/New_York")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OFFICE = ["07:30-11:30", "13:00-17:00"]
WEEK = OfficeHours(monday=OFFICE, tuesday=OFFICE, wednesday=OFFICE, thursday=OFFICE, friday=OFFICE)
TET = {date(2026, 2, day) for day in range(16, 21)}
MONDAY_OFF, SATURDAY_WORKED = date(2026, 8, 31), date(2026, 8, 22)


def calendar(*make_up: MakeUpDay) -> Deadlines:
    return Deadlines(2, {}, frozenset({*TET, MONDAY_OFF}), {one.day: one for one in make_up})


def office(hours: OfficeHours = WEEK, *make_up: MakeUpDay, zone: dt.tzinfo = VIETNAM) -> WorkingTime:
    return WorkingTime(hours, calendar(*make_up), zone)


def at(text: str, zone: dt.tzinfo = VIETNAM) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("a", "b", "hours"),
    [
        ("2026-11-23T08:00", "2026-11-23T10:30", 2.5),  # a Monday
        ("2026-11-23T06:00", "2026-11-23T08:30", 1),  # before the office opens
        ("2026-11-23T17:00", "2026-11-23T19:00", 0),  # after it has closed
        ("2026-11-23T16:00", "2026-11-24T08:30", 2),  # across the night
        ("2026-11-23T11:00", "2026-11-23T13:30", 1),  # across lunch
        ("2026-11-23T11:45", "2026-11-23T12:30", 0),  # at lunch
        ("2026-11-20T16:00", "2026-11-23T08:30", 2),  # across the weekend
        ("2026-11-21T09:00", "2026-11-22T18:00", 0),
        ("2026-02-13T16:00", "2026-02-23T08:30", 2),  # across Tết
        ("2026-11-23T11:00", "2026-11-23T10:00", 0),  # a clock that was set back
    ],
)
def test_time_between_two_instants(a: str, b: str, hours: float) -> None:
    assert office().working_between(at(a), at(b)) == hours * HOUR


@pytest.mark.parametrize(
    ("now", "open_", "opens"),
    [
        ("2026-11-23T07:29", False, "2026-11-23T07:30"),
        ("2026-11-23T07:30", True, "2026-11-23T07:30"),
        ("2026-11-23T11:29", True, "2026-11-23T11:29"),
        ("2026-11-23T11:30", False, "2026-11-23T13:00"),
        ("2026-11-23T17:00", False, "2026-11-24T07:30"),
        ("2026-11-20T22:00", False, "2026-11-23T07:30"),
        ("2026-02-14T09:00", False, "2026-02-23T07:30"),
    ],
)
def test_when_the_office_opens_next(now: str, open_: bool, opens: str) -> None:
    assert office().is_working(at(now)) is open_
    assert office().next_opening(at(now)) == at(opens)


def test_a_make_up_saturday_has_the_hours_of_the_day_it_replaces() -> None:
    hours = WEEK.model_copy(update={"monday": (Interval(8 * 60, 12 * 60),)})
    swapped = MakeUpDay(day=SATURDAY_WORKED, instead_of=MONDAY_OFF, name="Làm bù")
    morning, afternoon = at("2026-08-22T09:00"), at("2026-08-22T14:00")
    assert not office(hours).is_working(morning)
    made_up = office(hours, swapped)
    assert made_up.is_working(morning) and not made_up.is_working(afternoon)
    assert not made_up.is_working(at("2026-08-31T09:00"))
    assert made_up.working_between(at("2026-08-22T00:00"), at("2026-08-23T00:00")) == 4 * HOUR


def test_a_make_up_day_may_have_its_own_hours() -> None:
    own = MakeUpDay(day=SATURDAY_WORKED, instead_of=MONDAY_OFF, name="Làm bù", hours=["13:00-16:00"])
    assert office(WEEK, own).next_opening(at("2026-08-22T07:00")) == at("2026-08-22T13:00")


def test_a_make_up_day_counts_for_the_laws_deadlines_too() -> None:
    swapped = MakeUpDay(day=SATURDAY_WORKED, instead_of=MONDAY_OFF, name="Làm bù")
    friday = date(2026, 8, 21)
    assert calendar().acknowledge_by(friday) == date(2026, 8, 25)
    assert calendar(swapped).acknowledge_by(friday) == date(2026, 8, 24)


def test_an_office_that_never_opens_keeps_nobody_waiting() -> None:
    closed = office(OfficeHours())
    now = at("2026-11-23T09:00")
    assert not closed.is_working(now)
    assert closed.next_opening(now) is None
    assert closed.after(now, MINUTE) is None and closed.after(now, timedelta(0)) == now
    assert closed.working_between(now, now + timedelta(days=9)) == timedelta(0)


def test_an_office_that_is_always_open() -> None:
    day = ["00:00-24:00"]
    always = office(OfficeHours(**dict.fromkeys(NAMES, day)))
    now = at("2026-11-21T23:59")
    assert always.is_working(now) and always.next_opening(now) == now
    assert always.working_between(now, now + timedelta(days=2)) == timedelta(days=2)
    assert always.after(now, 30 * HOUR) == now + 30 * HOUR


def test_a_night_when_clocks_change_is_as_long_as_it_was() -> None:
    # New York: 2026-03-08 had 23 hours
    sunday = office(OfficeHours(sunday=["00:00-24:00"]), zone=NEW_YORK)
    assert sunday.working_between(at("2026-03-08T00:00", NEW_YORK), at("2026-03-09T00:00", NEW_YORK)) == 23 * HOUR


def test_the_same_instant_is_open_in_one_country_and_closed_in_another() -> None:
    now = at("2026-11-23T09:00")
    assert office().is_working(now) and not office(zone=NEW_YORK).is_working(now)


# Hours that no change of clocks falls into, so that counting minutes on the wall is counting minutes.
QUARTERS = st.lists(st.integers(4 * 4, 24 * 4), max_size=6, unique=True).map(sorted)
OPEN_DAY = QUARTERS.map(
    lambda quarters: tuple(Interval(a * 15, b * 15) for a, b in zip(quarters[::2], quarters[1::2], strict=False))
)
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOURS = st.fixed_dictionaries(dict.fromkeys(NAMES, OPEN_DAY)).map(lambda week: OfficeHours.model_construct(**week))
MADE_UP = MakeUpDay(day=date(2026, 2, 28), instead_of=date(2026, 2, 18), name="Làm bù")
START = datetime(2026, 2, 10, tzinfo=UTC)
MINUTES = st.integers(0, 30 * DAY)
PLACES = st.sampled_from([VIETNAM, NEW_YORK, ZoneInfo("Asia/Kathmandu")])


def counted(hours: OfficeHours, zone: dt.tzinfo, a: datetime, b: datetime) -> list[datetime]:
    """The minutes of work from `a` to before `b`, by looking at every single one."""
    found = []
    while a < b:
        local = a.astimezone(zone)
        day, minute = local.date(), local.hour * 60 + local.minute
        if day == MADE_UP.day:
            intervals = hours.on(MADE_UP.instead_of.weekday())
        else:
            intervals = () if day in TET else hours.on(day.weekday())
        if any(one.opens <= minute < one.closes for one in intervals):
            found.append(a)
        a += MINUTE
    return found


@settings(max_examples=60, deadline=None)
@given(HOURS, PLACES, MINUTES, st.integers(0, 6 * DAY))
def test_it_counts_what_a_minute_counter_counts(hours: OfficeHours, zone: dt.tzinfo, start: int, length: int) -> None:
    a = START + start * MINUTE
    b = a + length * MINUTE
    place = office(hours, MADE_UP, zone=zone)
    minutes = counted(hours, zone, a, b)
    assert place.working_between(a, b) == len(minutes) * MINUTE
    watch = Stopwatch(place, START, START + timedelta(days=40))
    assert watch.seconds(a.timestamp(), b.timestamp()) == len(minutes) * 60
    if minutes:
        assert place.next_opening(a) == minutes[0]
        assert place.after(a, len(minutes) * MINUTE) == minutes[-1] + MINUTE
    assert place.is_working(a) == bool(counted(hours, zone, a, a + MINUTE))


@settings(max_examples=60, deadline=None)
@given(HOURS, PLACES, MINUTES, st.integers(1, 3000))
def test_what_was_worked_by_then_was_worked_by_then(hours: OfficeHours, zone: dt.tzinfo, start: int, work: int) -> None:
    place, a = office(hours, MADE_UP, zone=zone), START + start * MINUTE
    done = place.after(a, work * MINUTE)
    assume(done is not None)
    assert done is not None
    assert place.working_between(a, done) == work * MINUTE
    assert place.is_working(done - MINUTE / 2)


def test_a_stopwatch_measures_nothing_backwards() -> None:
    watch = Stopwatch(office(), at("2026-11-20T00:00"), at("2026-11-30T00:00"))
    ten, eleven = at("2026-11-23T10:00").timestamp(), at("2026-11-23T11:00").timestamp()
    assert watch.seconds(ten, eleven) == 3600 and watch.seconds(eleven, ten) == 0


CALENDAR = """\
data_requests:
  document: law
  acknowledge_working_days: 2
  access: {days: 10, with_processor: 15, extension: 10}
  correction: {days: 10, with_processor: 15, extension: 10}
  erasure: {days: 10, with_processor: 15, extension: 10}
  restriction: {days: 10, with_processor: 15, extension: 10}
  objection: {days: 10, with_processor: 15, extension: 10}
holidays: [{day: 2026-08-31, name: Nghỉ hoán đổi}]
make_up_days:
  - {day: 2026-08-22, instead_of: 2026-08-31, name: Làm bù}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("instead_of: 2026-08-31", "instead_of: 2026-08-30", "không phải ngày nghỉ"),
        ("{day: 2026-08-22", "{day: 2026-08-31", "trùng một ngày khác"),
        ("name: Làm bù", 'name: Làm bù, hours: ["8-12"]', "không đúng dạng"),
    ],
)
def test_a_wrong_make_up_day_is_refused_at_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "calendar.yaml"
    path.write_text(CALENDAR, encoding="utf-8")
    assert list(load_deadlines(path).make_up_days) == [SATURDAY_WORKED]
    path.write_text(CALENDAR.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError, match=words) as refused:
        load_deadlines(path)
    assert refused.value.line == 11


def test_the_offices_of_the_packs_are_open_on_an_ordinary_monday(content: Content) -> None:
    for pack in content.packs.provinces.values():
        place = WorkingTime(pack.working_hours, content.deadlines, VIETNAM)
        assert place.is_working(at("2026-11-23T09:00"))
        assert not place.is_working(at("2026-11-23T12:00"))
        assert not place.is_working(at("2026-02-17T09:00"))  # Tết
