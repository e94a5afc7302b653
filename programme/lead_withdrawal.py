"""The consent is gone: what a lead says of a person goes at once, and an anonymous row stays to be counted.

Cut off are contact, response, consent, notes, and all words that were written about the lead. Firm, commune, day and
the steps stay: they name nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, select, update

from programme.lead_states import HIDDEN_FROM_FIRMS, TAKEN_UP, LeadState
from programme.lead_steps import OWNER, keep_step
from store.console_tables import account
from store.database import insert_if_new
from store.difficulty_tables import difficulty
from store.survey_tables import lead
from store.vendor_tables import lead_note, lead_step, vendor_notice

LEAD_GONE = "lead_gone"


def withdraw_leads(connection: Connection, which: ColumnElement[bool], now: datetime) -> int:
    """Make the leads that `which` names anonymous; how many. Idempotent: an anonymous lead belongs to nobody."""
    rows = select(lead).where(which, lead.c.contact_id.is_not(None)).order_by(lead.c.id).with_for_update()
    number = 0
    # Once more after the locks were waited for: a firm that has just refused may have left a lead for the next one
    while found := connection.execute(rows).mappings().all():
        _cut_off(connection, found, now)
        number += len(found)
    return number


def _cut_off(connection: Connection, found: Sequence[RowMapping], now: datetime) -> None:
    ids = [row["id"] for row in found]
    connection.execute(update(lead_step).where(lead_step.c.lead_id.in_(ids)).values(text=None))
    connection.execute(delete(lead_note).where(lead_note.c.lead_id.in_(ids)))
    told = update(difficulty).where(difficulty.c.lead_id.in_(ids))
    connection.execute(told.values(text=None, contact_id=None))
    waiting = update(vendor_notice).where(vendor_notice.c.lead_id.in_(ids), vendor_notice.c.status == "waiting")
    connection.execute(waiting.values(status="void"))
    for row in found:
        if row["status"] in TAKEN_UP:
            _tell_firm(connection, row, now)
        if row["status"] in HIDDEN_FROM_FIRMS:  # no firm ever had it: there is nothing to count
            connection.execute(delete(lead_step).where(lead_step.c.lead_id == row["id"]))
            connection.execute(delete(lead).where(lead.c.id == row["id"]))
            continue
        keep_step(connection, row["id"], row["version"] + 1, row["status"], LeadState.WITHDRAWN, OWNER, now)
    nobody = {"contact_id": None, "response_id": None, "consent_id": None, "accept_by": None, "unserved_since": None}
    moved = {"status": LeadState.WITHDRAWN, "version": lead.c.version + 1, "status_at": now, "owner_said": None}
    connection.execute(update(lead).where(lead.c.id.in_(ids)).values({**nobody, **moved}))


def _tell_firm(connection: Connection, row: RowMapping, now: datetime) -> None:
    """The firm was told name and number: its people must delete what they took along (scheduler/vendor_notices.py)."""
    people = select(account.c.id).filter_by(role="vendor", vendor=row["vendor"], disabled_at=None)
    for account_id in connection.scalars(people).all():
        own = {"account_id": account_id, "kind": LEAD_GONE, "about": f"lead {row['id']} gone", "lead_id": row["id"]}
        insert_if_new(connection, vendor_notice, {**own, "status": "waiting", "created_at": now})
