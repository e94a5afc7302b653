"""Trainings as rows: asked for, taken by one process under a lease, ended with a result. One at a time: a unique key.

A process that dies while it trains loses its lease; the next one begins again, a few times. What the training does is
hotline/trainer.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, or_, select, update

from store.database import insert_if_new
from store.quality_tables import trained_model, training
from store.tables import officer

# Renewed every few seconds while a training runs.
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 3
SHOWN = 20
LONGEST_FAULT = 2000  # characters


@dataclass(frozen=True)
class Training:
    """`state`: waiting | running | passed | refused | failed. `officer` None: the hotline itself asked (an upgrade)."""

    id: int
    state: str
    why: str
    officer_id: int | None
    officer: str | None
    asked_at: datetime
    attempts: int
    phase: str | None
    started_at: datetime | None
    ended_at: datetime | None
    fault: str | None
    model: str | None
    verdict: Mapping[str, Any] | None

    @property
    def is_over(self) -> bool:
        return self.state not in ("waiting", "running")


def ask(connection: Connection, why: str, officer_id: int | None, now: datetime) -> bool:
    """Ask for a training; False when one is under way or waits: it takes what is taught when it begins."""
    row = {"slot": 1, "state": "waiting", "why": why, "officer_id": officer_id, "asked_at": now}
    return insert_if_new(connection, training, row) is not None


def take(connection: Connection, holder: str, now: datetime) -> Training | None:
    """The training that nobody works on, which is now `holder`'s; one that died too often fails."""
    free = or_(training.c.state == "waiting", training.c.lease_until <= now, training.c.lease_until > now + 2 * LEASE)
    waiting = select(training.c.id, training.c.attempts).where(training.c.slot == 1, free).with_for_update()
    row = connection.execute(waiting).first()
    if row is None:
        return None
    if row.attempts >= MOST_ATTEMPTS:
        _end(connection, row.id, "failed", now, fault=f"died {row.attempts} times")
        return None
    values = {
        "state": "running",
        "holder": holder,
        "lease_until": now + LEASE,
        "attempts": row.attempts + 1,
        "phase": "training",
        "started_at": now,
    }
    connection.execute(update(training).filter_by(id=row.id).values(values))
    return find(connection, row.id)


def renew(connection: Connection, id_: int, holder: str, phase: str, now: datetime) -> bool:
    """Go on; False when somebody else has taken it meanwhile, or it was ended."""
    mine = update(training).filter_by(id=id_, holder=holder, slot=1)
    return connection.execute(mine.values(phase=phase, lease_until=now + LEASE)).rowcount == 1


def release(connection: Connection, id_: int, holder: str) -> None:
    """Give it back, at a stop: the next process begins it at once."""
    mine = update(training).filter_by(id=id_, holder=holder, slot=1)
    connection.execute(mine.values(state="waiting", holder=None, lease_until=None, attempts=training.c.attempts - 1))


def end(
    connection: Connection,
    id_: int,
    holder: str,
    state: str,
    now: datetime,
    model_id: int | None = None,
    verdict: Mapping[str, Any] | None = None,
    fault: str | None = None,
) -> bool:
    """It is over; False, and nothing changes, when it was not `holder`'s any more."""
    mine = select(training.c.id).filter_by(id=id_, holder=holder, slot=1).with_for_update()
    if connection.scalar(mine) is None:
        return False
    _end(connection, id_, state, now, model_id=model_id, verdict=verdict, fault=fault and fault[:LONGEST_FAULT])
    return True


def newest(connection: Connection) -> tuple[Training, ...]:
    """The newest first."""
    return tuple(_training(row) for row in connection.execute(_all().limit(SHOWN)).mappings())


def find(connection: Connection, id_: int) -> Training | None:
    row = connection.execute(_all().where(training.c.id == id_)).mappings().first()
    return _training(row) if row else None


def _end(connection: Connection, id_: int, state: str, now: datetime, **values: Any) -> None:
    over = {"slot": None, "holder": None, "lease_until": None, "phase": None, "state": state, "ended_at": now}
    connection.execute(update(training).filter_by(id=id_).values({**over, **values}))


def _all() -> Any:
    return (
        select(training, officer.c.name.label("officer"), trained_model.c.name.label("model"))
        .outerjoin(officer, officer.c.id == training.c.officer_id)
        .outerjoin(trained_model, trained_model.c.id == training.c.model_id)
        .order_by(training.c.id.desc())
    )


def _training(row: RowMapping) -> Training:
    return Training(
        **{
            name: row[name]
            for name in (
                "id",
                "state",
                "why",
                "officer_id",
                "officer",
                "asked_at",
                "attempts",
                "phase",
                "started_at",
                "ended_at",
                "fault",
                "model",
                "verdict",
            )
        }
    )
