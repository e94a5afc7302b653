"""What an owner may ask about their own data: to see it, to have it erased, to hear nothing more. These are acts.

An act that the words refuse, or only ask about, is not done: the intent alone does not tell (programme/acts_said.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import (
    MessagesAgain,
    OpenDataRequest,
    OptOut,
    TakeBackDataRequest,
    TurnContext,
    WithdrawConsent,
    current,
)
from actions.replies import NOTHING, say, say_phrase
from programme.acts_said import (
    DataKind,
    Said,
    erasure_wanted_too,
    said_about_data,
    said_about_opt_out,
    wants_messages_again,
)

_KIND: Mapping[str, DataKind] = {"my_data": "access", "delete_data": "erasure"}


class ActionDataRequest(Action):
    """Opens the request with the law's deadlines and says by when it is acknowledged, or takes it back."""

    def name(self) -> str:
        return "action_data_request"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        act_on_data(dispatcher, current(), tracker.latest_message["intent"]["name"])
        return []


class ActionOptOut(Action):
    """Stops everything the owner did not ask for, at once, and confirms it (Decree 91/2020/NĐ-CP, article 16)."""

    def name(self) -> str:
        return "action_opt_out"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        act_on_opt_out(dispatcher, current())
        return []


class ActionWithdrawConsent(Action):
    """Ends the owner's consent and what was kept on its ground, at once; an erasure asked for with it is opened."""

    def name(self) -> str:
        return "action_withdraw_consent"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        context.effects.append(WithdrawConsent())
        say_phrase(dispatcher, context, "consent_withdrawn")
        if erasure_wanted_too(context.text):
            _open(dispatcher, context, "delete_data")
        return []


def act_on_data(dispatcher: CollectingDispatcher, context: TurnContext, intent: str) -> None:
    """Do what the words want about the owner's data: my_data | delete_data."""
    kind = _KIND[intent]
    match said_about_data(context.text, kind):
        case Said.REFUSED:
            context.effects.append(TakeBackDataRequest(kind))
            say_phrase(dispatcher, context, f"{kind}_refused")
        case Said.ASKED_ABOUT:
            say_phrase(dispatcher, context, f"{kind}_asked_about", offers_person=True)
        case Said.WANTED:
            _open(dispatcher, context, intent)


def act_on_opt_out(dispatcher: CollectingDispatcher, context: TurnContext) -> None:
    """Do what the words want about messages that nobody asked for."""
    if wants_messages_again(context.text):
        context.effects.append(MessagesAgain())
        say_phrase(dispatcher, context, "messages_again")
    elif said_about_opt_out(context.text) is not Said.WANTED:
        say_phrase(dispatcher, context, "opt_out_unchanged")
    else:
        context.effects.append(OptOut())
        _say(dispatcher, context, "opt_out")


def _open(dispatcher: CollectingDispatcher, context: TurnContext, intent: str) -> None:
    law, kind = context.content.deadlines, _KIND[intent]
    request = OpenDataRequest(kind, law.acknowledge_by(context.today), law.due_on(kind, context.today))
    context.effects.append(request)
    _say(dispatcher, context, intent, {"date": f"{request.acknowledge_by:%d/%m/%Y}"})


def _say(
    dispatcher: CollectingDispatcher, context: TurnContext, entry: str, variables: Mapping[str, str] = NOTHING
) -> None:
    say(
        dispatcher, context, context.content.answers.get(entry, context.province, context.today), variables, is_act=True
    )
