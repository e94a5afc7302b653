"""Questions with an answer in the packs: the intent names the entry, the day decides which wording is true."""

from __future__ import annotations

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import current
from actions.replies import say


class ActionAnswer(Action):
    """Says the province's entry for the intent of the latest message."""

    def name(self) -> str:
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        intent = tracker.latest_message["intent"]["name"]
        say(dispatcher, context, context.content.answers.find(intent, context.province, context.today))
        return []
