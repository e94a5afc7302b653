"""How a province keeps its promise to answer in time: the reported share, and what stands beside it.

The share counts requests that a person answered by their deadline, day and night, against all whose deadline has
passed or that were answered; what still runs and what owners withdrew in time stay out and are shown. It must be
strictly greater than the target (plan 148, annex 01, 2.3 and 4.3: "trên 95 %"). What the bot answered by itself, how
long a matter took to its end, how satisfied owners were and how long people worked on it never enter it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

from sqlalchemy import Connection

from programme.content import Content
from programme.packs import Sla
from programme.working_time import Stopwatch, WorkingTime
from store import sla_queries
from store.sla_queries import QUARTER, Dimension, Outcome, Period, Rows

# Somewhat more than a year; more is several reports.
MOST_DAYS = 400


class BadPeriod(ValueError):
    """The last day comes before the first, or more than 400 days are asked for."""


@dataclass(frozen=True)
class Spread:
    """Durations in whole minutes: how many, and the least within which half and nine tenths of them lie."""

    count: int = 0
    median: int | None = None
    p90: int | None = None

    @classmethod
    def of(cls, minutes: Mapping[int, int]) -> Spread:
        """`minutes`: how often each duration was."""
        count = sum(minutes.values())
        if not count:
            return cls()
        return cls(count, _within(minutes, math.ceil(count / 2)), _within(minutes, math.ceil(count * 9 / 10)))


@dataclass(frozen=True)
class Satisfaction:
    """How many owners were asked how it was, and what they said."""

    asked: int = 0
    satisfied: int = 0
    neutral: int = 0
    unsatisfied: int = 0


@dataclass(frozen=True)
class Figures:
    """Of one line. `first_answer`: from the owner's message to the first answer of a person; `working`: the same in
    working time, if it was asked for. `resolution`: until a person finished the matter. `bot_answers`: questions
    that the bot answered from an approved entry; None where that is not known by this dimension.
    """

    in_time: int = 0
    late: int = 0
    not_answered: int = 0
    running: int = 0
    withdrawn: int = 0
    first_answer: Spread = Spread()
    working: Spread | None = None
    resolution: Spread = Spread()
    satisfaction: Satisfaction = Satisfaction()
    bot_answers: int | None = None

    @property
    def requests(self) -> int:
        return self.counted + self.running + self.withdrawn

    @property
    def counted(self) -> int:
        """What the share is of."""
        return self.in_time + self.late + self.not_answered

    @property
    def share(self) -> Fraction | None:
        """Of 0 to 1; None where nothing counts yet."""
        return Fraction(self.in_time, self.counted) if self.counted else None

    def meets(self, sla: Sla) -> bool | None:
        """Whether the share is greater than the target, not only as great; None where there is none."""
        return None if self.share is None else self.share > Fraction(str(sla.target))


@dataclass(frozen=True)
class Line:
    """`key`: a date, commune, channel, vendor or officer's number; None: unknown, or nobody yet. `name`: its name."""

    key: Any
    name: str | None
    figures: Figures


@dataclass(frozen=True)
class SlaReport:
    """`first`, `last`: days where the hotline is, both included, by when requests were opened."""

    province: str
    sla: Sla
    by: Dimension
    first: dt.date
    last: dt.date
    total: Figures
    lines: tuple[Line, ...]


@dataclass
class _Tally:
    outcomes: Counter[str] = field(default_factory=Counter)
    first_answer: Counter[int] = field(default_factory=Counter)
    working: Counter[int] = field(default_factory=Counter)
    resolution: Counter[int] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    bot_answers: int = 0

    def add(self, other: _Tally) -> None:
        for mine, its in (
            (self.outcomes, other.outcomes),
            (self.first_answer, other.first_answer),
            (self.working, other.working),
            (self.resolution, other.resolution),
            (self.said, other.said),
        ):
            mine.update(its)  # type: ignore[arg-type]
        self.bot_answers += other.bot_answers

    def figures(self, with_working: bool, with_bot: bool) -> Figures:
        return Figures(
            **{outcome.value: self.outcomes[outcome] for outcome in Outcome},
            first_answer=Spread.of(self.first_answer),
            working=Spread.of(self.working) if with_working else None,
            resolution=Spread.of(self.resolution),
            satisfaction=Satisfaction(
                self.said["asked"], self.said["satisfied"], self.said["neutral"], self.said["unsatisfied"]
            ),
            bot_answers=self.bot_answers if with_bot else None,
        )


def sla_report(
    connection: Connection,
    content: Content,
    province: str,
    days: tuple[dt.date, dt.date],
    by: Dimension,
    now: dt.datetime,
    timezone: dt.tzinfo,
    with_working: bool = False,
) -> SlaReport:
    """The report on the requests of a province that were opened on `days` (first and last, both included).

    `with_working` also measures the first answers in working time, which takes as long again. Raises UnknownProvince,
    BadPeriod.
    """
    pack = content.packs.province(province)
    first, last = days
    if not dt.timedelta(0) <= last - first < dt.timedelta(days=MOST_DAYS):
        raise BadPeriod(first, last)
    start, end = (dt.datetime.combine(day, dt.time(), timezone) for day in (first, last + dt.timedelta(days=1)))
    period = Period((pack.id, pack.id.replace("-", "_")), start, end)
    to_key = _day_of(timezone) if by is Dimension.DAY else _same
    tallies: defaultdict[Any, _Tally] = defaultdict(_Tally)
    _count_requests(tallies, sla_queries.requests(connection, period, by, now), to_key)
    _count_escalations(tallies, sla_queries.escalations(connection, period, by), to_key)
    if with_working:
        watch = Stopwatch(WorkingTime(pack.working_hours, content.deadlines, timezone), start, max(now, end))
        for (key, opened, answered), times in sla_queries.first_answers(connection, period, by).items():
            tallies[to_key(key)].working[int(watch.seconds(opened, answered) // 60)] += times
    entries = {answer.id for answer in content.answers}
    said_by_bot = sla_queries.bot_answers(connection, period, entries)
    _count_bot_answers(tallies, said_by_bot, by, to_key)
    total = _Tally()
    for tally in tallies.values():
        total.add(tally)
    total.bot_answers = sum(said_by_bot.values())
    if by is Dimension.DAY:
        for number in range((min(last, now.astimezone(timezone).date()) - first).days + 1):
            tallies[first + dt.timedelta(days=number)]  # a day on which nobody asked is a line too
    names = sla_queries.officer_names(connection) if by is Dimension.OFFICER else {}
    with_bot = by in (Dimension.DAY, Dimension.CHANNEL)
    lines = [
        Line(key, _name(content, pack.id, by, key, names), tally.figures(with_working, with_bot))
        for key, tally in tallies.items()
    ]
    order = _order(content, pack.id, by)
    return SlaReport(
        pack.id, pack.sla, by, first, last, total.figures(with_working, True), tuple(sorted(lines, key=order))
    )


def _count_requests(tallies: Mapping[Any, _Tally], rows: Rows, to_key: Callable[[Any], Any]) -> None:
    for (key, outcome, minutes), times in rows.items():
        tally = tallies[to_key(key)]
        tally.outcomes[outcome] += times
        if minutes is not None:
            tally.first_answer[minutes] += times


def _count_escalations(tallies: Mapping[Any, _Tally], rows: Rows, to_key: Callable[[Any], Any]) -> None:
    for (key, minutes, asked, csat), times in rows.items():
        if minutes is None and not asked:
            continue  # says nothing yet, and must make no line: requests of another line may belong to it
        tally = tallies[to_key(key)]
        if minutes is not None:
            tally.resolution[minutes] += times
        if asked:
            tally.said["asked"] += times
        if csat is not None:
            tally.said[csat] += times


def _count_bot_answers(tallies: Mapping[Any, _Tally], rows: Rows, by: Dimension, to_key: Callable[[Any], Any]) -> None:
    for (quarter, channel), questions in rows.items():
        if by in (Dimension.DAY, Dimension.CHANNEL):
            tallies[to_key(quarter) if by is Dimension.DAY else channel].bot_answers += questions


def _day_of(timezone: dt.tzinfo) -> Callable[[Any], Any]:
    @cache
    def day(quarter: int) -> dt.date:
        return dt.datetime.fromtimestamp(quarter * QUARTER, timezone).date()

    return day


def _same(key: Any) -> Any:
    return key


def _name(content: Content, province: str, by: Dimension, key: Any, officers: Mapping[int, str]) -> str | None:
    if key is None:
        return None
    if by is Dimension.COMMUNE:
        commune = content.communes.by_code(key)
        return commune.full_name if commune else str(key)
    if by is Dimension.VENDOR:
        known = {vendor.id: vendor.short for vendor in content.packs.province(province).vendors}
        return known.get(key, str(key))
    if by is Dimension.CHANNEL:
        return CHANNELS.get(key, str(key))
    return officers.get(key, str(key)) if by is Dimension.OFFICER else f"{key:%d/%m/%Y}"


CHANNELS = {"zalo": "Zalo", "telegram": "Telegram", "webchat": "Web chat", "email": "E-mail"}


def _order(content: Content, province: str, by: Dimension) -> Callable[[Line], Any]:
    """Days as they come, communes as their file has them, the rest by how much there was; the unknown last."""
    if by is Dimension.DAY:
        return lambda line: line.key
    places = {commune.code: place for place, commune in enumerate(content.communes.communes(province))}
    if by is Dimension.COMMUNE:
        return lambda line: (line.key is None, places.get(line.key, len(places)), str(line.key))
    return lambda line: (line.key is None, -line.figures.requests, str(line.name))


def _within(minutes: Mapping[int, int], rank: int) -> int:
    """The `rank`-th smallest duration, from 1."""
    for duration in sorted(minutes):
        rank -= minutes[duration]
        if rank <= 0:
            return duration
    raise ValueError(rank)


def shown_share(share: Fraction | None) -> str:
    """In per cent with two decimals, cut off and never rounded up: 94.999 % is no 95. A comma, as Vietnamese writes."""
    if share is None:
        return ""
    hundredths = math.floor(share * 10000)
    return f"{hundredths // 100},{hundredths % 100:02d}"
