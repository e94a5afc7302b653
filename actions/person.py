"""Handing the conversation to a person: because its owner asked for one, complains, cannot read, or is in distress.

What else a message tells that a person must see (a scam, money, the law, anger) is read by programme/troubles_said.py;
where the dialogue has an answer, bot/troubles.py hands over behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import HandToPerson, RememberPhone, TurnContext, Unclear, Why, current
from actions.replies import say, say_phrase
from programme.acts_said import in_distress, person_refused
from programme.answers import Answer
from programme.calls_said import callback_phone, scam_told
from programme.troubles_said import trouble_said
from programme.yes_or_no import says_unknown
from store.contacts import find_phone
from store.messages import MAX_UNDERSTOOD_CHARACTERS

# Each has an entry of its name in the packs, which says what happens next.
_WHY: Mapping[str, Why] = {"complain": "complaint", "need_spoken_help": "spoken_help"}
REQUEST_PERSON = "request_person"


class ActionRequestPerson(Action):
    """Queues the conversation and says what happens next; keeps a phone number left in the same breath.

    Not for whoever says that they want no person. What must not wait for the officer is said first.
    """

    def name(self) -> str:
        return "action_request_person"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        act_on_person(dispatcher, current(), tracker.latest_message["intent"]["name"])
        return []


class ActionPhoneAlone(Action):
    """A telephone number and nothing else: kept for the call back."""

    def name(self) -> str:
        return "action_phone_alone"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        phone = find_phone(current().text)
        if phone:
            current().effects.append(RememberPhone(phone))
        dispatcher.utter_message(response="utter_phone_kept")
        return []


def act_on_person(dispatcher: CollectingDispatcher, context: TurnContext, intent: str) -> None:
    """Hand over, unless the words refuse it; distress goes before everything."""
    phone = callback_phone(context.text)
    if phone:
        context.effects.append(RememberPhone(phone))
    if in_distress(context.text):
        context.effects.append(HandToPerson("distress"))
        say_phrase(dispatcher, context, "distress")
    elif person_refused(context.text):
        say_phrase(dispatcher, context, "person_refused")
    elif intent == "need_spoken_help" and says_unknown(context.text):
        context.effects.append(Unclear("not_understood"))  # "không biết": an answer to something, no call for help
        say_phrase(dispatcher, context, "not_understood", offers_person=True)
    else:
        _hand_over(dispatcher, context, intent, has_phone=phone is not None)


def _hand_over(dispatcher: CollectingDispatcher, context: TurnContext, intent: str, has_phone: bool) -> None:
    context.effects.append(HandToPerson(_why(context, intent)))
    scam = scam_told(context.text)
    if scam:
        say(dispatcher, context, context.content.answers.get(scam, context.province, context.today), is_act=True)
    answer = context.content.answers.find(intent, context.province, context.today)
    if has_phone and intent == REQUEST_PERSON and isinstance(answer, Answer):
        answer = _without_asking_for_a_phone(context, answer)
    say(dispatcher, context, answer, is_act=True)


def _why(context: TurnContext, intent: str) -> Why:
    """What is grave goes before what was asked for; a complaint is one also in anger."""
    trouble = trouble_said(context.text) if len(context.text) <= MAX_UNDERSTOOD_CHARACTERS else None
    if trouble is not None and (trouble != "anger" or intent not in _WHY):
        return trouble
    return _WHY.get(intent, "asked_for_person")


def _without_asking_for_a_phone(context: TurnContext, answer: Answer) -> Answer:
    """The same promise with the same source, in other words."""
    words = context.content.phrases.texts["person_requested_with_phone"]
    return replace(answer, texts=tuple(words.items()))
