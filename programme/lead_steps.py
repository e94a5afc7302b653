"""A lead and its steps as rows: found within what somebody may see, changed only from the version that was read.

Idempotency story: a step is an UPDATE of exactly one version and a row of `lead_step` with the next one (unique), so
of two steps from one version one is kept and the other raises lead_changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from programme.lead_problems import LeadProblem
from programme.lead_states import HIDDEN_FROM_FIRMS, OPEN, LeadState
from programme.packs import normalise_province_id
from store.audit import Actor
from store.survey_tables import lead
from store.tables import consent
from store.vendor_tables import lead_step

OWNER, HOTLINE = Actor("owner"), Actor("hotline")
# What the owner was told and said of the first offer is over.
OFFERED_ANEW = {
    "reminded_at": None,
    "taken_up_told_at": None,
    "call_asked_at": None,
    "owner_said": None,
    "owner_said_at": None,
}


@dataclass(frozen=True)
class Scope:
    """Whose leads somebody may see and change: of one firm (None: of all, who oversees them) in these communes (codes;
    None: in all) of a province."""

    province: str
    vendor: str | None = None
    communes: tuple[str, ...] | None = None

    @property
    def oversees(self) -> bool:
        return self.vendor is None

    def condition(self) -> ColumnElement[bool]:
        where = lead.c.province == normalise_province_id(self.province)
        if self.vendor is not None:
            where &= (lead.c.vendor == self.vendor) & lead.c.status.not_in(HIDDEN_FROM_FIRMS)
        if self.communes is not None:
            where &= lead.c.commune.in_(self.communes)
        return where


def find(connection: Connection, lead_id: int, scope: Scope, lock: bool = False) -> RowMapping:
    """The lead's row with `consent_gone`. Raises LeadProblem lead_unknown: also for one that is not theirs."""
    rows = (
        select(lead, consent.c.withdrawn_at.is_not(None).label("consent_gone"))
        .outerjoin(consent, consent.c.id == lead.c.consent_id)
        .where(lead.c.id == lead_id, scope.condition())
    )
    row = connection.execute(rows.with_for_update(of=lead) if lock else rows).mappings().first()
    if row is None:
        raise LeadProblem("lead_unknown")
    return row


def is_withdrawn(row: RowMapping) -> bool:
    """Whether nothing of the person may be shown or done any more."""
    return row["status"] == LeadState.WITHDRAWN or bool(row["consent_gone"])


def write_step(
    connection: Connection,
    row: RowMapping,
    to: LeadState,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    text: str | None = None,
    **values: Any,
) -> None:
    """Bring the lead to `to` and keep the step; `values`: what else of its row changes. Raises lead_changed."""
    version = row["version"] + 1
    changed = update(lead).where(lead.c.id == row["id"], lead.c.version == row["version"])
    moved = {"status": to, "version": version, "status_at": now, "reason": reason, "unserved_since": None, **values}
    if not connection.execute(changed.values(moved)).rowcount:
        raise LeadProblem("lead_changed")
    keep_step(connection, row["id"], version, row["status"], to, actor, now, reason, text)


def keep_step(
    connection: Connection,
    lead_id: int,
    version: int,
    was: str | None,
    to: str,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    text: str | None = None,
) -> None:
    """Add a row to the lead's history."""
    step = {"lead_id": lead_id, "version": version, "from_status": was, "to_status": to, "at": now}
    who = {"actor": actor.name, "account_id": actor.account_id}
    connection.execute(insert(lead_step).values(**step, **who, reason=reason, text=text or None))


def history(connection: Connection, lead_id: int) -> list[RowMapping]:
    """The rows of `lead_step`, the oldest first."""
    rows = select(lead_step).where(lead_step.c.lead_id == lead_id).order_by(lead_step.c.version)
    return list(connection.execute(rows).mappings())


def went_on(connection: Connection, row: RowMapping) -> bool:
    """Whether another firm has the lead, or the owner is asked about one; also where that one came after others."""
    came_from = [row["id"]]
    while came_from:
        further = select(lead.c.id, lead.c.status).where(lead.c.offered_from.in_(came_from))
        found = connection.execute(further).all()
        if any(one.status in (LeadState.ASKING, *OPEN) for one in found):
            return True
        came_from = [one.id for one in found]
    return False
