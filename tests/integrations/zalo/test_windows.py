"""Free for 48 hours, charged until the seventh day, then closed until the owner writes again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.zalo.windows import Standing, Window, window

HEARD = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
FREE_UNTIL, OPEN_UNTIL = HEARD + timedelta(hours=48), HEARD + timedelta(days=7)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (HEARD - timedelta(hours=1), Window(Standing.FREE, FREE_UNTIL)),
        (HEARD, Window(Standing.FREE, FREE_UNTIL)),
        (FREE_UNTIL, Window(Standing.FREE, FREE_UNTIL)),
        (FREE_UNTIL + INSTANT, Window(Standing.CHARGED, OPEN_UNTIL)),
        (OPEN_UNTIL, Window(Standing.CHARGED, OPEN_UNTIL)),
        (OPEN_UNTIL + INSTANT, Window(Standing.CLOSED, None)),
    ],
)
def test_the_window_runs_from_what_was_heard_last(now, expected):
    assert window(HEARD, now) == expected


def test_who_was_never_heard_has_none():
    assert window(None, HEARD) == Window(Standing.CLOSED, None)
