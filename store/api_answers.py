"""Answers to changes that partners' programs made, kept for a day for whoever sends the same call again.

Idempotency story. The row that keeps an answer is written by the transaction that makes the change: either both are
there or neither, whenever a process dies. A call that is refused changes nothing and leaves nothing. Two calls with
one key at the same moment: on PostgreSQL the second does not get the key's lock, which ends with its transaction and
so with a killed process, too; SQLite has one writer at a time, so the second finds the first's answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from store.api_tables import api_answer

KEPT = timedelta(hours=24)
LONGEST_KEY = 255


@dataclass(frozen=True)
class KeptAnswer:
    """`body`: JSON."""

    status: int
    headers: dict[str, str]
    body: str


class CallRunning(Exception):
    """Another transaction is at work on a call with this key."""


class CallDiffers(Exception):
    """This key was used for another call."""


def hold(connection: Connection, token_id: int, key: str) -> None:
    """Keep others from working on this key until the transaction ends. Raises CallRunning."""
    if connection.dialect.name == "postgresql":
        lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"api {token_id} {key}", 0))
        if not connection.scalar(select(lock)):
            raise CallRunning


def find(connection: Connection, token_id: int, key: str, call_hash: bytes, now: datetime) -> KeptAnswer | None:
    """What was answered to this call within the last 24 hours. Raises CallDiffers."""
    row = connection.execute(select(api_answer).filter_by(token_id=token_id, key=key)).first()
    if row is None:
        return None
    if row.answered_at <= now - KEPT:
        connection.execute(delete(api_answer).filter_by(id=row.id))
        return None
    if bytes(row.call_hash) != call_hash:
        raise CallDiffers
    return KeptAnswer(row.status, dict(row.headers), row.body)


def keep(connection: Connection, token_id: int, key: str, call_hash: bytes, answer: KeptAnswer, now: datetime) -> None:
    """Keep an answer with the change that it tells of."""
    row = {"token_id": token_id, "key": key, "call_hash": call_hash, "answered_at": now, **vars(answer)}
    connection.execute(insert(api_answer).values(row))


def forget_expired(connection: Connection, now: datetime) -> None:
    """Answers that nobody gets any more."""
    connection.execute(delete(api_answer).where(api_answer.c.answered_at <= now - KEPT))
