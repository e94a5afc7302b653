"""The questions of a message, one or two: from the packs, or who helps the shops of a commune."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.answer import say_answer_to
from actions.context import LivesIn, TurnContext, current
from actions.domain_check import say_verdict_if_told
from actions.domain_status import say_status_if_told
from actions.leads import say_progress
from actions.person import act_on_person
from actions.personal_data import act_on_data, act_on_opt_out
from actions.places import mentions_in
from actions.replies import say
from actions.vendor import say_vendor
from programme.answers import Answer
from programme.domain_names import Applicant

# What the pipeline found beside the main intent when a message wants several things (nlu/components/parts.py).
MORE_INTENTS = "more_intents"
INFORM_COMMUNE, ASK_VENDOR = "inform_commune", "ask_vendor"  # answered by the commune look-up, not by an entry
DATA_ACTS = ("my_data", "delete_data")
ABOUT_DOMAINS = "ask_domain"
# Questions about who qualifies, and whom each is about.
WHO_QUALIFIES: Mapping[str, Applicant] = {"ask_domain_company": "company", "ask_domain_id_vn": "citizen"}
# Whoever may be about to be robbed hears nothing else.
URGENT = ("ask_scam_check", "ask_scam_otp", "ask_scam_lost_money")


class ActionAnswer(Action):
    """Says the entry for the intent of the latest message, from the pack of the province that it asks about."""

    def name(self) -> str:
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, intent = current(), str(tracker.latest_message["intent"]["name"])
        urgent = next((one for one in (intent, *_more(tracker)) if one in URGENT), None)
        if intent.startswith(ABOUT_DOMAINS) and say_status_if_told(dispatcher, context):
            return []
        told = intent.startswith(ABOUT_DOMAINS) and say_verdict_if_told(
            dispatcher, context, tracker, WHO_QUALIFIES.get(intent)
        )
        if not told:
            say_answer_to(dispatcher, context, tracker, urgent or intent)
        return [] if urgent else await _say_more(dispatcher, context, tracker)


class ActionVendorOfCommune(Action):
    """Answers with the vendor, and remembers the commune once it is settled."""

    def name(self) -> str:
        return "action_vendor_of_commune"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, intent = current(), tracker.latest_message["intent"]["name"]
        # who helps a place that is named is looked up; which places a company helps is an entry
        looked_up = intent == ASK_VENDOR and mentions_in(tracker)
        search = context.content.search
        finer = None if looked_up else search.refining(intent, context.text, context.province, context.today)
        if finer is not None:  # "phường Bắc Kạn ưu đãi 2% là sao"
            say(dispatcher, context, finer.answer)
            return await _say_more(dispatcher, context, tracker)
        if intent == INFORM_COMMUNE:
            _remember_province(context, tracker)
        events = say_vendor(dispatcher, context, tracker)
        if not mentions_in(tracker):  # about the owner's own shop
            await say_progress(dispatcher, context)
        return [*events, *await _say_more(dispatcher, context, tracker)]


def _remember_province(context: TurnContext, tracker: Tracker) -> None:
    """Whoever says where they are is answered from there from now on; a question about elsewhere changes nothing."""
    communes = context.content.communes
    province = communes.province_asked_about(mentions_in(tracker), context.text, context.province)
    if province != context.province and context.text:
        context.effects.append(LivesIn(province))


def _more(tracker: Tracker) -> Sequence[str]:
    return tracker.latest_message.get(MORE_INTENTS) or ()


async def _say_more(dispatcher: CollectingDispatcher, context: TurnContext, tracker: Tracker) -> list[dict[str, Any]]:
    """Answer what else the message asked, then do what else it wanted."""
    events: list[dict[str, Any]] = []
    for intent in _more(tracker):
        if intent == ASK_VENDOR:
            events += say_vendor(dispatcher, context, tracker)
        elif intent in DATA_ACTS:
            await act_on_data(dispatcher, context, intent)
        elif intent == "opt_out":
            act_on_opt_out(dispatcher, context)
        elif intent == "request_person":
            act_on_person(dispatcher, context, intent)
        elif isinstance(context.content.answers.find(intent, context.province, context.today), Answer):
            also = context.content.phrases.say("also_asked", context.language)
            say_answer_to(dispatcher, context, tracker, intent, before=also)
    return events
