"""When an office is open in a week, as a content file writes it. What a year does to it: working_time.py."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, PlainValidator

from programme.yaml_source import ContentModel, refusal

_WRITTEN = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
DAY = 24 * 60


class Interval(NamedTuple):
    """Minutes of a day, from 0 to 1440; the last one does not belong to it."""

    opens: int
    closes: int


def _read(written: object) -> Interval:
    """`"07:30-11:30"`; a day ends at 24:00."""
    found = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise refusal(f'khoảng giờ "{written}" không đúng dạng', 'viết như "07:30-11:30"')
    numbers = [int(group) for group in found.groups()]
    interval = Interval(numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3])
    if not interval.opens < interval.closes <= DAY:
        raise refusal(f'khoảng giờ "{written}" kết thúc trước khi bắt đầu', "đổi lại hai giờ; cuối ngày là 24:00")
    return interval


def _in_order(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    for before, after in pairwise(intervals):
        if after.opens < before.closes:
            raise refusal("các khoảng giờ trong ngày chồng lên nhau hoặc không theo thứ tự", "xếp lại từ sáng đến tối")
    return intervals


# The check of each interval comes first, so that a wrong one is refused at its own line.
OpenDay = Annotated[tuple[Annotated[Interval, PlainValidator(_read)], ...], AfterValidator(_in_order)]


class OfficeHours(ContentModel):
    """Several intervals a day, in their order; a day without any is closed."""

    monday: OpenDay = ()
    tuesday: OpenDay = ()
    wednesday: OpenDay = ()
    thursday: OpenDay = ()
    friday: OpenDay = ()
    saturday: OpenDay = ()
    sunday: OpenDay = ()

    def on(self, weekday: int) -> tuple[Interval, ...]:
        """`weekday`: 0 is Monday, as datetime counts."""
        week = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        return week[weekday]


ALWAYS_CLOSED = OfficeHours()
