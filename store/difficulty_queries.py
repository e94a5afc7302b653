"""What the report on difficulties counts and lists. Both come through ix_difficulty_report, by province and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, and_, func, or_, select

from store.difficulty_tables import difficulty


@dataclass(frozen=True)
class Scope:
    """Which difficulties. `provinces`: how the one province is written; the others: None for all.

    `told_by`: only those that this firm told itself.
    """

    provinces: tuple[str, ...]
    communes: tuple[str, ...] | None = None
    told_by: str | None = None
    category: str | None = None
    source: str | None = None
    vendor: str | None = None

    def conditions(self, start: datetime, end: datetime) -> list[ColumnElement[bool]]:
        """Of what was told from `start` to just before `end`."""
        wanted = [
            difficulty.c.province.in_(self.provinces),
            difficulty.c.at >= start,
            difficulty.c.at < end,
        ]
        if self.communes is not None:
            wanted.append(difficulty.c.commune.in_(self.communes))
        if self.told_by is not None:
            wanted += [difficulty.c.source == "vendor", difficulty.c.vendor == self.told_by]
        for column, value in (("category", self.category), ("source", self.source), ("vendor", self.vendor)):
            if value is not None:
                wanted.append(difficulty.c[column] == value)
        return wanted


def counts(connection: Connection, scope: Scope, start: datetime, end: datetime) -> Sequence[Row[Any]]:
    """How many there are: columns category, commune, source, vendor, told, in no order."""
    keys = (difficulty.c.category, difficulty.c.commune, difficulty.c.source, difficulty.c.vendor)
    rows = select(*keys, func.count().label("told")).where(*scope.conditions(start, end)).group_by(*keys)
    return connection.execute(rows).all()


def entries(
    connection: Connection, scope: Scope, start: datetime, end: datetime, after: tuple[datetime, int] | None, most: int
) -> Sequence[Row[Any]]:
    """The single ones, the newest first; `after`: time and number of the last one that was shown."""
    rows = select(difficulty).where(*scope.conditions(start, end))
    if after is not None:
        at, number = after
        rows = rows.where(or_(difficulty.c.at < at, and_(difficulty.c.at == at, difficulty.c.id < number)))
    return connection.execute(rows.order_by(difficulty.c.at.desc(), difficulty.c.id.desc()).limit(most)).all()


def of_conversation(connection: Connection, conversation_id: str, most: int = 10) -> Sequence[Row[Any]]:
    """What was noted in one conversation, the newest first (ix_difficulty_conversation)."""
    columns: tuple[Column[Any], ...] = (difficulty.c.id, difficulty.c.category, difficulty.c.source, difficulty.c.at)
    newest = (
        select(*columns)
        .filter_by(conversation_id=conversation_id)
        .order_by(difficulty.c.at.desc(), difficulty.c.id.desc())
    )
    return connection.execute(newest.limit(most)).all()


def place_of(connection: Connection, number: int) -> tuple[datetime, int] | None:
    """Where a single one stands in the order of `entries`; None when it is not there any more."""
    row = connection.execute(select(difficulty.c.at, difficulty.c.id).filter_by(id=number)).first()
    return None if row is None else (row.at, row.id)
