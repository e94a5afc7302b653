"""Measures what reminders cost the database, on PostgreSQL: an audience frozen into the ledger.

python -m bench.campaigns [--quick]
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, insert, select, text

from bench.catalogue import Sheet
from bench.part import run_alone
from bench.postgres import new_database
from bench.scale import Scale
from programme import ledger
from programme.campaign_plan import Plan, Variant
from store.campaign_tables import campaign
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database
from store.migrate import migrate
from store.tables import contact

SECRET = "benchmarks keep no personal data at all"
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
PROVINCE = "thai-nguyen"


async def measure(sheet: Sheet, scale: Scale) -> None:
    """On a database of its own. Raises Unavailable."""
    with new_database() as url:
        newest = Database(url)
        migrate(newest)
        newest.close()
        database = open_database(url, Keyring(SECRET), ManualClock(NOW))
        try:
            await database.run(lambda c: _fill(c, scale.campaign_contacts))
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE contact")  # as PostgreSQL does by itself in a minute
            few = await database.run(lambda c: _frozen(c, scale.campaign_recipients))
            sheet.put(sheet["freeze"].counted(few, n=scale.campaign_recipients))
            many = await database.run(lambda c: _frozen(c, scale.campaign_contacts))
            sheet.put(sheet["freeze_million"].counted(many, n=scale.campaign_contacts))
        finally:
            database.close()


def _fill(connection: Connection, contacts: int) -> None:
    connection.execute(
        text(
            "INSERT INTO contact (phone_key, created_at)"
            " SELECT sha256(n::text::bytea), :now FROM generate_series(1, :contacts) AS n"
        ),
        {"now": NOW, "contacts": contacts},
    )


def _frozen(connection: Connection, people: int) -> float:
    """Seconds. Raises AssertionError where somebody is missing."""
    plan = Plan("bench", "customer_care", (Variant("A", "Xin chao"),), ("sms",), {}, {"kind": "once", "at": None})
    row: dict[str, Any] = {**plan.as_row(), "province": PROVINCE, "status": "approved", "created_by": "bench"}
    row |= {"edited_by": "bench", "created_at": NOW, "updated_at": NOW}
    id_ = connection.execute(insert(campaign).returning(campaign.c.id), row).scalar_one()
    audience = select(contact.c.id).order_by(contact.c.id).limit(people)
    run, seconds = _timed(lambda: ledger.freeze(connection, {**row, "id": id_}, NOW, audience, NOW))
    counts = ledger.counts(connection, run)
    if not counts.reconciles or counts.prepared != people:
        raise AssertionError(f"{counts.prepared} frozen of {people}")
    return seconds


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


if __name__ == "__main__":
    run_alone("campaigns", __doc__, measure)
