"""Questions with an answer in the packs: the intent names the entry, the day decides which wording is true."""

from __future__ import annotations

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.context import TurnContext
from actions.places import mentions_in
from actions.replies import introduce, say
from programme.answers import Answer
from programme.packs import NATIONAL


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
