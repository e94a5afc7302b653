"""The geometry of the chart of daily shares: bars that a template draws, without words in the picture.

Words beside it stay readable on a phone; the table below says the same in numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from programme.packs import Sla
from programme.sla_report import Line

# Units of the picture; it is stretched to the width of the page.
WIDTH, HEIGHT = 1000.0, 100.0
# Of a day's place, so that bars stand apart.
GAP = 0.15


@dataclass(frozen=True)
class Bar:
    """A day with a share; `height` is of 0 to 100. A share of 0 is a thin line, no gap."""

    x: float
    width: float
    height: float
    is_met: bool


@dataclass(frozen=True)
class Chart:
    """`target`: its height, from below, as those of the bars."""

    bars: tuple[Bar, ...]
    target: float


def share_chart(days: Sequence[Line], sla: Sla) -> Chart:
    """One bar a day in their order; where nothing counted yet there is none."""
    place = WIDTH / max(1, len(days))
    bars = tuple(
        Bar(
            x=round((number + GAP / 2) * place, 2),
            width=round((1 - GAP) * place, 2),
            height=max(1.0, round(float(line.figures.share) * HEIGHT, 2)),
            is_met=bool(line.figures.meets(sla)),
        )
        for number, line in enumerate(days)
        if line.figures.share is not None
    )
    return Chart(bars, sla.target * HEIGHT)
