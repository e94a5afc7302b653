"""What a benchmark says: samples become figures, figures are held against targets and peers, and make one table.

Pure: starts nothing, measures nothing, reads no clock.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

NOT_MEASURED = "not measured"
_HOLDS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, "<": operator.lt, ">=": operator.ge}
_SIGNS = {"<=": "≤", "<": "<", ">=": "≥"}
_YES_NO = {True: "yes", False: "NO", None: ""}


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` (0 < share <= 1) of all samples do not exceed (nearest rank).

    Raises ValueError when there are no samples.
    """
    if not samples:
        raise ValueError("no samples")
    return sorted(samples)[max(math.ceil(share * len(samples)), 1) - 1]


@dataclass(frozen=True)
class Times:
    """Durations of one kind, in milliseconds, one after the other as they were measured."""

    ms: tuple[float, ...]

    @property
    def n(self) -> int:
        return len(self.ms)

    @property
    def p50(self) -> float:
        return percentile(self.ms, 0.50)

    @property
    def p95(self) -> float:
        return percentile(self.ms, 0.95)

    @property
    def p99(self) -> float:
        return percentile(self.ms, 0.99)

    @property
    def per_second(self) -> float:
        """How many fit into a second when the next begins as soon as one has ended."""
        return 1000 * self.n / sum(self.ms)


@dataclass(frozen=True)
class Target:
    """`of`: what is held against `limit`, the figure's own "value" or its "ratio" to the peer."""

    how: str
    limit: float
    of: str = "value"

    def is_met(self, measured: float | None) -> bool:
        """None (not measured) is never good enough."""
        return measured is not None and _HOLDS[self.how](measured, self.limit)

    def __str__(self) -> str:
        return f"{_SIGNS[self.how]} {readable(self.limit)}{'×' if self.of == 'ratio' else ''}"


@dataclass(frozen=True)
class Peer:
    """The same of the stock Rasa, in the same run and in the figure's unit."""

    value: float
    p50: float | None = None
    p95: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    `value` None: not measured. `better`: whether more or less is good, for the ratio. `compared`: there is a peer, so
    that one which was not measured reads so. `decides` False: a smoke run, too few samples to hold against a target.
    """

    id: str
    what: str
    value: float | None
    unit: str
    target: Target | None = None
    peer: Peer | None = None
    compared: bool = False
    better: str = "less"
    p50: float | None = None
    p95: float | None = None
    n: int | None = None
    note: str = ""
    decides: bool = True

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer; None without one."""
        if self.peer is None or not self.value or not self.peer.value:
            return None
        return self.value / self.peer.value if self.better == "more" else self.peer.value / self.value

    @property
    def met(self) -> bool | None:
        """None where nothing is demanded or decided. What could not be measured misses its target."""
        if self.target is None or not self.decides:
            return None
        return self.target.is_met(self.ratio if self.target.of == "ratio" else self.value)

    def timed(self, times: Times, note: str = "") -> Figure:
        """Measured as durations: the value is the 95th percentile."""
        return self._taken(times.p95, times, note)

    def tailed(self, times: Times, note: str = "") -> Figure:
        """Measured as durations: the value is the 99th percentile."""
        return self._taken(times.p99, times, note)

    def paced(self, times: Times) -> Figure:
        """Measured as durations one after the other: the value is how many fit into a second."""
        return self._taken(times.per_second, times, "")

    def counted(self, value: float, n: int | None = None, note: str = "") -> Figure:
        """Measured as one number."""
        return replace(self, value=value, n=n, note=note or self.note)

    def with_peer(self, value: float, times: Times | None = None) -> Figure:
        """The peer's number in this figure's unit, and the durations that it comes from."""
        if times is None:
            return replace(self, peer=Peer(value))
        return replace(self, peer=Peer(value, times.p50, times.p95, times.n))

    def _taken(self, value: float, times: Times, note: str) -> Figure:
        measured = replace(self, value=value, p50=times.p50, p95=times.p95, n=times.n)
        return replace(measured, note=note or self.note)

    def as_json(self) -> dict[str, Any]:
        """One element of var/bench.json."""
        return {
            "id": self.id,
            "what": self.what,
            "value": NOT_MEASURED if self.value is None else _rounded(self.value),
            "unit": self.unit,
            "target": str(self.target) if self.target else None,
            "met": self.met,
            "peer": self._peer_as_json(),
            "ratio": _rounded(self.ratio),
            "p50": _rounded(self.p50),
            "p95": _rounded(self.p95),
            "n": self.n,
            "note": self.note,
        }

    def _peer_as_json(self) -> dict[str, Any] | None:
        if not self.compared:
            return None
        measured = vars(self.peer) if self.peer else {"value": NOT_MEASURED}
        return {"what": "stock Rasa 3.6.21", **{k: _rounded(v) for k, v in measured.items() if v is not None}}


def readable(number: float | None) -> str:
    """Three digits are enough to compare; "-" for nothing."""
    if number is None:
        return "-"
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def table(figures: Sequence[Figure], notes: Sequence[str] = ()) -> str:
    """The figures as aligned text, the notes below."""
    head = ("what", "measured", "unit", "p50", "p95", "n", "target", "met", "stock", "ratio")
    rows = [head, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    left_aligned = {0, 2, 7}
    lines = []
    for row in rows:
        cells = (
            cell.ljust(width) if column in left_aligned else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    remarks = [f"* {figure.id}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([*lines, "", *remarks, *(f"* {note}" for note in notes)])


def _row(figure: Figure) -> tuple[str, ...]:
    ratio = figure.ratio
    return (
        figure.what,
        NOT_MEASURED if figure.value is None else readable(figure.value),
        figure.unit,
        readable(figure.p50),
        readable(figure.p95),
        str(figure.n) if figure.n is not None else "-",
        str(figure.target) if figure.target else "-",
        _YES_NO[figure.met],
        _stock(figure),
        f"{readable(ratio)}×" if ratio is not None else "-",
    )


def _stock(figure: Figure) -> str:
    if figure.peer is not None:
        return readable(figure.peer.value)
    return NOT_MEASURED if figure.compared else "-"


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
