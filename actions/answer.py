"""Questions with an answer in the packs: the intent names the entry, the day decides which wording is true."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import TurnContext, current
from actions.places import mentions_in
from actions.replies import introduce, say
from programme.answers import Answer
from programme.packs import NATIONAL

# What the pipeline found beside the main intent when one message asks two things (nlu/components/parts.py).
SECOND_INTENT = "second_intent"
ASK_VENDOR = "ask_vendor"  # answered by the commune look-up, not by an entry


class ActionAnswer(Action):
    """Says the entry for the intent of the latest message, from the pack of the province that it asks about."""

    def name(self) -> str:
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        say_answer_to(dispatcher, context, tracker, tracker.latest_message["intent"]["name"])
        if tracker.latest_message.get(SECOND_INTENT) == ASK_VENDOR:
            return [FollowupAction("action_vendor_of_commune")]
        say_second_answer(dispatcher, context, tracker)
        return []


def say_answer_to(
    dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker, intent: str, before: str = ""
) -> None:
    """Say the entry for `intent`, of the province the message is about."""
    mentions = mentions_in(tracker)
    communes, content = context.content.communes, context.content
    province = communes.province_asked_about(mentions, context.text, context.province)
    answer = content.answers.find(intent, province, context.today)
    outside = communes.province_without_pack(mentions, context.text, context.province)
    if outside and isinstance(answer, Answer) and answer.pack != NATIONAL:
        known = " và ".join(sorted(pack.name for pack in content.packs.provinces.values()))
        refusal = content.answers.get("province_without_pack", context.province, context.today)
        say(dispatcher, context, refusal, {"province": outside, "known": known})
        return
    introduction = introduce(context, answer, province)
    say(dispatcher, context, answer, before=" ".join(filter(None, (before, introduction))))


def say_second_answer(dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker) -> None:
    """Answer the other question of the message, if it asked two."""
    second = tracker.latest_message.get(SECOND_INTENT)
    if (
        second
        and second != ASK_VENDOR
        and isinstance(context.content.answers.find(second, context.province, context.today), Answer)
    ):
        also = context.content.phrases.say("also_asked", context.language)
        say_answer_to(dispatcher, context, tracker, second, before=also)
