"""The durable outbox: replies are rows, written in the transaction of the turn that caused them.

The channels of this step (web chat, terminal) fetch their rows themselves, so a row is the delivery; nothing is pushed
and nothing can be sent twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert

from store.messages import Reply
from store.tables import outbound


def append(
    connection: Connection,
    conversation: RowMapping,
    replies: Sequence[Reply],
    now: datetime,
    in_reply_to: int | None = None,
    sender: str = "bot",
) -> None:
    """Add `replies` in order. `conversation`: its row after the caller made room, within this transaction."""
    first_seq = conversation["last_seq"] - len(replies) + 1
    rows = [
        {
            "conversation_id": conversation["id"],
            "seq": first_seq + position,
            "in_reply_to": in_reply_to,
            "sender": sender,
            "reply": reply.as_json(),
            "created_at": now,
        }
        for position, reply in enumerate(replies)
    ]
    if rows:
        connection.execute(insert(outbound), rows)


def offered_by(replies: Sequence[Reply]) -> list[dict[str, str]]:
    """The buttons of the last reply, kept with the conversation so that "2" can be read as its second one.

    `asked`: the reply ends with a question, so "yes" may mean the button.
    """
    last = replies[-1]
    asked = {"asked": "yes"} if last.text.rstrip().endswith("?") else {}
    return [{"title": button.title, "payload": button.payload, **asked} for button in last.buttons]
