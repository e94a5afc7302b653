"""The eligibility dialogue for a free domain name: who are you → certificate, founding date or age → yes or no, why.

A Rasa loop with one generic slot: what is asked next is `programme.domain_names`' business. A question in between is
answered by its own flow, and the loop asks again; what hands the conversation over or opts out ends the loop. After the
verdict it listens to one more message, which may take an answer back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.answer import say_answer_to
from actions.context import ForReview, HandToPerson, OptOut, TurnContext, current
from actions.places import mentions_in
from actions.replies import Buttons, button, introduce, say, say_phrase
from programme import domain_names
from programme.ages_said import is_to_come
from programme.dates_said import no_such_day
from programme.domain_names import Applicant, Case, DomainOffer, Question
from programme.numbers_said import with_digits
from programme.yes_or_no import asks, says_unknown
from store.text import clean

FORM, ANSWER, CASE, UNREAD = "domain_check_form", "domain_answer", "domain_case", "domain_unread"
BUTTON_INTENT, LEAVE_INTENT, BEGIN_INTENT = "answer_domain_check", "leave_domain_check", "check_domain_eligibility"
ABOUT_INTENT, BEGIN_ACTION = "ask_domain_about", "action_domain_check"
# "ngày 31 tháng 2 năm 2025"
LONGEST_DATE_WORDS = 6
# Neither says anything about the words: "lâu rồi" by itself is none of our business, and still an answer of a kind.
_NOTHING_KNOWN = frozenset({"nlu_fallback", "out_of_scope"})
# These are never answers, whatever else the words may say; and after a person spoke nobody waits for the next question.
_OTHER_BUSINESS = frozenset({"request_person", "complain", "need_spoken_help", "opt_out", "withdraw_consent"})
_PERSON_FINISHED = "event_person_finished"
# As with every question of a flow: two hints, the second with a person; then it is handed over.
UNREAD_BEFORE_PERSON = 2
# Where the answer to a question can be looked up.
_FIND = {"founding_year": "founded", "founding_day": "founded", "birthday": "age"}
# As they are spelt: "đúng" and "dừng" are the same without accents. "stop" is none, it ends all messages.
_LEAVES = frozenset(
    """dừng,dừng lại,dung lai,dừng hỏi,thôi,thoi,thôi không hỏi nữa,thoi khong hoi nua,không hỏi nữa,khong hoi nua,
    thôi khỏi,thoi khoi,thôi không cần,thoi khong can,hủy,huỷ,huy,thoát,thoat,bỏ qua,bo qua,cancel,quit,exit,
    stop the check,stop asking""".replace("\n    ", "").split(",")
)
_POLITE_END = (" ạ", " a", " em", " nhé", " nhe", " đi", " di", " em ạ", " em a", " em nhé", " please")


class ValidateDomainCheck(Action):
    """Reads the answer to the question that is open; leaves everything else to the other flows."""

    def name(self) -> str:
        return f"validate_{FORM}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, case = current(), Case.from_slot(tracker.get_slot(CASE))
        if _another_flow_ran(tracker):
            ends = _conversation_moved_on(context, tracker) or (_is_closed(context, case) and not _begins(tracker))
            return [SlotSet(ANSWER, "left" if ends else None)]
        offer = _offer(context, case)
        if offer is None:
            return [SlotSet(ANSWER, "done")]  # the rules have changed since it was asked
        question = domain_names.next_question(case, offer, context.today)
        if question is not None and _leaves(context, tracker):
            say_phrase(dispatcher, context, "domain_check_left")
            return [SlotSet(ANSWER, "left")]
        answered = _corrected(context, tracker, case, is_closed=question is None)
        if question is None:
            return self._go_on(dispatcher, context, tracker, answered, offer) if answered else []
        answered = answered or _read(context, tracker, case, question)
        if answered is not None:
            return self._go_on(dispatcher, context, tracker, answered, offer)
        intent = tracker.latest_message["intent"]["name"]
        if intent == BUTTON_INTENT:
            return [SlotSet(ANSWER, None)]  # a button of an earlier question
        if not _is_button(tracker) and intent not in _OTHER_BUSINESS and domain_names.names_again(case, context.text):
            return [SlotSet(ANSWER, None)]
        hint = None if _is_button(tracker) else _hint(context, question, intent)
        if hint is None:
            return []  # another question in between: the form itself steps back, and asks again afterwards
        context.effects.append(ForReview("unread"))
        unread = int(tracker.get_slot(UNREAD) or 0) + 1
        if unread > UNREAD_BEFORE_PERSON:
            context.effects.append(HandToPerson("not_understood"))
            hours = context.content.packs.province(context.province).sla.hours
            say_phrase(dispatcher, context, "not_understood_handed", hours=hours)
            return [SlotSet(ANSWER, "left")]
        phrase, date = hint
        say_phrase(dispatcher, context, phrase, offers_person=unread >= UNREAD_BEFORE_PERSON, date=date)
        return [SlotSet(UNREAD, unread), SlotSet(ANSWER, None)]

    @staticmethod
    def _go_on(
        dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker, case: Case, offer: DomainOffer
    ) -> list[dict[str, Any]]:
        province = _province_with_rules(context, tracker, str(case.province or context.province))
        if province is None:  # "hộ kinh doanh ở Thanh Hóa"
            say_answer_to(dispatcher, context, tracker, ABOUT_INTENT)
            return [SlotSet(ANSWER, "left")]
        case = replace(case, province=province)
        offer = _offer(context, case) or offer
        if domain_names.next_question(case, offer, context.today) is None:
            _say_verdict(dispatcher, context, case, offer)
        return [SlotSet(CASE, case.as_slot()), SlotSet(UNREAD, 0), SlotSet(ANSWER, None)]


class AskDomainAnswer(Action):
    """Asks what the engine wants to know next; nothing after the verdict."""

    def name(self) -> str:
        return f"action_ask_{ANSWER}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, case = current(), Case.from_slot(tracker.get_slot(CASE))
        offer = _offer(context, case)
        question = domain_names.next_question(case, offer, context.today) if offer else None
        if question:
            say_phrase(dispatcher, context, f"domain_check_{question}", _buttons(context, question))
        return []


class ActionDomainVerdict(Action):
    """Forgets the case when the loop ends; where its rules are gone, says what is known instead of a verdict."""

    def name(self) -> str:
        return "action_domain_verdict"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        if tracker.get_slot(ANSWER) == "done":
            say_answer_to(dispatcher, current(), tracker, ABOUT_INTENT)
        return [SlotSet(CASE, None), SlotSet(ANSWER, None), SlotSet(UNREAD, None)]


class ActionDomainCheck(Action):
    """Opens the loop where the pack of the province that is asked about has rules; elsewhere says what is known."""

    def name(self) -> str:
        return BEGIN_ACTION

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        province = _province_with_rules(context, tracker, context.province)
        if province is None:
            say_answer_to(dispatcher, context, tracker, ABOUT_INTENT)
            return []
        # "tôi có hộ kinh doanh, có được không": what the question already tells is not asked again
        applicant = domain_names.read_applicant(context.text)
        case = Case(province=province)
        if applicant:
            case = domain_names.told(applicant, context.text, province, context.today)
        offer = _offer(context, case)
        if offer and domain_names.next_question(case, offer, context.today) is None:
            _say_verdict(dispatcher, context, case, offer)
        return [SlotSet(CASE, case.as_slot()), SlotSet(UNREAD, 0), FollowupAction(FORM)]


def say_verdict_if_told(
    dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker, applicant: Applicant | None = None
) -> bool:
    """Where a question about the rules tells all that they want to know, answer with the verdict; whether it did.

    `applicant`: whom the question is about; None: it may be any question, so its words name them and the domain.
    """
    province = _province_with_rules(context, tracker, context.province)
    if applicant is None and domain_names.names_domain(context.text):
        applicant = domain_names.read_applicant(context.text)
    if province is None or applicant is None:
        return False
    case = domain_names.told(applicant, context.text, province, context.today)
    offer = _offer(context, case)
    if offer is None or domain_names.next_question(case, offer, context.today) is not None:
        return False
    _say_verdict(dispatcher, context, case, offer)
    return True


def _say_verdict(dispatcher: CollectingDispatcher, context: TurnContext, case: Case, offer: DomainOffer) -> None:
    province = str(case.province or context.province)
    answer = context.content.answers.get(domain_names.verdict(case, offer, context.today), province, context.today)
    again = [button(context, "domain_again_button", f"/{BEGIN_INTENT}")]
    say(dispatcher, context, answer, buttons=again, before=introduce(context, answer, province))


def _province_with_rules(context: TurnContext, tracker: Tracker, province: str) -> str | None:
    """The pack whose rules count: of the province that the message names, else `province`; None when it has none."""
    mentions, communes = mentions_in(tracker), context.content.communes
    if communes.province_without_pack(mentions, context.text, province):
        return None
    asked = communes.province_asked_about(mentions, context.text, province)
    return asked if context.content.domain_offers.get(asked) else None


def _offer(context: TurnContext, case: Case) -> DomainOffer | None:
    return context.content.domain_offers.get(case.province or context.province)


def _another_flow_ran(tracker: Tracker) -> bool:
    """Whether the message was dealt with already, and the loop only comes back to its question (or just begins)."""
    own = (FORM, "action_listen", "action_extract_slots")
    return any(event["event"] == "action" and event["name"] not in own for event in tracker.events)


def _begins(tracker: Tracker) -> bool:
    """Whether the message opened the loop, with a verdict already if it told everything."""
    return any(event["event"] == "action" and event["name"] == BEGIN_ACTION for event in tracker.events)


def _is_closed(context: TurnContext, case: Case) -> bool:
    """Whether the verdict on this case was given."""
    offer = _offer(context, case)
    return offer is not None and domain_names.next_question(case, offer, context.today) is None


def _conversation_moved_on(context: TurnContext, tracker: Tracker) -> bool:
    """Whether the message handed the conversation to a person, ended all messages, or came after a person."""
    gone = any(isinstance(effect, HandToPerson | OptOut) for effect in context.effects)
    return gone or tracker.latest_message["intent"]["name"] == _PERSON_FINISHED


def _is_button(tracker: Tracker) -> bool:
    """Whether the message came as a payload: whatever the language model reads has alternatives."""
    return len(tracker.latest_message.get("intent_ranking") or ()) == 1


def _read(context: TurnContext, tracker: Tracker, case: Case, question: Question) -> Case | None:
    """The answer in a message: from our own buttons, or from words that are no other business and no question."""
    intent = tracker.latest_message["intent"]["name"]
    if _is_button(tracker):
        pressed = [e["value"] for e in tracker.latest_message.get("entities") or () if e["entity"] == "answer"]
        if intent != BUTTON_INTENT or not pressed:
            return None
        return domain_names.answered(case, question, str(pressed[0]), context.today)
    if not context.text or intent in _OTHER_BUSINESS:
        return None
    # `yes_or_no` reads no questions anyhow, and "có đâu" is none there
    if question != "certificate" and intent not in _NOTHING_KNOWN and asks(context.text):
        return None
    return domain_names.answered(case, question, context.text, context.today)


def _corrected(context: TurnContext, tracker: Tracker, case: Case, is_closed: bool) -> Case | None:
    """The case after words that take something back; None for a button, other business and all other words."""
    if _is_button(tracker) or not context.text or tracker.latest_message["intent"]["name"] in _OTHER_BUSINESS:
        return None
    return domain_names.corrected(case, context.text, context.today, is_closed)


def _hint(context: TurnContext, question: Question, intent: str) -> tuple[str, str] | None:
    """What to say to words that are no answer, a phrase and the date it names; None where they are other business."""
    if says_unknown(context.text):
        return f"domain_find_{_FIND.get(question, question)}", ""
    if intent in _OTHER_BUSINESS or asks(context.text):
        return None
    if question not in ("applicant", "certificate") and (intent in _NOTHING_KNOWN or _is_only_a_date(context.text)):
        unreal = no_such_day(with_digits(context.text), context.today)
        if unreal:
            return "domain_no_such_day", unreal
        if is_to_come(context.text, context.today):
            return "domain_check_to_come", ""
    return ("domain_check_unread", "") if intent in _NOTHING_KNOWN else None


def _is_only_a_date(text: str) -> bool:
    return any(c.isdigit() for c in text) and len(text.split()) <= LONGEST_DATE_WORDS


def _leaves(context: TurnContext, tracker: Tracker) -> bool:
    if _is_button(tracker):
        return bool(tracker.latest_message["intent"]["name"] == LEAVE_INTENT)
    said = " ".join(clean(context.text).lower().replace(",", " ").strip(" .!").split())
    return said in _LEAVES or any(said.removesuffix(end) in _LEAVES for end in _POLITE_END)


def _buttons(context: TurnContext, question: Question) -> Buttons:
    choices = {
        "applicant": (("household_button", "household"), ("company_button", "company"), ("citizen_button", "private")),
        "certificate": (("certificate_yes_button", "yes"), ("certificate_no_button", "no")),
    }.get(question, ())
    shown = [button(context, phrase, f'/{BUTTON_INTENT}{{"answer":"{value}"}}') for phrase, value in choices]
    return [*shown, button(context, "leave_button", f"/{LEAVE_INTENT}")]
