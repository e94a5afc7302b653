from datetime import UTC, datetime, timedelta

from store.clock import Clock, ManualClock


def test_a_clock_with_a_start_runs_on_from_there() -> None:
    clock = Clock(start=datetime(2026, 3, 15, 9, 0))  # noqa: DTZ001 - as HOTLINE_NOW is written: local time
    assert timedelta(0) <= clock.now() - datetime(2026, 3, 15, 2, 0, tzinfo=UTC) < timedelta(seconds=5)


def test_the_day_is_that_of_vietnam() -> None:
    assert str(ManualClock(datetime(2026, 6, 30, 16, 59, tzinfo=UTC)).today()) == "2026-06-30"
    assert str(ManualClock(datetime(2026, 6, 30, 17, 0, tzinfo=UTC)).today()) == "2026-07-01"
