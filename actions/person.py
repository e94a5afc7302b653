"""Handing the conversation to a person: because its owner asked for one, complains, or cannot read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import HandToPerson, RememberPhone, Why, current
from actions.replies import say
from store.contacts import find_phone

# Each has an entry of its name in the packs, which says what happens next.
_WHY: Mapping[str, Why] = {"complain": "complaint", "need_spoken_help": "spoken_help"}


class ActionRequestPerson(Action):
    """Queues the conversation and says what happens next; keeps a phone number left in the same breath."""

    def name(self) -> str:
        return "action_request_person"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        intent = tracker.latest_message["intent"]["name"]
        context.effects.append(HandToPerson(_WHY.get(intent, "asked_for_person")))
        phone = find_phone(context.text)
        if phone:
            context.effects.append(RememberPhone(phone))
        answer = context.content.answers.find(intent, context.province, context.today)
        say(dispatcher, context, answer, is_act=True)
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
