"""What an owner may ask about their own data: to see it, to have it erased, to hear nothing more. These are acts.

An act that the words refuse, or only ask about, is not done: the intent alone does not tell (programme/acts_said.py).
To see and to erase need a proof (programme/identity_proof.py), and an erasure the owner's last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import (
    ConfirmErasure,
    GiveCopy,
    LetOfficerCheck,
    MessagesAgain,
    OpenDataRequest,
    OptOut,
    TakeBackDataRequest,
    TryProof,
    TurnContext,
    WithdrawConsent,
    current,
)
from actions.desk import Desk
from actions.replies import NOTHING, button, say, say_phrase
from programme.acts_said import (
    DataKind,
    Said,
    erasure_wanted_too,
    matter_withdrawn,
    said_about_data,
    said_about_opt_out,
    wants_messages_again,
)
from programme.data_copy import under_way
from programme.data_links import COPY_HOURS, copy_address, new_token
from programme.identity_proof import MOST_WRONG, Asked, Standing, is_proof, standing

_KIND: Mapping[str, DataKind] = {"my_data": "access", "delete_data": "erasure"}
PROOF, CONFIRM = "proof", "confirm"
BY = "by"


class ActionDataRequest(Action):
    """Opens the request with the law's deadlines and says by when it is acknowledged, or takes it back."""

    def name(self) -> str:
        return "action_data_request"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        await act_on_data(dispatcher, current(), tracker.latest_message["intent"]["name"])
        return []


class ActionProveIdentity(Action):
    """Compares what the owner said with what is kept, and goes on with whatever waited for it."""

    def name(self) -> str:
        return "action_prove_identity"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        desk, asked = _desk(context), _by(tracker)
        known = await _standing(desk)
        waiting = known.waiting(PROOF)
        if not waiting:
            say_phrase(dispatcher, context, "erasure_nothing_waits")
            return []
        if known.asked is Asked.OFFICER:  # too many wrong ones meanwhile
            context.effects.append(LetOfficerCheck())
            say_phrase(dispatcher, context, "proof_officer", offers_person=True)
            return []
        contact_id = desk.origin.contact_id
        is_right = await desk.read(lambda c: is_proof(c, desk.surveys, contact_id, asked, context.text))
        context.effects.append(TryProof(asked, is_right))
        if is_right:
            await _go_on(dispatcher, context, desk, waiting)
        elif max(known.opened[kind]["wrong_proofs"] for kind in waiting) + 1 >= MOST_WRONG:
            say_phrase(dispatcher, context, "proof_officer", offers_person=True)
        else:
            say_phrase(dispatcher, context, "proof_wrong", _proof_buttons(context, asked))
        return []


class ActionLetOfficerCheck(Action):
    """The owner cannot say it."""

    def name(self) -> str:
        return "action_let_officer_check"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        context.effects.append(LetOfficerCheck())
        say_phrase(dispatcher, context, "proof_officer", offers_person=True)
        return []


class ActionConfirmErasure(Action):
    """The last word: it is erased by the scheduler, as soon as this was delivered."""

    def name(self) -> str:
        return "action_confirm_erasure"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        known = await _standing(_desk(context))
        if not known.waiting(CONFIRM):
            say_phrase(dispatcher, context, "erasure_nothing_waits")
            return []
        context.effects.append(ConfirmErasure())
        say_phrase(dispatcher, context, "erasure_begun")
        return []


class ActionKeepMyData(Action):
    """The last word is no."""

    def name(self) -> str:
        return "action_keep_my_data"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        context.effects.append(TakeBackDataRequest("erasure"))
        say_phrase(dispatcher, context, "erasure_refused")
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
        matter = matter_withdrawn(context.text)
        context.effects.append(WithdrawConsent(matter))
        say_phrase(dispatcher, context, f"consent_withdrawn_{matter}" if matter else "consent_withdrawn")
        if erasure_wanted_too(context.text):
            await _open(dispatcher, context, "delete_data")
        return []


async def act_on_data(dispatcher: CollectingDispatcher, context: TurnContext, intent: str) -> None:
    """Do what the words want about the owner's data: my_data | delete_data."""
    kind = _KIND[intent]
    match said_about_data(context.text, kind):
        case Said.REFUSED:
            context.effects.append(TakeBackDataRequest(kind))
            say_phrase(dispatcher, context, f"{kind}_refused")
        case Said.ASKED_ABOUT:
            say_phrase(dispatcher, context, f"{kind}_asked_about", offers_person=True)
        case Said.WANTED:
            await _open(dispatcher, context, intent)


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


async def _open(dispatcher: CollectingDispatcher, context: TurnContext, intent: str) -> None:
    """What comes of it depends on what is kept: a proof is asked, an officer checks, or it is done at once."""
    law, kind = context.content.deadlines, _KIND[intent]
    days = law.acknowledge_by(context.today), law.due_on(kind, context.today)
    desk = _desk(context)
    known = await _standing(desk)
    row = known.opened.get(kind)
    told = row["acknowledge_by"] if row else days[0]
    _say(dispatcher, context, intent, {"date": f"{told:%d/%m/%Y}"})
    asked, is_proved = known.asked, row is not None and row["identity"] is not None
    if asked is Asked.NOTHING and row is None:
        stage = CONFIRM if kind == "erasure" else "officer"
        context.effects.append(OpenDataRequest(kind, *days, stage, str(asked), is_acknowledged=True))
        await _go_on(dispatcher, context, desk, [kind])
        return
    if row is None:
        stage = "officer" if asked is Asked.OFFICER else PROOF
        context.effects.append(OpenDataRequest(kind, *days, stage, is_acknowledged=True))
    elif is_proved and row["stage"] in (CONFIRM, "officer"):
        if row["stage"] == CONFIRM:
            await _go_on(dispatcher, context, desk, [kind])
        return
    elif row["stage"] == "erasing":
        return
    elif row["stage"] == "officer":
        asked = Asked.OFFICER
    if asked is Asked.OFFICER:
        say_phrase(dispatcher, context, "proof_officer", offers_person=True)
    else:
        say_phrase(dispatcher, context, f"proof_{asked}", _proof_buttons(context, asked))


async def _go_on(dispatcher: CollectingDispatcher, context: TurnContext, desk: Desk, kinds: list[str]) -> None:
    """It is them: the copy is given, and before an erasure the last word is asked, with what goes and what stays."""
    if "access" in kinds:
        token = new_token()
        context.effects.append(GiveCopy(token))
        say_phrase(dispatcher, context, "data_copy", address=copy_address(desk.address, token), hours=COPY_HOURS)
    if "erasure" in kinds:
        contact_id = desk.origin.contact_id
        counts = await desk.read(lambda c: under_way(c, contact_id))
        phrases, language = context.content.phrases, context.language
        stops = "".join(phrases.say(f"under_way_{what}", language) for what, count in counts.items() if count)
        choices = [
            button(context, "erase_button", "/confirm_erasure"),
            button(context, "keep_data_button", "/keep_my_data"),
        ]
        say_phrase(dispatcher, context, "erasure_confirm", choices, under_way=stops)


def _proof_buttons(context: TurnContext, asked: Asked) -> list[dict[str, str]]:
    """The way out also tells the next message what was asked (bot/reading.py)."""
    return [button(context, "officer_checks_button", f'/let_officer_check{{"{BY}":"{asked}"}}')]


async def _standing(desk: Desk) -> Standing:
    origin = desk.origin
    known: Standing = await desk.read(lambda c: standing(c, desk.surveys, origin.contact_id, origin.channel, desk.now))
    return known


def _desk(context: TurnContext) -> Desk:
    assert context.desk is not None  # noqa: S101 - every turn of the product has one
    return context.desk


def _by(tracker: Tracker) -> Asked:
    entities = tracker.latest_message.get("entities") or ()
    named = next((str(one["value"]) for one in entities if one["entity"] == BY), "")
    return Asked(named) if named in (Asked.PHONE, Asked.SHOP) else Asked.PHONE


def _say(
    dispatcher: CollectingDispatcher, context: TurnContext, entry: str, variables: Mapping[str, str] = NOTHING
) -> None:
    say(
        dispatcher, context, context.content.answers.get(entry, context.province, context.today), variables, is_act=True
    )
