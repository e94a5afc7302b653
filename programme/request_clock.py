"""The clock of a request: from the owner's message that waits for a person to the next answer of one.

Responsible for the rows of `request` and for what the queue is ordered by (`escalation.due_at`, `waiting_since`), both
in the caller's transaction. Not responsible for who holds the conversation (`bot.baton`): every caller has locked the
conversation's row, so that starts and ends come one after the other.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, func, select, update

from store.console_tables import request
from store.database import insert_if_new
from store.tables import escalation

UNFINISHED = ("open", "taken")


class Outcome(StrEnum):
    """How the wait ended."""

    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"  # by the owner
    UNANSWERED = "unanswered"  # a person finished without an answer


def start(connection: Connection, row: RowMapping, since: datetime, due_at: datetime) -> bool:
    """The owner of the escalation `row` waits since `since`. Whether a clock was started: one that runs is left alone,
    whatever else the owner writes meanwhile.
    """
    earlier = select(request.c.id).filter_by(escalation_id=row["id"]).limit(1)
    values = {
        "conversation_id": row["conversation_id"],
        "escalation_id": row["id"],
        "is_first": connection.scalar(earlier) is None,
        "province": row["province"],
        "channel": row["channel"],
        "commune": row["commune"],
        "vendor": row["vendor"],
        "opened_at": since,
        "due_at": due_at,
    }
    if insert_if_new(connection, request, values) is None:
        return False
    waits = update(escalation).where(escalation.c.id == row["id"])
    connection.execute(waits.values(waiting_since=since, due_at=due_at))
    return True


def promise_of(connection: Connection, row: RowMapping, now: datetime) -> datetime:
    """Until when a wait that begins `now` is to be answered: as long as the escalation `row` was first promised."""
    newest = (
        select(request.c.opened_at, request.c.due_at)
        .filter_by(escalation_id=row["id"])
        .order_by(request.c.id.desc())
        .limit(1)
    )
    before = connection.execute(newest).first()
    promised = before.due_at - before.opened_at if before else row["due_at"] - row["opened_at"]
    until: datetime = now + promised
    return until


def answered(connection: Connection, conversation_id: str, officer_id: int, now: datetime) -> bool:
    """A person has answered, from the console or from the provider's own app. Whether somebody waited for it."""
    waited = end(connection, conversation_id, Outcome.ANSWERED, officer_id, now)
    unfinished = update(escalation).where(
        escalation.c.conversation_id == conversation_id, escalation.c.status.in_(UNFINISHED)
    )
    first = func.coalesce(escalation.c.answered_at, now)
    connection.execute(unfinished.values(answered_at=first))
    return waited


def end(connection: Connection, conversation_id: str, outcome: Outcome, officer_id: int | None, now: datetime) -> bool:
    """Stop the clock that runs, once; without one nothing changes. Whether one ran."""
    running_here = update(request).where(request.c.conversation_id == conversation_id, request.c.ended_at.is_(None))
    ended = running_here.values(ended_at=now, outcome=outcome, officer_id=officer_id).returning(request.c.escalation_id)
    number = connection.scalar(ended)
    if number is None:
        return False
    connection.execute(update(escalation).where(escalation.c.id == number).values(waiting_since=None))
    return True


def set_place(connection: Connection, escalation_id: int, commune: str | None, vendor: str | None) -> None:
    """Where the owner is, as an officer has set it right: reports and warnings go by it."""
    of = update(request).where(request.c.escalation_id == escalation_id)
    connection.execute(of.values(commune=commune, vendor=vendor))


def running(connection: Connection, conversation_id: str) -> RowMapping | None:
    """The request that waits for a person in this conversation now."""
    here = select(request).where(request.c.conversation_id == conversation_id, request.c.ended_at.is_(None))
    return connection.execute(here).mappings().first()
