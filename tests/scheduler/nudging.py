"""Moments around a reminder, for tests of reminders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from scheduler import survey_nudges

SECOND, TEN_MINUTES = timedelta(seconds=1), timedelta(minutes=10)


def between(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen after the owners were found and before the first is written to."""
    find = survey_nudges._waiting

    def find_and_then(now: datetime, connection: Connection) -> list[tuple[int, str]]:
        found = find(now, connection)
        happens()
        return found

    monkeypatch.setattr(survey_nudges, "_waiting", find_and_then)
