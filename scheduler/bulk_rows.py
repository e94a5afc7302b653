"""Rows of one run in the ledger, as a claim reads and moves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, select, update

from programme.ledger import State
from scheduler.bulk_calls import FIRST_RECEIPT
from scheduler.bulk_ways import INTERRUPTED
from store.campaign_tables import recipient
from store.tables import contact

# Why a row waits, and until when
Waits = dict[tuple[str | None, datetime], list[int]]


def read_rows(
    connection: Connection, run_id: int, *conditions: ColumnElement[bool], limit: int
) -> list[dict[str, Any]]:
    """Each with its person's number, as it is now, and that number's key."""
    of = (
        select(recipient, contact.c.phone, contact.c.phone_key.label("present_key"))
        .join(contact, contact.c.id == recipient.c.contact_id)
        .where(recipient.c.run_id == run_id, *conditions)
        .order_by(recipient.c.next_at, recipient.c.id)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(of).mappings()]


def waiting(connection: Connection, run_id: int, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Whose time has come first, then those that nobody has looked at."""
    is_waiting = recipient.c.status == State.WAITING
    due = read_rows(connection, run_id, is_waiting, recipient.c.next_at <= now, limit=limit)
    if len(due) < limit:
        due += read_rows(connection, run_id, is_waiting, recipient.c.next_at.is_(None), limit=limit - len(due))
    return due


def is_unfinished(connection: Connection, run_id: int) -> bool:
    open_ = recipient.c.status.in_((State.WAITING, State.SENDING))
    return bool(connection.scalar(select(exists().where(recipient.c.run_id == run_id, open_))))


def make_uncertain(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """They were called, and nobody knows what came of it; how many there are."""
    for reason in {row["reason"] or INTERRUPTED for row in rows}:
        ids = [row["id"] for row in rows if (row["reason"] or INTERRUPTED) == reason]
        own = update(recipient).where(recipient.c.id.in_(ids), recipient.c.status == State.SENDING)
        connection.execute(own.values(status=State.UNCERTAIN, reason=reason, next_at=now + FIRST_RECEIPT))
    return len(rows)


def put_off(connection: Connection, waits: Waits) -> None:
    for (reason, at), ids in waits.items():
        is_open = recipient.c.status.in_((State.WAITING, State.SENDING))
        own = update(recipient).where(recipient.c.id.in_(ids), is_open)
        connection.execute(own.values(reason=reason, next_at=at))


def skip(connection: Connection, ids: Sequence[int], reason: str, now: datetime) -> int:
    """They are not sent to, for good; how many there are."""
    own = update(recipient).where(recipient.c.id.in_(ids), recipient.c.status == State.WAITING)
    connection.execute(own.values(status=State.SKIPPED, reason=reason, next_at=None, final_at=now))
    return len(ids)
