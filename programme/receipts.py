"""What gateways report of messages, by callback or when asked: matched to the ledger, obeyed once or only recorded.

A report creates nothing and never makes anything be sent: whoever forges one can at most say of a message that is on
its way that it arrived or did not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from programme.ledger import State
from store.campaign_tables import campaign_run, receipt, recipient

_REASON_LENGTH = 40
_STATES = frozenset({State.ACCEPTED, State.DELIVERED, State.FAILED})
# Which states a report may change. A row that waits was called before and, so the gateway said then, not taken: a
# report that it was all the same must keep it from going out again.
_OBEYS = {
    State.ACCEPTED: (State.SENDING, State.UNCERTAIN, State.WAITING),
    State.DELIVERED: (State.SENDING, State.UNCERTAIN, State.ACCEPTED, State.WAITING),
    State.FAILED: (State.SENDING, State.UNCERTAIN, State.ACCEPTED),
}

_OBEYED = (
    update(recipient)
    .where(recipient.c.id == bindparam("of"))
    .values(
        status=bindparam("state"),
        reason=bindparam("why"),
        gateway_message_id=func.coalesce(recipient.c.gateway_message_id, bindparam("message_id")),
        accepted_at=func.coalesce(recipient.c.accepted_at, bindparam("accepted", type_=recipient.c.accepted_at.type)),
        price=func.coalesce(bindparam("cost", type_=recipient.c.price.type), recipient.c.price),
        next_at=bindparam("ask_at", type_=recipient.c.next_at.type),
        final_at=bindparam("end", type_=recipient.c.final_at.type),
    )
)


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
    return take_all(connection, gateway, [report], now, by)[0]


def take_all(
    connection: Connection, gateway: str, reports: Sequence[Reported], now: datetime, by: str
) -> list[Outcome]:
    """Take many as if one came after the other, in few statements: what each came to, in their order."""
    meant = _find_all(connection, gateway, reports)
    taking = _Taking(connection, gateway, now, by)
    taking.lock([one for one in zip(meant, reports, strict=True) if isinstance(one[0], RowMapping)])
    outcomes = [
        one if isinstance(one, Outcome) else taking.take(one, report)
        for one, report in zip(meant, reports, strict=True)
    ]
    taking.write()
    return outcomes


def _find_all(connection: Connection, gateway: str, reports: Sequence[Reported]) -> list[RowMapping | Outcome]:
    columns = (recipient.c.id, recipient.c.run_id, recipient.c.gateway)
    named: dict[tuple[str, str], list[RowMapping]] = {}
    for column, values in (
        (recipient.c.request_id, {one.request_id for one in reports if one.request_id}),
        (recipient.c.gateway_message_id, {one.message_id for one in reports if one.message_id}),
    ):
        if values:
            of = select(*columns, column.label("name")).where(column.in_(values))
            for row in connection.execute(of).mappings():
                named.setdefault((column.name, row["name"]), []).append(row)
    return [_find(named, gateway, one) for one in reports]


def _find(named: Mapping[tuple[str, str], list[RowMapping]], gateway: str, report: Reported) -> RowMapping | Outcome:
    if report.state not in _STATES:
        return Outcome.UNREADABLE
    names = (("request_id", report.request_id or ""), ("gateway_message_id", report.message_id or ""))
    rows = [row for name in names for row in named.get(name, ())]
    own = next((row for row in rows if row["gateway"] == gateway), None)
    return own or (Outcome.FOREIGN if rows else Outcome.UNKNOWN)


class _Taking:
    """Reports of one gateway, taken in one transaction."""

    def __init__(self, connection: Connection, gateway: str, now: datetime, by: str) -> None:
        self.connection, self.gateway, self.now, self.by = connection, gateway, now, by
        self._states: dict[int, tuple[str, int]] = {}  # by recipient: status and attempts
        self._known: set[tuple[int, str, str]] = set()
        self._kept: list[dict[str, Any]] = []
        self._changes: list[dict[str, Any]] = []
        self._failed_of: list[int] = []

    def lock(self, meant: Sequence[tuple[Any, Reported]]) -> None:
        """The runs' rows before the recipients', as everybody takes them, each in the order of their ids."""
        runs = {row["run_id"] for row, report in meant if report.state == State.FAILED}
        if runs:
            own = select(campaign_run.c.id).where(campaign_run.c.id.in_(runs)).order_by(campaign_run.c.id)
            self.connection.execute(own.with_for_update()).all()
        ids = {row["id"] for row, _ in meant}
        if not ids:
            return
        rows = select(recipient.c.id, recipient.c.status, recipient.c.attempts).where(recipient.c.id.in_(ids))
        locked = self.connection.execute(rows.order_by(recipient.c.id).with_for_update())
        self._states = {row.id: (row.status, row.attempts) for row in locked}
        said = select(receipt.c.recipient_id, receipt.c.state, receipt.c.reason).where(
            receipt.c.recipient_id.in_(ids), receipt.c.gateway == self.gateway
        )
        self._known = {(row.recipient_id, row.state, row.reason) for row in self.connection.execute(said)}

    def take(self, row: RowMapping, report: Reported) -> Outcome:
        id_, state = int(row["id"]), State(report.state)
        reason = (report.reason or "")[:_REASON_LENGTH] if state is State.FAILED else ""
        status, attempts = self._states[id_]
        obeyed = status in _OBEYS[state] and attempts > 0
        key = (id_, str(state), reason)
        if key in self._known and not obeyed:
            return Outcome.DUPLICATE
        if key not in self._known:
            self._known.add(key)
            named = {"recipient_id": id_, "gateway": self.gateway, "state": state, "reason": reason, "by": self.by}
            self._kept.append({**named, "obeyed": obeyed, "at": self.now})
        if not obeyed:
            return Outcome.RECORDED
        self._states[id_] = (state, attempts)
        self._changes.append(self._change(id_, state, reason, report))
        if state is State.FAILED:
            self._failed_of.append(int(row["run_id"]))
        return Outcome.OBEYED

    def _change(self, id_: int, state: State, reason: str, report: Reported) -> dict[str, Any]:
        is_final = state is not State.ACCEPTED
        return {
            "of": id_,
            "state": state.value,
            "why": reason or None,
            "message_id": report.message_id or None,
            "cost": report.price,
            "accepted": None if state is State.FAILED else self.now,
            "ask_at": None if is_final else self.now,  # the job that asks for receipts sees it
            "end": self.now if is_final else None,
        }

    def write(self) -> None:
        if self._kept:
            self.connection.execute(insert(receipt), self._kept)
        if self._changes:
            self.connection.execute(_OBEYED, self._changes)
        for run_id in self._failed_of:
            note_late_failure(self.connection, run_id)


def note_late_failure(connection: Connection, run_id: int) -> None:
    """What counted as taken has failed after all: the pause rule sees an error in the place of a success."""
    own = campaign_run.c.id == run_id
    recent = str(connection.execute(select(campaign_run.c.recent).where(own)).scalar_one())
    before, success, after = recent.rpartition("0")
    changed = before + "1" + after if success else recent + "1"
    connection.execute(update(campaign_run).where(own).values(recent=changed))
