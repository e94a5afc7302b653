"""The geometry of a chart of counts: lying bars that a template draws, one under the other, without words in it.

The table has the same lines in the same order, with their names and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, LINE = 1000.0, 20.0
MOST_BARS = 12
# Of a line's height, so that bars stand apart; something that is there is never invisible.
GAP, THINNEST = 0.3, 4.0


@dataclass(frozen=True)
class LyingBar:
    """Units of the picture."""

    y: float
    width: float
    height: float


@dataclass(frozen=True)
class BarChart:
    """`height`: of the whole picture."""

    bars: tuple[LyingBar, ...]
    height: float


def bar_chart(counts: Sequence[int]) -> BarChart | None:
    """The first bars in their order, the longest as wide as the picture; None where there is nothing to show."""
    shown = counts[:MOST_BARS]
    most = max(shown, default=0)
    if most == 0:
        return None
    bars = tuple(
        LyingBar(
            y=round((number + GAP / 2) * LINE, 2),
            width=0.0 if count == 0 else max(THINNEST, round(count / most * WIDTH, 2)),
            height=round((1 - GAP) * LINE, 2),
        )
        for number, count in enumerate(shown)
    )
    return BarChart(bars, len(shown) * LINE)
