"""Dates and ages as owners write them, each as the days that it leaves open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme import spans
from programme.ages_said import OLDEST_COMPANY, OLDEST_PERSON, read_born, read_founded
from programme.dates_said import dates_in, no_such_day
from programme.numbers_said import with_digits
from programme.spans import Span

TODAY = dt.date(2026, 3, 15)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("hai mươi tư", "24"),
        ("hai muoi nham tuoi", "25 tuoi"),
        ("hăm ba", "23"),
        ("hai ba tuổi", "23 tuoi"),
        ("tháng tư", "thang 4"),
        ("tháng năm năm ngoái", "thang 5 nam ngoai"),
        ("tháng sáu", "thang 6"),
        ("tháng sau", "thang sau"),
        ("ngày tháng năm sinh", "ngay thang nam sinh"),
        ("mười năm", "10 nam"),
        ("hơn năm năm", "hon 5 nam"),
        ("sau năm 2020", "sau nam 2020"),
        ("hai nghìn không trăm mười tám", "2018"),
        ("hai không hai lăm", "2025"),
        ("tầm mười tám tuổi", "khoang 18 tuoi"),
        ("twenty-one", "21"),
        ("tên miền của bà", "ten mien cua baf"),
    ],
)
def test_number_words_become_digits_only_where_they_are_numbers(text: str, digits: str) -> None:
    assert with_digits(text) == digits


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("15/8/2027", "2027-08-15"),
        ("15/3/26", "2026-03-15"),
        ("2025-11-20", "2025-11-20"),
        ("20 Nov 2025", "2025-11-20"),
        ("November 20th, 2025", "2025-11-20"),
        ("ngày 3 tháng 2 năm sau", "2027-02-03"),
        ("ngày hai mươi tháng mười một năm hai nghìn không trăm hai mươi lăm", "2025-11-20"),
        ("hôm qua", "2026-03-14"),
        ("tháng 8 năm 2027", "2027-08"),
        ("5/2027", "2027-05"),
        ("t11/2025", "2025-11"),
        ("tháng mười một năm ngoái", "2025-11"),
        ("năm ngoái, hồi tháng 11", "2025-11"),
        ("tháng 12", "2025-12"),
        ("tháng trước", "2026-02"),
        ("cuối năm ngoái", "2025-09-01/2025-12-31"),
        ("quý 4/2025", "2025-10-01/2025-12-31"),
        ("năm ngoái", "2025-01-01/2025-12-31"),
        ("năm 2025", "2025-01-01/2025-12-31"),
        ("31/2/2027", None),
    ],
)
def test_a_date_leaves_open_what_it_does_not_say(text: str, day: str | None) -> None:
    (said,) = dates_in(with_digits(text), TODAY)
    assert (said.span and said.span.as_text()) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31/2/2027", "31/2/2027"),
        ("ngày 31 tháng 4", "31/4"),
        ("15/13/2027", "15/13/2027"),
        ("29/2", None),
        ("50/50", None),
        ("24/7", None),
    ],
)
def test_a_day_that_no_calendar_has(text: str, day: str | None) -> None:
    assert no_such_day(with_digits(text), TODAY) == day


@pytest.mark.parametrize(
    "text", ["hôm nào đó", "3 năm trước", "hai năm nay", "mấy tháng rồi", "3 tháng 2 tuần", "sếp 3"]
)
def test_what_is_no_date_is_not_taken_for_one(text: str) -> None:
    assert dates_in(with_digits(text), TODAY) == []


def test_a_month_without_a_year_is_the_last_one_or_the_next() -> None:
    (last,), (coming,) = dates_in("thang 12", TODAY), dates_in("thang 2", TODAY, coming=True)
    assert (last.span, coming.span) == (spans.month(2025, 12), spans.month(2027, 2))


def _verdict_of_a_company(founded: Span) -> bool | None:
    if spans.years_later(founded.first, 1) >= TODAY:
        return True
    return False if spans.years_later(founded.last, 1) < TODAY else None


@pytest.mark.parametrize(
    ("young", "texts"),
    [
        (
            True,
            "tháng 12|cuối năm ngoái|tháng mười một năm ngoái|3 tháng trước|6 months ago|nửa năm|hơn nửa năm|gần 1 năm",
        ),
        (
            True,
            "chưa đầy năm|chưa được 1 năm|không quá 1 năm|11 tháng|vài tháng|mấy tháng rồi|2 tuần|15/3/26|20 Nov 2025",
        ),
        (False, "hơn 1 năm|hơn năm|1 năm rưỡi|năm rưỡi|ít nhất 3 năm|được 3 năm rồi|vài năm rồi|hai năm nay|13 tháng"),
        (False, "trước năm 2020|over a year|a year and a half ago|two years ago|năm 2019|hơn năm năm rồi|2024"),
        (
            None,
            "năm ngoái|năm 2025|3/2025|1 năm|12 tháng|mới mở|vừa thành lập|sau năm 2024|1 năm 2 tháng|đầu năm ngoái",
        ),
    ],
)
def test_what_is_said_of_a_company_is_as_firm_as_it_was_said(young: bool | None, texts: str) -> None:
    for text in texts.split("|"):
        founded = read_founded(text, TODAY)
        assert founded is not None, text
        assert _verdict_of_a_company(founded) is young, text


@pytest.mark.parametrize("text", ["1/2027", "lâu rồi", "mấy tháng", "3/2020 đổi tên 5/2025", "31/2/2025", "năm", "²"])
def test_a_company_that_no_day_can_be_told_of(text: str) -> None:
    assert read_founded(text, TODAY) is None


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("20", (20, 20)),
        ("20t", (20, 20)),
        ("hai mươi tư", (24, 24)),
        ("hai mươi lăm tuổi", (25, 25)),
        ("lớp 12, 17 tuổi", (17, 17)),
        ("15/12/2003", (22, 22)),
        ("2k5", (20, 21)),
        ("sinh năm 05", (20, 21)),
        ("2008", (17, 18)),
        ("2002", (23, 24)),
        ("trên 23", (24, OLDEST_PERSON)),
        ("hơn 23", (23, OLDEST_PERSON)),
        ("không dưới 18", (18, OLDEST_PERSON)),
        ("đủ 18", (18, OLDEST_PERSON)),
        ("vừa đủ 18", (18, 18)),
        ("chưa đủ 18", (0, 17)),
        ("không quá 23", (0, 23)),
        ("gần 18", (16, 17)),
        ("khoảng 20 tuổi", (18, 22)),
        ("trên dưới 20 tuổi", (18, 22)),
        ("hai mươi mấy", (20, 29)),
        ("năm nay 18 tuổi", (17, 18)),
        ("I am twenty", (20, 20)),
        ("not yet 18", (0, 17)),
        ("9x", (26, 36)),
    ],
)
def test_an_age_is_what_was_said_and_no_more(text: str, ages: tuple[int, int]) -> None:
    born = read_born(text, TODAY)
    assert born is not None
    assert (spans.full_years(born.last, TODAY), spans.full_years(born.first, TODAY)) == ages


@pytest.mark.parametrize(
    "text", ["²", "20²", "trẻ lắm", "lớp 12", "sinh viên năm 2", "có 2 đứa con", "sang năm 18 tuổi", "130", "tháng 12"]
)
def test_what_is_no_age_is_not_taken_for_one(text: str) -> None:
    assert read_born(text, TODAY) is None


def test_what_is_known_makes_a_month_or_a_day_alone_exact() -> None:
    year = read_born("2008", TODAY)
    assert read_born("tháng 12", TODAY, year) == spans.month(2008, 12)
    assert read_born("tháng 12", TODAY, read_born("hơn 23", TODAY)) is None
    assert read_born("tháng 12", TODAY, read_born("năm nay 18", TODAY)) == spans.month(2008, 12)
    month = read_founded("3/2025", TODAY)
    assert read_founded("ngày 20", TODAY, month) == spans.day(2025, 3, 20)
    assert read_founded("ngày 20", TODAY) is None


DAYS = st.dates(dt.date(1920, 1, 1), dt.date(2100, 12, 31))


@given(born=DAYS, on=DAYS)
def test_the_birthdays_of_an_age_are_those_of_everyone_of_that_age(born: dt.date, on: dt.date) -> None:
    age = spans.full_years(born, on)
    if age >= 0:
        known = spans.born_for_age(age, age, on)
        assert known.first <= born <= known.last
        assert spans.full_years(known.first, on) == spans.full_years(known.last, on) == age


@given(day=DAYS, last=DAYS)
def test_a_span_survives_the_slot(day: dt.date, last: dt.date) -> None:
    span = Span(min(day, last), max(day, last))
    assert Span.from_text(span.as_text()) == span


@given(day=st.dates(dt.date(1950, 1, 1), TODAY), form=st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d %b %Y"]))
def test_a_whole_date_is_read_as_that_day(day: dt.date, form: str) -> None:
    for read in (read_founded, read_born):
        assert read(f"{day:{form}}", TODAY) == Span(day, day)


@given(text=st.text(alphabet="0123456789/-. ²năm thgoiơuyrt", max_size=40))
@pytest.mark.parametrize("read", [read_founded, read_born])
def test_what_is_read_lies_in_the_past(read: Callable[[str, dt.date], Span | None], text: str) -> None:
    span = read(text, TODAY)
    assert span is None or min(OLDEST_COMPANY, dt.date(1914, 1, 1)) <= span.first <= span.last <= TODAY
