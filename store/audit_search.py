"""Looking into the audit log: newest first, by who, what, on what and when; page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from store.console_tables import audit_log

BATCH = 1_000
SHOWN = ("id", "at", "account_id", "actor", "action", "object", "detail")


@dataclass(frozen=True)
class Filter:
    """What is looked for; None: anything. `since` and `until` (exclusive) are aware times."""

    account_id: int | None = None
    action: str | None = None
    object: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def newest(connection: Connection, wanted: Filter, before: int | None, limit: int) -> list[RowMapping]:
    """At most `limit` rows with numbers below `before`, the newest first."""
    rows = _matching(wanted).order_by(audit_log.c.id.desc()).limit(limit)
    if before is not None:
        rows = rows.where(audit_log.c.id < before)
    return list(connection.execute(rows).mappings())


def every(connection: Connection, wanted: Filter, most: int) -> Iterator[RowMapping]:
    """The newest `most` rows, read in batches."""
    before: int | None = None
    while most > 0:
        batch = newest(connection, wanted, before, min(BATCH, most))
        yield from batch
        if len(batch) < BATCH:
            return
        before, most = batch[-1]["id"], most - len(batch)


def actions(connection: Connection) -> list[str]:
    """Every kind of act that was ever recorded."""
    return list(connection.scalars(select(audit_log.c.action).distinct().order_by(audit_log.c.action)))


def _matching(wanted: Filter) -> Select[Any]:
    rows: Select[Any] = select(*(audit_log.c[name] for name in SHOWN))
    for column in ("account_id", "action", "object"):
        value = getattr(wanted, column)
        if value is not None:
            rows = rows.where(audit_log.c[column] == value)
    if wanted.since is not None:
        rows = rows.where(audit_log.c.at >= wanted.since)
    if wanted.until is not None:
        rows = rows.where(audit_log.c.at < wanted.until)
    return rows
