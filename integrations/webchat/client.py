"""What the web chat page sends and sees, as the page's JSON. HTTP itself is bot/web's business."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from store.messages import InboundMessage
from store.text import clean

CHANNEL = "webchat"
PAGE = Path(__file__).parent / "page"
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
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not MESSAGE_ID.fullmatch(body["id"]):
        raise MessageInvalid("Tin nhắn cần có mã id gồm 8 đến 64 chữ cái hoặc chữ số.")
    text, payload = body.get("text"), body.get("payload")
    if (text is None) == (payload is None) or not isinstance(text if payload is None else payload, str):
        raise MessageInvalid("Tin nhắn cần có đúng một trong hai: text hoặc payload.")
    return InboundMessage(
        channel=CHANNEL,
        address=address,
        # ids are the page's own: made unique by the session they belong to
        provider_message_id=f"{address[:32]}:{body['id']}",
        received_at=received_at,
        text=clean(text or ""),
        payload=payload,
    )


def event_of(row: RowMapping) -> dict[str, Any]:
    """One row of the thread as the page draws it."""
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
        "by": row["sender"],
        "at": row["at"].isoformat(),
    }
