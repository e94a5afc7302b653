"""The loop that asks whether a shop gets a free name: which messages it reads, and when it lets go."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.context import Effect, HandToPerson, OptOut, TurnContext, enter
from actions.domain_check import (
    ANSWER,
    CASE,
    FORM,
    UNREAD,
    ActionDomainCheck,
    ActionDomainVerdict,
    ValidateDomainCheck,
    say_verdict_if_told,
)
from programme.content import Content
from programme.domain_names import Case
from programme.spans import born_for_age

TODAY = date(2026, 3, 15)
COMPANY, HOUSEHOLD = Case("thai-nguyen", "company"), Case("thai-nguyen", "household")


@dataclass
class Loop:
    """The form's own action, on a message as the dialogue service hands it over."""

    content: Content
    said: list[str | None] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    async def read(
        self,
        case: Case,
        text: str,
        intent: str = "nlu_fallback",
        pressed: str | None = None,
        is_button: bool = False,
        ran: str | None = None,
        effects: tuple[Effect, ...] = (),
        unread: int = 0,
    ) -> dict[str, Any]:
        """The slots that the form sets; none when it steps back."""
        ranking = [{"name": intent, "confidence": 1.0 if is_button else 0.9}]
        if not is_button:
            ranking.append({"name": "greet", "confidence": 0.1})
        entities = [{"entity": "answer", "value": pressed}] if pressed else []
        message = {"text": text, "intent": ranking[0], "intent_ranking": ranking, "entities": entities}
        events = [{"event": "action", "name": name} for name in (ran, FORM) if name]
        slots = {CASE: case.as_slot(), ANSWER: None, UNREAD: unread, "requested_slot": ANSWER}
        tracker = Tracker("c", slots, message, events, False, None, {"name": FORM}, FORM)
        self.effects = list(effects)
        enter(TurnContext("thai-nguyen", TODAY, self.content, text, effects=self.effects))
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
    assert loop.said == ["domain_household_yes"]
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
    await loop.read(COMPANY, "năm ngoái", intent)
    assert loop.said == []
    await loop.read(COMPANY, "tháng 11 năm ngoái", intent)
    assert loop.said == ["domain_company_yes"]


@pytest.mark.parametrize("intent", ["nlu_fallback", "out_of_scope"])
async def test_what_cannot_be_read_is_asked_again_and_soon_with_a_person(loop: Loop, intent: str) -> None:
    assert await loop.read(COMPANY, "lâu rồi", intent) == {"domain_unread": 1, ANSWER: None}
    assert loop.said == ["domain_check_unread"]
    assert await loop.read(COMPANY, "lâu rồi", intent, unread=2) == {ANSWER: "left"}
    assert loop.said == ["not_understood_handed"]
    assert HandToPerson("not_understood") in loop.effects


@pytest.mark.parametrize("intent", ["need_spoken_help", "nlu_fallback"])
async def test_whoever_does_not_know_hears_where_to_look_and_no_person_is_called(loop: Loop, intent: str) -> None:
    for case, find in ((HOUSEHOLD, "certificate"), (COMPANY, "founded"), (Case("thai-nguyen"), "applicant")):
        for text in ("ko biết", "chịu", "dạ em không nhớ ạ", "không biết là giấy nào"):
            assert (await loop.read(case, text, intent))[ANSWER] is None
            assert loop.said == [f"domain_find_{find}"]
    assert not any(isinstance(effect, HandToPerson) for effect in loop.effects)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [("2027", "domain_check_to_come"), ("31/2/2025", "domain_no_such_day"), ("15/3/2027 ạ", "domain_check_to_come")],
)
async def test_a_founding_day_that_cannot_be_is_said_to_be_so(loop: Loop, text: str, phrase: str) -> None:
    assert (await loop.read(COMPANY, text, "inform_domain_status"))[ANSWER] is None
    assert loop.said == [phrase]


@pytest.mark.parametrize(
    ("case", "text", "intent", "said"),
    [
        (HOUSEHOLD, "nhầm, tôi là công ty", "ask_sme_support", []),
        (HOUSEHOLD, "công ty cơ mà", "ask_sme_support", []),
        (COMPANY, "ý tôi là cá nhân 20 tuổi", "nlu_fallback", ["domain_citizen_yes"]),
        (Case("thai-nguyen", "household", True), "à nhầm công ty", "nlu_fallback", []),
        (Case("thai-nguyen", "household", True), "nhầm, chưa có giấy", "deny", ["domain_household_no_certificate"]),
        (Case("thai-nguyen", "household", False), "à nhầm có rồi", "affirm", ["domain_household_yes"]),
        (Case("thai-nguyen", "citizen", born=born_for_age(20, 20, TODAY)), "nhầm, 24", "deny", ["domain_citizen_no"]),
    ],
)
async def test_an_answer_is_taken_back_before_and_right_after_the_verdict(
    loop: Loop, case: Case, text: str, intent: str, said: list[str]
) -> None:
    assert Case.from_slot((await loop.read(case, text, intent))[CASE]) != case
    assert loop.said == said


async def test_whoever_insists_on_what_is_noted_is_only_asked_again(loop: Loop) -> None:
    for text in ("công ty cơ mà", "công ty chứ không phải hộ"):
        assert await loop.read(COMPANY, text, "ask_domain_company") == {ANSWER: None}
    assert loop.said == []


async def test_after_the_verdict_the_loop_lets_everything_else_pass_and_ends(loop: Loop) -> None:
    told = Case("thai-nguyen", "household", True)
    for text in ("cảm ơn em", "thôi", "có", "công ty thì sao", "không biết", "tôi có công ty"):
        assert await loop.read(told, text, "thank") == {}
    assert loop.said == []
    assert await loop.read(told, "cảm ơn em", "thank", ran="utter_thank") == {ANSWER: "left"}
    begun = await loop.read(told, "hộ có giấy rồi", "check_domain_eligibility", ran="action_domain_check")
    assert begun == {ANSWER: None}


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
    text = "kiểm tra điều kiện tên miền cho hộ kinh doanh có giấy rồi ở Thái Nguyên"
    enter(TurnContext("thanh-hoa", date(2026, 3, 15), content, text))
    dispatcher = CollectingDispatcher()
    message = {"text": text, "intent": {"name": "check_domain_eligibility", "confidence": 0.9}, "entities": []}
    await ActionDomainCheck().run(dispatcher, Tracker("c", {}, message, [], False, None, {}, FORM), {})
    (said,) = dispatcher.messages
    assert "Thái Nguyên" in said["text"]
    assert said["custom"]["entry"] == "domain_household_yes"
    assert "/check_domain_eligibility" in [button["payload"] for button in said["buttons"]]


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("tôi có hộ kinh doanh có giấy phép rồi thì được tên miền miễn phí không", "domain_household_yes"),
        ("cháu là sinh viên 25 tuổi có được tên miền id.vn không", "domain_citizen_no"),
        ("hộ kinh doanh có giấy rồi có phải nộp thuế không", None),
        ("hộ kinh doanh có được tên miền không", None),
    ],
)
async def test_any_question_about_a_domain_that_tells_everything_gets_the_verdict(
    content: Content, text: str, entry: str | None
) -> None:
    context = TurnContext("thai-nguyen", TODAY, content, text)
    dispatcher = CollectingDispatcher()
    tracker = Tracker("c", {}, {"text": text, "intent": {}, "entities": []}, [], False, None, {}, "action_listen")
    assert say_verdict_if_told(dispatcher, context, tracker) is (entry is not None)
    assert [one["custom"]["entry"] for one in dispatcher.messages] == ([entry] if entry else [])


async def test_the_end_of_the_loop_forgets_the_case(content: Content) -> None:
    enter(TurnContext("thai-nguyen", TODAY, content, "cảm ơn"))
    slots = {CASE: Case("thai-nguyen", "household", True).as_slot(), ANSWER: "left"}
    dispatcher = CollectingDispatcher()
    changes = await ActionDomainVerdict().run(dispatcher, Tracker("c", slots, {}, [], False, None, {}, FORM), {})
    assert {one["name"]: one["value"] for one in changes} == {CASE: None, ANSWER: None, UNREAD: None}
    assert dispatcher.messages == []
