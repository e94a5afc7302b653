"""Owners take the survey while the service is killed under them; and whoever watches them sees what is wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from bench.owners.meaning import Press, Says
from bench.owners.owner import Owner, World
from bench.owners.reference import Expected, Reference, from_the_start
from bench.owners.replies import Questions, faults
from bench.owners.stored import Stored, wrong_in
from bench.owners.tally import Plan, Tally
from bench.owners.visit import Outbox
from bench.simulation import simulate
from programme.content import Content
from programme.survey.definition import CONSENT, CORE, FORM, FULL
from programme.survey.response import is_complete, options_of
from programme.survey.scoring import score
from programme.survey_result import number_words

SEED = 148


@pytest.fixture(scope="module")
def world(content: Content) -> World:
    return World(content)


async def test_killed_three_times_the_survey_skips_repeats_and_loses_nothing(world: World, model: Path) -> None:
    plan = Plan(owners=25, at_once=25, kill_every=1.0, seed=SEED, most_kills=3)

    tally = await simulate(plan, world, "survey_owners")

    assert tally.errors == [], tally.report()
    assert (tally.kills, tally.finished, tally.completed + tally.refused) == (3, 25, 25)
    assert tally.turns > 25 * 20 and tally.duplicates > 25


# --- the owners themselves


def walked(world: World, number: int) -> tuple[Owner, list[tuple[str | None, str | None]]]:
    """An owner whom the bot always answered as it must, and everything it sent."""
    owner, sent = Owner(world, SEED, number), []
    while (step := owner.next_step()) is not None:
        for message in step.messages:
            sent.append((message.text, message.payload))
            owner.reference.take(message.meaning)
    return owner, sent


def test_the_same_seed_makes_the_same_owners(world: World) -> None:
    assert walked(world, 7)[1] == walked(world, 7)[1]
    assert walked(world, 7)[1] != walked(world, 8)[1]


def test_owners_come_to_an_end_and_what_they_do_has_every_kind(world: World) -> None:
    kinds: Counter[str] = Counter()
    forms: Counter[str] = Counter()
    for number in range(150):
        owner = Owner(world, SEED, number)
        while (step := owner.next_step()) is not None:
            kinds[step.copies] += 1
            kinds["again"] += step.again is not None
            kinds["reversed"] += len(step.messages) == 2
            for message in step.messages:
                meaning = message.meaning
                kinds[meaning.what if isinstance(meaning, Says) else type(meaning).__name__] += 1
                owner.reference.take(meaning)
        reference = owner.reference
        assert reference.has_refused or is_complete(reference.response)
        if not reference.has_refused:
            forms[str(reference.response.answers[FORM])] += 1
            assert score(from_the_start(reference.response)) == score(reference.response)

    everything = """two|two at once|again|reversed|Press|Tells|Unsure|start|resume|restart|pause|explain|back|skip|edit
        aside|nonsense|unfit|result""".replace("\n        ", "|").split("|")
    assert {kind for kind in everything if not kinds[kind]} == set()
    assert forms[CORE] > 3 * forms[FULL]


# --- whoever watches them


def begun(world: World) -> tuple[Reference, Expected]:
    """An owner who has agreed and chosen the short form; the shop's name must be asked."""
    reference = Reference.new(world.content)
    reference.take(Says("start"))
    reference.take(Press(CONSENT, "yes_contact"))
    return reference, reference.take(Press(FORM, CORE))


def asking(expected: Expected, id_: str, **other: Any) -> dict[str, Any]:
    """A reply that asks this item, as the bot would."""
    response = expected.response
    item = response.survey.by_id[id_]
    (line,) = (line for line, one in Questions(response.survey).lines(response).items() if one == id_)
    payloads = [f'/answer_survey{{"q":"{id_}","a":"{value}"}}' for value in options_of(response, item)]
    return {"text": line, "entry": "survey_question", "buttons": [{"payload": one} for one in payloads]} | other


def test_the_right_question_is_no_fault(world: World) -> None:
    _, expected = begun(world)

    assert (
        faults(world.questions, expected, [{"text": "Em là trợ lý", "entry": "notice"}, asking(expected, "P01")]) == []
    )


QUESTION = "Cửa hàng của mình tên là gì ạ? (chưa có tên thì ghi tên cô/bác)"


@pytest.mark.parametrize(
    ("items", "change", "seen"),
    [
        ([FORM], {}, "asked twice: FORM"),
        (["P02"], {}, "skipped: P01"),
        (["P01", "P02"], {}, "skipped: P01"),
        (["P01", "P01"], {}, "asks ['P01', 'P01']"),
        ([], {}, "no reply"),
        (["P01"], {"text": "Dạ vâng ạ."}, "asks nothing"),
        (["P01"], {"text": f"Thông tin 2/10. {QUESTION}"}, "asks nothing"),
        (["P01"], {"text": f"Thông tin 1/14. {QUESTION}"}, "asks with wrong numbers"),
        (["P01"], {"buttons": [{"payload": '/answer_survey{"q":"P08","a":"retail"}'}]}, "offers"),
        (["P01"], {"entry": "survey_result"}, "says a result too early"),
        (["P01"], {"text": f"Dạ em ghi lại câu 2: Có.\nThông tin 1/10. {QUESTION}"}, "announces another change"),
        (["P01"], {"text": f"Thông tin 1/10. {QUESTION}\n(Đang ghi: Lan.)"}, "shows a former answer"),
    ],
)
def test_a_wrong_reply_is_seen(world: World, items: Sequence[str], change: Mapping[str, Any], seen: str) -> None:
    _, expected = begun(world)
    replies = [asking(expected, item, **change) for item in items]

    assert any(fault.startswith(seen) for fault in faults(world.questions, expected, replies))


def test_a_change_that_is_not_announced_is_seen(world: World) -> None:
    reference, _ = begun(world)
    changed = reference.take(Press(CONSENT, "yes_only"))
    said = asking(changed, "P01")

    assert faults(world.questions, changed, [said]) != []
    assert faults(world.questions, changed, [said | {"text": f"Dạ em ghi lại câu đó: A.\n{said['text']}"}]) == []


def completed(world: World) -> tuple[Owner, Expected]:
    """An owner at the end, and what had to be said last."""
    for number in range(100):
        owner, last = Owner(world, SEED, number), None
        while (step := owner.next_step()) is not None:
            for message in step.messages:
                last = owner.reference.take(message.meaning)
        if last is not None and last.asks == "result" and owner.reference.called:
            return owner, last
    raise AssertionError("nobody completes a survey")


def test_another_total_is_seen(world: World) -> None:
    _, expected = completed(world)
    total = number_words(score(expected.response).total or 0, "vi")

    def said(points: str) -> list[dict[str, Any]]:
        return [{"text": f"{points} điểm trên 100, mức 2 – Bắt đầu dùng", "entry": "survey_result", "buttons": []}]

    assert faults(world.questions, expected, said(total)) == []
    assert faults(world.questions, expected, said("99,9")) != []


def tenths(points: Fraction | None) -> int | None:
    return None if points is None else int(points * 10)


def as_stored(owner: Owner) -> Stored:
    """What the database must hold of an owner who has sent ten messages."""
    reference, result = owner.reference, score(owner.reference.response)
    row = {
        "status": "done",
        "answers": json.loads(json.dumps(dict(reference.response.answers))),
        "result": result.status,
        "total_tenths": tenths(result.total),
        "level": result.level,
        "pillar_tenths": {id_: tenths(result.pillar(id_)) for id_ in result.pillars},
        "form": reference.response.answers[FORM],
    }
    rows = 1 + len(reference.earlier)
    return Stored(rows, row, frozenset(reference.called), "bot", Counter(answered=10))


@pytest.mark.parametrize(
    "change",
    [
        {"holder": "queue"},
        {"messages": Counter(answered=9)},
        {"messages": Counter(answered=9, pending=1)},
        {"leads": frozenset()},
        {"number": 7},
        {"response": None},
        {"response": {"status": "open"}},
        {"response": {"total_tenths": 1}},
        {"response": {"level": 9}},
        {"response": {"answers": {"CONSENT": "yes_contact"}}},
    ],
)
def test_what_is_stored_otherwise_is_seen(world: World, change: Mapping[str, Any]) -> None:
    owner, _ = completed(world)
    stored = as_stored(owner)
    if change.get("response"):
        change = {"response": {**(stored.response or {}), **change["response"]}}

    assert wrong_in(stored, owner, 10) == []
    assert wrong_in(replace(stored, **change), owner, 10) != []


async def test_a_message_that_is_answered_a_second_time_is_seen(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "none.db", Tally(Plan(1, 1, 0, SEED)))
    outbox.expect("a:1")

    outbox.look(
        [(1, 7, '{"text": "một"}', "a:1"), (2, 7, '{"text": "hai"}', "a:1"), (3, None, '{"text": "chờ"}', None)]
    )
    outbox.look([(4, 7, '{"text": "ba"}', "a:1")])

    assert [reply["text"] for reply in await outbox.replies("a:1")] == ["một", "hai"]
    assert outbox.second_replies("a") == ["ba"]
    assert outbox.tally.holding == 1
