"""What gateways report of messages, by callback or when asked: matched to the ledger, obeyed once or only recorded.

A report creates nothing and never makes anything be sent: whoever forges one can at most say of a message that is on
its way that it arrived or did not.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, RowMapping, func, select, update

from programme.ledger import State
from store.campaign_tables import campaign_run, receipt, recipient
from store.database import insert_if_new

_REASON_LENGTH = 40
_STATES = frozenset({State.ACCEPTED, State.DELIVERED, State.FAILED})
# Which states a report may change. A row that waits was called before and, so the gateway said then, not taken: a
# report that it was all the same must keep it from going out again.
_OBEYS = {
    State.ACCEPTED: (State.SENDING, State.UNCERTAIN, State.WAITING),
    State.DELIVERED: (State.SENDING, State.UNCERTAIN, State.ACCEPTED, State.WAITING),
    State.FAILED: (State.SENDING, State.UNCERTAIN, State.ACCEPTED),
}


class Reported(Protocol):
    """integrations.sms.gateway.Report."""

    @property
    def state(self) -> str: ...
    @property
    def message_id(self) -> str | None: ...
    @property
    def request_id(self) -> str | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def price(self) -> int | None: ...


class Outcome(StrEnum):
    """What a report came to."""

    OBEYED = "obeyed"  # the row has the new state
    RECORDED = "recorded"  # too late, or no news: kept, the row stays as it is
    DUPLICATE = "duplicate"  # said before
    UNKNOWN = "unknown"  # of no message of ours
    FOREIGN = "foreign"  # of a message that another gateway has
    UNREADABLE = "unreadable"  # a state that nobody knows


def take(connection: Connection, gateway: str, report: Reported, now: datetime, by: str) -> Outcome:
    """Take one report of `gateway` in the caller's transaction. `by`: callback | polling."""
    if report.state not in _STATES:
        return Outcome.UNREADABLE
    row = _find(connection, gateway, report)
    if isinstance(row, Outcome):
        return row
    state, reason = State(report.state), (report.reason or "")[:_REASON_LENGTH] if report.state == State.FAILED else ""
    if state is State.FAILED:
        # The run's row before the recipient's, as everybody takes them
        connection.execute(select(campaign_run.c.id).where(campaign_run.c.id == row["run_id"]).with_for_update())
    current = connection.execute(
        select(recipient.c.status, recipient.c.attempts).where(recipient.c.id == row["id"]).with_for_update()
    ).one()
    obeyed = current.status in _OBEYS[state] and current.attempts > 0
    kept = {"recipient_id": row["id"], "gateway": gateway, "state": state, "reason": reason, "by": by}
    if insert_if_new(connection, receipt, {**kept, "obeyed": obeyed, "at": now}) is None and not obeyed:
        return Outcome.DUPLICATE
    if not obeyed:
        return Outcome.RECORDED
    _obey(connection, row, report, state, reason or None, now)
    return Outcome.OBEYED


def _find(connection: Connection, gateway: str, report: Reported) -> RowMapping | Outcome:
    columns = (recipient.c.id, recipient.c.run_id, recipient.c.gateway)
    foreign = False
    for column, value in (
        (recipient.c.request_id, report.request_id),
        (recipient.c.gateway_message_id, report.message_id),
    ):
        if not value:
            continue
        for row in connection.execute(select(*columns).where(column == value)).mappings():
            if row["gateway"] == gateway:
                return row
            foreign = True
    return Outcome.FOREIGN if foreign else Outcome.UNKNOWN


def _obey(
    connection: Connection, row: RowMapping, report: Reported, state: State, reason: str | None, now: datetime
) -> None:
    values: dict[str, Any] = {
        "status": state,
        "reason": reason,
        "gateway_message_id": func.coalesce(recipient.c.gateway_message_id, report.message_id or None),
        "accepted_at": func.coalesce(recipient.c.accepted_at, now),
    }
    if report.price is not None:
        values["price"] = report.price
    if state is State.ACCEPTED:
        values["next_at"] = now  # the job that asks for receipts sees it
    else:
        values |= {"final_at": now, "next_at": None}
    if state is State.FAILED:
        values["accepted_at"] = recipient.c.accepted_at
        note_late_failure(connection, row["run_id"])
    connection.execute(update(recipient).where(recipient.c.id == row["id"]).values(values))


def note_late_failure(connection: Connection, run_id: int) -> None:
    """What counted as taken has failed after all: the pause rule sees an error in the place of a success."""
    own = campaign_run.c.id == run_id
    recent = str(connection.execute(select(campaign_run.c.recent).where(own)).scalar_one())
    before, success, after = recent.rpartition("0")
    changed = before + "1" + after if success else recent + "1"
    connection.execute(update(campaign_run).where(own).values(recent=changed))
