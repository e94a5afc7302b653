"""Whether a newly trained model is no worse than the one that answers: a pure judgement over what `nlu.compare` read.

Counts utterances of the held-out set by what an owner would meet (docs/decisions/0027-teaching.md): answered rightly,
answered wrongly, or asked back. Not responsible for training, for the models, or for what happens then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from programme.training_examples import OUT_OF_SCOPE, Lesson
from store.text import fold

Outcome = Literal["right", "unsure", "wrong"]
OVERALL = "all"
# Utterances that may be lost (docs/decisions/0027-teaching.md, "Tolerance"): of all, of a slice of a hundred.
MAY_LOSE_OVERALL, MAY_LOSE_IN_A_SLICE = 0, 1
# An intent collapses when it loses this many of its right answers, and more than this share of them.
COLLAPSE_FROM, COLLAPSE_SHARE = 2, 0.25
# Of one intent so many phrases may be given to or taken from others in one training, of those that the live model was
# sure of: a few are what teaching is for, a whole heap is a mistake that the held-out set may not show.
MOST_REVERSED = 5
NEAREST = 3
_GRAM = 3


@dataclass(frozen=True)
class Counted:
    """Of `n` utterances: how many each model answered rightly and wrongly; the rest was asked back."""

    name: str
    n: int
    live_right: int
    new_right: int
    live_wrong: int
    new_wrong: int
    is_worse: bool = False


@dataclass(frozen=True)
class Flip:
    """An utterance that fares worse. `nearest`: annotations that may have done it, by number."""

    text: str
    style: str
    expected: str
    live: str
    new: str
    became: Outcome
    nearest: tuple[int, ...]


@dataclass(frozen=True)
class Reversed:
    """Too many phrases that the live model surely read otherwise. `annotations`: their numbers."""

    intent: str
    direction: Literal["from", "to"]
    annotations: tuple[int, ...]


@dataclass(frozen=True)
class Judgement:
    """`passes`: the model may go live by itself. `collapsed`: intents; `not_learnt`: annotations by number."""

    passes: bool
    overall: Counted
    slices: tuple[Counted, ...]
    collapsed: tuple[Counted, ...]
    communes: Counted
    not_learnt: tuple[int, ...]
    reversed: tuple[Reversed, ...]
    flips: tuple[Flip, ...]
    better: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def judge(compared: Mapping[str, Any], lessons: Sequence[Lesson], passed: Collection[int] = ()) -> Judgement:
    """`compared`: what nlu.compare wrote. `lessons`: all that the new model was trained with; `passed`: those of them,
    by number, that a training has brought through this gate before, so that they are no heap now.
    """
    threshold, utterances = compared["threshold"], compared["utterances"]

    def outcome(one: Mapping[str, Any], model: str) -> Outcome:
        return outcome_of(one["intent"], one[model], threshold)

    overall = _count(OVERALL, utterances, outcome, MAY_LOSE_OVERALL)
    slices = tuple(
        _count(style, [one for one in utterances if one["style"] == style], outcome, MAY_LOSE_IN_A_SLICE)
        for style in sorted({one["style"] for one in utterances})
    )
    collapsed = tuple(_collapsed(utterances, outcome))
    communes = _communes(utterances)
    not_learnt = tuple(one["id"] for one in compared["taught"] if not _is_learnt(one, threshold))
    reversed_ = tuple(_reversed([one for one in compared["taught"] if one["id"] not in passed], threshold))
    worse = [one for one in utterances if _rank(outcome(one, "new")) < _rank(outcome(one, "live"))]
    better = sum(_rank(outcome(one, "new")) > _rank(outcome(one, "live")) for one in utterances)
    flips = tuple(
        Flip(
            text=one["text"],
            style=one["style"],
            expected=one["intent"],
            live=one["live"]["intent"],
            new=one["new"]["intent"],
            became=outcome(one, "new"),
            nearest=nearest(one["text"], one["new"]["intent"], lessons),
        )
        for one in worse
    )
    is_worse = overall.is_worse or communes.is_worse or any(one.is_worse for one in slices)
    passes = not (is_worse or collapsed or not_learnt or reversed_)
    return Judgement(passes, overall, slices, collapsed, communes, not_learnt, reversed_, flips, better)


def outcome_of(expected: str, read: Mapping[str, Any], threshold: float) -> Outcome:
    """What an owner meets. Out of scope, asking back is right as well: nothing untrue is said."""
    is_answer = read["confidence"] >= threshold and read["intent"] != OUT_OF_SCOPE
    if expected == OUT_OF_SCOPE:
        return "wrong" if is_answer else "right"
    if read["confidence"] < threshold:
        return "unsure"
    return "right" if read["intent"] == expected else "wrong"


def nearest(text: str, intent: str, lessons: Sequence[Lesson]) -> tuple[int, ...]:
    """The annotations whose words are most like `text`; those that teach `intent`, which it was taken for, first."""
    grams = _grams(text)

    def likeness(lesson: Lesson) -> float:
        other = _grams(lesson.phrase)
        return len(grams & other) / (len(grams | other) or 1)

    same = [lesson for lesson in lessons if lesson.intent == intent] or lessons
    return tuple(lesson.id for lesson in sorted(same, key=likeness, reverse=True)[:NEAREST])


def _count(
    name: str,
    utterances: Sequence[Mapping[str, Any]],
    outcome: Callable[[Mapping[str, Any], str], Outcome],
    may_lose: int,
) -> Counted:
    figures = {
        f"{model}_{kind}": sum(outcome(one, model) == kind for one in utterances)
        for model in ("live", "new")
        for kind in ("right", "wrong")
    }
    lost = figures["live_right"] - figures["new_right"]
    more_wrong = figures["new_wrong"] - figures["live_wrong"]
    return Counted(name, len(utterances), **figures, is_worse=max(lost, more_wrong) > may_lose)


def _collapsed(
    utterances: Sequence[Mapping[str, Any]], outcome: Callable[[Mapping[str, Any], str], Outcome]
) -> Iterable[Counted]:
    """Harm that is concentrated on one intent is too small for a slice to show."""
    for intent in sorted({one["intent"] for one in utterances}):
        counted = _count(intent, [one for one in utterances if one["intent"] == intent], outcome, COLLAPSE_FROM - 1)
        lost = counted.live_right - counted.new_right
        if lost >= COLLAPSE_FROM and lost > COLLAPSE_SHARE * counted.live_right:
            yield counted


def _communes(utterances: Sequence[Mapping[str, Any]]) -> Counted:
    """Places found, and places seen where there are none."""

    def found(model: str) -> int:
        return sum(one["commune"] in one[model]["communes"] for one in utterances if one.get("commune"))

    def invented(model: str) -> int:
        return sum(bool(one[model]["communes"]) for one in utterances if not one.get("commune"))

    live, new, live_wrong, new_wrong = found("live"), found("new"), invented("live"), invented("new")
    n = sum(bool(one.get("commune")) for one in utterances)
    return Counted("commune", n, live, new, live_wrong, new_wrong, is_worse=new < live or new_wrong > live_wrong)


def _is_learnt(taught: Mapping[str, Any], threshold: float) -> bool:
    """Surely understood. Of a single word the classifier is never sure: there the first choice counts."""
    read = taught["new"]
    is_sure = read["confidence"] >= threshold or len(taught["text"].split()) == 1
    return bool(read["intent"] == taught["intent"] and is_sure)


def _reversed(taught: Sequence[Mapping[str, Any]], threshold: float) -> Iterable[Reversed]:
    """Phrases are counted for the intent they were surely read as, and for the one they are taught as."""
    sides: dict[tuple[str, Literal["from", "to"]], list[int]] = {}
    for one in taught:
        live = one["live"]
        if live["intent"] not in (one["intent"], OUT_OF_SCOPE) and live["confidence"] >= threshold:
            sides.setdefault((live["intent"], "from"), []).append(one["id"])
            sides.setdefault((one["intent"], "to"), []).append(one["id"])
    for (intent, direction), numbers in sides.items():
        if len(numbers) > MOST_REVERSED:
            yield Reversed(intent, direction, tuple(numbers))


def _rank(outcome: Outcome) -> int:
    return ("wrong", "unsure", "right").index(outcome)


def _grams(text: str) -> frozenset[str]:
    folded = f" {' '.join(fold(text).split())} "
    return frozenset(folded[i : i + _GRAM] for i in range(len(folded) - _GRAM + 1))
