"""The benchmark's owners know what the survey asks next, and the stock action server remembers what they answered."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.context import AbandonSurvey, SaveSurvey, WithdrawConsent
from bench.chat import Answer
from bench.scale import FULL, QUICK
from bench.stock_actions.memory import COPY, Memories, Memory, MemoryDesk
from bench.stock_server import _begin_as
from bench.survey_data import _pattern
from bench.survey_paces import alone, alone_at_ten, together_at_ten
from bench.survey_walk import Script, Walk
from programme.content import Content
from programme.responses import REPEAT_AFTER, Kept, Origin
from programme.survey.definition import CONSENT, FORM
from programme.survey.response import Response, is_complete
from programme.survey.scoring import score
from tests.conftest import NOW

ORIGIN = Origin(0, "rest", "thai-nguyen")


@pytest.fixture(scope="module")
def script(content: Content) -> Script:
    return Script(content)


class FakeTalk:
    """Answers every message at once, and remembers what was sent."""

    def __init__(self, sent: list[str] | None = None, name: str = "") -> None:
        self.sent, self.name = sent if sent is not None else [], name
        self.is_open = True

    async def say(self, text: str, *expected: str) -> Answer:
        self.sent.append(self.name or text)
        return Answer(expected[-1], 1.0)

    async def press(self, payload: str, *expected: str) -> Answer:
        return await self.say(payload, *expected)

    async def close(self) -> None:
        self.is_open = False


# --- what is pressed and typed


def test_a_round_answers_every_item_of_the_full_form_and_ends_with_the_result(content: Content, script: Script) -> None:
    _, *answers, result, withdrawal = script.steps

    assert [step.item.id for step in (*answers, result) if step.item] == [i.id for i in content.surveys.latest.items]
    assert len(result.expected) == 2
    assert withdrawal.item is not None and withdrawal.item.id == CONSENT


def test_every_question_is_expected_with_its_place(script: Script) -> None:
    asked = [step.expected[0] for step in script.steps]

    for number in range(1, 25):
        assert sum(f"Câu {number}/24. " in words for words in asked) == 1


def test_choices_are_pressed_and_words_are_typed(script: Script) -> None:
    messages = [step.message for step in script.steps]

    assert '/answer_survey{"q":"CN01","a":"2"}' in messages
    assert [step.message for step in script.steps if step.item and step.item.key in ("commune", "trade_group")] == [
        "xã Tân Cương",
        "bán rau",
    ]
    assert all(step.message.startswith("/") for step in script.steps if step.answers_question)


async def test_after_the_last_step_the_survey_begins_again(script: Script) -> None:
    walk = Walk(FakeTalk(), script)
    await walk.steps(len(script.steps))

    assert walk.upcoming == script.steps[0]


async def test_an_owner_goes_on_until_a_wanted_step(script: Script) -> None:
    talk = FakeTalk()
    walk = Walk(talk, script)
    await walk.until(lambda step: step == script.second_question)

    assert walk.upcoming.message.startswith('/answer_survey{"q":"CN02"')
    assert talk.sent[-1].startswith('/answer_survey{"q":"CN01"')


# --- turn about


async def test_servers_take_their_turns_in_alternation(script: Script) -> None:
    sent: list[str] = []
    walks = [Walk(FakeTalk(sent, name), script) for name in ("ours", "stock")]
    times = await alone(walks, (3, 1), rounds=2)

    assert sent == ["ours", "ours", "ours", "stock"] * 2
    assert [one.n for one in times] == [6, 2]


async def test_at_turn_ten_ten_turns_of_every_conversation_are_measured_and_it_is_closed(script: Script) -> None:
    talks: list[FakeTalk] = []

    async def open_talk() -> FakeTalk:
        talks.append(FakeTalk())
        return talks[-1]

    times = await alone_at_ten([open_talk, open_talk], script, 3)
    paces = await together_at_ten([open_talk], script, conversations=4, batches=2)

    assert [one.n for one in times] == [30, 30]
    assert paces[0].turns == 80
    assert not any(talk.is_open for talk in talks)
    assert {len(talk.sent) for talk in talks} == {15}


# --- the stock server


@pytest.mark.parametrize(
    ("replies", "expected", "fits"),
    [
        (["Câu 3/24. Hàng còn?", "1. Có"], ("Câu 3/24. Hàng",), True),
        (["Dạ em ghi.", "Câu 3/24. Hàng còn?"], ("Dạ em ghi.\n\nCâu 3/24.",), True),
        (["Câu 4/24."], ("Câu 3/24.",), False),
        (["Kết quả của A:", "x", "Việc nên làm trước:\n1. y"], ("Kết quả", "Việc nên"), True),
        (["Kết quả của A: Việc nên làm"], ("Kết quả", "Việc nên"), False),
        ([], (), False),
        (["gì cũng được"], (), True),
    ],
)
def test_replies_that_rasa_cut_at_empty_lines_are_read_as_a_whole(
    replies: list[str], expected: tuple[str, ...], fits: bool
) -> None:
    assert _begin_as(replies, expected) is fits


def kept(content: Content, **answers: Any) -> Kept:
    return Kept(Response(content.surveys.latest, {CONSENT: "yes_only", FORM: "core", **answers}), ORIGIN)


def completed(content: Content) -> Kept:
    survey = content.surveys.latest
    first = {item.id: item.options[0].value if item.options else "x" for item in survey.items}
    several = {item.id: [first[item.id]] for item in survey.items if item.kind == "multi_choice"}
    done = replace(kept(content), response=Response(survey, {**first, **several, CONSENT: "yes_only"}))
    assert is_complete(done.response)
    return done


async def seen(memory: Memory, content: Content, later: timedelta = timedelta()) -> Kept | None:
    async def read(_: object) -> Awaitable[None]:
        raise AssertionError("there is no database")

    return await MemoryDesk(read, content.surveys, ORIGIN, NOW + later, NOW.tzinfo, memory=memory).survey()


async def test_an_answer_is_remembered_and_the_next_one_changes_the_same_response(content: Content) -> None:
    memory = Memory()
    memory.apply([SaveSurvey(kept(content))], NOW)
    first = await seen(memory, content)
    assert first is not None
    memory.apply([SaveSurvey(first.with_response(kept(content, CN01=2).response))], NOW)
    second = await seen(memory, content)

    assert second is not None and second.id == first.id and second.response.answers["CN01"] == 2


async def test_a_completed_response_counts_for_as_long_as_in_the_product(content: Content) -> None:
    memory = Memory()
    memory.apply([SaveSurvey(completed(content))], NOW)

    assert (done := await seen(memory, content)) is not None and done.status == "done"
    assert await seen(memory, content, REPEAT_AFTER) is None
    assert len(memory.done) == 1


async def test_nothing_stays_of_what_is_abandoned_or_whose_consent_is_withdrawn(content: Content) -> None:
    abandoned, withdrawn = Memory(), Memory()
    abandoned.apply([SaveSurvey(kept(content)), AbandonSurvey(kept(content))], NOW)
    withdrawn.apply([SaveSurvey(completed(content)), WithdrawConsent()], NOW)

    assert await seen(abandoned, content) is None
    assert await seen(withdrawn, content) is None and not withdrawn.done


async def test_a_copied_conversation_begins_with_the_answers_of_its_original(content: Content) -> None:
    memories = Memories()
    memories.of("owner-7").apply([SaveSurvey(kept(content))], NOW)
    copy = memories.of(f"owner-7{COPY}3")
    memories.of("owner-7").apply([WithdrawConsent()], NOW)

    assert await seen(copy, content) is not None
    assert await seen(memories.of("owner-7"), content) is None
    assert await seen(memories.of("owner-8"), content) is None


# --- stored responses


def test_drawn_responses_carry_the_score_of_their_own_answers(content: Content) -> None:
    chance = random.Random(3)
    for _ in range(20):
        answers, form, result, total, level, _ = _pattern(content.surveys.latest, chance, content)
        response = Response(content.surveys.latest, json.loads(answers))
        points = score(response)

        assert (points.status, points.level) == (result, level)
        assert total == (None if points.total is None else int(points.total * 10))
        assert response.is_short == (form == "core")


def test_a_smoke_run_has_everything_only_less_of_it() -> None:
    assert 0 < QUICK.scored_responses < QUICK.reported_responses < FULL.scored_responses
    assert FULL.reported_responses == 1_500_000
