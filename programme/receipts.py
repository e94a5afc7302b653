"""What gateways report of messages, by callback or when asked: matched to the ledger, obeyed once or only recorded.

A report creates nothing and never makes anything be sent: whoever forges one can at most say of a message that is on
its way that it arrived or did not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, RowMapping, Update, bindparam, case, func, insert, select, update

from programme.campaign_plan import PAUSE_RULE
from programme.ledger import State
from store.campaign_tables import campaign, campaign_run, receipt, recipient
from store.many_rows import Given, UpdateEach, among

_REASON_LENGTH = 40
_STATES = frozenset({State.ACCEPTED, State.DELIVERED, State.FAILED})
# Which states a report may change. A row that waits was called before and, so the gateway said then, not taken: a
# report that it was all the same must keep it from going out again.
_OBEYS = {
    State.ACCEPTED: (State.SENDING, State.UNCERTAIN, State.WAITING),
    State.DELIVERED: (State.SENDING, State.UNCERTAIN, State.ACCEPTED, State.WAITING),
    State.FAILED: (State.SENDING, State.UNCERTAIN, State.ACCEPTED),
}

_NOW = bindparam("now", type_=recipient.c.final_at.type)


def _obey(given: Given) -> Update:
    is_open, was_taken = given["state"] == State.ACCEPTED.value, given["state"] != State.FAILED.value
    accepted_at = func.coalesce(recipient.c.accepted_at, _NOW)
    return (
        update(recipient)
        .where(recipient.c.id == given["of"])
        .values(
            status=given["state"],
            reason=given["why"],
            gateway_message_id=func.coalesce(recipient.c.gateway_message_id, given["message_id"]),
            accepted_at=case((was_taken, accepted_at), else_=recipient.c.accepted_at),
            price=func.coalesce(given["cost"], recipient.c.price),
            next_at=case((is_open, _NOW), else_=None),  # the job that asks for receipts sees it
            final_at=case((is_open, None), else_=_NOW),
        )
    )


_OBEYED = UpdateEach(
    {
        "of": recipient.c.id.type,
        "state": recipient.c.status.type,
        "why": recipient.c.reason.type,
        "message_id": recipient.c.gateway_message_id.type,
        "cost": recipient.c.price.type,
    },
    _obey,
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
            of = select(*columns, column.label("name")).where(among(connection, column, values))
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
        self._changes: dict[int, dict[str, Any]] = {}  # by recipient: the newest
        self._failed_of: Counter[int] = Counter()

    def lock(self, meant: Sequence[tuple[Any, Reported]]) -> None:
        """The runs' rows before the recipients', as everybody takes them, each in the order of their ids."""
        runs = {row["run_id"] for row, report in meant if report.state == State.FAILED}
        if runs:
            own = select(campaign_run.c.id).where(campaign_run.c.id.in_(runs)).order_by(campaign_run.c.id)
            self.connection.execute(own.with_for_update()).all()
        ids = {row["id"] for row, _ in meant}
        if not ids:
            return
        rows = select(recipient.c.id, recipient.c.status, recipient.c.attempts).where(
            among(self.connection, recipient.c.id, ids)
        )
        locked = self.connection.execute(rows.order_by(recipient.c.id).with_for_update())
        self._states = {row.id: (row.status, row.attempts) for row in locked}
        said = select(receipt.c.recipient_id, receipt.c.state, receipt.c.reason).where(
            among(self.connection, receipt.c.recipient_id, ids), receipt.c.gateway == self.gateway
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
        self._changes[id_] = self._change(id_, state, reason, report)
        if state is State.FAILED and status != State.UNCERTAIN:  # an uncertain one counted as an error before
            self._failed_of[int(row["run_id"])] += 1
        return Outcome.OBEYED

    def _change(self, id_: int, state: State, reason: str, report: Reported) -> dict[str, Any]:
        before = self._changes.get(id_, {})
        return {
            "of": id_,
            "state": state.value,
            "why": reason or None,
            "message_id": before.get("message_id") or report.message_id or None,
            "cost": before.get("cost") if report.price is None else report.price,
        }

    def write(self) -> None:
        if self._kept:
            self.connection.execute(insert(receipt), self._kept)
        _OBEYED.execute(self.connection, list(self._changes.values()), now=self.now)
        for run_id, failures in self._failed_of.items():
            note_late_failures(self.connection, run_id, failures)


def note_late_failures(connection: Connection, run_id: int, failures: int = 1) -> None:
    """What counted as taken has failed after all: the pause rule sees errors in the place of successes. It never looks
    at more than the last so many, however many reports come."""
    of = (
        select(campaign_run.c.recent, campaign.c.pause_rule)
        .join(campaign, campaign.c.id == campaign_run.c.campaign_id)
        .where(campaign_run.c.id == run_id)
    )
    recent, rule = connection.execute(of).one()
    changed = recent[::-1].replace("0", "1", failures)[::-1] + "1" * max(0, failures - recent.count("0"))
    kept = changed[-int(rule.get("of_last", PAUSE_RULE["of_last"])) :]
    connection.execute(update(campaign_run).where(campaign_run.c.id == run_id).values(recent=kept))
