"""A message of a campaign as the ledger has it, for tests of what comes after it was sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from store.campaign_tables import campaign, campaign_run, recipient
from store.database import insert_returning_id

PHONE = "+84912345678"


def new_run(connection: Connection, now: datetime, target: str | None = None, **changes: Any) -> int:
    """A run of a new campaign; its id."""
    row: dict[str, Any] = {
        "province": "thai-nguyen",
        "name": "Mời khảo sát",
        "kind": "advertising",
        "variants": [{"id": "A", "share": 100, "text": "[QC] {{ link }} {{ stop }}", "target": target}],
        "channels": ["sms"],
        "gateways": ["one"],
        "pace_per_minute": 600,
        "audience": {},
        "schedule": {},
        "window": {},
        "stops": [],
        "pause_rule": {},
        "status": "approved",
        "created_by": "An",
        "edited_by": "An",
        "created_at": now,
        "updated_at": now,
    } | changes
    id_ = insert_returning_id(connection, campaign, row)
    run = {"campaign_id": id_, "due_at": now, "status": "running", "prepared": 1, "frozen_at": now}
    return insert_returning_id(connection, campaign_run, run)


def new_recipient(connection: Connection, run_id: int, contact_id: int, phone_key: bytes | None, **changes: Any) -> int:
    """A row of the ledger; its id."""
    row: dict[str, Any] = {
        "run_id": run_id,
        "contact_id": contact_id,
        "phone_key": phone_key,
        "kind": "advertising",
        "status": "delivered",
        "channel": "sms",
    }
    return connection.execute(insert(recipient).values(row | changes).returning(recipient.c.id)).scalar_one()
