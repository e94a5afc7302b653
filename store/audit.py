"""The audit log: who saw, changed, exported what. It only grows; each row carries a keyed hash of itself and its chain.

The database refuses to change or delete a row (migration 0006). Whoever gets past that with the database's owner rights
still lacks HOTLINE_SECRET_KEY, so that a changed or missing row does not fit the chain any more.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, func, insert, select

from store.console_tables import audit_log
from store.crypto import Keyring, keyed_hash
from store.key_tables import former_key

# Of one transaction at a time: two rows must not follow the same one. SQLite has one writer anyway.
_LOCK = 20261126
FIRST = b""
# Rows that are looked at together; `verify` needs no more memory for a million than for so many.
BATCH = 1_000
# Hexadecimal digits of a hash in an anchor, 64 bits: few enough to be noted on paper.
ANCHOR_DIGITS = 16


class Finding(StrEnum):
    """What `verify` found of the first row that does not fit."""

    CHANGED = "changed"  # or put in, or in another's place
    MISSING = "missing"
    CUT_OFF = "cut_off"  # the log ends before the anchor
    OTHER_CHAIN = "other_chain"  # the row of the anchor fits its neighbours, but is not the one that was noted


@dataclass(frozen=True)
class Anchor:
    """A row that was seen at some time: its number and the beginning of its hash, in hexadecimal digits."""

    number: int
    prefix: str

    def __str__(self) -> str:
        return f"{self.number}:{self.prefix}"


@dataclass(frozen=True)
class Verdict:
    """`rows`: that fit, from the first on. `anchor`: the last of them, None in an empty log. `number`: of the row that
    `finding` is about.
    """

    rows: int
    anchor: Anchor | None
    finding: Finding | None = None
    number: int | None = None


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
    return _chained(keyring.hash_key, before, row)


def _chained(key: bytes, before: bytes, row: Mapping[str, Any] | RowMapping) -> bytes:
    said = [before.hex(), row["id"], row["at"].isoformat(), row["account_id"], row["actor"], row["action"]]
    said += [row["object"], row["detail"]]
    return keyed_hash(key, orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode(), "audit_log")


def verify(connection: Connection, keyring: Keyring, anchor: Anchor | None = None) -> Verdict:
    """Whether every row is there, 1, 2, 3 …, and as it was written; if not, which is the first that does not fit.

    Rows cut off at the end leave a whole chain behind: only an `anchor` that was noted before finds that.
    """
    before, rows, last = FIRST, 0, None
    former = _former_keys(connection)
    for row in _in_order(connection):
        number = rows + 1
        if row["id"] > number:
            return Verdict(rows, last, Finding.MISSING, number)
        hash_ = bytes(row["hash"])
        if row["id"] < number or not hmac.compare_digest(
            _chained(_key_of(number, former, keyring), before, row), hash_
        ):
            return Verdict(rows, last, Finding.CHANGED, row["id"])
        if anchor is not None and number == anchor.number and not hash_.hex().startswith(anchor.prefix):
            return Verdict(rows, last, Finding.OTHER_CHAIN, number)
        before, rows, last = hash_, number, Anchor(number, hash_.hex()[:ANCHOR_DIGITS])
    if anchor is not None and rows < anchor.number:
        return Verdict(rows, last, Finding.CUT_OFF, rows + 1)
    return Verdict(rows, last)


def last_row(connection: Connection) -> int:
    """The number of the last row; 0: none."""
    return int(connection.scalar(select(func.max(audit_log.c.id))) or 0)


def _former_keys(connection: Connection) -> list[tuple[int, bytes]]:
    """Up to which row which key was in use before the present one, in their order (store/rotation.py).

    Whoever has an old key can write old rows anew, but not the first row behind them: its hash, by a later key, has the
    hash of the last one in it.
    """
    rows = connection.execute(select(former_key.c.last_audit_row, former_key.c.hash_key).order_by(former_key.c.id))
    return [(last, bytes.fromhex(key)) for last, key in rows]


def _key_of(number: int, former: list[tuple[int, bytes]], keyring: Keyring) -> bytes:
    return next((key for last, key in former if number <= last), keyring.hash_key)


def _in_order(connection: Connection) -> Iterator[RowMapping]:
    after: int | None = None
    while True:
        rows = select(audit_log).order_by(audit_log.c.id).limit(BATCH)
        if after is not None:
            rows = rows.where(audit_log.c.id > after)
        batch = connection.execute(rows).mappings().all()
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1]["id"]
