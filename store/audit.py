"""The audit log: who saw, changed, exported what. It only grows; each row carries a keyed hash of itself and its chain.

The database refuses to change or delete a row (migration 0006). Whoever gets past that with the database's owner rights
still lacks HOTLINE_SECRET_KEY, so that a changed or missing row does not fit the chain any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, insert, select

from store.console_tables import audit_log
from store.crypto import Keyring

# Of one transaction at a time: two rows must not follow the same one. SQLite has one writer anyway.
_LOCK = 20261126
FIRST = b""


@dataclass(frozen=True)
class Actor:
    """Who acts. `account_id` None: the command line or the hotline itself; `name` as officers see it."""

    name: str
    account_id: int | None = None


def record(
    connection: Connection,
    keyring: Keyring,
    now: datetime,
    actor: Actor,
    action: str,
    object_: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a row, as the last statement of its transaction: until the commit nobody else can add one.

    `action`: verb and noun, e.g. "conversation.viewed". `object_`: kind and number, e.g. "conversation 5f0c". `detail`:
    numbers and codes, never what people wrote or are called.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    last = connection.execute(select(audit_log).order_by(audit_log.c.id.desc()).limit(1)).mappings().first()
    row = {
        "id": 1 if last is None else last["id"] + 1,
        "at": now.astimezone(UTC),
        "account_id": actor.account_id,
        "actor": actor.name,
        "action": action,
        "object": object_,
        "detail": dict(detail) if detail else None,
    }
    before = FIRST if last is None else last["hash"]
    connection.execute(insert(audit_log).values(**row, hash=chained(keyring, before, row)))


def chained(keyring: Keyring, before: bytes, row: Mapping[str, Any] | RowMapping) -> bytes:
    """The hash of `row` behind a row with the hash `before`."""
    said = [before.hex(), row["id"], row["at"].isoformat(), row["account_id"], row["actor"], row["action"]]
    said += [row["object"], row["detail"]]
    return keyring.hash(orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode(), "audit_log")
