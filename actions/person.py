"""Handing the conversation to a person, because its owner asked for one."""

from __future__ import annotations

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import HandToPerson, RememberPhone, current
from store.contacts import find_phone


class ActionRequestPerson(Action):
    """Queues the conversation and says what happens next; keeps a phone number left in the same breath."""

    def name(self) -> str:
        return "action_request_person"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        context.effects.append(HandToPerson())
        phone = find_phone(context.text)
        if phone:
            context.effects.append(RememberPhone(phone))
        hours = context.content.packs.province(context.province).sla.hours
        dispatcher.utter_message(response="utter_person_requested", hours=hours)
        return []
