"""The statements that everything else waits for, in one place, with why they are as they are.

`conversation.wake_at` is queue and lease in one column: null = nothing to do; past = a worker may take it;
future = a worker has it until then, or its retry is due then. A worker that dies simply does not renew: the time
passes and another takes over. Taking a conversation is only an economy; that nothing is done twice rests on
`conversation.version`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, literal, null, or_, select, union_all, update

from store.backlog import UNDELIVERED
from store.tables import conversation, inbound, outbound

MOST_IN_A_BURST = 8

# Statements of the hot path are built once: building costs more than running them.
_DUE = (
    select(conversation.c.id)
    .where(conversation.c.wake_at <= bindparam("now"))
    .order_by(conversation.c.wake_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(conversation)
    .where(conversation.c.id.in_(_DUE))
    .values(wake_at=bindparam("until"))
    .returning(conversation.c.id)
)
_TO_SEND = (
    select(conversation.c.id)
    .where(conversation.c.send_at <= bindparam("now"))
    .order_by(conversation.c.send_bulk, conversation.c.send_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_CLAIM_SENDING = (
    update(conversation)
    .where(conversation.c.id.in_(_TO_SEND))
    .values(send_at=bindparam("until"))
    .returning(conversation.c.id)
)
_NEXT_DELIVERY = select(func.min(conversation.c.send_at)).where(conversation.c.send_at.is_not(None))
# Uncertain for good (decide_at null) stands in nobody's way
_UNDELIVERED = (
    select(outbound)
    .where(
        outbound.c.conversation_id == bindparam("conversation"),
        UNDELIVERED,
        or_(outbound.c.status != "uncertain", outbound.c.decide_at.is_not(None)),
    )
    .order_by(outbound.c.seq)
)
_NEXT_WAKE = select(func.min(conversation.c.wake_at))
_FIRST_PENDING = (
    select(inbound)
    .where(inbound.c.conversation_id == bindparam("conversation"), inbound.c.status == "pending")
    .order_by(inbound.c.seq)
    .limit(1)
)
_NEXT_PENDING = (
    select(inbound)
    .where(
        inbound.c.conversation_id == bindparam("conversation"),
        inbound.c.seq > bindparam("after"),
        inbound.c.status == "pending",
    )
    .order_by(inbound.c.seq)
    .limit(MOST_IN_A_BURST)
)
_LAST_READING = (
    select(inbound.c.reading)
    .where(
        inbound.c.conversation_id == bindparam("conversation"),
        inbound.c.seq < bindparam("before"),
        inbound.c.kind == "message",
        inbound.c.payload.is_(None),
    )
    .order_by(inbound.c.seq.desc())
    .limit(1)
)
_SAID_IN = select(
    inbound.c.seq,
    literal("owner").label("sender"),
    inbound.c.text,
    inbound.c.payload,
    null().label("reply"),
    inbound.c.provider_message_id.label("message_id"),
    inbound.c.received_at.label("at"),
).where(
    inbound.c.conversation_id == bindparam("conversation"),
    inbound.c.seq > bindparam("after"),
    inbound.c.kind == "message",
)
_SAID_OUT = select(
    outbound.c.seq,
    outbound.c.sender,
    null().label("text"),
    null().label("payload"),
    outbound.c.reply,
    null().label("message_id"),
    outbound.c.created_at.label("at"),
).where(outbound.c.conversation_id == bindparam("conversation"), outbound.c.seq > bindparam("after"))
# outbound first: the columns of a union have the types of its first part, and `reply` is JSON
_BOTH = union_all(_SAID_OUT, _SAID_IN).subquery()
_NEWEST = select(_BOTH).order_by(_BOTH.c.seq.desc()).limit(bindparam("limit"))
_NEXT = select(_BOTH).order_by(_BOTH.c.seq).limit(bindparam("limit"))


def claim_conversations(connection: Connection, now: datetime, until: datetime, limit: int) -> list[str]:
    """Take up to `limit` conversations whose time has come, the longest waiting first, until `until`.

    Reads ix_conversation_wake_at from its start and stops after `limit` rows: cost does not grow with the number of
    conversations. SKIP LOCKED lets workers on PostgreSQL pass by each other; SQLite has one writer at a time anyway.
    """
    return list(connection.scalars(_CLAIM, {"now": now, "until": until, "limit": limit}))


def claim_deliveries(connection: Connection, now: datetime, until: datetime, limit: int) -> list[str]:
    """The same for `conversation.send_at`: what has messages to send, replies before bulk.

    ix_conversation_send holds only conversations with something to send.
    """
    return list(connection.scalars(_CLAIM_SENDING, {"now": now, "until": until, "limit": limit}))


def next_delivery(connection: Connection) -> datetime | None:
    """When the next delivery is due."""
    due: datetime | None = connection.scalar(_NEXT_DELIVERY)
    return due


def undelivered(connection: Connection, conversation_id: str) -> list[RowMapping]:
    """The messages of the conversation that still have to go out or to be decided, in order."""
    return list(connection.execute(_UNDELIVERED, {"conversation": conversation_id}).mappings())


def next_wake(connection: Connection) -> datetime | None:
    """When the next conversation is due; the same index, one row."""
    due: datetime | None = connection.scalar(_NEXT_WAKE)
    return due


def first_pending(connection: Connection, conversation_id: str) -> RowMapping | None:
    """The oldest message of a conversation that is not done; ix_inbound_pending holds only such rows."""
    return connection.execute(_FIRST_PENDING, {"conversation": conversation_id}).mappings().first()


def pending_behind(connection: Connection, message: RowMapping) -> list[RowMapping]:
    """The next few pending messages of the conversation behind `message`, in order."""
    values = {"conversation": message["conversation_id"], "after": message["seq"]}
    return list(connection.execute(_NEXT_PENDING, values).mappings())


def last_reading(connection: Connection, conversation_id: str, before: int) -> dict[str, Any] | None:
    """How the newest written message before the number `before` was read."""
    values = {"conversation": conversation_id, "before": before}
    reading: dict[str, Any] | None = connection.scalar(_LAST_READING, values)
    return reading


def thread(connection: Connection, conversation_id: str, after: int, limit: int) -> list[RowMapping]:
    """What both sides said, by number: columns seq, sender, text, payload, reply, message_id, at.

    With `after` = 0 the newest `limit` messages, else the first `limit` after it. Both halves read the unique index
    on (conversation_id, seq).
    """
    statement = _NEWEST if after == 0 else _NEXT
    values = {"conversation": conversation_id, "after": after, "limit": limit}
    return sorted(connection.execute(statement, values).mappings(), key=lambda row: row["seq"])
