"""How well the search answers what no intent covers: the figures of `make evaluate` (nlu/eval/retrieval.yml)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from programme.answers import Answer
from programme.content import Content
from programme.retrieval import INTERCEPT, THRESHOLD, WEIGHTS

QUESTIONS = Path("nlu/eval/retrieval.yml")
THRESHOLDS = (0.4, 0.5, 0.6, 0.65, THRESHOLD, 0.8)
# The article of the service rules behind entries that say that nothing is known.
NOTHING_KNOWN = "Chưa có văn bản thì không đoán"
PENALTY = 0.1
STEPS = 50


@dataclass(frozen=True)
class _Judged:
    """What the search would say, before its threshold. `answerable`: some entry answers the question."""

    answerable: bool
    right: bool
    score: float
    evidence: tuple[float, ...]


def evaluate(content: Content, on: dt.date, path: Path = QUESTIONS) -> dict[str, Any]:
    """Per part (calibration, test): `right` of the answerable, `wrong` of all, `unanswerable_answered` of those.

    `fitted`: the weights and the intercept that the calibration part gives now, beside those `in_force`.
    """
    parts: dict[str, list[_Judged]] = {"calibration": [], "test": []}
    for question in yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]:
        hit = content.search.best(question["text"], question.get("province", "thai-nguyen"), on, threshold=0.0)
        entries = question["entries"]
        judged = (
            _Judged(bool(entries), hit.answer.id in entries, hit.score, hit.evidence)
            if hit and not (_admits(hit.answer) and not entries)
            else _Judged(bool(entries), False, 0.0, (0.0,) * len(WEIGHTS))
        )
        parts[question["part"]].append(judged)
    return {
        "threshold": THRESHOLD,
        **{part: _figures(rows, THRESHOLD) for part, rows in parts.items()},
        "thresholds": [{"threshold": t, **_figures(parts["calibration"], t)} for t in THRESHOLDS],
        "weights": {"in_force": [*WEIGHTS, INTERCEPT], "fitted": _fit(parts["calibration"])},
    }


def _admits(answer: Answer) -> bool:
    """Whether the entry says that the hotline has no document on the matter: where nothing is known, that is right."""
    return any(source.article == NOTHING_KNOWN for source in answer.sources)


def _figures(rows: list[_Judged], threshold: float) -> dict[str, Any]:
    answerable = [row for row in rows if row.answerable]
    unanswerable = [row for row in rows if not row.answerable]
    said = [row for row in rows if row.score >= threshold]
    return {
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        "right": round(sum(row.right for row in said) / len(answerable), 4),
        "wrong": round(sum(not row.right for row in said) / len(rows), 4),
        "unanswerable_answered": round(sum(not row.answerable for row in said) / len(unanswerable), 4),
    }


def _fit(rows: list[_Judged]) -> list[float]:
    """Logistic regression of "the first entry is right" on the evidence, by Newton's method, lightly penalised."""
    inputs = np.array([[*row.evidence, 1.0] for row in rows])
    right = np.array([row.right for row in rows], dtype=float)
    weights = np.zeros(inputs.shape[1])
    penalty = PENALTY * np.diag([1.0] * len(WEIGHTS) + [0.0])
    for _ in range(STEPS):
        sure = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (sure - right) + penalty @ weights
        bend = (inputs.T * (sure * (1 - sure))) @ inputs + penalty
        weights -= np.linalg.solve(bend, slope)
    return [round(float(weight), 2) for weight in weights]
