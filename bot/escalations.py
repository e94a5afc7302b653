"""What waits for a person: the open escalations with what an officer must know before answering."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from store.tables import contact, conversation, escalation, inbound


@dataclass(frozen=True)
class OpenEscalation:
    """`last_text`: what the owner wrote last; `commune_code`: the commune settled in the dialogue, if any."""

    id: int
    conversation_id: str
    channel: str
    reason: str
    opened_at: datetime
    due_at: datetime
    name: str | None
    phone: str | None
    commune_code: str | None
    last_text: str


def open_escalations(connection: Connection) -> list[OpenEscalation]:
    """The open ones, the first due first."""
    last_text = (
        select(inbound.c.text)
        .where(inbound.c.conversation_id == conversation.c.id, inbound.c.kind == "message")
        .order_by(inbound.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = (
        select(
            escalation,
            conversation.c.channel,
            conversation.c.dialogue_state,
            contact.c.name,
            contact.c.phone,
            last_text.label("last_text"),
        )
        .join(conversation, conversation.c.id == escalation.c.conversation_id)
        .join(contact, contact.c.id == conversation.c.contact_id)
        .where(escalation.c.status == "open")
        .order_by(escalation.c.due_at, escalation.c.id)
    )
    return [
        OpenEscalation(
            id=row.id,
            conversation_id=row.conversation_id,
            channel=row.channel,
            reason=row.reason,
            opened_at=row.opened_at,
            due_at=row.due_at,
            name=row.name,
            phone=row.phone,
            commune_code=_slot(row.dialogue_state, "commune_code"),
            last_text=row.last_text or "",
        )
        for row in connection.execute(rows)
    ]


def _slot(state: object, name: str) -> str | None:
    slots = state.get("slots") if isinstance(state, dict) else None
    value = slots.get(name) if isinstance(slots, dict) else None
    return value if isinstance(value, str) else None
