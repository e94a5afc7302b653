"""How well the search answers what no intent covers: the figures of `make evaluate` (nlu/eval/retrieval.yml)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

from programme.content import Content
from programme.retrieval import THRESHOLD

QUESTIONS = Path("nlu/eval/retrieval.yml")
THRESHOLDS = (0.5, 0.55, THRESHOLD, 0.65, 0.7, 0.75, 0.8)


def evaluate(content: Content, on: dt.date, path: Path = QUESTIONS) -> dict[str, Any]:
    """Per part (calibration, test): `right` of the answerable, `wrong` of all, `unanswerable_answered` of those."""
    questions = yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]
    judged = []
    for question in questions:
        hit = content.search.best(question["text"], question.get("province", "thai-nguyen"), on, threshold=0.0)
        found = (hit.answer.id, hit.score) if hit else (None, 0.0)
        judged.append((question["part"], set(question["entries"]), *found))
    parts = {part: [one for one in judged if one[0] == part] for part in ("calibration", "test")}
    return {
        "threshold": THRESHOLD,
        **{part: _figures(rows, THRESHOLD) for part, rows in parts.items()},
        "thresholds": [{"threshold": t, **_figures(parts["calibration"], t)} for t in THRESHOLDS],
    }


def _figures(rows: list[tuple[str, set[str], str | None, float]], threshold: float) -> dict[str, Any]:
    answerable = [row for row in rows if row[1]]
    unanswerable = [row for row in rows if not row[1]]
    right = sum(score >= threshold and entry in entries for _, entries, entry, score in answerable)
    wrong = sum(score >= threshold and entry not in entries for _, entries, entry, score in rows)
    answered = sum(score >= threshold for *_, score in unanswerable)
    return {
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        "right": round(right / len(answerable), 4),
        "wrong": round(wrong / len(rows), 4),
        "unanswerable_answered": round(answered / len(unanswerable), 4),
    }
