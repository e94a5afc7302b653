"""What owners, firms and officers find difficult, counted by category, commune, month and source.

A count is of tellings, each once (`programme.difficulties.record`), not of shops, and says nothing about a shop; so it
is shown as it is (docs/decisions/0030-difficulties.md). What was said is listed for those who may read it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection

from programme.content import Content
from store import difficulty_queries
from store.difficulty_queries import Scope

MOST_MONTHS = 24
SOURCES = ("owner", "vendor", "officer")
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class BadMonth(ValueError):
    """No month, one that has not begun, or a stretch of less than 1 or more than 24 months."""


class By(StrEnum):
    """What the lines of a report are."""

    CATEGORY = "category"
    COMMUNE = "commune"
    MONTH = "month"
    SOURCE = "source"
    VENDOR = "vendor"


@dataclass(frozen=True, order=True)
class Month:
    """A month of the calendar, where the hotline is."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> Month:
        """ "2026-11". Raises BadMonth."""
        found = _MONTH.fullmatch(text)
        if found is None:
            raise BadMonth(text)
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: dt.date) -> Month:
        return cls(day.year, day.month)

    def plus(self, months: int) -> Month:
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(year, month + 1)

    def begins(self, timezone: dt.tzinfo) -> dt.datetime:
        return dt.datetime(self.year, self.month, 1, tzinfo=timezone)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"

    @property
    def shown(self) -> str:
        return f"{self.month:02d}/{self.year}"


@dataclass(frozen=True)
class Stretch:
    """`months` months, the last of them `last`."""

    last: Month
    months: int = 1

    @property
    def first(self) -> Month:
        return self.last.plus(1 - self.months)

    @property
    def each(self) -> tuple[Month, ...]:
        return tuple(self.first.plus(number) for number in range(self.months))

    @property
    def before(self) -> Stretch:
        """As many months right before."""
        return Stretch(self.last.plus(-self.months), self.months)

    def bounds(self, timezone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
        return self.first.begins(timezone), self.last.plus(1).begins(timezone)


def stretch_of(text: str | None, months: int, today: dt.date) -> Stretch:
    """What is asked for; no text: this month. Raises BadMonth."""
    this = Month.of(today)
    last = Month.read(text) if text else this
    if last > this or not 1 <= months <= MOST_MONTHS:
        raise BadMonth(text)
    return Stretch(last, months)


@dataclass(frozen=True)
class Line:
    """`key`: a category, a commune's code, a month, a source or a firm's id; None: unknown. `of`: how many by column.

    `before`: how many in the stretch before; None for months, each of which has the one above it.
    """

    key: Any
    name: str | None
    of: Counter[str]
    before: int | None

    @property
    def told(self) -> int:
        return self.of.total()

    @property
    def change(self) -> int | None:
        return None if self.before is None else self.told - self.before


@dataclass(frozen=True)
class DifficultyReport:
    """`columns`: sources where the lines are categories, else categories, each with its name."""

    province: str
    stretch: Stretch
    by: By
    columns: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    total: Line
    is_running: bool

    def share(self, line: Line) -> Fraction | None:
        """Of 0 to 1; None where nothing was told."""
        return Fraction(line.told, self.total.told) if self.total.told else None


@dataclass(frozen=True)
class Count:
    """One count of the finest division."""

    month: Month
    commune: str | None
    category: str
    source: str
    vendor: str | None
    told: int


def scope_of(content: Content, province: str) -> Scope:
    """Everything of a province. Raises UnknownProvince."""
    pack = content.packs.province(province)
    return Scope((pack.id, pack.id.replace("-", "_")))


def counts(connection: Connection, scope: Scope, stretch: Stretch, timezone: dt.tzinfo) -> list[Count]:
    """Every count by itself; one query a month, because where a month begins is the place's own."""
    return [
        Count(month, row.commune, row.category, row.source, row.vendor, row.told)
        for month in stretch.each
        for row in difficulty_queries.counts(connection, scope, *Stretch(month).bounds(timezone))
    ]


def difficulty_report(
    connection: Connection,
    content: Content,
    province: str,
    scope: Scope,
    stretch: Stretch,
    by: By,
    now: dt.datetime,
    timezone: dt.tzinfo,
    source_names: Callable[[str], str] = str,
    language: str = "vi",
) -> DifficultyReport:
    """The report. `source_names`: how people read a source."""
    counted = counts(connection, scope, stretch, timezone)
    before = counts(connection, scope, stretch.before, timezone)
    to_key, to_column = _KEY[by], _KEY[By.SOURCE if by is By.CATEGORY else By.CATEGORY]
    of: dict[Any, Counter[str]] = {key: Counter() for key in _always(content, by, stretch)}
    for count in counted:
        of.setdefault(to_key(count), Counter())[to_column(count)] += count.told
    earlier: Counter[Any] = Counter()
    for count in before:
        earlier[to_key(count)] += count.told
        if by is not By.MONTH:
            of.setdefault(to_key(count), Counter())
    names = _names(content, province, by, source_names, language)
    lines = [Line(key, names(key), columns, None if by is By.MONTH else earlier[key]) for key, columns in of.items()]
    whole: Counter[str] = Counter()
    for line in lines:
        whole.update(line.of)
    return DifficultyReport(
        province=province,
        stretch=stretch,
        by=by,
        columns=_columns(content, by, whole, source_names, language),
        lines=tuple(sorted(lines, key=_order(by))),
        total=Line(None, None, whole, earlier.total()),
        is_running=now < stretch.last.plus(1).begins(timezone),
    )


_KEY: dict[By, Callable[[Count], Any]] = {
    By.CATEGORY: lambda count: count.category,
    By.COMMUNE: lambda count: count.commune,
    By.MONTH: lambda count: count.month,
    By.SOURCE: lambda count: count.source,
    By.VENDOR: lambda count: count.vendor,
}


def _always(content: Content, by: By, stretch: Stretch) -> Iterable[Any]:
    """Lines that are there even where nothing was told: categories, months and sources; communes only where something
    was.
    """
    if by is By.CATEGORY:
        return content.difficulties.all
    return stretch.each if by is By.MONTH else SOURCES if by is By.SOURCE else ()


def _columns(
    content: Content, by: By, whole: Counter[str], source_names: Callable[[str], str], language: str
) -> tuple[tuple[str, str], ...]:
    """Those of the content first, then what was counted under a name that is gone."""
    if by is By.CATEGORY:
        return tuple((source, source_names(source)) for source in SOURCES)
    known = content.difficulties.all
    keys = [*known, *sorted(key for key in whole if key not in known)]
    return tuple((key, content.difficulties.title(key, language)) for key in keys)


def _names(
    content: Content, province: str, by: By, source_names: Callable[[str], str], language: str
) -> Callable[[Any], str | None]:
    vendors = {vendor.id: vendor.short for vendor in content.packs.province(province).vendors}

    def name(key: Any) -> str | None:
        if key is None:
            return None
        match by:
            case By.CATEGORY:
                return content.difficulties.title(key, language)
            case By.COMMUNE:
                commune = content.communes.by_code(key)
                return commune.full_name if commune else str(key)
            case By.MONTH:
                return str(key.shown)
            case By.SOURCE:
                return source_names(key)
            case By.VENDOR:
                return vendors.get(key, str(key))

    return name


def _order(by: By) -> Callable[[Line], Any]:
    """Months as they come; the rest by how much there was, the unknown last."""
    if by is By.MONTH:
        return lambda line: line.key
    return lambda line: (line.key is None, -line.told, str(line.name))
