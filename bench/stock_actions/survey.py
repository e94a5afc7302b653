"""The survey's own action behind a stock Rasa server: the same engine and the same words, without a database.

rasa-sdk registers subclasses after their parents, so this one takes the place of the product's.
"""

from __future__ import annotations

import copy
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.context import TurnContext, enter
from actions.survey import ValidateSurvey
from bench.stock_actions.memory import Memories, Memory, MemoryDesk
from programme.content import load_content
from programme.responses import Kept, Origin
from store.clock import Clock

PROVINCE, CHANNEL = "thai-nguyen", "rest"
_content, _clock, _memories = load_content(), Clock(), Memories()


class StockValidateSurvey(ValidateSurvey):
    """Gives the real action what the product's turn gives it, and keeps what it asks to be kept."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        memory = _memories.of(tracker.sender_id)
        context = _context(tracker, memory)
        enter(context)
        events = await super().run(dispatcher, _of_this_turn(tracker), domain)
        memory.apply(context.effects, _clock.now())
        return events


def _context(tracker: Tracker, memory: Memory) -> TurnContext:
    said = tracker.latest_message.get("text") or ""
    desk = MemoryDesk(
        _read_nothing, _content.surveys, Origin(0, CHANNEL, PROVINCE), _clock.now(), _clock.timezone, memory=memory
    )
    text = "" if said.startswith("/") else said
    return TurnContext(PROVINCE, _clock.today(), _content, text, desk=desk)


async def _read_nothing(_: object) -> Kept | None:
    raise LookupError("the stock action server has no database")


def _of_this_turn(tracker: Tracker) -> Tracker:
    """The tracker with the events since the owner's last message, which is what the product's service sends.

    The stock server sends the whole conversation, in which another flow has always run at some time.
    """
    said = [place for place, event in enumerate(tracker.events) if event["event"] == "user"]
    recent = copy.copy(tracker)
    recent.events = tracker.events[said[-1] :] if said else tracker.events
    return recent
