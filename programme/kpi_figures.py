"""The programme's figures of a period, for the whole province or one commune, each held against its targets.

Pure. Counts of shops below k are hidden as in programme/small_counts.py, and with them the shares that would give them
away; a figure of which nothing is known is None, never 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from programme.kpi import Plan, Target
from programme.sampling import margin
from programme.small_counts import Key, Mark, Published, publish
from programme.survey_report import DEFAULT_K
from store.kpi_queries import Metric, Sum

# Whole and share are of what happened in the period; the others are of all until its end.
OF_PERIOD = frozenset({"in_time", "satisfied", "aware"})
# Counts of shops and people, which may give somebody away; the others count matters and messages.
_OF_PEOPLE = frozenset({Metric.LISTED, Metric.REACHED, Metric.SURVEYED, Metric.CONSULTED, Metric.TRIAL, Metric.IN_USE})
# What people answered, of which a share is made
_ANSWERS: Mapping[str, tuple[Metric, *tuple[str, ...]]] = {
    "satisfied": (Metric.RATED_SURVEYED, "satisfied", "neutral", "unsatisfied"),
    "aware": (Metric.AWARE, "answered"),
}
_OF_A_SAMPLE = ("drawn", "asked", "answered")


@dataclass(frozen=True)
class Judged:
    """A target and how it stands: `measured` None: not known, or not shown."""

    target: Target
    measured: Fraction | None

    @property
    def is_met(self) -> bool | None:
        return None if self.measured is None else self.target.is_met(self.measured)


@dataclass(frozen=True)
class Part:
    """`key`: a way, a channel, a state."""

    key: str
    until: Published
    within: Published


@dataclass(frozen=True)
class Figure:
    """`count`: until the last day, or in the period for OF_PERIOD; None: nothing is known. `base`: what `share` is of.
    `margin`: of the share, plus or minus; None where it is no sample. `unanswered`: who was asked and said nothing."""

    id: str
    count: Published | None
    within: Published | None
    base: Published | None
    share: Fraction | None
    parts: tuple[Part, ...]
    judged: tuple[Judged, ...]
    margin: Fraction | None = None
    unanswered: int | None = None


@dataclass(frozen=True)
class KpiReport:
    """`first`, `last`: both days belong to it. `commune`: None for the whole province. `lines`: per commune."""

    province: str
    first: dt.date
    last: dt.date
    commune: str | None
    as_of: dt.datetime | None
    figures: tuple[Figure, ...]
    lines: Mapping[str, tuple[Figure, ...]]


def kpi_report(
    plan: Plan,
    province: str,
    communes: Iterable[str],
    sums: Iterable[Sum],
    days: tuple[dt.date, dt.date],
    as_of: dt.datetime | None,
    commune: str | None = None,
    k: int = DEFAULT_K,
) -> KpiReport:
    """`communes`: all of the province. Without `as_of` nothing was counted, and nothing is known."""
    known = tuple(communes)
    counts = _Counts(sums, known, k)
    lines = {code: _figures(plan, counts, code, known) for code in known} if as_of else {}
    whole = _figures(plan, counts, None, known) if as_of else ()
    chosen = whole if commune is None else lines.get(commune, ())
    return KpiReport(province, *days, commune, as_of, chosen, lines)


class _Counts:
    """The sums, as they may be shown."""

    def __init__(self, sums: Iterable[Sum], communes: tuple[str, ...], k: int) -> None:
        self._raw: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
        for one in sums:
            place = one.commune if one.commune in communes else ""
            by_place = self._raw.setdefault((one.metric, one.part), {})
            until, within = by_place.get(place, (0, 0))
            by_place[place] = (until + one.until, within + one.within)
        self._shown: dict[tuple[str, str, int], Mapping[Key, Published]] = {}
        self._hidden: dict[tuple[str, ...], frozenset[str]] = {}
        self._k = k

    def parts(self, metric: str) -> list[str]:
        return sorted(part for name, part in self._raw if name == metric and part)

    def shown(self, metric: str, commune: str | None, part: str = "", column: int = 0) -> Published:
        """`column`: 0 until the last day, 1 in the period."""
        cells = self._raw.get((metric, part), {})
        if metric not in _OF_PEOPLE:
            return self.raw(metric, commune, part, column)
        key = (metric, part, column)
        if key not in self._shown:
            self._shown[key] = publish({Key(c, "", 0): both[column] for c, both in cells.items()}, [0], self._k)
        return self._shown[key].get(Key(commune, None, None), 0)

    def hides(self, commune: str | None, metric: str, *parts: str) -> bool:
        """Whether too few answered there in the period (`parts`: the answers) for their share to be shown, or whether
        it would give away, by its difference, what too few answered elsewhere. The whole is always shown."""
        key = (metric, *parts)
        if key not in self._hidden:
            places = {place for part in parts for place in self._raw.get((metric, part), {})}
            answers = {place: sum(self.raw(metric, place, part, 1) for part in parts) for place in places}
            self._hidden[key] = hidden_places(answers, self._k)
        return commune is not None and commune in self._hidden[key]

    def raw(self, metric: str, commune: str | None, part: str = "", column: int = 0) -> int:
        cells = self._raw.get((metric, part), {})
        return sum(both[column] for place, both in cells.items() if commune in (None, place))


def hidden_places(answers: Mapping[str, int], k: int) -> frozenset[str]:
    """Of communes with so many answers those that stay hidden beside a whole that is shown: whoever has 1 to k−1, and
    as many of the next ones as it takes until all hidden together have k, and are two. "" is shown nowhere."""
    hidden = {place for place, count in answers.items() if place and 0 < count < k}
    if not hidden:
        return frozenset()
    hidden |= {place for place in answers if not place and answers[place]}
    for place in sorted(answers, key=lambda one: (answers[one], one)):
        if len(hidden) > 1 and sum(answers[one] for one in hidden) >= k:
            break
        if answers[place]:
            hidden.add(place)
    return frozenset(hidden)


def _figures(plan: Plan, counts: _Counts, commune: str | None, communes: tuple[str, ...]) -> tuple[Figure, ...]:
    return tuple(_figure(plan, counts, id_, commune, communes) for id_ in plan.figures)


def _figure(plan: Plan, counts: _Counts, id_: str, commune: str | None, communes: tuple[str, ...]) -> Figure:
    if id_ in OF_PERIOD:
        return _shared(plan, counts, id_, commune)
    metric = id_
    parts = tuple(
        Part(part, counts.shown(metric, commune, part), counts.shown(metric, commune, part, 1))
        for part in counts.parts(metric)
    )
    count: Published | None
    if metric in (Metric.CLICKS, Metric.LEADS, Metric.DOMAINS):
        count = sum(part.until for part in parts if isinstance(part.until, int))
        within: Published | None = sum(part.within for part in parts if isinstance(part.within, int))
    else:
        count, within = counts.shown(metric, commune), counts.shown(metric, commune, "", 1)
    if metric == Metric.CLICKS and commune is not None:
        count = within = None  # links on a channel know no commune
    bases: dict[str, Published | None] = {
        "listed": counts.shown(Metric.LISTED, commune) or None,
        "programme": plan.programme_shops if commune is None else None,
        "surveyed": counts.shown(Metric.SURVEYED, commune) or None,
        "communes": len(communes) if commune is None else 1,
        "certified": None,
    }
    own = {Metric.REACHED: "listed", Metric.SURVEYED: "listed", Metric.CLASS_COMMUNES: "communes"}.get(
        Metric(metric), "surveyed" if metric in ("consulted", "trial", "in_use") else ""
    )
    base = bases.get(own)
    if metric == Metric.REACHED and base is None:
        count = within = None  # without a list nobody knows who is not reached
    judged = tuple(
        Judged(one, _ratio(count, 1) if one.of == "count" else _ratio(count, bases.get(one.of)))
        for one in plan.targets
        if one.figure == id_ and (commune is None or one.of not in ("count", "programme"))
    )
    return Figure(id_, count, within, base, _ratio(count, base), parts, judged)


def _shared(plan: Plan, counts: _Counts, id_: str, commune: str | None) -> Figure:
    """What is a share of matters or answers in the period."""

    def within(metric: Metric, *parts: str) -> int:
        return sum(counts.raw(metric, commune, part, 1) for part in parts)

    listed: int | None = None
    unanswered: int | None = None
    parts: tuple[Part, ...] = ()
    if id_ == "in_time":
        good, base = within(Metric.REQUESTS, "in_time"), within(Metric.REQUESTS, "in_time", "late", "not_answered")
    elif id_ == "satisfied":
        good, base = within(Metric.RATED_SURVEYED, "satisfied"), within(*_ANSWERS[id_])
        unanswered = within(Metric.RATED_SURVEYED, "asked") - base
    else:
        good, base = within(Metric.AWARE, "yes"), within(*_ANSWERS[id_])
        unanswered, listed = within(Metric.AWARE, "asked") - base, counts.raw(Metric.LISTED, commune)
        asked = _OF_A_SAMPLE if counts.parts(Metric.AWARE) else ()
        parts = tuple(Part(one, counts.raw(Metric.AWARE, commune, one), within(Metric.AWARE, one)) for one in asked)
    few = id_ in _ANSWERS and counts.hides(commune, *_ANSWERS[id_])
    share = Fraction(good, base) if base and not few else None
    judged = tuple(Judged(one, share) for one in plan.targets if one.figure == id_)
    shown: Published | None = (Mark.HIDDEN if few else base) if base else None
    hidden: Published | None = Mark.HIDDEN if few else good
    return Figure(
        id_,
        hidden if base else None,
        hidden if base else None,
        shown,
        share,
        () if few else parts,
        judged,
        margin(share, base, listed) if id_ == "aware" and share is not None else None,
        None if few else unanswered,
    )


def _ratio(count: Published | None, base: Published | None) -> Fraction | None:
    if isinstance(count, int) and isinstance(base, int) and base:
        return Fraction(count, base)
    return None
