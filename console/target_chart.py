"""The geometry of the chart of shares beside their targets: lying bars with a mark each, without words in it.

The list beside it names them in the same order, and the table below says the same in numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from programme.kpi_figures import Figure, Judged

WIDTH, LINE, GAP = 1000.0, 20.0, 0.3


@dataclass(frozen=True)
class TargetBar:
    """Units of the picture; `mark`: where the target stands."""

    figure: Figure
    y: float
    width: float
    height: float
    mark: float
    is_met: bool


def target_chart(figures: Sequence[Figure]) -> tuple[TargetBar, ...]:
    """One bar for each figure with a share that is known and demanded: its last target; a full width is 100 %."""
    drawn = [(one, judged) for one in figures if (judged := _last(one)) is not None]
    return tuple(
        TargetBar(
            figure=one,
            y=round((number + GAP / 2) * LINE, 2),
            width=round(float(min(judged.measured or Fraction(0), Fraction(1))) * WIDTH, 2),
            height=round((1 - GAP) * LINE, 2),
            mark=round(float(Fraction(judged.target.value)) * WIDTH, 2),
            is_met=bool(judged.is_met),
        )
        for number, (one, judged) in enumerate(drawn)
    )


def _last(figure: Figure) -> Judged | None:
    shares = [one for one in figure.judged if one.target.of != "count" and one.measured is not None]
    return shares[-1] if shares else None
