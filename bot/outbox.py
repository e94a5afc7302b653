"""The durable outbox: what is said is rows, written in the transaction that caused it, and delivered by `bot.sender`.

A row is one message of the channel: replies are cut to the channel's measure when they are said. The web chat and the
terminal fetch their rows, so there a row is the delivery and nothing can be sent twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, case, func, insert, update

from integrations.fitting import LIMITS, fit
from store.messages import Reply
from store.tables import conversation, outbound

# What a message has become that the provider has taken: parameters `provider_id` and `at`.
WENT_OUT: dict[str, Any] = {
    "status": "sent",
    "provider_message_id": bindparam("provider_id"),
    "sent_at": bindparam("at"),
    "error": None,
    "decide_at": None,
}


def fitted(channel: str, replies: Sequence[Reply]) -> list[Reply]:
    """`replies` as messages of `channel`: one row each."""
    limits = LIMITS.get(channel)
    return list(replies) if limits is None else fit(replies, limits)


def is_pushed(channel: str) -> bool:
    """Whether somebody must deliver what is said on `channel`."""
    return channel in LIMITS


def say(
    connection: Connection,
    conversation_id: str,
    channel: str,
    replies: Sequence[Reply],
    now: datetime,
    sender: str = "bot",
    bulk: bool = False,
    **values: Any,
) -> None:
    """Say `replies` now, outside a turn: a turn that is under way finds another version and has no effect.

    `bulk`: may wait until the replies of others have gone. `values`: what else changes of the conversation's row.
    """
    parts = fitted(channel, replies)
    changes: dict[str, Any] = {"version": conversation.c.version + 1, "last_seq": conversation.c.last_seq + len(parts)}
    if is_pushed(channel):
        # Beside a reply that waits it is no bulk any more: the order within the conversation comes first
        changes["send_bulk"] = case((conversation.c.send_at.is_(None), bulk), else_=conversation.c.send_bulk)
        changes["send_at"] = func.coalesce(conversation.c.send_at, now)
    own = update(conversation).where(conversation.c.id == conversation_id)
    row = connection.execute(own.values({**changes, **values}).returning(*conversation.c)).mappings().one()
    append(connection, row, parts, now, sender=sender, bulk=bulk)


def append(
    connection: Connection,
    conversation: RowMapping,
    parts: Sequence[Reply],
    now: datetime,
    in_reply_to: int | None = None,
    sender: str = "bot",
    bulk: bool = False,
) -> None:
    """Add `parts` (see `fitted`) in order. `conversation`: its row after the caller made room, in this transaction."""
    first_seq = conversation["last_seq"] - len(parts) + 1
    status = "waiting" if is_pushed(conversation["channel"]) else "sent"
    rows = [
        {
            "conversation_id": conversation["id"],
            "seq": first_seq + position,
            "in_reply_to": in_reply_to,
            "sender": sender,
            "reply": part.as_json(),
            "status": status,
            "bulk": bulk,
            "created_at": now,
        }
        for position, part in enumerate(parts)
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
