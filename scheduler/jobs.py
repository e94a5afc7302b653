"""What is due: a row of `due_job` per kind and instant, there until it is done.

A job is marked done after its last effect, in a transaction of its own. A process that dies between the two leaves the
job not done, and the next leader runs it again; so the effects of every kind must be idempotent by themselves, and each
says how where it happens (for instance `survey_nudges`: by survey_response.nudged_at, in the transaction that writes
the message). A kind whose effects cannot be so calls `done` itself, in the transaction of the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from store.database import insert_if_new
from store.survey_tables import due_job

# For whoever asks afterwards whether something ran.
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class DueJob:
    """A row that is not done."""

    id: int
    kind: str
    due_at: datetime


def make_due(connection: Connection, kind: str, due_at: datetime) -> bool:
    """Make a job of `kind` due at this instant; whether it is new. Idempotent by (kind, due_at)."""
    return insert_if_new(connection, due_job, {"kind": kind, "due_at": due_at}) is not None


def take_due(connection: Connection, now: datetime) -> list[DueJob]:
    """What is due and not done, the oldest first. Nothing is marked: taking again before `done` gives the same."""
    waiting = (
        select(due_job.c.id, due_job.c.kind, due_job.c.due_at)
        .where(due_job.c.done_at.is_(None), due_job.c.due_at <= now)
        .order_by(due_job.c.due_at, due_job.c.id)
    )
    return [DueJob(*row) for row in connection.execute(waiting)]


def done(connection: Connection, id_: int, now: datetime) -> None:
    """The job has had all its effects. A second time changes nothing."""
    connection.execute(update(due_job).where(due_job.c.id == id_, due_job.c.done_at.is_(None)).values(done_at=now))


def forget_done(connection: Connection, now: datetime) -> None:
    """Remove what was done more than 30 days ago; what was never done stays."""
    connection.execute(delete(due_job).where(due_job.c.done_at < now - KEPT))
