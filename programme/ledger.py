"""The ledger of reminders: one row per person whom a run is for, frozen in one transaction, and what became of each.

A run's `prepared` is the number of its rows: the sum of their states at every instant, since rows only change state and
never come or go. Who sends, and how a state changes, is scheduler/dispatcher.py's; reports are programme/receipts.py's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    Select,
    Subquery,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    union_all,
    update,
)

from store.campaign_tables import campaign_run, gateway_state, recipient
from store.channel_tables import channel_link
from store.database import insert_if_new
from store.tables import contact

# Whoever sends unasked holds it while the law is asked and the rows are marked, so that two processes do not each find
# the last free place under a cap. "hotline bulk" as a number of PostgreSQL's.
_BULK_LOCK = 0x686F74
# Knuth's multiplicative hash: neighbouring numbers of contacts get different variants.
_SPREAD, _SPREAD_BITS, _USED_BITS = 2_654_435_761, 1 << 32, 1 << 16
_CAMPAIGN_STEP = 40_503
_LARGEST = 1 << 30


class State(StrEnum):
    """Of a row. What is final never changes again; `uncertain` and `accepted` may still learn what became of them."""

    WAITING = "waiting"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"


FINAL = frozenset({State.DELIVERED, State.FAILED, State.SKIPPED})


class RunStatus(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Counts:
    """How a run stands. `reasons`: per state, how many rows have which reason ("" where a row has none)."""

    prepared: int
    by_state: Mapping[State, int]
    reasons: Mapping[State, Mapping[str, int]]

    @property
    def sum(self) -> int:
        return sum(self.by_state.values())

    @property
    def reconciles(self) -> bool:
        """Whether nobody is missing and nobody is there twice."""
        return self.sum == self.prepared

    @property
    def failed(self) -> Mapping[str, int]:
        return self.reasons.get(State.FAILED, {})

    @property
    def skipped(self) -> Mapping[str, int]:
        return self.reasons.get(State.SKIPPED, {})


def counts(connection: Connection, run_id: int) -> Counts:
    """How the run stands now. Raises LookupError where there is no such run."""
    return counts_of(connection, [run_id])[run_id]


def counts_of(connection: Connection, run_ids: Sequence[int]) -> Mapping[int, Counts]:
    """The same of several runs, those that there are, in one statement's snapshot."""
    of = (
        select(
            campaign_run.c.id,
            campaign_run.c.prepared,
            recipient.c.status,
            recipient.c.reason,
            func.count(recipient.c.id).label("rows"),
        )
        .select_from(campaign_run)
        .outerjoin(recipient, recipient.c.run_id == campaign_run.c.id)
        .where(campaign_run.c.id.in_(run_ids))
        .group_by(campaign_run.c.id, campaign_run.c.prepared, recipient.c.status, recipient.c.reason)
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(of):
        found.setdefault(row.id, []).append(row)
    return {run_id: _counts(rows) for run_id, rows in found.items()}


def _counts(rows: Sequence[Row[Any]]) -> Counts:
    by_state = dict.fromkeys(State, 0)
    reasons: dict[State, dict[str, int]] = {}
    for row in rows:
        if row.status is None:  # nobody was frozen
            continue
        state = State(row.status)
        by_state[state] += row.rows
        reasons.setdefault(state, {})[row.reason or ""] = row.rows
    return Counts(rows[0].prepared, by_state, reasons)


def alone(connection: Connection) -> None:
    """Until the transaction ends nobody else asks the law for whom to send to. Short transactions only."""
    if connection.dialect.name == "postgresql":  # on SQLite whoever writes is alone
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _BULK_LOCK})


def freeze(
    connection: Connection,
    campaign: RowMapping | Mapping[str, Any],
    due_at: datetime,
    audience: Select[Any],
    now: datetime,
    *,
    step: int = 0,
    is_test: bool = False,
    deadline_at: datetime | None = None,
    status: RunStatus = RunStatus.RUNNING,
) -> int:
    """Freeze whom this sending of `campaign` is for; the run's id. Frozen before (same instant, step and is_test):
    that run's, and nothing changes.

    `campaign`: the row, of which id, kind and variants are used. `audience`: its first column are contacts' ids, a
    second one `about` (programme/campaign_text.py; "" without). One row per matter and telephone number, and per
    matter and contact; of two contacts that are linked the one that is still in use, if it has a number. Who has no
    number gets a row as well: Zalo may reach them, and if not the ledger says so.

    Whoever froze tells the dispatchers by `wakeups.notify(CAMPAIGNS)` (bot/wakeups.py) after the commit.
    """
    run = {"campaign_id": campaign["id"], "due_at": due_at, "step": step, "is_test": is_test}
    row = {**run, "status": status, "prepared": 0, "deadline_at": deadline_at, "frozen_at": now}
    new = insert_if_new(connection, campaign_run, row)
    if new is None:
        return int(connection.execute(select(campaign_run.c.id).filter_by(**run)).scalar_one())
    run_id = int(new["id"])
    who = people(audience)
    rows = select(
        literal(run_id),
        who.c.contact_id,
        who.c.phone_key,
        literal(str(campaign["kind"])),
        who.c.about,
        _variant(_of_step(campaign["variants"], step), who.c.contact_id, int(campaign["id"])),
        literal(State.WAITING.value),
    )
    columns = ["run_id", "contact_id", "phone_key", "kind", "about", "variant", "status"]
    # In the order of contacts: the indexes then grow at their ends
    connection.execute(insert(recipient).from_select(columns, rows.order_by(who.c.contact_id)))
    prepared = connection.scalar(select(func.count()).select_from(recipient).where(recipient.c.run_id == run_id))
    connection.execute(update(campaign_run).where(campaign_run.c.id == run_id).values(prepared=prepared))
    return run_id


def people(audience: Select[Any]) -> Subquery:
    """contact_id, phone_key and about: each number once, each contact once, per matter."""
    named = audience.subquery()
    ids = next(iter(named.c))
    about = func.coalesce(named.c.about, "") if "about" in named.c else literal("")
    asked = (
        select(contact.c.id.label("contact_id"), contact.c.phone_key, about.label("about"))
        .select_from(named)
        .join(contact, contact.c.id == ids)
    ).cte("asked")
    # One person on two channels: who was linked to another contact is left to that one. Not in relation to each row:
    # SQLite would look through the whole audience for each of them.
    kept = asked.alias("kept")
    left = (
        select(channel_link.c.from_contact_id)
        .join(kept, kept.c.contact_id == channel_link.c.to_contact_id)
        .where(channel_link.c.undone_at.is_(None), kept.c.phone_key.is_not(None))
    )
    is_left = asked.c.contact_id.in_(left)
    with_number = (
        select(func.min(asked.c.contact_id).label("contact_id"), asked.c.phone_key, asked.c.about)
        .where(asked.c.phone_key.is_not(None), ~is_left)
        .group_by(asked.c.phone_key, asked.c.about)
    )
    without = (
        select(asked.c.contact_id, asked.c.phone_key, asked.c.about)
        .where(asked.c.phone_key.is_(None), ~is_left)
        .distinct()
    )
    return union_all(with_number, without).subquery("people")


def _of_step(variants: Sequence[Mapping[str, Any]], step: int) -> Sequence[Mapping[str, Any]]:
    """Those of the step; one without texts of its own has the first one's."""
    of = {at: [one for one in variants if one.get("step", 0) == at] for at in (step, 0)}
    return of[step] or of[0] or variants


def _variant(
    variants: Sequence[Mapping[str, Any]], contact_id: ColumnElement[int], campaign_id: int
) -> ColumnElement[str]:
    """The id of a variant by the shares: the same for a contact in every run of the campaign."""
    if len(variants) == 1:
        return literal(str(variants[0]["id"]))
    shares = [max(int(variant.get("share", 0)), 0) for variant in variants]
    seed = (cast(contact_id, BigInteger) % _LARGEST + campaign_id * _CAMPAIGN_STEP % _LARGEST) * _SPREAD
    place = (seed % _SPREAD_BITS) // _USED_BITS * max(sum(shares), 1) // _USED_BITS
    up_to, whens = 0, []
    for variant, share in zip(variants, shares, strict=True):
        up_to += share
        whens.append((place < up_to, literal(str(variant["id"]))))
    return case(*whens, else_=literal(str(variants[-1]["id"])))


def pause(connection: Connection, run_id: int, reason: str) -> bool:
    """Nothing more leaves; calls under way come to their end. Whether it was running."""
    running = update(campaign_run).where(campaign_run.c.id == run_id, campaign_run.c.status == RunStatus.RUNNING)
    return connection.execute(running.values(status=RunStatus.PAUSED, pause_reason=reason[:80])).rowcount == 1


def resume(connection: Connection, run_id: int, gateways: Sequence[str] = ()) -> bool:
    """Go on where it stopped: who was reached is not reached again. Whether it was paused.

    The pause rule begins anew. `gateways`: the campaign's; they are tried again although they were out of order.
    """
    paused = update(campaign_run).where(campaign_run.c.id == run_id, campaign_run.c.status == RunStatus.PAUSED)
    values = {"status": RunStatus.RUNNING, "pause_reason": None, "recent": ""}
    if connection.execute(paused.values(values)).rowcount != 1:
        return False
    stopped = update(gateway_state).where(gateway_state.c.gateway.in_(list(gateways)))
    connection.execute(stopped.values(stopped_until=None, stopped_for=None))
    return True


def cancel(connection: Connection, run_id: int) -> bool:
    """Nothing more leaves, for good. Whether it was open.

    Its waiting rows become skipped("cancelled") by and by (the dispatcher, some thousand at a time): a million rows in
    one transaction would hold up everybody else.
    """
    is_open = campaign_run.c.status.in_((RunStatus.RUNNING, RunStatus.PAUSED))
    own = update(campaign_run).where(campaign_run.c.id == run_id, is_open)
    return connection.execute(own.values(status=RunStatus.CANCELLED, pause_reason=None)).rowcount == 1
