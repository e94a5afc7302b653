"""The durable outbox: replies are rows, written in the transaction of the turn that caused them.

The channels of this step (web chat, terminal) fetch their rows themselves, so a row is the delivery; nothing is pushed
and nothing can be sent twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, update

from store.messages import Reply
from store.tables import conversation, outbound


def append(
    connection: Connection,
    conversation_id: str,
    replies: Sequence[Reply],
    now: datetime,
    in_reply_to: int | None = None,
    sender: str = "bot",
) -> None:
    """Add `replies` in order. What the last one offers is remembered, so that "2" can be read as its second button."""
    if not replies:
        return
    last_seq = connection.execute(
        update(conversation)
        .where(conversation.c.id == conversation_id)
        .values(
            last_seq=conversation.c.last_seq + len(replies),
            offered=[{"title": button.title, "payload": button.payload} for button in replies[-1].buttons],
        )
        .returning(conversation.c.last_seq)
    ).scalar_one()
    first_seq = last_seq - len(replies) + 1
    connection.execute(
        insert(outbound),
        [
            {
                "conversation_id": conversation_id,
                "seq": first_seq + position,
                "in_reply_to": in_reply_to,
                "sender": sender,
                "reply": reply.as_json(),
                "created_at": now,
            }
            for position, reply in enumerate(replies)
        ],
    )
