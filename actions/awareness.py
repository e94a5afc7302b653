"""What somebody says who was asked whether they have heard of the programme: noted, and thanked for."""

from __future__ import annotations

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict
from sqlalchemy import Connection

from actions.context import AnswerAwareness, TurnContext, current
from actions.replies import say_phrase
from programme import awareness
from programme.awareness import Kept
from programme.awareness_question import HEARD


class ActionAnswerAwareness(Action):
    """A button that is pressed when nobody has asked, months later, or once more changes nothing and says so."""

    def name(self) -> str:
        return "action_answer_awareness"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        context = current()
        entities = tracker.latest_message.get("entities") or ()
        pressed = next((str(e["value"]) for e in entities if e["entity"] == "heard"), None)
        said = next((one for one in HEARD if one == pressed), None)
        kept = await _foreseen(context)
        if said is None or kept is not Kept.NOTED:
            say_phrase(dispatcher, context, "awareness_before" if said and kept is Kept.BEFORE else "awareness_over")
            return []
        context.effects.append(AnswerAwareness(said))
        say_phrase(dispatcher, context, "awareness_thanks" if said == "yes" else "awareness_thanks_new")
        return []


async def _foreseen(context: TurnContext) -> Kept:
    desk, question = context.desk, context.content.awareness
    if desk is None:
        return Kept.OVER

    def read(connection: Connection) -> Kept:
        asked = awareness.newest_of(connection, desk.origin.contact_id)
        return awareness.foreseen(connection, question, asked, desk.now)

    found: Kept = await desk.read(read)
    return found
