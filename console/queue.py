"""The queue as officers see it: who waits, who is held by whom, the first due first. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, case, func, or_, select, text

from store.tables import contact, conversation, escalation, inbound, officer

PAGE_ROWS = 50
# More is more than anybody counts.
MOST_COUNTED = 999
# SQLite uses a partial index only where the query says its condition word for word.
UNFINISHED = text("escalation.status IN ('open', 'taken')")
LONGEST_SNIPPET = 160


class View(StrEnum):
    """Which part of the queue. HELD: what other officers hold."""

    WAITING = "waiting"
    MINE = "mine"
    HELD = "held"


@dataclass(frozen=True)
class Filters:
    """What is looked for; "" is everything."""

    commune: str = ""
    channel: str = ""
    topic: str = ""
    vendor: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        return [escalation.c[name] == value for name, value in vars(self).items() if value]


@dataclass(frozen=True)
class Place:
    """Behind which row a page begins."""

    due_at: datetime
    id: int


@dataclass(frozen=True)
class Waiting:
    """One row. `due_at`: until when the owner is to be answered; `waiting_since` None: a person had the last word."""

    id: int
    conversation_id: str
    channel: str
    language: str
    reason: str
    topic: str | None
    commune: str | None
    vendor: str | None
    name: str | None
    officer: str | None
    opened_at: datetime
    due_at: datetime
    waiting_since: datetime | None
    snoozed_until: datetime | None
    said: str
    said_at: datetime | None


@dataclass(frozen=True)
class Counts:
    """`waiting` and `late` at most MOST_COUNTED."""

    waiting: int
    late: int
    mine: int
    mine_waiting: int


def rows(
    connection: Connection, view: View, officer_id: int, filters: Filters, behind: Place | None = None
) -> list[Waiting]:
    """At most PAGE_ROWS + 1 rows: the last one only says that there are more.

    What waits is read from ix_escalation_queue… in its order, so that the cost does not grow with the queue's length.
    """
    asked = _columns().where(UNFINISHED, *filters.conditions())
    if view is View.WAITING:
        asked = asked.where(escalation.c.status == "open").order_by(escalation.c.due_at, escalation.c.id)
        if behind is not None:
            later = escalation.c.due_at > behind.due_at
            same = and_(escalation.c.due_at == behind.due_at, escalation.c.id > behind.id)
            asked = asked.where(escalation.c.due_at >= behind.due_at, or_(later, same))
    else:
        is_mine = escalation.c.officer_id == officer_id
        asked = asked.where(escalation.c.status == "taken", is_mine if view is View.MINE else ~is_mine)
        put_off = case((escalation.c.snoozed_until.is_not(None), 2), (escalation.c.waiting_since.is_(None), 1), else_=0)
        asked = asked.order_by(put_off, escalation.c.due_at, escalation.c.id)
    return [_row(row) for row in connection.execute(asked.limit(PAGE_ROWS + 1)).mappings()]


def counts(connection: Connection, officer_id: int, now: datetime) -> Counts:
    """What the tabs and the window's title say."""
    waiting = select(escalation.c.id).where(UNFINISHED, escalation.c.status == "open")
    late = waiting.where(escalation.c.due_at < now, escalation.c.waiting_since.is_not(None))
    mine = select(escalation.c.id).where(
        UNFINISHED, escalation.c.status == "taken", escalation.c.officer_id == officer_id
    )
    asked = (waiting, late, mine, mine.where(escalation.c.waiting_since.is_not(None)))
    counted = [select(func.count()).select_from(one.limit(MOST_COUNTED).subquery()).scalar_subquery() for one in asked]
    return Counts(*connection.execute(select(*counted)).one())


def next_waiting(connection: Connection) -> str | None:
    """The conversation that is due first."""
    first = select(escalation.c.conversation_id).where(UNFINISHED, escalation.c.status == "open")
    id_: str | None = connection.scalar(first.order_by(escalation.c.due_at, escalation.c.id).limit(1))
    return id_


def _columns() -> Select[Any]:
    newest = (
        select(inbound.c.seq)
        .where(inbound.c.conversation_id == escalation.c.conversation_id, inbound.c.kind == "message")
        .order_by(inbound.c.seq.desc())
        .limit(1)
        .correlate(escalation)
        .scalar_subquery()
    )
    return (
        select(
            escalation,
            conversation.c.language,
            contact.c.name,
            officer.c.name.label("officer"),
            inbound.c.text.label("said"),
            inbound.c.received_at.label("said_at"),
        )
        .join(conversation, conversation.c.id == escalation.c.conversation_id)
        .join(contact, contact.c.id == conversation.c.contact_id)
        .outerjoin(officer, officer.c.id == escalation.c.officer_id)
        .outerjoin(inbound, and_(inbound.c.conversation_id == escalation.c.conversation_id, inbound.c.seq == newest))
    )


def _row(row: RowMapping) -> Waiting:
    said = " ".join((row["said"] or "").split())
    return Waiting(
        id=row["id"],
        conversation_id=row["conversation_id"],
        channel=row["channel"],
        language=row["language"] or "vi",
        reason=row["reason"],
        topic=row["topic"],
        commune=row["commune"],
        vendor=row["vendor"],
        name=row["name"],
        officer=row["officer"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        waiting_since=row["waiting_since"],
        snoozed_until=row["snoozed_until"],
        said=said if len(said) <= LONGEST_SNIPPET else said[:LONGEST_SNIPPET] + "…",
        said_at=row["said_at"],
    )
