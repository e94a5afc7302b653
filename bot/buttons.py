"""Buttons of ours that come back: what one of them said, and whether a text is a pressed one.

On some channels a press arrives as a message whose text is the payload. It is one only when a recent reply offered just
that: a person who types "/restart" has typed seven letters and a slash.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, bindparam, select

from bot.reading import EVENT_PREFIX, PayloadInvalid, parse_payload
from store.messages import InboundMessage
from store.tables import outbound

# Old buttons may be pressed late; they are looked for among this many replies.
REPLIES_LOOKED_AT = 100
_SAID = (
    select(outbound.c.reply)
    .where(outbound.c.conversation_id == bindparam("conversation"))
    .order_by(outbound.c.seq.desc())
    .limit(REPLIES_LOOKED_AT)
)


def title_of(connection: Connection, conversation_id: str, payload: str) -> str | None:
    """What the button with this payload said; None when no recent reply offered it."""
    for reply in connection.scalars(_SAID, {"conversation": conversation_id}):
        for button in reply["buttons"]:
            if button["payload"] == payload:
                return str(button["title"])
    return None


def as_pressed(connection: Connection, conversation_id: str, message: InboundMessage) -> InboundMessage:
    """`message` with payload and words where they belong: the thread shows what the button said."""
    if message.payload is not None:
        return replace(message, text=title_of(connection, conversation_id, message.payload) or message.text)
    title = title_of(connection, conversation_id, message.text) if message.text.startswith("/") else None
    return message if title is None else replace(message, text=title, payload=message.text)


def may_be_sent(payload: str) -> bool:
    """Whether a button could have sent it; our own events nobody can send from outside."""
    try:
        return not parse_payload(payload).intent.startswith(EVENT_PREFIX)
    except PayloadInvalid:
        return False
