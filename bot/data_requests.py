"""Requests of people about their own data, as an officer works on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select, update

from store.tables import contact, conversation, data_request


@dataclass(frozen=True)
class DataRequest:
    """`kind`: access | erasure. `acknowledge_by` and `due_on` are the law's days."""

    id: int
    kind: str
    opened_at: datetime
    acknowledge_by: date
    due_on: date
    conversation_id: str
    channel: str
    name: str | None
    phone: str | None


def unfinished(connection: Connection) -> list[DataRequest]:
    """What is not done yet, the first deadline first."""
    request = data_request.c
    rows = (
        select(
            *(request.id, request.kind, request.opened_at, request.acknowledge_by, request.due_on),
            *(request.conversation_id, conversation.c.channel, contact.c.name, contact.c.phone),
        )
        .join(conversation, conversation.c.id == request.conversation_id)
        .join(contact, contact.c.id == request.contact_id)
        .where(request.status == "open")
        .order_by(request.due_on, request.id)
    )
    return [DataRequest(*row) for row in connection.execute(rows)]


def finish(connection: Connection, number: int) -> bool:
    """Mark the request as carried out; False when no such request is open."""
    open_one = update(data_request).where(data_request.c.id == number, data_request.c.status == "open")
    return connection.execute(open_one.values(status="done")).rowcount == 1
