"""What joining and parting channels changes in the conversations themselves, within the turn's transaction.

A moved conversation belongs to another contact's survey: a question that is open there is not that survey's, so the
loop ends. Whoever showed a code is told that it was used: nobody gets hold of somebody's channels unseen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bot import outbox
from bot.baton import Holder
from bot.survey_reading import SURVEY_FORM
from programme import links
from programme.links import Link
from programme.responses import ResponseChanged
from store.messages import Reply
from store.tables import conversation

_SLOTS_OF_SURVEY = "survey_"


def show_code(connection: Connection, conversation_id: str, code: str, now: datetime) -> None:
    """Keep the code that the turn's reply shows. Raises ResponseChanged when another must be drawn."""
    if not links.keep_code(connection, conversation_id, code, now):
        raise ResponseChanged("another conversation shows the same code")


def join(connection: Connection, conversation_id: str, wanted: Link, told: Reply, now: datetime) -> None:
    """Do what the code typed in this conversation does; `told` is said where it was shown, if the bot speaks there.

    Raises ResponseChanged when something is not as it was read: the turn runs again, and finds what is so now.
    """
    moved = links.link(connection, conversation_id, wanted, now)
    if moved is None:
        raise ResponseChanged("the code is used up, or a turn is in the way")
    _end_surveys(connection, [id_ for id_ in moved if id_ != conversation_id])
    there = connection.execute(select(conversation).filter_by(id=wanted.shown_in)).mappings().one()
    if there["holder"] == Holder.BOT:
        outbox.say(connection, there["id"], there["channel"], [told], now)


def part(connection: Connection, conversation_id: str, contact_id: int, now: datetime) -> None:
    """Give the linked conversations back. Raises ResponseChanged when a turn is in the way."""
    moved = links.unlink(connection, contact_id, now)
    if moved is None:
        raise ResponseChanged("a turn is in the way")
    _end_surveys(connection, [id_ for id_ in moved if id_ != conversation_id])


def _end_surveys(connection: Connection, conversations: list[str]) -> None:
    """Where a question of the survey is open, it is open no more; nor do its buttons' numbers count."""
    rows = select(conversation.c.id, conversation.c.dialogue_state).where(conversation.c.id.in_(conversations))
    for id_, state in connection.execute(rows).all():
        if state and state.get("loop") == SURVEY_FORM:
            ended = update(conversation).where(conversation.c.id == id_)
            connection.execute(ended.values(dialogue_state=_without_survey(state), offered=[]))


def _without_survey(state: dict[str, Any]) -> dict[str, Any]:
    slots = {name: value for name, value in state["slots"].items() if not name.startswith(_SLOTS_OF_SURVEY)}
    return {**state, "slots": slots, "loop": None, "requested_slot": None}
