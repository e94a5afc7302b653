"""One person on several channels: a code is shown here and typed there; "hủy liên kết" undoes it.

What a code does is read here for the answer, and checked again when the turn is written (bot/linking.py).
"""

from __future__ import annotations

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict
from sqlalchemy import Connection

from actions.context import JoinChannels, PartChannels, ShowLinkCode, TurnContext, WrongLinkCode, current
from actions.desk import Desk
from actions.replies import button, say_phrase
from programme import links, responses
from programme.links import Link, Refusal
from programme.responses import Kept
from programme.survey.response import left
from store.messages import Reply

CODE = "code"


class ActionShowLinkCode(Action):
    """Shows a new code, to be typed on the other channel; the one before it counts no more."""

    def name(self) -> str:
        return "action_show_link_code"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context, code = current(), links.new_code()
        context.effects.append(ShowLinkCode(code))
        say_phrase(dispatcher, context, "link_code", code=f"LK{code}", minutes=_minutes())
        return []


class ActionUseLinkCode(Action):
    """Joins the conversation where the code was shown, and offers to go on with the survey begun there."""

    def name(self) -> str:
        return "action_use_link_code"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        desk, code = _desk(context), _code(tracker)
        here = str(desk.origin.conversation_id)
        found = await desk.read(lambda c: links.find_link(c, here, code, desk.now))
        if isinstance(found, Refusal):
            if found is Refusal.WRONG:
                context.effects.append(WrongLinkCode())
            say_phrase(
                dispatcher, context, f"link_{found}", offers_person=found is Refusal.TOO_MANY, minutes=_minutes()
            )
            return []
        told = _words(context, "link_told", channel=_channel(context, desk.origin.channel))
        context.effects.append(JoinChannels(found, Reply(told, entry="link_told")))
        say_phrase(dispatcher, context, "link_done", channel=_channel(context, found.channel))
        await _offer_survey(dispatcher, context, desk, found)
        return []


class ActionPartChannels(Action):
    """Gives every linked conversation back to the contact it had, and says where the work done meanwhile stays."""

    def name(self) -> str:
        return "action_part_channels"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        desk = _desk(context)
        home = await desk.read(lambda c: links.home_channel(c, desk.origin.contact_id))
        if home is None:
            say_phrase(dispatcher, context, "link_none")
            return []
        context.effects.append(PartChannels())
        say_phrase(dispatcher, context, "link_undone", channel=_channel(context, home))
        return []


async def _offer_survey(dispatcher: CollectingDispatcher, context: TurnContext, desk: Desk, link: Link) -> None:
    """What is under way with the contact that stays; of two surveys the other one is mentioned."""

    def under_way(connection: Connection) -> tuple[Kept | None, Kept | None]:
        stays, goes = (responses.find_open(connection, desk.surveys, one) for one in (link.keeps, link.leaves))
        return stays, goes

    stays, goes = await desk.read(under_way)
    if goes is not None:
        say_phrase(dispatcher, context, "link_other_survey")
    if stays is not None:
        choices = [
            button(context, "survey_resume_button", "/resume_survey"),
            button(context, "survey_later_button", "/pause_survey"),
        ]
        say_phrase(dispatcher, context, "survey_resume", choices, left=left(stays.response))


def _desk(context: TurnContext) -> Desk:
    assert context.desk is not None  # noqa: S101 - every turn of the product has one
    return context.desk


def _code(tracker: Tracker) -> str:
    entities = tracker.latest_message.get("entities") or ()
    return next((str(one["value"]) for one in entities if one["entity"] == CODE), "")


def _channel(context: TurnContext, channel: str) -> str:
    """How a channel is called in a sentence; one that owners do not know by a name is "the other channel"."""
    known = f"channel_{channel}"
    return _words(context, known if known in context.content.phrases.texts else "channel_other")


def _words(context: TurnContext, phrase: str, **values: object) -> str:
    return context.content.phrases.say(phrase, context.language, **values)


def _minutes() -> int:
    return int(links.CODE_LIFE.total_seconds() // 60)
