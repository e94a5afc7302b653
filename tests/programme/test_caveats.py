"""What is said before an answer: another year, and that nobody here can promise."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.answers import Answer, Window
from programme.caveats import asks_for_a_promise, other_years
from programme.content import Content

MARCH, NOVEMBER = dt.date(2026, 3, 15), dt.date(2026, 11, 26)


def entry(content: Content, intent: str, on: dt.date) -> Answer:
    answer = content.answers.find(intent, "thai-nguyen", on)
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("intent", "question", "on", "years"),
    [
        ("ask_tax_threshold", "ngưỡng chịu thuế năm 2027 là bao nhiêu", MARCH, [2027]),
        ("ask_tax_threshold", "hồi 2024 bán bao nhiêu mới phải nộp thuế", MARCH, [2024]),
        ("ask_tax_threshold", "năm ngoái thì mức nào", NOVEMBER, [2025]),
        ("ask_tax_vat_cut", "sang năm còn giảm thuế không", NOVEMBER, [2027]),
        ("ask_tax_threshold", "năm nay bán bao nhiêu thì phải nộp", NOVEMBER, []),
        ("ask_tax_threshold", "doanh thu 2000 triệu có phải nộp thuế không", NOVEMBER, []),
        ("ask_tax_lump_sum", "thuế khoán năm 2025 có bị truy thu không", NOVEMBER, []),
        ("ask_programme_open", "đăng ký từ năm 2024 có được không", NOVEMBER, []),
    ],
)
def test_figures_are_not_passed_off_for_another_year(
    content: Content, intent: str, question: str, on: dt.date, years: list[int]
) -> None:
    assert other_years(entry(content, intent, on), question, on) == years


@pytest.mark.parametrize(
    "question", ["em cam kết không bị phạt chứ", "co chac chan mien phi khong", "do you guarantee it"]
)
def test_a_promise_is_noticed(question: str) -> None:
    assert asks_for_a_promise(question)


@pytest.mark.parametrize("question", ["tên miền còn miễn phí không", "chắc là bác đăng ký", "100 triệu thì sao"])
def test_an_ordinary_question_asks_for_no_promise(question: str) -> None:
    assert not asks_for_a_promise(question)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2050, 1, 1)), st.integers(0, 900), st.integers(1999, 2052))
def test_a_window_reaches_into_the_years_of_its_days(first: dt.date, days: int, year: int) -> None:
    last = first + dt.timedelta(days=days)
    assert Window(first, last).reaches_into(year) == (first.year <= year <= last.year)
    assert Window(None, last).reaches_into(year) == (year <= last.year)
