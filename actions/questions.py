"""The questions of a message, one or two: from the packs, or who helps the shops of a commune."""

from __future__ import annotations

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.answer import say_answer_to
from actions.context import TurnContext, current
from actions.vendor import say_vendor
from programme.answers import Answer

# What the pipeline found beside the main intent when one message asks two things (nlu/components/parts.py).
SECOND_INTENT = "second_intent"
ASK_VENDOR = "ask_vendor"  # answered by the commune look-up, not by an entry


class ActionAnswer(Action):
    """Says the entry for the intent of the latest message, from the pack of the province that it asks about."""

    def name(self) -> str:
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        say_answer_to(dispatcher, current(), tracker, tracker.latest_message["intent"]["name"])
        return _say_second(dispatcher, current(), tracker)


class ActionVendorOfCommune(Action):
    """Answers with the vendor, and remembers the commune once it is settled."""

    def name(self) -> str:
        return "action_vendor_of_commune"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        events = say_vendor(dispatcher, current(), tracker)
        return [*events, *_say_second(dispatcher, current(), tracker)]


def _say_second(dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker) -> list[dict[str, Any]]:
    """Answer the other question of the message, if it asked two."""
    second = tracker.latest_message.get(SECOND_INTENT)
    if second == ASK_VENDOR:
        return say_vendor(dispatcher, context, tracker)
    if second and isinstance(context.content.answers.find(second, context.province, context.today), Answer):
        also = context.content.phrases.say("also_asked", context.language)
        say_answer_to(dispatcher, context, tracker, second, before=also)
    return []
