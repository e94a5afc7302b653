"""Judge a trained model on utterances it has never seen; changes nothing.

    python -m nlu.evaluate --model X.tar.gz --held-out nlu/eval/held_out.yml [--out var/evaluation.json]
    python -m nlu.evaluate --model X.tar.gz --data FILE      foreign data in Rasa's NLU format; prints JSON

Accuracy is that of the classifier's first choice, before the fallback threshold; what the threshold does is a table.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from nlu import rasa_runtime  # before any import of rasa

import yaml
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.loading import load_data

FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
CALIBRATION_EDGES = (0.0, 0.3, 0.5, 0.7, 0.9, 1.0001)


@dataclass(frozen=True)
class Judged:
    """One utterance with what was expected and what came. `intent` is the first choice before the fallback."""

    text: str
    style: str
    expected: str
    intent: str
    confidence: float
    expected_commune: Optional[str]
    entities: List[Dict[str, Any]]

    @property
    def right(self) -> bool:
        return self.intent == self.expected


class Parser:
    """The model's understanding, without its dialogue."""

    def __init__(self, model: Path) -> None:
        rasa_runtime.check_archive(model)
        self.processor = MessageProcessor(str(model), None, None, None)
        self.tracker = DialogueStateTracker.from_events("evaluation", [])

    def parse(self, text: str) -> Dict[str, Any]:
        """Rasa's parse result: intent, intent_ranking, entities."""
        return self.processor._parse_message_with_graph(UserMessage(text), self.tracker)


def judge(parser: Parser, utterance: Dict[str, Any]) -> Judged:
    parsed = parser.parse(utterance["text"])
    first = next((r for r in parsed.get("intent_ranking", []) if r["name"] != FALLBACK), parsed["intent"])
    return Judged(
        text=utterance["text"],
        style=utterance.get("style", "all"),
        expected=utterance["intent"],
        intent=first["name"],
        confidence=first["confidence"] or 0.0,
        expected_commune=utterance.get("commune"),
        entities=parsed["entities"],
    )


def report(judged: Sequence[Judged], threshold: float) -> Dict[str, Any]:
    """Everything that is measured, as JSON. Shares are between 0 and 1."""
    in_scope = [one for one in judged if one.expected != OUT_OF_SCOPE]
    styles = sorted({one.style for one in judged})
    return {
        "utterances": len(judged),
        "threshold": threshold,
        "accuracy": _share(in_scope, lambda one: one.right),
        "slices": {style: _slice([one for one in judged if one.style == style], threshold) for style in styles},
        "thresholds": [{"threshold": t, **_at(judged, t)} for t in THRESHOLDS],
        "calibration": _calibration(in_scope),
        "confusions": [
            {"expected": expected, "got": got, "count": count}
            for (expected, got), count in Counter(
                (one.expected, one.intent) for one in in_scope if not one.right
            ).most_common(25)
        ],
        "communes": _communes(judged),
    }


def _slice(judged: Sequence[Judged], threshold: float) -> Dict[str, Any]:
    return {
        "n": len(judged),
        "accuracy": _share(judged, lambda one: one.right),
        "calibration_error": _calibration_error(judged),
        **_at(judged, threshold),
        "thresholds": [{"threshold": t, **_at(judged, t)} for t in THRESHOLDS],
    }


def _at(judged: Sequence[Judged], threshold: float) -> Dict[str, Any]:
    """answered: in-scope questions above the threshold; precision: right among them; out of scope answered wrongly."""
    in_scope = [one for one in judged if one.expected != OUT_OF_SCOPE]
    outside = [one for one in judged if one.expected == OUT_OF_SCOPE]
    answered = [one for one in in_scope if one.confidence >= threshold and one.intent != OUT_OF_SCOPE]
    return {
        "answered": _ratio(len(answered), len(in_scope)),
        "precision": _share(answered, lambda one: one.right),
        "out_of_scope_answered": _share(outside, lambda one: one.confidence >= threshold and not one.right),
    }


def _calibration_error(judged: Sequence[Judged]) -> float:
    """How far the confidence is from the accuracy, over the bins of `_calibration`, weighed by their size."""
    bins = [row for row in _calibration(judged) if row["n"]]
    return round(sum(row["n"] * abs(row["confidence"] - row["accuracy"]) for row in bins) / len(judged), 4)


def _calibration(judged: Sequence[Judged]) -> List[Dict[str, Any]]:
    rows = []
    for low, high in pairwise(CALIBRATION_EDGES):
        inside = [one for one in judged if low <= one.confidence < high]
        mean = sum(one.confidence for one in inside) / len(inside) if inside else None
        rows.append(
            {
                "from": low,
                "to": min(high, 1.0),
                "n": len(inside),
                "confidence": mean and round(mean, 4),
                "accuracy": _share(inside, lambda one: one.right),
            }
        )
    return rows


def _communes(judged: Sequence[Judged]) -> Dict[str, Any]:
    """Of the utterances that name a commune: found with the right value; of the others: a place seen where none is."""
    named = [one for one in judged if one.expected_commune]
    unnamed = [one for one in judged if not one.expected_commune]
    missed = [one.text for one in named if one.expected_commune not in _values(one)]
    invented = [one.text for one in unnamed if _values(one)]
    return {
        "named": len(named),
        "found": _ratio(len(named) - len(missed), len(named)),
        "invented": _ratio(len(invented), len(unnamed)),
        "missed_in": missed,
        "invented_in": invented,
    }


def _values(one: Judged) -> List[str]:
    values = [str(entity["value"]) for entity in one.entities if entity["entity"] == "commune"]
    return [name for value in values for name in value.split(" / ")]


def _share(items: Sequence[Any], holds: Any) -> Optional[float]:
    return _ratio(sum(1 for item in items if holds(item)), len(items))


def _ratio(part: int, whole: int) -> Optional[float]:
    return round(part / whole, 4) if whole else None


def foreign_report(parser: Parser, data: Path) -> Dict[str, Any]:
    """Accuracy, per-intent figures and entity F1 (where annotated) on a file in Rasa's NLU format."""
    examples = load_data(str(data)).intent_examples
    judged, hits, expected_count, found_count = [], 0, 0, 0
    for example in examples:
        one = judge(parser, {"text": example.get("text"), "intent": example.get("intent")})
        judged.append(one)
        expected = {(e["entity"], e["start"], e["end"]) for e in example.get("entities", [])}
        found = {(e["entity"], e["start"], e["end"]) for e in one.entities if "start" in e}
        hits += len(expected & found)
        expected_count, found_count = expected_count + len(expected), found_count + len(found)
    result = {
        "utterances": len(judged),
        "accuracy": _share(judged, lambda one: one.right),
        "intents": {name: _intent_figures(judged, name) for name in sorted({one.expected for one in judged})},
    }
    if expected_count:
        result["entity_f1"] = round(2 * hits / (expected_count + found_count), 4)
    return result


def _intent_figures(judged: Sequence[Judged], name: str) -> Dict[str, Any]:
    expected = [one for one in judged if one.expected == name]
    predicted = [one for one in judged if one.intent == name]
    hits = sum(1 for one in expected if one.right)
    f1 = 2 * hits / (len(expected) + len(predicted))
    return {
        "n": len(expected),
        "precision": _ratio(hits, len(predicted)),
        "recall": _ratio(hits, len(expected)),
        "f1": round(f1, 4),
    }


def _print_held_out(figures: Dict[str, Any]) -> None:
    print(f"{figures['utterances']} utterances, threshold {figures['threshold']}\n")
    columns = ("n", "accuracy", "calibration_error", "answered", "precision", "out_of_scope_answered")
    print(f"{'slice':14}" + "".join(f"{name:>22}" for name in columns))
    for style, row in figures["slices"].items():
        print(f"{style:14}" + "".join(f"{_shown(row[name]):>22}" for name in columns))
    print("\nanswered / precision of each slice (out of scope: answered wrongly) by threshold")
    print(f"{'slice':14}" + "".join(f"{t:>17}" for t in THRESHOLDS))
    for style, row in figures["slices"].items():
        print(f"{style:14}" + "".join(f"{_trade(at):>17}" for at in row["thresholds"]))
    print("\nthreshold   answered   precision   out of scope answered")
    for row in figures["thresholds"]:
        print("   ".join(f"{_shown(value):>9}" for value in row.values()))
    print("\nconfidence      n   mean confidence   accuracy")
    for row in figures["calibration"]:
        confidence, accuracy = _shown(row["confidence"]), _shown(row["accuracy"])
        print(f"{row['from']:.1f}-{row['to']:.1f}   {row['n']:6}   {confidence:>15}   {accuracy}")
    print("\nmost frequent confusions (expected → got)")
    for row in figures["confusions"]:
        print(f"{row['count']:4}  {row['expected']} → {row['got']}")
    communes = figures["communes"]
    print(
        f"\ncommunes: found {_shown(communes['found'])} of {communes['named']}, invented {_shown(communes['invented'])}"
    )


def _trade(at: Dict[str, Any]) -> str:
    if at["answered"] is None:
        return _shown(at["out_of_scope_answered"])
    return f"{at['answered']:.3f} / {at['precision'] or 0:.3f}"


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)


def configured_threshold(config: Path = Path("config.yml")) -> float:
    """The fallback threshold that is in force."""
    pipeline = yaml.safe_load(config.read_text(encoding="utf-8"))["pipeline"]
    return next(part["threshold"] for part in pipeline if part["name"] == "FallbackClassifier")


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m nlu.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, type=Path)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--held-out", type=Path)
    source.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, help="where the figures are written as JSON as well")
    arguments = parser.parse_args(argv)
    rasa_runtime.quiet()
    model = Parser(arguments.model)
    if arguments.data:
        figures = foreign_report(model, arguments.data)
        print(json.dumps(figures, ensure_ascii=False, indent=1))
    else:
        utterances = yaml.safe_load(arguments.held_out.read_text(encoding="utf-8"))["utterances"]
        figures = report([judge(model, one) for one in utterances], configured_threshold())
        _print_held_out(figures)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
