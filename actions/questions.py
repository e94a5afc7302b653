"""The questions of a message, one or two: from the packs, or who helps the shops of a commune."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.answer import say_answer_to
from actions.context import TurnContext, current
from actions.domain_check import say_verdict_if_told
from actions.replies import say
from actions.vendor import say_vendor
from programme.answers import Answer
from programme.domain_names import Applicant

# What the pipeline found beside the main intent when one message asks two things (nlu/components/parts.py).
SECOND_INTENT = "second_intent"
ASK_VENDOR = "ask_vendor"  # answered by the commune look-up, not by an entry
# Questions about who qualifies, and whom each is about.
WHO_QUALIFIES: Mapping[str, Applicant] = {"ask_domain_company": "company", "ask_domain_id_vn": "citizen"}
# Whoever may be about to be robbed hears nothing else.
URGENT = ("ask_scam_check", "ask_scam_otp", "ask_scam_lost_money")


class ActionAnswer(Action):
    """Says the entry for the intent of the latest message, from the pack of the province that it asks about."""

    def name(self) -> str:
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        asked = (tracker.latest_message["intent"]["name"], tracker.latest_message.get(SECOND_INTENT))
        urgent = next((intent for intent in asked if intent in URGENT), None)
        applicant = WHO_QUALIFIES.get(str(asked[0]))
        if applicant is None or not say_verdict_if_told(dispatcher, current(), tracker, applicant):
            say_answer_to(dispatcher, current(), tracker, urgent or str(asked[0]))
        return [] if urgent else _say_second(dispatcher, current(), tracker)


class ActionVendorOfCommune(Action):
    """Answers with the vendor, and remembers the commune once it is settled."""

    def name(self) -> str:
        return "action_vendor_of_commune"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, intent = current(), tracker.latest_message["intent"]["name"]
        finer = context.content.search.refining(intent, context.text, context.province, context.today)
        if finer is not None:  # "phường Bắc Kạn ưu đãi 2% là sao"
            say(dispatcher, context, finer.answer)
            return []
        events = say_vendor(dispatcher, context, tracker)
        return [*events, *_say_second(dispatcher, context, tracker)]


def _say_second(dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker) -> list[dict[str, Any]]:
    """Answer the other question of the message, if it asked two."""
    second = tracker.latest_message.get(SECOND_INTENT)
    if second == ASK_VENDOR:
        return say_vendor(dispatcher, context, tracker)
    if second and isinstance(context.content.answers.find(second, context.province, context.today), Answer):
        also = context.content.phrases.say("also_asked", context.language)
        say_answer_to(dispatcher, context, tracker, second, before=also)
    return []
