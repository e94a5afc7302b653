"""What an owner finds difficult: noted once, in the category that the words suggest or a button names.

A Rasa loop with one slot that is never filled while it asks. It asks for the category, or, where only a button was
pressed, whether there are words to it; a question in between is answered by its own flow, and the loop asks once more
at most. Whatever was told is kept at once, so that nothing depends on how far anybody goes on.
"""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import HandToPerson, NoteDifficulty, OptOut, TurnContext, current
from actions.replies import Buttons, button, say_phrase
from programme.difficulties_said import says_nothing_more, says_something
from programme.yes_or_no import asks

FORM, ANSWER, STEP, AGAIN = "difficulty_form", "difficulty_answer", "difficulty_step", "difficulty_again"
REPORT_INTENT, SORT_INTENT, LEAVE_INTENT = "report_difficulty", "sort_difficulty", "leave_difficulty"
BEGIN_ACTION = "action_report_difficulty"
# What is asked: which category; the same for what is kept already; otherwise more words on the category of that id.
WHICH, SORT = "which", "sort"
# These are never a telling, whatever their words suggest.
_OTHER_BUSINESS = frozenset({"request_person", "complain", "need_spoken_help", "opt_out", "withdraw_consent"})
_NOTHING_KNOWN = frozenset({"nlu_fallback", "out_of_scope"})
_PERSON_FINISHED = "event_person_finished"
Events = list[dict[str, Any]]


class ActionReportDifficulty(Action):
    """Notes what the message tells; opens the loop where a category or words are wanted besides."""

    def name(self) -> str:
        return BEGIN_ACTION

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        context = current()
        if not _is_button(tracker) and says_nothing_more(context.text):
            say_phrase(dispatcher, context, "difficulty_left")
            return [SlotSet(STEP, None)]
        step = _sorted(context, tracker, told=False) if _is_button(tracker) else _told(context, step=None)
        if step is None:
            _say_noted(dispatcher, context, _noted_as(context))
            return [SlotSet(STEP, None)]
        return [SlotSet(STEP, step), SlotSet(ANSWER, None), SlotSet(AGAIN, 0), FollowupAction(FORM)]


class ValidateDifficulty(Action):
    """Reads what is told while the loop asks; leaves everything else to the other flows."""

    def name(self) -> str:
        return f"validate_{FORM}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        context = current()
        step = str(tracker.get_slot(STEP) or WHICH)
        ran = {event["name"] for event in tracker.events if event["event"] == "action"} - _OWN_ACTIONS
        if BEGIN_ACTION in ran:
            return [SlotSet(ANSWER, None)]
        if ran:
            return _after_another_flow(context, tracker, step)
        if _leaves(context, tracker):
            say_phrase(dispatcher, context, "difficulty_kept" if step != WHICH else "difficulty_left")
            return [SlotSet(ANSWER, "left")]
        if tracker.latest_message["intent"]["name"] == SORT_INTENT:
            following = _sorted(context, tracker, told=step == SORT)
        elif _is_telling(context, tracker, step):
            following = _told(context, step, tracker.latest_message["intent"]["name"] == REPORT_INTENT)
        else:
            return []
        if following is None:
            _say_noted(dispatcher, context, _noted_as(context))
            return [SlotSet(ANSWER, "done")]
        return [SlotSet(STEP, following), SlotSet(ANSWER, None)]


class AskDifficulty(Action):
    """Asks for the category, or for words on the one that was chosen."""

    def name(self) -> str:
        return f"action_ask_{ANSWER}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        context, step = current(), str(tracker.get_slot(STEP) or WHICH)
        if step in (WHICH, SORT):
            say_phrase(dispatcher, context, f"difficulty_{step}", _categories(context))
        else:
            title = context.content.difficulties.title(step, context.language)
            leave = [button(context, "difficulty_no_more_button", f"/{LEAVE_INTENT}")]
            say_phrase(dispatcher, context, "difficulty_chosen", leave, offers_person=True, category=title)
        return []


_OWN_ACTIONS = frozenset({FORM, "action_listen", "action_extract_slots"})


def _told(context: TurnContext, step: str | None, is_report: bool = True) -> str | None:
    """Keep what the message tells; what is asked next, None: nothing.

    `step`: what was asked; None outside of the loop. `is_report`: whether it was understood as feedback. Words that
    follow a chosen category belong to it; those that suggest none are kept with the rest, and asked about once.
    """
    difficulties = context.content.difficulties
    said = difficulties.said(context.text)
    if said is None and is_report and not says_something(context.text):
        return step or WHICH  # "góp ý", once more: nothing is told yet
    category = step if step in difficulties.all else said
    if category is not None:
        context.effects.append(NoteDifficulty(category, sorts=step == SORT))
        return None
    context.effects.append(NoteDifficulty(difficulties.rest))
    return None if step == SORT else SORT


def _sorted(context: TurnContext, tracker: Tracker, told: bool) -> str | None:
    """Keep the category of a pressed button; what is asked next, None: nothing.

    `told`: there are words already, which belong to it. A category that the content does not have any more is asked
    for again.
    """
    pressed = (e["value"] for e in tracker.latest_message.get("entities") or () if e["entity"] == "category")
    category = str(next(pressed, ""))
    if category not in context.content.difficulties.all:
        return SORT if told else WHICH
    context.effects.append(NoteDifficulty(category, has_words=False, sorts=told))
    return None if told else category


def _after_another_flow(context: TurnContext, tracker: Tracker, step: str) -> Events:
    """Once more, where the category is still asked for and the conversation has not moved on."""
    gone = any(isinstance(effect, HandToPerson | OptOut) for effect in context.effects)
    gone = gone or tracker.latest_message["intent"]["name"] == _PERSON_FINISHED
    again = int(tracker.get_slot(AGAIN) or 0) + 1
    if gone or again > 1 or step not in (WHICH, SORT):
        return [SlotSet(ANSWER, "left")]
    return [SlotSet(AGAIN, again), SlotSet(ANSWER, None)]


def _is_telling(context: TurnContext, tracker: Tracker, step: str) -> bool:
    intent = tracker.latest_message["intent"]["name"]
    if _is_button(tracker) or not context.text or intent in _OTHER_BUSINESS:
        return False
    if intent == REPORT_INTENT:
        return True
    if step not in (WHICH, SORT) and intent in _NOTHING_KNOWN:
        return "?" not in context.text  # words were asked for: "tháng nào cũng phải đóng" is no question
    known = intent in _NOTHING_KNOWN or context.content.difficulties.said(context.text) is not None
    return known and not asks(context.text)


def _is_button(tracker: Tracker) -> bool:
    """Whether the message came as a payload: whatever the language model reads has alternatives."""
    return len(tracker.latest_message.get("intent_ranking") or ()) == 1


def _leaves(context: TurnContext, tracker: Tracker) -> bool:
    if _is_button(tracker):
        return bool(tracker.latest_message["intent"]["name"] == LEAVE_INTENT)
    return says_nothing_more(context.text)


def _noted_as(context: TurnContext) -> str:
    return next(one.category for one in reversed(context.effects) if isinstance(one, NoteDifficulty))


def _say_noted(dispatcher: CollectingDispatcher, context: TurnContext, category: str) -> None:
    title = context.content.difficulties.title(category, context.language)
    say_phrase(dispatcher, context, "difficulty_noted", offers_person=True, category=title)


def _categories(context: TurnContext) -> Buttons:
    shown = [
        {"title": one.title(context.language), "payload": f'/{SORT_INTENT}{{"category":"{one.id}"}}'}
        for one in context.content.difficulties.all.values()
    ]
    return [*shown, button(context, "difficulty_leave_button", f"/{LEAVE_INTENT}")]
