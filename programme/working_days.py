"""Working days for the law's deadlines: Monday to Friday without the holidays of content/national/calendar.yaml."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictInt

from programme.packs import Slug, Text
from programme.yaml_source import ContentModel, read_yaml

SATURDAY = 5


class _Holiday(ContentModel):
    day: dt.date
    name: Text


class _DataRequests(ContentModel):
    document: Slug
    acknowledge_working_days: Annotated[StrictInt, Field(ge=1)]
    access_days: Annotated[StrictInt, Field(ge=1)]
    erasure_days: Annotated[StrictInt, Field(ge=1)]


class _CalendarFile(ContentModel):
    data_requests: _DataRequests
    holidays: tuple[_Holiday, ...]


@dataclass(frozen=True)
class Deadlines:
    """The days the law gives for a person's request about their data (Decree 356/2025/NĐ-CP)."""

    acknowledge_working_days: int
    access_days: int
    erasure_days: int
    holidays: frozenset[dt.date]

    def is_working_day(self, day: dt.date) -> bool:
        return day.weekday() < SATURDAY and day not in self.holidays

    def working_days_after(self, day: dt.date, count: int) -> dt.date:
        """The last moment's day: `count` working days after `day`, which itself does not count."""
        while count:
            day += dt.timedelta(days=1)
            count -= self.is_working_day(day)
        return day

    def acknowledge_by(self, opened: dt.date) -> dt.date:
        return self.working_days_after(opened, self.acknowledge_working_days)

    def due_on(self, kind: str, opened: dt.date) -> dt.date:
        """`kind`: access | erasure. Calendar days, the stricter reading."""
        return opened + dt.timedelta(days=self.access_days if kind == "access" else self.erasure_days)


def load_deadlines(path: Path) -> Deadlines:
    """Raises ContentError."""
    file = read_yaml(path).validate(_CalendarFile)
    law = file.data_requests
    days = frozenset(holiday.day for holiday in file.holidays)
    return Deadlines(law.acknowledge_working_days, law.access_days, law.erasure_days, days)
