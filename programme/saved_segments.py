"""Segments that people keep by name. Each change raises the version; one that is no longer wanted is archived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from programme.segments import Segment, read
from store.campaign_tables import segment
from store.database import insert_returning_id

LONGEST_NAME = 80


class SegmentStale(RuntimeError):
    """Somebody changed or archived it since it was read."""


@dataclass(frozen=True)
class SavedSegment:
    """A row of `segment`."""

    id: int
    name: str
    segment: Segment
    version: int
    updated_at: datetime
    archived_at: datetime | None


def all_saved(connection: Connection, province: str) -> list[SavedSegment]:
    """Those in use, by name."""
    rows = select(segment).filter_by(province=province, archived_at=None).order_by(segment.c.name, segment.c.id)
    return [_read(row) for row in connection.execute(rows)]


def find(connection: Connection, province: str, segment_id: int) -> SavedSegment | None:
    """One of the province's, archived or not."""
    row = connection.execute(select(segment).filter_by(id=segment_id, province=province)).first()
    return None if row is None else _read(row)


def save(connection: Connection, province: str, name: str, question: Segment, officer_id: int, now: datetime) -> int:
    """Keep a new one; its number."""
    row = {"province": province, "name": name, "expression": question.json, "officer_id": officer_id}
    return insert_returning_id(connection, segment, {**row, "created_at": now, "updated_at": now})


def change(
    connection: Connection, known: SavedSegment, name: str, question: Segment, officer_id: int, now: datetime
) -> None:
    """Campaigns keep the expression they were made with. Raises SegmentStale."""
    _step(connection, known, now, name=name, expression=question.json, officer_id=officer_id)


def archive(connection: Connection, known: SavedSegment, now: datetime) -> None:
    """Raises SegmentStale."""
    _step(connection, known, now, archived_at=now)


def _step(connection: Connection, known: SavedSegment, now: datetime, **values: Any) -> None:
    mine = update(segment).filter_by(id=known.id, version=known.version, archived_at=None)
    if not connection.execute(mine.values(**values, version=known.version + 1, updated_at=now)).rowcount:
        raise SegmentStale(known.id)


def _read(row: Row[Any]) -> SavedSegment:
    return SavedSegment(row.id, row.name, read(row.expression), row.version, row.updated_at, row.archived_at)
