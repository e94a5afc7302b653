"""Which advice fits a score: the survey's rules, the weakest pillar first, at most as many as are shown."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from programme.survey.conditions import Condition, compare
from programme.survey.definition import Pillar, Rule, Survey, Words
from programme.survey.response import Response, facts
from programme.survey.scoring import Score

_LAST = Fraction(1000)


def advice(response: Response, score: Score) -> list[Rule]:
    """The rules that fit, in the order in which they are shown; none when there is too little to score."""
    if score.total is None:
        return []
    known = facts(response)
    fitting = [rule for rule in response.survey.rules if _fits(rule.when, score, known)]
    return sorted(fitting, key=lambda rule: _order(rule, score))[: response.survey.most_advice]


def pillar_words(survey: Survey, pillar: Pillar, score: Score) -> Words | None:
    """What is said about one pillar: low, middling or high; None where nothing of it was answered."""
    points = score.pillar(pillar.id)
    if points is None:
        return None
    if points < survey.advice_low_below:
        return pillar.low
    return pillar.high if points >= survey.advice_high_from else pillar.mid


def _order(rule: Rule, score: Score) -> tuple[Fraction, int, str]:
    points = score.pillar(rule.pillar) if rule.pillar else None
    return (_LAST if points is None else points), rule.priority, rule.id


def _fits(condition: Condition, score: Score, known: Mapping[str, Any]) -> bool:
    if condition.all:
        return all(_fits(part, score, known) for part in condition.all)
    if condition.total:
        return compare(condition, score.total)
    if condition.pillar:
        return compare(condition, score.pillar(condition.pillar))
    if condition.question:
        if condition.answered and condition.question in score.skipped:
            return False
        return compare(condition, score.points.get(condition.question))
    return compare(condition, known.get(condition.profile or ""))
