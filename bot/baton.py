"""Who owns a conversation: the bot, or the queue of people. The only code that changes `conversation.holder`.

Handing over and back are state changes inside the caller's transaction; what is said about them is the dialogue's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, func, insert, select, update

from store.database import insert_returning_id
from store.tables import conversation, escalation, inbound


class Holder(StrEnum):
    """Exactly one of them owns a conversation."""

    BOT = "bot"
    QUEUE = "queue"


class Reason(StrEnum):
    """Why a person is needed."""

    ASKED = "asked_for_person"
    BOT_UNAVAILABLE = "bot_unavailable"
    STATE_UNREADABLE = "state_unreadable"


class NotEscalated(LookupError):
    """There is no open escalation with this number: it was returned already, or never was."""


# The dialogue's own event, so that it neither resumes in the middle of a question nor hands over again at once.
PERSON_FINISHED = "/event_person_finished"


def escalate(connection: Connection, conversation_id: str, reason: Reason, now: datetime, due_hours: int) -> int:
    """Give the conversation to the queue; returns the escalation's number. Again while it waits: the same number."""
    already = connection.scalar(_open_number(conversation_id))
    if already is not None:
        return int(already)
    # a turn that is under way finds another version and has no effect
    taken = {"holder": Holder.QUEUE, "version": conversation.c.version + 1}
    connection.execute(update(conversation).where(conversation.c.id == conversation_id).values(taken))
    return insert_returning_id(
        connection,
        escalation,
        {
            "conversation_id": conversation_id,
            "reason": reason,
            "status": "open",
            "opened_at": now,
            "due_at": now + timedelta(hours=due_hours),
        },
    )


def return_to_bot(connection: Connection, escalation_id: int, now: datetime) -> str:
    """A person has finished: the bot holds again and is told so by an event. Returns the conversation's id.

    The event's id is made from the escalation's, so returning twice tells the bot once. Raises NotEscalated.
    """
    row = connection.execute(
        update(escalation)
        .where(escalation.c.id == escalation_id, escalation.c.status == "open")
        .values(status="returned", closed_at=now)
        .returning(escalation.c.conversation_id, escalation.c.reason)
    ).first()
    if row is None:
        raise NotEscalated(escalation_id)
    values = {
        "holder": Holder.BOT,
        "version": conversation.c.version + 1,
        "last_seq": conversation.c.last_seq + 1,
    }
    if row.reason == Reason.STATE_UNREADABLE:
        values["dialogue_state"] = None  # a person has dealt with it; only now may the dialogue begin anew
    changed = connection.execute(
        update(conversation)
        .where(conversation.c.id == row.conversation_id)
        .values(**values, wake_at=func.coalesce(conversation.c.wake_at, now))
        .returning(conversation.c.last_seq, conversation.c.channel)
    ).one()
    connection.execute(
        insert(inbound).values(
            conversation_id=row.conversation_id,
            seq=changed.last_seq,
            channel=changed.channel,
            provider_message_id=f"person-finished-{escalation_id}",
            kind="event",
            text="",
            payload=PERSON_FINISHED,
            status="pending",
            attempts=0,
            received_at=now,
        )
    )
    return str(row.conversation_id)


def _open_number(conversation_id: str):  # type: ignore[no-untyped-def]
    return select(escalation.c.id).where(escalation.c.conversation_id == conversation_id, escalation.c.status == "open")
