"""The buttons below what the hotline says of a lead: whether the firm really called, whether another one may."""

from __future__ import annotations

from functools import partial
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.context import AboutOtherFirm, OwnerWasCalled, TurnContext, current
from actions.desk import Desk
from actions.replies import say_phrase
from programme import lead_owner
from programme.lead_life import LeadLife
from programme.lead_owner import OwnLead
from programme.lead_states import OPEN, LeadState


class ActionAboutLead(Action):
    """One action for all of them. A button that is pressed late, or of somebody else's lead, changes nothing."""

    def name(self) -> str:
        return "action_about_lead"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        assert context.desk is not None  # noqa: S101 - every turn of the product has one
        said = tracker.latest_message["intent"]["name"]
        raw = next((str(e["value"]) for e in tracker.latest_message.get("entities") or () if e["entity"] == "a"), "")
        number = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 12 else 0
        mine = {one.id: one for one in await _leads(context.desk)}
        lead = mine.get(number)
        if lead is None:
            say_phrase(dispatcher, context, "lead_over", offers_person=True)
        elif said in ("agree_to_other_firm", "refuse_other_firm"):
            _about_other_firm(dispatcher, context, context.desk, lead, agreed=said == "agree_to_other_firm")
        else:
            _was_called(dispatcher, context, lead, called=said == "firm_called")
        return []


def _about_other_firm(
    dispatcher: CollectingDispatcher, context: TurnContext, desk: Desk, lead: OwnLead, agreed: bool
) -> None:
    vendor = lead_owner.firm_short(context.content, lead.province, lead.vendor)
    if lead.status == LeadState.ASKING:
        accept_by = LeadLife(context.content, desk.zone).accept_by(lead.province, desk.now)
        version = context.content.phrases.other_firm_consent_version
        context.effects.append(AboutOtherFirm(lead.id, agreed, version, accept_by))
    elif not agreed or lead.status not in OPEN:
        return say_phrase(dispatcher, context, "lead_over", offers_person=True)
    say_phrase(dispatcher, context, "lead_other_firm_passed" if agreed else "lead_no_other_firm", vendor=vendor)


def _was_called(dispatcher: CollectingDispatcher, context: TurnContext, lead: OwnLead, called: bool) -> None:
    if not lead.was_asked:
        return say_phrase(dispatcher, context, "lead_over", offers_person=True)
    context.effects.append(OwnerWasCalled(lead.id, called))
    if called:
        say_phrase(dispatcher, context, "lead_called_thanks")
    else:
        say_phrase(dispatcher, context, "lead_not_called_noted", offers_person=True)


async def say_progress(dispatcher: CollectingDispatcher, context: TurnContext) -> None:
    """What has become of the owner's wishes to be called, as the firms report it; nothing where there are none."""
    if context.desk is None:
        return
    steps = [lead_owner.progress(context.content, lead, context.language) for lead in await _leads(context.desk)]
    if any(steps):
        say_phrase(dispatcher, context, "lead_progress", steps="; ".join(filter(None, steps)))


async def _leads(desk: Desk) -> list[OwnLead]:
    found: list[OwnLead] = await desk.read(partial(lead_owner.own_leads, contact_id=desk.origin.contact_id))
    return found
