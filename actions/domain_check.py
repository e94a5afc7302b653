"""The eligibility dialogue for a free domain name: who are you → certificate, founding date or age → yes or no, why.

A Rasa loop with one generic slot: what is asked next is `programme.domain_names`' business. A question in between is
answered by its own flow, and the loop asks again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import TurnContext, current
from actions.replies import Buttons, button, say, say_phrase
from programme import domain_names
from programme.domain_names import Case, Question
from store.text import folded_words

FORM, ANSWER, CASE, UNREAD = "domain_check_form", "domain_answer", "domain_case", "domain_unread"
BUTTON_INTENT, LEAVE_INTENT = "answer_domain_check", "leave_domain_check"
NOT_UNDERSTOOD = "nlu_fallback"
# As with every question of a flow: two hints, then a person.
UNREAD_BEFORE_PERSON = 2
_LEAVES = frozenset({"dung", "dung lai", "thoi", "thoi khong hoi nua", "huy", "stop", "cancel", "quit"})


class ValidateDomainCheck(Action):
    """Reads the answer to the question that is open; leaves everything else to the other flows."""

    def name(self) -> str:
        return f"validate_{FORM}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, case = current(), Case.from_slot(tracker.get_slot(CASE))
        question = domain_names.next_question(case)
        if tracker.get_slot("requested_slot") is None or question is None:
            return [SlotSet(ANSWER, None)]  # the loop begins; nothing was asked yet
        answered = _read(context, tracker, case, question)
        if answered is not None:
            done = domain_names.next_question(answered) is None
            return [SlotSet(CASE, answered.as_slot()), SlotSet(UNREAD, 0), SlotSet(ANSWER, "done" if done else None)]
        if _leaves(context, tracker):
            say_phrase(dispatcher, context, "domain_check_left")
            return [SlotSet(ANSWER, "left")]
        if tracker.latest_message["intent"]["name"] != NOT_UNDERSTOOD:
            return []  # another question in between: the form itself steps back, and asks again afterwards
        unread = int(tracker.get_slot(UNREAD) or 0) + 1
        say_phrase(dispatcher, context, "domain_check_unread", offers_person=unread >= UNREAD_BEFORE_PERSON)
        return [SlotSet(UNREAD, unread), SlotSet(ANSWER, None)]


class AskDomainAnswer(Action):
    """Asks what the engine wants to know next."""

    def name(self) -> str:
        return f"action_ask_{ANSWER}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        question = domain_names.next_question(Case.from_slot(tracker.get_slot(CASE)))
        if question is not None:
            say_phrase(dispatcher, context, f"domain_check_{question}", _buttons(context, question))
        return []


class ActionDomainVerdict(Action):
    """Says whether the owner qualifies, and forgets the case; where the province has no rules, says that."""

    def name(self) -> str:
        return "action_domain_verdict"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, case = current(), Case.from_slot(tracker.get_slot(CASE))
        offer = context.content.domain_offers[context.content.packs.province(context.province).id]
        if tracker.get_slot(ANSWER) == "done" and offer is not None:
            entry = domain_names.verdict(case, offer, context.today)
            say(dispatcher, context, context.content.answers.get(entry, context.province, context.today))
        return [SlotSet(CASE, None), SlotSet(ANSWER, None), SlotSet(UNREAD, None)]


class ActionDomainCheck(Action):
    """Opens the loop where the province's pack has rules; elsewhere says what is known."""

    def name(self) -> str:
        return "action_domain_check"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        if context.content.domain_offers[context.content.packs.province(context.province).id] is None:
            answer = context.content.answers.find("ask_domain_about", context.province, context.today)
            say(dispatcher, context, answer)
            return []
        # "tôi có hộ kinh doanh, có được không": what the question already tells is not asked again
        applicant = domain_names.read_applicant(context.text)
        case = replace(Case(), applicant=applicant)
        return [SlotSet(CASE, case.as_slot()), FollowupAction(FORM)]


def _read(context: TurnContext, tracker: Tracker, case: Case, question: Question) -> Case | None:
    pressed = [e["value"] for e in tracker.latest_message.get("entities") or () if e["entity"] == "answer"]
    if tracker.latest_message["intent"]["name"] == BUTTON_INTENT and pressed:
        return domain_names.answered(case, question, str(pressed[0]), context.today)
    return domain_names.answered(case, question, context.text, context.today) if context.text else None


def _leaves(context: TurnContext, tracker: Tracker) -> bool:
    return tracker.latest_message["intent"]["name"] == LEAVE_INTENT or " ".join(folded_words(context.text)) in _LEAVES


def _buttons(context: TurnContext, question: Question) -> Buttons:
    choices = {
        "applicant": (("household_button", "household"), ("company_button", "company"), ("citizen_button", "private")),
        "certificate": (("certificate_yes_button", "yes"), ("certificate_no_button", "no")),
    }.get(question, ())
    shown = [button(context, phrase, f'/{BUTTON_INTENT}{{"answer":"{value}"}}') for phrase, value in choices]
    return [*shown, button(context, "leave_button", f"/{LEAVE_INTENT}")]
