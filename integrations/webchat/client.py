"""What the web chat page sends and sees, as the page's JSON. HTTP itself is bot/web's business."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from store.messages import Attachment, InboundMessage, Kind
from store.text import clean

CHANNEL = "webchat"
PAGE = Path(__file__).parent / "page"
EMBED_SCRIPT = Path(__file__).parent / "embed.js"
MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class MessageInvalid(ValueError):
    """The page's message cannot be taken; the text says what to do, in Vietnamese."""


def new_token() -> str:
    """The secret of one anonymous session: whoever has it has the conversation."""
    return secrets.token_urlsafe(32)


def address_of(token: str) -> str:
    """What is stored of a token: its SHA-256. The token itself is never kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_message(body: Any, address: str, received_at: datetime) -> InboundMessage:
    """`{"id", "text" | "payload"}` as an InboundMessage. Raises MessageInvalid."""
    message = _message(body.get("id") if isinstance(body, dict) else None, address, received_at)
    text, payload = body.get("text"), body.get("payload")
    if (text is None) == (payload is None) or not isinstance(text if payload is None else payload, str):
        raise MessageInvalid("Tin nhắn cần có đúng một trong hai: text hoặc payload.")
    return replace(message, text=clean(text or ""), payload=payload)


def read_picture(id_: str, address: str, received_at: datetime) -> InboundMessage:
    """The message that a picture is sent with; it has no words. Raises MessageInvalid."""
    return replace(_message(id_, address, received_at), attachments=(Attachment(Kind.IMAGE),))


def _message(id_: Any, address: str, received_at: datetime) -> InboundMessage:
    if not isinstance(id_, str) or not MESSAGE_ID.fullmatch(id_):
        raise MessageInvalid("Tin nhắn cần có mã id gồm 8 đến 64 chữ cái hoặc chữ số.")
    # ids are the page's own: made unique by the session they belong to
    return InboundMessage(CHANNEL, address, f"{address[:32]}:{id_}", received_at)


def event_of(row: RowMapping, pictures: Sequence[int] = ()) -> dict[str, Any]:
    """One row of the thread as the page draws it. `pictures`: numbers of the pictures that came with it."""
    incoming = row["sender"] == "owner"
    reply = row["reply"] or {}
    return {
        "seq": row["seq"],
        "direction": "in" if incoming else "out",
        "id": row["message_id"].partition(":")[2] if incoming else None,
        "text": row["text"] if incoming else reply["text"],
        "buttons": reply.get("buttons", []),
        "sources": reply.get("sources", []),
        "image": reply.get("image"),
        "file": reply.get("file"),
        "pictures": [f"/webchat/attachments/{picture}" for picture in pictures],
        "by": row["sender"],
        "at": row["at"].isoformat(),
    }
