"""What people of a sample say to the question of awareness: whose question it is, and the one answer of each.

The first answer counts; for an hour it may be corrected, later not: who was asked has heard of the programme by the
question. One row per recipient (unique), so that whatever is repeated changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, Select, func, select, update

from programme.awareness_question import AwarenessQuestion, Heard
from programme.links import person
from store.campaign_tables import awareness_answer, campaign, campaign_run, recipient
from store.database import insert_if_new
from store.kpi_tables import awareness_round

_ASKED: Select[Any] = (
    select(
        recipient.c.id,
        recipient.c.run_id,
        recipient.c.variant,
        campaign.c.variants,
        func.coalesce(recipient.c.tried_at, campaign_run.c.due_at).label("at"),
    )
    .join(campaign_run, campaign_run.c.id == recipient.c.run_id)
    .join(campaign, campaign.c.id == campaign_run.c.campaign_id)
    .join(awareness_round, awareness_round.c.campaign_id == campaign.c.id)
)


class Kept(StrEnum):
    """What became of an answer."""

    NOTED = "noted"
    BEFORE = "before"  # they had answered, and that answer stays
    OVER = "over"  # too late, or nobody has asked


def asked_of(connection: Connection, recipient_id: int) -> Row[Any] | None:
    """The question that this row of the ledger is; None: it is another message."""
    return connection.execute(_ASKED.where(recipient.c.id == recipient_id)).first()


def said_in(asked: Row[Any], language: str) -> Mapping[str, Any]:
    """The words of a question as they were approved: `text`, and `buttons` for yes and no."""
    own: Mapping[str, Any] = next(one for one in asked.variants if str(one["id"]) == asked.variant)
    said: Mapping[str, Any] = own["chat"][language]
    return said


def newest_of(connection: Connection, contact_id: int) -> int | None:
    """The row of the ledger of the newest question that this person was asked, on whatever channel."""
    theirs = recipient.c.contact_id.in_(person(connection, contact_id)), recipient.c.tried_at.is_not(None)
    row = connection.execute(_ASKED.where(*theirs).order_by(recipient.c.id.desc()).limit(1)).first()
    return None if row is None else int(row.id)


def foreseen(connection: Connection, question: AwarenessQuestion, recipient_id: int | None, now: datetime) -> Kept:
    """What would become of an answer that differs from the one before. Writes nothing."""
    asked = None if recipient_id is None else asked_of(connection, recipient_id)
    if asked is None or now - asked.at >= question.answer_within:
        return Kept.OVER
    first = connection.scalar(select(awareness_answer.c.at).filter_by(recipient_id=asked.id))
    return Kept.NOTED if first is None or first > now - question.correct_within else Kept.BEFORE


def answer(
    connection: Connection,
    question: AwarenessQuestion,
    recipient_id: int | None,
    said: Heard,
    channel: str,
    now: datetime,
) -> Kept:
    """Note the answer of a recipient."""
    asked = None if recipient_id is None else asked_of(connection, recipient_id)
    if asked is None or now - asked.at >= question.answer_within:
        return Kept.OVER
    row = {"run_id": asked.run_id, "recipient_id": asked.id, "answer": said, "channel": channel, "at": now}
    if insert_if_new(connection, awareness_answer, row) is not None:
        return Kept.NOTED
    first = awareness_answer.c.recipient_id == asked.id, awareness_answer.c.at > now - question.correct_within
    corrected = connection.execute(update(awareness_answer).where(*first).values(answer=said))
    return Kept.NOTED if corrected.rowcount else Kept.BEFORE


def answer_of(
    connection: Connection, question: AwarenessQuestion, conversation: RowMapping, said: Heard, now: datetime
) -> Kept:
    """Note what somebody said in a conversation (its row)."""
    asked = newest_of(connection, conversation["contact_id"])
    return answer(connection, question, asked, said, conversation["channel"], now)
