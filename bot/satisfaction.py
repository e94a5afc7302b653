"""How satisfied the owner was with the person who answered: asked once, when a person has closed the matter.

The idempotency story: the question is said in the transaction that closes, and `csat_asked_at` says that it was; an
answer is a value of the same row, so that a turn that is run again can only repeat it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, select, update

from bot import outbox
from bot.officer_voice import OfficerVoice, may_be_said
from programme.bulk_gate import may_be_reached
from store.tables import escalation

# So long after the first answer the owner may think better of it.
MAY_CHANGE = timedelta(hours=24)


def ask(connection: Connection, known: RowMapping, escalation_id: int, voice: OfficerVoice, now: datetime) -> bool:
    """Ask the owner of the conversation `known`, unless that was done, the law of unasked messages is against it
    (bulk_gate.py: they want none, or it is night), or the message would not reach them at once and for nothing. Whether
    it was asked.
    """
    if not may_be_said(known, now):
        return False
    about = known["contact_id"], known["channel"]
    if may_be_reached(connection, voice.law, *about, now, voice.timezone).decision != "send":
        return False
    first = update(escalation).where(escalation.c.id == escalation_id, escalation.c.csat_asked_at.is_(None))
    if not connection.execute(first.values(csat_asked_at=now)).rowcount:
        return False
    question = voice.rating(known["language"] or "vi")
    offered = outbox.offered_by([question])
    outbox.say(connection, known["id"], known["channel"], [question], now, offered=offered)
    return True


def rate(connection: Connection, conversation_id: str, score: str, now: datetime) -> bool:
    """Note what the owner answered to the last question; whether it counts. Later than MAY_CHANGE it does not."""
    asked = (
        select(escalation.c.id, escalation.c.csat_at)
        .where(escalation.c.conversation_id == conversation_id, escalation.c.csat_asked_at.is_not(None))
        .order_by(escalation.c.id.desc())
        .limit(1)
    )
    row = connection.execute(asked).first()
    if row is None or (row.csat_at is not None and now - row.csat_at >= MAY_CHANGE):
        return False
    values = {"csat": score, "csat_at": row.csat_at or now}
    connection.execute(update(escalation).filter_by(id=row.id).values(values))
    return True
