"""The survey in chat: one Rasa loop with one slot that never fills; `programme.survey` decides what is asked next.

Every answer leaves the turn as a SaveSurvey effect. A button names its item, so a late or repeated press can neither
answer the wrong question nor answer one twice: it changes the item it names, or finds it answered. Side questions are
answered by their own flows, and the loop asks again; what hands the conversation over ends the loop, not the survey.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import (
    AbandonSurvey,
    Effect,
    ForReview,
    HandToPerson,
    JoinChannels,
    OpenDataRequest,
    OptOut,
    PartChannels,
    WithdrawConsent,
    current,
)
from actions.places import mentions_in
from actions.survey_hearing import Heard, hear, hear_which, may_be_pressed, reads_as_other_business
from actions.survey_result import say_result
from actions.survey_saying import (
    ANSWER_INTENT,
    GROUP,
    answer_button,
    answer_words,
    trade_group_buttons,
)
from actions.survey_talk import ANEW, ASIDE, Events, Talk
from actions.vendor import COMMUNE_CODE
from programme.survey.definition import CONSENT, FORM, NA, REFUSED, Answer, Item
from programme.survey.response import (
    CONSENT_REFUSED,
    AnswerInvalid,
    Response,
    answered,
    at,
    in_force,
    left,
    may_skip,
    next_item,
    numbered,
    options_of,
    previous_item,
    question_number,
    shown_items,
)

SURVEY_FORM = "survey_form"
PERSON_FINISHED, GOODBYE = "event_person_finished", "goodbye"
# Two hints, a third with the way to a person; then it is handed over.
UNREAD_BEFORE_OFFER, UNREAD_BEFORE_PERSON = 2, 3
# These end with a question of their own, which is answered before the survey goes on.
_ASK_THEMSELVES = frozenset({"meet_vendor", "meet_bank", "see_classes"})
# What a repetition does not ask again.
_CARRIED = ("shop_name", "owner_name", "phone", "province", "commune", "market_or_address", "trade_group")
_UNREAD = {"commune_lookup": "survey_commune_unread", "phone_vn": "survey_phone_unread"}


class ValidateSurvey(Action):
    """Reads the answer to the open question and asks the next; leaves everything else to the other flows."""

    def name(self) -> str:
        return f"validate_{SURVEY_FORM}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        context = current()
        assert context.desk is not None  # noqa: S101 - every turn of the product has one
        conversation = await _Conversation.begun(dispatcher, context, context.desk, tracker)
        return [*await conversation.turn(), *conversation.events]


class _Conversation(Talk):
    """What one message does to the survey."""

    async def turn(self) -> Events:
        if _another_flow_ran(self.tracker):
            return await self._come_back()
        handlers: dict[str, Callable[[], Awaitable[Events]]] = {
            "start_survey": self._start,
            "resume_survey": self._resume,
            "restart_survey": self._restart,
            "pause_survey": self._pause,
            ANSWER_INTENT: self._answer,
            "explain_survey": self._explain,
            "back_survey": self._back,
            "edit_survey": self._edit,
            "skip_survey": self._skip,
        }
        return await handlers.get(self.intent, self._read)()

    # --- beginning, coming back, leaving

    async def _start(self) -> Events:
        if self.kept.status != "open":
            day = (self.kept.completed_at or self.desk.now).astimezone(self.desk.zone)
            again = [self._button("survey_result_button", "/show_survey_result")]
            again.append(self._button("survey_restart_button", "/restart_survey"))
            self._say("survey_done_lately", again, day=f"{day:%d/%m/%Y}")
            return self._wait("again")
        if self.step == "resume":
            return self._ask()
        if self.is_begun and FORM in self.response.answers:
            return self._offer_to_resume()
        return self._ask()

    def _offer_to_resume(self) -> Events:
        choices = [self._button("survey_resume_button", "/resume_survey")]
        choices.append(self._button("survey_restart_button", "/restart_survey"))
        choices.append(self._button("survey_later_button", "/pause_survey"))
        self._say("survey_resume", choices, left=left(self.response))
        return self._wait("resume")

    async def _resume(self) -> Events:
        self._back_to_before()
        return self._ask() if self._upcoming() else await self._start()

    async def _restart(self) -> Events:
        """A new response; with its consent an unfinished one goes, a completed one stays as what was before."""
        self._begin_anew()
        return self._ask()

    async def _pause(self) -> Events:
        self._back_to_before()
        if self.kept.status == "open" and self.is_begun:
            resume = [self._button("survey_resume_button", "/resume_survey")]
            self._say("survey_paused", resume, left=left(self.response))
        else:
            self._say("survey_not_begun")
        return self._leave()

    async def _come_back(self) -> Events:
        """After another flow has answered: ask again, unless the conversation has gone elsewhere."""
        if any(_ends_it(effect) for effect in self.context.effects):
            return self._leave()
        if self.intent in (PERSON_FINISHED, GOODBYE):
            self._back_to_before()
            if self.kept.status == "open" and self.is_begun:
                self._say("survey_waits", [self._button("survey_resume_button", "/resume_survey")])
            return self._leave()
        if self._upcoming() is None:
            return self._leave()
        if self.step == "resume":
            return self._offer_to_resume()
        if self.intent in _ASK_THEMSELVES:
            return self._wait(ASIDE)
        return self._ask(self._words("survey_go_on"), keeps_unread=True)

    # --- what may be said at any question

    async def _explain(self) -> Events:
        item = next_item(self.response)
        if item is None:
            return await self._start()
        words = item.help[self.context.language] if item.help else self._words("survey_no_help")
        return self._ask(words, keeps_unread=True)

    async def _back(self) -> Events:
        if self._upcoming() is None:
            return await self._start()
        before = previous_item(self.response) if self.is_begun else None
        if before is None:
            return self._ask(self._words("survey_no_previous"))
        return await self._move_to(before)

    async def _edit(self) -> Events:
        self._back_to_before()
        target = self.values.get("q", "")
        if not self.is_begun:
            self._say("survey_none_yet", [self._button("survey_start_button", "/start_survey")])
            return self._leave()
        number = int(target) if target.isdecimal() else None
        item = question_number(self.response, number) if number else self.response.survey.by_id.get(target)
        if item is None:
            count = numbered(self.response, self.response.survey.core_questions[0])[1]
            return self._ask_or_leave(self._words("survey_no_such_question", number=target, count=count))
        name = self._name_of(item)
        if item not in shown_items(self.response):
            return self._ask_or_leave(self._words("survey_question_skipped", name=name))
        if item.id not in in_force(self.response):
            return self._ask_or_leave(self._words("survey_question_to_come", name=name))
        return await self._change_to(item, self.values.get("a"))

    async def _change_to(self, item: Item, place: str | None) -> Events:
        """Ask `item` again; with `place`, the number of an option, change it at once."""
        values = options_of(self.response, item)
        if place is None or not values:
            return await self._move_to(item)
        if not place.isdecimal() or not 1 <= int(place) <= len(values):
            return self._ask_or_leave(self._words("survey_no_such_option", number=place, most=len(values)))
        value = values[int(place) - 1]
        return await self._put(item, [str(value)] if item.kind == "multi_choice" else value)

    async def _move_to(self, item: Item) -> Events:
        self._keep(at(self.response, item))
        return self._ask()

    async def _skip(self) -> Events:
        item = next_item(self.response)
        if item is None:
            return await self._start()
        if self.response.cursor == item.id and item.id in in_force(self.response):
            self._keep(replace(self.response, cursor=None))
            return await self._go_on(self._words("survey_kept_as_it_was"))
        if not may_skip(item):
            return self._ask(self._words("survey_required"))
        return await self._put(item, REFUSED)

    # --- answers

    async def _answer(self) -> Events:
        """A pressed button ("a" is there), or words that were found to answer the present question."""
        item = self.response.survey.by_id.get(self.values.get("q", ""))
        if item is None or (not self.is_begun and item.id != CONSENT):
            return await self._start()  # a button of another version, or of a survey that is gone
        if item not in shown_items(self.response):
            return self._ask_or_leave(self._words("survey_question_skipped", name=self._name_of(item)))
        raw = self.values.get("a")
        if raw is None:
            return await self._take(item, hear(self.context, self.response, item, mentions_in(self.tracker)))
        if item.kind == "choice_list" and raw.startswith(GROUP):
            return await self._ask_trade_of(item, raw.removeprefix(GROUP))
        if not may_be_pressed(self.context, self.response, item, raw):
            return await self._unread(item)  # no button of ours, or of the province before it was changed
        answer = _value(item, raw)
        if self.response.answers.get(item.id) == answer and self._upcoming() != item:
            return self._ask_or_leave(self._words("survey_noted_already", name=self._name_of(item)))
        return await self._put(item, answer)

    async def _read(self) -> Events:
        """Words that the model has read: an answer to a question that takes any, or somebody else's business."""
        item = self._upcoming()
        if self.step == "resume" and self.intent in ("affirm", "deny"):
            return self._ask() if self.intent == "affirm" else await self._pause()
        if item is None or self.step not in (None, ANEW, ASIDE):
            if reads_as_other_business(self.context, self.tracker, None):
                return []
            return await self._unread(None)
        if reads_as_other_business(self.context, self.tracker, item):
            return []  # the form itself steps back, and asks again afterwards
        heard = hear(self.context, self.response, item, mentions_in(self.tracker))
        if item.id == CONSENT and self.intent == "affirm" and heard == Heard():
            heard = hear_which(self.context, item, [one for one in item.options if one.value != CONSENT_REFUSED])
        return await self._take(item, heard)

    async def _take(self, item: Item, heard: Heard) -> Events:
        if heard.answer is not None:
            return await self._put(item, heard.answer, heard.note)
        if heard.buttons:
            return self._ask_back(heard.note, heard.buttons)
        if heard.note:
            return self._ask(heard.note, keeps_unread=True)
        return await self._unread(item)

    async def _put(self, item: Item, answer: Answer, note: str = "") -> Events:
        was_present = self._upcoming() == item
        try:
            response = answered(self.response, item.id, answer)
        except AnswerInvalid:
            return await self._unread(item)  # a button of another version
        if answer == CONSENT_REFUSED and item.id == CONSENT:
            return self._refused()
        if item.id == CONSENT and not self.is_begun:
            return await self._agreed(response)
        known = in_force(self.response).get(item.id)
        self._keep(response)
        if item.kind == "commune_lookup":
            self.events.append(SlotSet(COMMUNE_CODE, str(answer)))  # "ai hỗ trợ xã mình" need not ask for it
        if item.id == FORM and known is None:
            note = self._words("survey_commands")
        elif not was_present or known not in (None, answer):
            said = answer_words(self.context, item, answer)
            note = self._words("survey_changed", name=self._name_of(item), answer=said)
        return await self._go_on(note)

    def _refused(self) -> Events:
        """No consent: nothing is kept, also of what was answered before the owner changed their mind.

        Who only does not want a completed survey done again keeps its result.
        """
        if self.before is not None and self.before.status != "open":
            self._say("survey_not_again", [self._button("survey_result_button", "/show_survey_result")])
            return self._leave()
        if self.is_begun or self.before is not None:
            self.context.effects.append(WithdrawConsent())
        words = self.response.survey.consent_refused[self.context.language]
        self.dispatcher.utter_message(text=words, json_message={"entry": "survey_consent_refused"})
        return self._leave()

    async def _agreed(self, response: Response) -> Events:
        """What a shop told last time and hardly ever changes is not asked again."""
        note = ""
        before = await self.desk.completed()
        if before:
            response = _carry(before[0].response, response)
            note = self._words("survey_carried") if len(response.answers) > 1 else ""
        if self.before is not None and self.before.status == "open":
            self.context.effects.append(AbandonSurvey(self.before))
        self._keep(response)
        return await self._go_on(note)

    async def _go_on(self, note: str = "") -> Events:
        if next_item(self.response) is None:
            return await self._finish(note)
        return self._ask(note)

    async def _finish(self, note: str) -> Events:
        if note:
            self.dispatcher.utter_message(text=note, json_message={"entry": "survey_changed"})
        earlier = [one for one in await self.desk.completed() if one.id != self.kept.id]
        await say_result(self.dispatcher, self.context, self.desk, self.kept, earlier)
        return self._leave()

    async def _ask_trade_of(self, item: Item, group: str) -> Events:
        trades = self.context.content.trades.of_report_group(group)
        buttons = [answer_button(item, trade.button[self.context.language], trade.id) for trade in trades]
        return self._ask_back(self._words("survey_which_trade"), buttons or trade_group_buttons(self.context, item))

    async def _unread(self, item: Item | None) -> Events:
        self.context.effects.append(ForReview("unread"))
        self.unread += 1
        if self.unread > UNREAD_BEFORE_PERSON:
            self.context.effects.append(HandToPerson("not_understood"))
            hours = self.context.content.packs.province(self.context.province).sla.hours
            self._say("survey_handed" if self.is_begun else "survey_handed_unbegun", hours=hours)
            return self._leave()
        if item is None:
            return self._offer_to_resume() if self.step == "resume" else await self._start()
        offers_person = self.unread > UNREAD_BEFORE_OFFER
        if item.kind == "choice_list":
            choices = trade_group_buttons(self.context, item)
            return self._ask_back(self._words("survey_trade_unread"), self._with_person(choices, offers_person))
        lead = self._words(_UNREAD.get(item.kind, "survey_unread_text"))
        if item.options:
            count = len(options_of(self.response, item))
            lead = self.response.survey.ui["unclear"][self.context.language].format(n=count)
        return self._ask(lead, keeps_unread=True, offers_person=offers_person)


def _carry(before: Response, response: Response) -> Response:
    known = in_force(before)
    for key in _CARRIED:
        old, new = before.survey.by_key.get(key), response.survey.by_key.get(key)
        if old is None or new is None or known.get(old.id) in (None, REFUSED, NA):
            continue
        try:
            response = answered(response, new.id, known[old.id])
        except AnswerInvalid:
            continue  # the new wording has another choice: it is asked
    return response


def _value(item: Item, raw: str) -> Answer:
    if item.kind == "multi_choice":
        return [raw]
    numeric = raw.isdecimal() and any(isinstance(option.value, int) for option in item.options)
    return int(raw) if numeric else raw


def _ends_it(effect: Effect) -> bool:
    """Whether after this nobody is asked the next question: a person has it, the owner wants no more of it, or it is
    another contact's survey now."""
    if isinstance(effect, OpenDataRequest):
        return effect.kind == "erasure"
    return isinstance(effect, HandToPerson | OptOut | WithdrawConsent | JoinChannels | PartChannels)


def _another_flow_ran(tracker: Tracker) -> bool:
    """Whether the message was dealt with already, and the loop only comes back to its question."""
    own = (SURVEY_FORM, "action_listen", "action_extract_slots")
    return any(event["event"] == "action" and event["name"] not in own for event in tracker.events)
