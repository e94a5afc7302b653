"""The score of a response: exact arithmetic, rounded half up to one decimal at the very end.

pillar = 100 · Σ(score · weight) / Σ(4 · weight) over the questions that count; total = Σ pillar · its weight. The level
comes from the rounded total, then the balance rule looks at the unrounded pillars, from the highest level down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Literal

from programme.survey.conditions import holds
from programme.survey.definition import NA, Survey
from programme.survey.response import Response, facts, in_force

Status = Literal["ok", "estimate", "insufficient"]
MOST_POINTS = 4


@dataclass(frozen=True)
class Score:
    """`pillars` exact, None where no question of a pillar counts; `total` and `level` None when there is too little.

    `points`: per question what it counts with, a skipped one 0; those that do not count are missing. `counted`: how
    many were answered 0–4. `skipped`: questions that count 0 only because branching hid them.
    """

    status: Status
    counted: int
    refused: int
    pillars: Mapping[str, Fraction | None]
    total: Fraction | None
    level: int | None
    points: Mapping[str, int]
    skipped: frozenset[str]

    def pillar(self, id_: str) -> Fraction | None:
        """Rounded to one decimal, as it is shown and compared."""
        exact = self.pillars[id_]
        return None if exact is None else rounded(exact)


def rounded(value: Fraction) -> Fraction:
    """Half up, to one decimal: 16.45 → 16.5."""
    return Fraction(floor(value * 10 + Fraction(1, 2)), 10)


def score(response: Response) -> Score:
    """Score whatever is answered; a question that is asked and has no answer counts as refused."""
    survey, is_short = response.survey, response.is_short
    points, skipped, refused = _points(response)
    sums = {pillar.id: [0, 0] for pillar in survey.pillars}
    for question in survey.core_questions if is_short else survey.questions:
        got = points.get(question.id)
        if got is not None:
            pillar = sums[question.pillar or ""]
            pillar[0] += got * question.weight
            pillar[1] += MOST_POINTS * question.weight
    pillars = {id_: Fraction(100 * got, most) if most else None for id_, (got, most) in sums.items()}
    total = _total(survey, pillars) if refused <= survey.most_refused else None
    return Score(
        status="insufficient" if total is None else "estimate" if is_short else "ok",
        counted=len(points) - len(skipped),
        refused=refused,
        pillars=pillars,
        total=total,
        level=None if total is None else _level(survey, total, pillars),
        points=points,
        skipped=frozenset(skipped),
    )


def _points(response: Response) -> tuple[dict[str, int], set[str], int]:
    survey, answers, known = response.survey, in_force(response), facts(response)
    points: dict[str, int] = {}
    skipped: set[str] = set()
    refused = 0
    for question in survey.core_questions if response.is_short else survey.questions:
        answer = answers.get(question.id)
        if isinstance(answer, int):
            points[question.id] = answer
        elif question.shown_if is not None and not holds(question.shown_if, known):
            if question.skip_scores_zero:
                points[question.id] = 0
                skipped.add(question.id)
        elif answer != NA:
            refused += 1
    return points, skipped, refused


def _total(survey: Survey, pillars: Mapping[str, Fraction | None]) -> Fraction | None:
    total = Fraction(0)
    for pillar in survey.pillars:
        exact = pillars[pillar.id]
        if exact is None:
            return None  # a third of the picture is missing: no number would be honest
        total += exact * pillar.weight
    return rounded(total)


def _level(survey: Survey, total: Fraction, pillars: Mapping[str, Fraction | None]) -> int:
    level = max(one.level for one in survey.levels if one.floor <= total)
    for rule in survey.balance:
        if level == rule.level and any(exact is None or exact < rule.floor for exact in pillars.values()):
            level = rule.otherwise
    return level
