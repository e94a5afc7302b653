"""Requests of people about their own data, as an officer works on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from store.tables import data_request


@dataclass(frozen=True)
class OpenDataRequest:
    """`kind`: access | erasure. `acknowledge_by` and `due_on` are the law's days."""

    id: int
    conversation_id: str
    kind: str
    opened_at: datetime
    acknowledge_by: date
    due_on: date


def open_data_requests(connection: Connection) -> list[OpenDataRequest]:
    """What is not done yet, the first deadline first."""
    columns = (data_request.c[name] for name in OpenDataRequest.__dataclass_fields__)
    rows = select(*columns).where(data_request.c.status == "open").order_by(data_request.c.due_on, data_request.c.id)
    return [OpenDataRequest(*row) for row in connection.execute(rows)]
