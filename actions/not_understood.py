"""When no intent is sure: search the packs, else ask "did you mean", else say so and offer a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.answer import say_if_elsewhere
from actions.context import HandToPerson, MarkedWrong, TurnContext, Unclear, current
from actions.domain_check import say_verdict_if_told
from actions.places import mentions_in
from actions.replies import (
    NONE_OF_THESE,
    OPEN_MENU,
    REQUEST_PERSON,
    Buttons,
    button,
    introduce,
    say,
    say_phrase,
)
from programme.answers import Answer

# An intent this likely is worth a question back; chosen from `make evaluate` (docs/decisions/0010-second-stage.md).
HALF_SURE = 0.2
SHOW_ENTRY = "/show_entry"
MOST_CHOICES = 3
# This many messages in a row that nobody could read: the next one goes to a person.
UNCLEAR_BEFORE_PERSON = 2


class ActionNotUnderstood(Action):
    """The second stage: an entry that fits in its own words, or the likeliest intents as buttons, or the truth."""

    def name(self) -> str:
        return "action_not_understood"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        if (
            say_verdict_if_told(dispatcher, context, tracker)
            or say_found(dispatcher, context, tracker)
            or say_if_elsewhere(dispatcher, context, tracker)
        ):
            return []
        ranking = tracker.latest_message.get("intent_ranking") or ()
        likely = [one["name"] for one in ranking if one["confidence"] >= HALF_SURE]
        choices = [*_near_entries(context, tracker), *_choices(context, likely)][:MOST_CHOICES]
        if choices and context.unclear_turns < UNCLEAR_BEFORE_PERSON:
            context.effects.append(Unclear("half_sure"))
            none = button(context, "none_of_these", NONE_OF_THESE)
            say_phrase(dispatcher, context, "did_you_mean", [*choices, none], offers_person=True)
        else:
            _give_up(dispatcher, context)
        return []


class ActionShowEntry(Action):
    """A guess that was confirmed: the entry itself."""

    def name(self) -> str:
        return "action_show_entry"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        wanted = next((e["value"] for e in tracker.latest_message.get("entities") or () if e["entity"] == "entry"), "")
        for province in (context.province, *context.content.packs.provinces):
            answer = context.content.answers.get(str(wanted), province, context.today)
            if isinstance(answer, Answer) and answer.searchable:
                say(dispatcher, context, answer, before=introduce(context, answer, province))
                return []
        say(dispatcher, context, None)
        return []


class ActionOutOfScope(Action):
    """Sure that it is none of our business, unless a pack answers it."""

    def name(self) -> str:
        return "action_out_of_scope"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        if not say_found(dispatcher, context, tracker):
            dispatcher.utter_message(response="utter_out_of_scope")
        return []


class ActionAnswerWrong(Action):
    """The last answer missed the point: note it, and offer what ranked next."""

    def name(self) -> str:
        return "action_answer_wrong"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        pressed = (e["value"] for e in tracker.latest_message.get("entities") or () if e["entity"] == "entry")
        context.effects.append(MarkedWrong(next(pressed, None)))
        choices = _choices(context, context.alternatives)
        phrase = "marked_wrong_choices" if choices else "marked_wrong"
        say_phrase(dispatcher, context, phrase, choices, offers_person=True)
        return []


class ActionNoneOfThese(Action):
    """None of the guesses was right: that counts as not understood, so that it ends with a person."""

    def name(self) -> str:
        return "action_none_of_these"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        _give_up(dispatcher, current())
        return []


def say_found(dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker) -> bool:
    """Say the pack entry that answers the message in its own words; False when the search is not sure of any."""
    if not context.text:
        return False
    province = context.content.communes.province_asked_about(mentions_in(tracker), context.text, context.province)
    hit = context.content.search.best(context.text, province, context.today)
    if hit is None:
        return False
    say(dispatcher, context, hit.answer, before=introduce(context, hit.answer, province))
    return True


def _near_entries(context: TurnContext, tracker: Tracker) -> Buttons:
    """Buttons for entries that may be meant and that no intent covers."""
    if not context.text:
        return []
    province = context.content.communes.province_asked_about(mentions_in(tracker), context.text, context.province)
    near = context.content.search.near(context.text, province, context.today)
    return [
        {"title": answer.title(context.language), "payload": f'{SHOW_ENTRY}{{"entry":"{answer.id}"}}'}
        for answer in near
        if answer.intent is None
    ]


def _choices(context: TurnContext, intents: Iterable[str]) -> Buttons:
    """Buttons for the intents that can be offered, the likeliest first."""
    named = ((intent, title_of(context, intent)) for intent in intents)
    return [{"title": title, "payload": f"/{intent}"} for intent, title in named if title][:MOST_CHOICES]


def title_of(context: TurnContext, intent: str) -> str | None:
    """How a button names an intent: as its pack entry or the phrases do. None: not offered, like a greeting."""
    answer = context.content.answers.find(intent, context.province, context.today)
    if isinstance(answer, Answer):
        return answer.title(context.language)
    return context.content.phrases.intent_title(intent, context.language)


def _ways_on(context: TurnContext) -> Buttons:
    return [button(context, "person_button", REQUEST_PERSON), button(context, "menu_button", OPEN_MENU)]


def _give_up(dispatcher: CollectingDispatcher, context: TurnContext) -> None:
    context.effects.append(Unclear("not_understood"))
    if context.unclear_turns >= UNCLEAR_BEFORE_PERSON:
        context.effects.append(HandToPerson("not_understood"))
        hours = context.content.packs.province(context.province).sla.hours
        say_phrase(dispatcher, context, "not_understood_handed", hours=hours)
    else:
        phrase = "not_understood_again" if context.unclear_turns else "not_understood"
        say_phrase(dispatcher, context, phrase, _ways_on(context), offers_person=True)
