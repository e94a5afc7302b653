"""The national calendar (content/national/calendar.yaml): the law's deadlines, holidays, make-up days.

Responsible for days. At what time somebody works on them is working_time.py's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, StrictInt

from programme.office_hours import OpenDay
from programme.packs import Slug, Text
from programme.yaml_source import ContentModel, read_yaml

SATURDAY = 5


class _Holiday(ContentModel):
    day: dt.date
    name: Text


class MakeUpDay(ContentModel):
    """A day that is worked in the place of another. `hours`: its own; without them, those of the day it replaces."""

    day: dt.date
    instead_of: dt.date
    name: Text
    hours: OpenDay | None = None


Days = Annotated[StrictInt, Field(ge=1)]


class RequestDays(ContentModel):
    """Calendar days for one kind of request: by ourselves, when a processor must act as well, and by how many the one
    extension moves the end."""

    days: Days
    with_processor: Days
    extension: Days


class _DataRequests(ContentModel):
    document: Slug
    acknowledge_working_days: Days
    access: RequestDays
    correction: RequestDays
    erasure: RequestDays
    restriction: RequestDays
    objection: RequestDays


class _CalendarFile(ContentModel):
    data_requests: _DataRequests
    holidays: tuple[_Holiday, ...]
    make_up_days: tuple[MakeUpDay, ...]


@dataclass(frozen=True)
class Deadlines:
    """The days the law gives for a person's request about their data (Decree 356/2025/NĐ-CP), and the days of work."""

    acknowledge_working_days: int
    requests: Mapping[str, RequestDays]
    holidays: frozenset[dt.date]
    make_up_days: Mapping[dt.date, MakeUpDay] = field(default_factory=dict)

    def is_working_day(self, day: dt.date) -> bool:
        return day in self.make_up_days or (day.weekday() < SATURDAY and day not in self.holidays)

    def working_days_after(self, day: dt.date, count: int) -> dt.date:
        """The last moment's day: `count` working days after `day`, which itself does not count."""
        while count:
            day += dt.timedelta(days=1)
            count -= self.is_working_day(day)
        return day

    def acknowledge_by(self, opened: dt.date) -> dt.date:
        return self.working_days_after(opened, self.acknowledge_working_days)

    def due_on(self, kind: str, opened: dt.date) -> dt.date:
        """`kind`: access | erasure | correction | restriction | objection. Calendar days, the stricter reading."""
        return opened + dt.timedelta(days=self.kind(kind).days)

    def kind(self, kind: str) -> RequestDays:
        """The days of one kind of request."""
        return self.requests[kind]


def load_deadlines(path: Path) -> Deadlines:
    """Raises ContentError; also for a make-up day that replaces a day which is no holiday, or is one itself."""
    source = read_yaml(path)
    file = source.validate(_CalendarFile)
    law = file.data_requests
    days = frozenset(holiday.day for holiday in file.holidays)
    make_up: dict[dt.date, MakeUpDay] = {}
    for index, one in enumerate(file.make_up_days):
        at = ("make_up_days", index)
        if one.instead_of not in days:
            problem = f"ngày {one.instead_of} được làm bù nhưng không phải ngày nghỉ"
            raise source.error((*at, "instead_of"), problem, "ghi ngày ấy vào holidays")
        if one.day in days or one.day in make_up:
            raise source.error((*at, "day"), f"ngày làm bù {one.day} trùng một ngày khác", "giữ một dòng cho ngày ấy")
        make_up[one.day] = one
    requests = {kind: getattr(law, kind) for kind in ("access", "correction", "erasure", "restriction", "objection")}
    return Deadlines(law.acknowledge_working_days, MappingProxyType(requests), days, MappingProxyType(make_up))
