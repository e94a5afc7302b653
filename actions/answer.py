"""Questions with an answer in the packs: the intent names the entry, the day decides which wording is true."""

from __future__ import annotations

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.context import TurnContext
from actions.places import mentions_in
from actions.replies import introduce, say
from programme.answers import Answer, Withheld
from programme.caveats import asks_for_a_promise, other_years
from programme.packs import NATIONAL


def say_answer_to(
    dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker, intent: str, before: str = ""
) -> None:
    """Say the entry for `intent` of the province the message is about, or a finer one that the search is sure of."""
    content, mentions = context.content, mentions_in(tracker)
    province = content.communes.province_asked_about(mentions, context.text, context.province)
    finer = content.search.refining(intent, context.text, province, context.today) if context.text else None
    answer = finer.answer if finer else content.answers.find(intent, province, context.today)
    if isinstance(answer, Answer) and answer.pack != NATIONAL and say_if_elsewhere(dispatcher, context, tracker):
        return
    parts = (before, *_caveats(context, answer), introduce(context, answer, province))
    say(dispatcher, context, answer, before=" ".join(filter(None, parts)))


def say_if_elsewhere(dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker) -> bool:
    """Where the message is about a province without a pack, say that; whether it is."""
    content = context.content
    outside = content.communes.province_without_pack(mentions_in(tracker), context.text, context.province)
    if outside is None:
        return False
    known = " và ".join(sorted(pack.name for pack in content.packs.provinces.values()))
    refusal = content.answers.get("province_without_pack", context.province, context.today)
    say(dispatcher, context, refusal, {"province": outside, "known": known})
    return True


def _caveats(context: TurnContext, answer: Answer | Withheld | None) -> list[str]:
    if not isinstance(answer, Answer):
        return []
    words = context.content.phrases.say
    caveats = []
    if asks_for_a_promise(context.text):
        caveats.append(words("no_promise", context.language))
    years = other_years(answer, context.text, context.today)
    if years:
        caveats.append(words("other_year", context.language, years=", ".join(map(str, years))))
    return caveats
