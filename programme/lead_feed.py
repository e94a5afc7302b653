"""Leads as a firm's programs read them: page after page, and what has changed since they last asked.

What they may know of each is lead_table.py's to say.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func

from programme.lead_problems import LeadProblem
from programme.lead_states import LeadState
from programme.lead_steps import Scope
from programme.lead_table import PAGE, LeadRow, lead_rows, one, read_row
from store.survey_tables import lead
from store.tables import consent


@dataclass(frozen=True)
class Changed:
    """Which leads: only in these states, of this commune (a code), changed at that time or later; None: all."""

    states: Collection[LeadState] | None = None
    commune: str | None = None
    since: datetime | None = None


_GONE = (lead.c.status == LeadState.WITHDRAWN) | consent.c.withdrawn_at.is_not(None)
_STATE = case((_GONE, LeadState.WITHDRAWN.value), else_=lead.c.status)


def page(connection: Connection, scope: Scope, wanted: Changed, after: int | None = None) -> list[LeadRow]:
    """At most PAGE + 1 leads, the oldest first, so that what is new meanwhile comes at the end.

    `after`: the number of the lead that the page before ended with.
    """
    rows = lead_rows().where(scope.condition()).order_by(lead.c.id).limit(PAGE + 1)
    if wanted.states is not None:
        rows = rows.where(_STATE.in_([state.value for state in wanted.states]))
    if wanted.commune is not None:
        rows = rows.where(lead.c.commune == wanted.commune, ~_GONE)  # where it was is not said of one that is gone
    if wanted.since is not None:
        rows = rows.where(func.coalesce(lead.c.status_at, lead.c.created_at) >= wanted.since)
    if after is not None:
        rows = rows.where(lead.c.id > after)
    return [read_row(row) for row in connection.execute(rows).mappings()]


def find(connection: Connection, lead_id: int, scope: Scope) -> LeadRow:
    """One lead. Raises LeadProblem lead_unknown, also for one that is not theirs; lead_withdrawn."""
    found = one(connection, lead_id, scope)
    if found is None:
        raise LeadProblem("lead_unknown")
    if found.is_withdrawn:
        raise LeadProblem("lead_withdrawn")
    return found
