"""Measures what a firm's program waits for, on PostgreSQL: each page of its leads, and in between what has changed.

    python -m bench.api [--quick]

The API's app is called in this process: token, query, decryption of every name and number, audit row.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
from sqlalchemy import Connection, insert
from starlette.applications import Starlette

from bench.catalogue import Sheet
from bench.console import WARM
from bench.figures import Times
from bench.part import run_alone
from bench.postgres import new_database
from bench.scale import FULL, Scale
from console import api_tokens
from console.api.app import api_mount
from console.api.context import ApiContext, ApiLimits
from console.api_tokens import ApiScope, Grant
from programme.content import load_content
from programme.responses import CONTACT_CONSENT
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database
from store.migrate import migrate
from store.survey_tables import lead
from store.tables import consent, contact

SECRET = "benchmarks keep no personal data at all"
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
PROVINCE, FIRM = "thai-nguyen", "VNPT"
UNLIMITED = 10**9
# Of the full scale: the last twenty.
LAST_CHANGES = (NOW + timedelta(seconds=FULL.api_leads - 20)).isoformat()
# Two of three leads were taken up: those name their owner.
STATES = ("offered", "accepted", "in_use")


async def measure(sheet: Sheet, scale: Scale) -> None:
    """On a database of its own. Raises Unavailable."""
    with new_database() as url:
        newest = Database(url)
        migrate(newest)
        newest.close()
        keyring, clock = Keyring(SECRET), ManualClock(NOW)
        database = open_database(url, keyring, clock)
        try:
            await database.run(lambda c: _fill(c, scale.api_leads))
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE lead, contact, consent")  # as PostgreSQL does by itself in a minute
            grant = Grant("bench", tuple(ApiScope), FIRM)
            _, token = await database.run(lambda c: api_tokens.make(c, keyring, grant, 1, NOW))
            limits = ApiLimits(UNLIMITED, UNLIMITED)
            context = ApiContext(database, clock, keyring, load_content(), PROVINCE, limits)
            sheet.put(sheet["api_leads"].timed(await _read_all(context, token)))
        finally:
            database.close()


async def _read_all(context: ApiContext, token: str) -> Times:
    """Every page once, as a program reads them that has nothing yet. Raises AssertionError for a wrong answer."""
    transport = httpx.ASGITransport(Starlette(routes=[api_mount(context)]))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://api.bench", headers=headers) as client:
        for _ in range(WARM):
            await client.get("/api/v1/leads")
        taken: list[float] = []

        async def ask(**params: str) -> str | None:
            began = time.perf_counter()
            answer = await client.get("/api/v1/leads", params=params)
            taken.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200:
                raise AssertionError(f"answered by {answer.status_code}")
            following: str | None = answer.json()["next"]
            return following

        cursor = await ask()
        while cursor is not None:
            await ask(updated_since=LAST_CHANGES)
            cursor = await ask(cursor=cursor)
        return Times(tuple(taken))


def _fill(connection: Connection, leads: int) -> None:
    numbers = range(1, leads + 1)
    people = [{"id": n, "name": f"Nguyễn Thị Số {n}", "phone": f"+8491{n:07}", "created_at": NOW} for n in numbers]
    agreed = {"purpose": CONTACT_CONSENT, "text_version": 1, "channel": "webchat", "given_at": NOW}
    offered = {"vendor": FIRM, "province": PROVINCE, "commune": "05503", "created_at": NOW, "version": 2}
    connection.execute(insert(contact), people)
    connection.execute(insert(consent), [{"id": n, "contact_id": n, **agreed} for n in numbers])
    rows = [
        {
            "contact_id": n,
            "consent_id": n,
            "status": STATES[n % len(STATES)],
            "status_at": NOW + timedelta(seconds=n),
            **offered,
        }
        for n in numbers
    ]
    connection.execute(insert(lead), rows)


if __name__ == "__main__":
    run_alone("api", __doc__, measure)
