from __future__ import annotations

import datetime as dt

import pytest

from programme.content import Content


@pytest.mark.parametrize(
    ("opened", "acknowledge_by"),
    [
        (dt.date(2026, 11, 24), dt.date(2026, 11, 26)),  # a Tuesday
        (dt.date(2026, 11, 27), dt.date(2026, 12, 1)),  # a Friday: the weekend does not count
        (dt.date(2026, 2, 13), dt.date(2026, 2, 24)),  # Tết lies between
        (dt.date(2027, 2, 4), dt.date(2027, 2, 9)),  # the next one, of which three days are certain
    ],
)
def test_a_request_is_acknowledged_within_two_working_days(
    content: Content, opened: dt.date, acknowledge_by: dt.date
) -> None:
    assert content.deadlines.acknowledge_by(opened) == acknowledge_by


def test_erasure_takes_twenty_days_and_access_ten(content: Content) -> None:
    opened = dt.date(2026, 11, 24)
    assert content.deadlines.due_on("erasure", opened) == dt.date(2026, 12, 14)
    assert content.deadlines.due_on("access", opened) == dt.date(2026, 12, 4)


def test_every_kind_of_request_has_more_days_with_a_processor_and_one_extension(content: Content) -> None:
    days = {kind: (one.days, one.with_processor, one.extension) for kind, one in content.deadlines.requests.items()}
    assert days == {
        "access": (10, 15, 10),
        "correction": (10, 15, 10),
        "erasure": (20, 30, 20),
        "restriction": (15, 20, 15),
        "objection": (15, 20, 15),
    }
