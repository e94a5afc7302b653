"""The gate: what an owner would meet is counted, and harm is found however it is spread."""

from __future__ import annotations

from typing import Any

import pytest

from programme.model_gate import judge, outcome_of
from programme.training_examples import Lesson

THRESHOLD = 0.7
LESSON = Lesson(7, "phần mềm đang xài giữ được chứ", "ask_ai")


def read(intent: str, sure: float = 0.9, *communes: str) -> dict[str, Any]:
    return {"intent": intent, "confidence": sure, "communes": list(communes)}


def utterance(
    intent: str, live: dict[str, Any], new: dict[str, Any], style: str = "typo", **more: Any
) -> dict[str, Any]:
    return {"text": f"phần mềm {intent}", "intent": intent, "style": style, "live": live, "new": new, **more}


def same(intent: str, times: int, style: str = "typo") -> list[dict[str, Any]]:
    return [utterance(intent, read(intent), read(intent), style)] * times


def compared(utterances: list[dict[str, Any]], *taught: dict[str, Any]) -> dict[str, Any]:
    return {"threshold": THRESHOLD, "utterances": utterances, "taught": list(taught)}


@pytest.mark.parametrize(
    ("expected", "got", "outcome"),
    [
        ("ask_tax", read("ask_tax"), "right"),
        ("ask_tax", read("ask_tax", 0.6), "unsure"),
        ("ask_tax", read("ask_ai", 0.6), "unsure"),
        ("ask_tax", read("ask_ai"), "wrong"),
        ("ask_tax", read("out_of_scope"), "wrong"),
        ("out_of_scope", read("out_of_scope"), "right"),
        ("out_of_scope", read("ask_tax", 0.6), "right"),
        ("out_of_scope", read("ask_tax"), "wrong"),
    ],
)
def test_what_counts_is_what_an_owner_meets(expected: str, got: dict[str, Any], outcome: str) -> None:
    assert outcome_of(expected, got, THRESHOLD) == outcome


def test_a_model_that_reads_the_same_passes() -> None:
    assert judge(compared(same("ask_tax", 20)), [LESSON]).passes


def test_one_answer_less_overall_is_worse_although_its_slice_may_lose_one() -> None:
    lost = utterance("ask_tax", read("ask_tax"), read("ask_tax", 0.5))
    judgement = judge(compared([*same("ask_tax", 20), lost]), [])
    assert not judgement.passes and judgement.overall.is_worse and not judgement.slices[0].is_worse
    gained = utterance("ask_tax", read("ask_tax", 0.5), read("ask_tax"), "voice")
    assert judge(compared([*same("ask_tax", 20), lost, gained]), []).passes  # made up for elsewhere


def test_a_slice_that_loses_two_is_worse_whatever_others_gain() -> None:
    lost = [utterance(f"ask_{n}", read(f"ask_{n}"), read(f"ask_{n}", 0.5), "voice") for n in range(2)]
    gained = [utterance(f"ask_{n}", read(f"ask_{n}", 0.5), read(f"ask_{n}")) for n in range(9)]
    judgement = judge(compared([*lost, *gained]), [])
    assert not judgement.passes
    assert [one.name for one in judgement.slices if one.is_worse] == ["voice"] and not judgement.overall.is_worse


def test_a_wrong_answer_more_is_worse_than_asking_back() -> None:
    became_wrong = utterance("ask_tax", read("ask_tax", 0.5), read("ask_ai"))
    judgement = judge(compared([*same("ask_tax", 20), became_wrong]), [])
    assert not judgement.passes and (judgement.overall.live_wrong, judgement.overall.new_wrong) == (0, 1)


def test_harm_on_one_intent_is_found_where_the_sums_do_not_show_it() -> None:
    lost = [utterance("ask_tax", read("ask_tax"), read("ask_tax", 0.5), style) for style in ("voice", "typo")]
    gained = [utterance("ask_ai", read("ask_ai", 0.5), read("ask_ai"), style) for style in ("voice", "typo")]
    judgement = judge(compared([*lost, *gained, *same("ask_tax", 5)]), [])
    assert not judgement.passes and not judgement.overall.is_worse and not any(s.is_worse for s in judgement.slices)
    assert [(one.name, one.live_right, one.new_right) for one in judgement.collapsed] == [("ask_tax", 7, 5)]


def test_communes_may_not_be_lost_or_invented() -> None:
    found = utterance("ask_tax", read("ask_tax", 0.9, "Tân Cương"), read("ask_tax"), commune="Tân Cương")
    invented = utterance("ask_tax", read("ask_tax"), read("ask_tax", 0.9, "Sông Công"))
    for one in (found, invented):
        judgement = judge(compared([*same("ask_tax", 20), one]), [])
        assert not judgement.passes and judgement.communes.is_worse


def test_what_was_taught_must_be_understood_and_surely() -> None:
    taught = {"id": 7, "text": LESSON.phrase, "intent": "ask_ai", "live": read("ask_tax", 0.5)}
    for got, learnt in ((read("ask_ai"), True), (read("ask_ai", 0.6), False), (read("ask_tax"), False)):
        judgement = judge(compared(same("ask_tax", 20), {**taught, "new": got}), [LESSON])
        assert judgement.passes is learnt and judgement.not_learnt == (() if learnt else (7,))
    one_word = {"id": 8, "text": "thuế", "intent": "ask_tax", "live": read("ask_tax", 0.5), "new": read("ask_tax", 0.5)}
    assert judge(compared(same("ask_tax", 20), one_word), []).passes


def test_what_got_worse_names_the_annotations_that_are_most_like_it() -> None:
    lessons = [
        Lesson(1, "phần mềm bán hàng nào tốt", "ask_ai"),
        Lesson(2, "xin gặp cán bộ", "ask_ai"),
        Lesson(3, "phần mềm ask_tax", "ask_vendor"),  # as like as can be, but it teaches something else
    ]
    flip = utterance("ask_tax", read("ask_tax"), read("ask_ai"))
    (found,) = judge(compared([*same("ask_tax", 20), flip]), lessons).flips
    assert (found.expected, found.live, found.new, found.became) == ("ask_tax", "ask_tax", "ask_ai", "wrong")
    assert found.nearest == (1, 2)


def test_a_heap_of_phrases_that_the_live_model_was_sure_of_is_stopped_although_nothing_else_shows_it() -> None:
    def lesson(n: int, live: dict[str, Any], intent: str = "ask_ai") -> dict[str, Any]:
        return {"id": n, "text": f"câu {n}", "intent": intent, "live": live, "new": read(intent)}

    sure, unsure, outside = read("ask_tax"), read("ask_tax", 0.6), read("out_of_scope")
    few = [lesson(n, sure) for n in range(5)]
    others = [lesson(n, live) for n, live in enumerate([unsure, outside, read("ask_ai")] * 5, start=10)]
    assert judge(compared(same("ask_tax", 20), *few, *others), []).passes
    found = judge(compared(same("ask_tax", 20), *few, lesson(5, sure)), [])
    assert not found.passes and not found.overall.is_worse
    assert [(one.intent, one.direction, len(one.annotations)) for one in found.reversed] == [
        ("ask_tax", "from", 6),
        ("ask_ai", "to", 6),
    ]
    everything = compared(same("ask_tax", 20), *few, lesson(5, sure), lesson(6, sure))
    assert judge(everything, [], passed={0, 1, 2, 3, 4, 5}).passes  # in portions, and then again for a new release
    assert not judge(everything, [], passed={0}).passes
    spread = [lesson(n, read(f"ask_{n}")) for n in range(6)]  # from everywhere into one
    assert [one.direction for one in judge(compared(same("ask_tax", 20), *spread), []).reversed] == ["to"]
