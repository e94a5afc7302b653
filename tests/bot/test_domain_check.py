"""The loop that asks whether a shop gets a free name: which messages it reads, and when it lets go."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.context import Effect, HandToPerson, OptOut, TurnContext, enter
from actions.domain_check import ANSWER, CASE, FORM, ActionDomainCheck, ActionDomainVerdict, ValidateDomainCheck
from programme.content import Content
from programme.domain_names import Case

COMPANY, HOUSEHOLD = Case("thai-nguyen", "company"), Case("thai-nguyen", "household")


@dataclass
class Loop:
    """The form's own action, on a message as the dialogue service hands it over."""

    content: Content
    said: list[str | None] = field(default_factory=list)

    async def read(
        self,
        case: Case,
        text: str,
        intent: str = "nlu_fallback",
        pressed: str | None = None,
        is_button: bool = False,
        ran: str | None = None,
        effects: tuple[Effect, ...] = (),
    ) -> dict[str, Any]:
        """The slots that the form sets; none when it steps back."""
        ranking = [{"name": intent, "confidence": 1.0 if is_button else 0.9}]
        if not is_button:
            ranking.append({"name": "greet", "confidence": 0.1})
        entities = [{"entity": "answer", "value": pressed}] if pressed else []
        message = {"text": text, "intent": ranking[0], "intent_ranking": ranking, "entities": entities}
        events = [{"event": "action", "name": name} for name in (ran, FORM) if name]
        slots = {CASE: case.as_slot(), ANSWER: None, "requested_slot": ANSWER}
        tracker = Tracker("c", slots, message, events, False, None, {"name": FORM}, FORM)
        enter(TurnContext("thai-nguyen", date(2026, 3, 15), self.content, text, effects=list(effects)))
        dispatcher = CollectingDispatcher()
        changes = await ValidateDomainCheck().run(dispatcher, tracker, {})
        self.said = [one["custom"]["entry"] for one in dispatcher.messages]
        return {one["name"]: one["value"] for one in changes}


@pytest.fixture
def loop(content: Content) -> Loop:
    return Loop(content)


@pytest.mark.parametrize(
    ("title", "intent"),
    [
        ("Chưa đúng ý", "answer_wrong"),
        ("Có", "ask_programme_cost"),
        ("Không phải", "none_of_these"),
        ("Không", "opt_out"),
    ],
)
async def test_the_title_of_another_button_is_no_answer(loop: Loop, title: str, intent: str) -> None:
    assert await loop.read(HOUSEHOLD, title, intent, is_button=True) == {}
    assert loop.said == []


async def test_its_own_buttons_are_answers_and_old_ones_are_not(loop: Loop) -> None:
    read = await loop.read(HOUSEHOLD, "Có giấy rồi", "answer_domain_check", pressed="yes", is_button=True)
    assert read[CASE]["certificate"] is True
    assert read[ANSWER] == "done"
    assert await loop.read(COMPANY, "Có giấy rồi", "answer_domain_check", pressed="yes", is_button=True) == {
        ANSWER: None
    }


@pytest.mark.parametrize(
    ("case", "text", "intent"),
    [
        (HOUSEHOLD, "có mất phí k", "ask_programme_cost"),
        (HOUSEHOLD, "làm sao để có giấy", "nlu_fallback"),
        (HOUSEHOLD, "giấy này xin ở đâu có", "nlu_fallback"),
        (HOUSEHOLD, "tôi không biết chữ", "need_spoken_help"),
        (COMPANY, "công ty mở 2025 có được không", "ask_domain_company"),
        (Case("thai-nguyen"), "công ty nào làm việc này", "ask_programme_lead"),
        (Case("thai-nguyen"), "cho tôi gặp người của công ty", "request_person"),
    ],
)
async def test_a_question_in_between_is_left_to_its_own_flow(loop: Loop, case: Case, text: str, intent: str) -> None:
    assert await loop.read(case, text, intent) == {}


@pytest.mark.parametrize(
    "intent", ["deny", "inform_domain_status", "out_of_scope", "ask_domain_company", "nlu_fallback"]
)
async def test_an_answer_counts_whatever_it_looks_like_by_itself(loop: Loop, intent: str) -> None:
    assert (await loop.read(HOUSEHOLD, "chưa có đâu", intent))[CASE]["certificate"] is False
    assert (await loop.read(COMPANY, "tháng 11 năm ngoái", intent))[ANSWER] == "done"
    assert (await loop.read(COMPANY, "năm ngoái", intent))[ANSWER] is None


@pytest.mark.parametrize("intent", ["nlu_fallback", "out_of_scope"])
async def test_what_cannot_be_read_is_asked_again_and_soon_with_a_person(loop: Loop, intent: str) -> None:
    assert await loop.read(COMPANY, "lâu rồi", intent) == {"domain_unread": 1, ANSWER: None}
    assert loop.said == ["domain_check_unread"]


@pytest.mark.parametrize("text", ["thôi", "Dừng lại ạ", "thôi, không hỏi nữa", "hủy", "quit"])
async def test_whoever_has_enough_may_leave(loop: Loop, text: str) -> None:
    assert await loop.read(HOUSEHOLD, text, "deny") == {ANSWER: "left"}
    assert loop.said == ["domain_check_left"]


async def test_right_is_not_stop(loop: Loop) -> None:
    assert (await loop.read(HOUSEHOLD, "đúng", "affirm"))[CASE]["certificate"] is True


async def test_stop_is_the_business_of_the_opt_out(loop: Loop) -> None:
    assert await loop.read(HOUSEHOLD, "stop", "opt_out", is_button=True) == {}
    assert loop.said == []


@pytest.mark.parametrize(
    ("intent", "ran", "effects"),
    [
        ("request_person", "action_request_person", (HandToPerson(),)),
        ("complain", "action_request_person", (HandToPerson("complaint"),)),
        ("nlu_fallback", "action_not_understood", (HandToPerson("not_understood"),)),
        ("opt_out", "action_opt_out", (OptOut(),)),
        ("event_person_finished", "utter_person_finished", ()),
    ],
)
async def test_the_loop_ends_without_a_word_when_the_conversation_moved_on(
    loop: Loop, intent: str, ran: str, effects: tuple[Effect, ...]
) -> None:
    assert await loop.read(HOUSEHOLD, "có", intent, ran=ran, effects=effects) == {ANSWER: "left"}
    assert loop.said == []


async def test_after_an_answer_of_another_flow_it_asks_again_and_reads_nothing(loop: Loop) -> None:
    assert await loop.read(HOUSEHOLD, "có", "ask_programme_cost", ran="action_answer") == {ANSWER: None}


async def test_a_province_without_rules_ends_the_check_with_what_is_known(loop: Loop) -> None:
    assert await loop.read(Case("thai-nguyen"), "hộ kinh doanh ở Thanh Hóa", "nlu_fallback") == {ANSWER: "left"}
    assert loop.said == ["ask_domain_about"]


@pytest.mark.parametrize(
    ("province", "text", "rules"),
    [
        ("thai-nguyen", "kiểm tra điều kiện tên miền cho cửa hàng", "thai-nguyen"),
        ("thai-nguyen", "kiểm tra điều kiện tên miền cho cửa hàng ở thanh hóa", None),
        ("thai-nguyen", "kiểm tra điều kiện tên miền cho cửa hàng ở hà nội", None),
        ("thanh-hoa", "kiểm tra điều kiện tên miền cho cửa hàng", None),
        ("thanh-hoa", "kiểm tra điều kiện tên miền cho cửa hàng ở thái nguyên", "thai-nguyen"),
    ],
)
async def test_the_rules_are_those_of_the_province_asked_about(
    content: Content, province: str, text: str, rules: str | None
) -> None:
    enter(TurnContext(province, date(2026, 3, 15), content, text))
    message = {"text": text, "intent": {"name": "check_domain_eligibility", "confidence": 0.9}, "entities": []}
    dispatcher = CollectingDispatcher()
    tracker = Tracker("c", {}, message, [], False, None, {}, "action_listen")
    changes = await ActionDomainCheck().run(dispatcher, tracker, {})
    opened = next((Case.from_slot(one["value"]) for one in changes if one.get("name") == CASE), None)
    assert (opened and opened.province) == rules
    assert bool(dispatcher.messages) is (rules is None)


async def test_a_verdict_names_its_province_and_may_be_answered_again(content: Content) -> None:
    enter(TurnContext("thanh-hoa", date(2026, 3, 15), content, "có"))
    slots = {CASE: Case("thai-nguyen", "household", True).as_slot(), ANSWER: "done"}
    dispatcher = CollectingDispatcher()
    await ActionDomainVerdict().run(dispatcher, Tracker("c", slots, {}, [], False, None, {}, FORM), {})
    (said,) = dispatcher.messages
    assert "Thái Nguyên" in said["text"]
    assert said["custom"]["entry"] == "domain_household_yes"
    assert "/check_domain_eligibility" in [button["payload"] for button in said["buttons"]]
