"""How the survey speaks and keeps: the parts that every message to it needs. What a message does is `survey.py`'s."""

from __future__ import annotations

from typing import Any, Self

from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.context import SaveSurvey, TurnContext
from actions.desk import Desk
from actions.replies import Buttons, button, say_phrase, with_person
from actions.survey_result import completed_kept
from actions.survey_saying import ENTRY, say_item
from programme.responses import Kept
from programme.survey.definition import CONSENT, Item
from programme.survey.response import Response, in_form, is_complete, next_item, numbered

SURVEY_ANSWER, STEP, UNREAD = "survey_answer", "survey_step", "survey_unread"
# Begun again: the consent to the new response is asked; the one before stays as it is until it is given.
ANEW, ASIDE = "anew", "aside"
Events = list[dict[str, Any]]


class Talk:
    """One message within the survey: what is known, how it is said, and what leaves with the turn.

    `before`: what a response begun again takes the place of. `events`: besides those that ask.
    """

    def __init__(
        self, dispatcher: CollectingDispatcher, context: TurnContext, desk: Desk, tracker: Tracker, kept: Kept
    ) -> None:
        self.dispatcher, self.context, self.desk, self.tracker = dispatcher, context, desk, tracker
        self.kept = kept
        self.before: Kept | None = None
        self.events: Events = []
        self.step: str | None = tracker.get_slot(STEP)
        if self.step == ANEW:
            self._begin_anew()
        self.unread = int(tracker.get_slot(UNREAD) or 0)
        self.intent: str = tracker.latest_message["intent"]["name"]
        self.values = {e["entity"]: str(e["value"]) for e in tracker.latest_message.get("entities") or ()}

    @classmethod
    async def begun(cls, dispatcher: CollectingDispatcher, context: TurnContext, desk: Desk, tracker: Tracker) -> Self:
        """With the survey under way; else the one completed lately, which may still be changed; else a new one."""
        kept = await desk.survey()
        return cls(dispatcher, context, desk, tracker, kept or desk.new_survey())

    @property
    def response(self) -> Response:
        return self.kept.response

    @property
    def is_begun(self) -> bool:
        return self.kept.id is not None

    def _begin_anew(self) -> None:
        if self.is_begun:
            self.before = self.kept
        self.kept, self.step = self.desk.new_survey(), ANEW

    def _back_to_before(self) -> None:
        """The one begun again is left at its consent: nothing of it was kept, and the one before goes on."""
        if self.before is not None:
            self.kept, self.before = self.before, None
        self.step = None

    def _keep(self, response: Response) -> None:
        """The response as it is now leaves with the turn: one effect, however much happened."""
        self.kept = self.kept.with_response(response)
        if is_complete(response):
            self.kept = completed_kept(self.kept)
        effects = self.context.effects
        effects[:] = [effect for effect in effects if not isinstance(effect, SaveSurvey)]
        effects.append(SaveSurvey(self.kept))

    def _ask_back(self, words: str, choices: Buttons) -> Events:
        """Which of a few it is; the numbers of these choices count until one is made."""
        listed = "\n".join(f"{place}. {choice['title']}" for place, choice in enumerate(choices, 1))
        self.dispatcher.utter_message(text=f"{words}\n{listed}", buttons=choices, json_message={"entry": ENTRY})
        step = ANEW if self.step == ANEW else None
        return [SlotSet(SURVEY_ANSWER, None), SlotSet(STEP, step), SlotSet(UNREAD, self.unread)]

    def _ask_or_leave(self, words: str) -> Events:
        """Say `words` with the present question; where all is answered, by themselves."""
        if self._upcoming() is None:
            self.dispatcher.utter_message(text=words, json_message={"entry": "survey_note"})
            return self._leave()
        return self._ask(words)

    def _ask(self, lead: str = "", keeps_unread: bool = False, offers_person: bool = False) -> Events:
        item = self._upcoming()
        assert item is not None  # noqa: S101 - whoever asks has looked
        say_item(self.dispatcher, self.context, self.response, item, lead, offers_person)
        step = ANEW if self.step == ANEW and item.id == CONSENT else None
        return [SlotSet(SURVEY_ANSWER, None), SlotSet(STEP, step), SlotSet(UNREAD, self.unread if keeps_unread else 0)]

    def _wait(self, step: str) -> Events:
        return [SlotSet(SURVEY_ANSWER, None), SlotSet(STEP, step), SlotSet(UNREAD, self.unread)]

    def _leave(self) -> Events:
        return [SlotSet(SURVEY_ANSWER, None), SlotSet(STEP, None), SlotSet(UNREAD, 0), ActiveLoop(None)]

    def _upcoming(self) -> Item | None:
        return next_item(self.response)

    def _name_of(self, item: Item) -> str:
        """How an item is called in a sentence: "câu 5", "số điện thoại"."""
        if item.section == "question" and in_form(self.response, item):
            return self._words("survey_question_name", number=numbered(self.response, item)[0])
        return item.label[self.context.language] if item.label else self._words("survey_this_question")

    def _words(self, phrase: str, **values: object) -> str:
        return self.context.content.phrases.say(phrase, self.context.language, **values)

    def _say(self, phrase: str, buttons: Buttons | None = None, **values: str | int) -> None:
        say_phrase(self.dispatcher, self.context, phrase, buttons or (), offers_person=False, **values)

    def _with_person(self, choices: Buttons, offers_person: bool) -> Buttons:
        return with_person(self.context, choices) if offers_person else choices

    def _button(self, phrase: str, payload: str) -> dict[str, str]:
        return button(self.context, phrase, payload)
