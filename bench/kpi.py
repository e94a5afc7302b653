"""Measures the programme's figures on PostgreSQL: counting 1,500,000 surveyed shops, and the page about them.

    python -m bench.kpi [--quick]

Shops and surveys are real rows and counted by the job itself. What else the page tells of was never done by anybody: it
is made up as counts, for every commune and every day of a year, which is more than any year has.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import Connection

from bench.catalogue import Sheet
from bench.console import SECRET, Browser, console_of, timed
from bench.console_data import PROVINCE
from bench.figures import Times
from bench.part import run_alone
from bench.postgres import new_database
from bench.scale import Scale
from bot.wakeups import Wakeups
from console.roles import Role
from programme.content import Content, load_content
from programme.kpi import counted
from scheduler.kinds import JobContext
from scheduler.kpi_counts import count
from store import kpi_kept, kpi_queries
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database
from store.kpi_queries import Count
from store.migrate import migrate

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
DAYS, FEW_DAYS = 365, 40
PAGE = "/console/reports/kpi"
CHANNELS = ("zalo", "telegram", "webchat", "sms")
RATINGS = ("asked", "satisfied", "neutral", "unsatisfied")
MADE_UP = {
    "reached": ("", *CHANNELS, "class", "firm"),
    "consulted": ("",),
    "trial": ("",),
    "in_use": ("firm",),
    "classes": ("",),
    "attended": ("",),
    "requests": ("in_time", "late", "not_answered", "waiting"),
    "rated_surveyed": RATINGS,
    "leads": ("offered", "accepted", "contacted", "trial", "in_use", "refused", "lapsed"),
    "domains": ("biz.vn active", "id.vn active"),
}
# A few communes have most of the shops, some a handful.
_SHOPS = """
INSERT INTO contact (id, created_at) SELECT n, %(now)s FROM generate_series(1, %(shops)s::bigint) n;
INSERT INTO shop (contact_id, province, commune, created_at)
SELECT n, %(province)s, (%(communes)s::text[])[1 + floor(random() ^ 2 * %(places)s)::integer],
    %(now)s - random() * interval '1 day' * %(days)s
FROM generate_series(1, %(shops)s::bigint) n;
INSERT INTO survey_response (contact_id, survey, version, status, revision, answers, province, commune, channel,
    started_at, updated_at, completed_at)
SELECT contact_id, 'retail', '1.1.0', 'done', 1,
    jsonb_build_object(%(item)s::text, CASE contact_id %% 3 WHEN 0 THEN '["sapo"]' ELSE '["none"]' END::jsonb),
    province, commune, 'paper', created_at, created_at, created_at + random() * (%(now)s - created_at)
FROM shop;
"""


async def measure(sheet: Sheet, scale: Scale) -> None:
    """On a database of its own. Raises Unavailable."""
    with new_database() as url:
        newest = Database(url)
        migrate(newest)
        newest.close()
        content, keyring, clock = load_content(), Keyring(SECRET), ManualClock(NOW)
        await asyncio.to_thread(_fill, url, content, clock, scale.reported_responses)
        database = open_database(url, keyring, clock)
        try:
            job = JobContext(database, clock, content, Wakeups(), keyring)
            first = await _seconds(job)
            again = await _seconds(job)
            note = f"with nothing kept before; again, ten minutes later, {again:.1f} s"
            sheet.put(sheet["kpi_count"].counted(first, n=scale.reported_responses, note=note))
            days = DAYS if scale.decides else FEW_DAYS
            await database.run(lambda c: kpi_kept.keep(c, PROVINCE, _whole_year(c, content, clock, days), NOW))
            await asyncio.to_thread(_tidy, url, "kpi_count, kpi_line")
            async with console_of(database, content, keyring, 1, Role.SUPERVISOR) as browsers:
                sheet.put(sheet["kpi_page"].timed(await _pages(browsers[0], content, scale.console_samples)))
        finally:
            database.close()


async def _seconds(job: JobContext) -> float:
    began = time.perf_counter()
    await count(job)
    return time.perf_counter() - began


async def _pages(browser: Browser, content: Content, samples: int) -> Times:
    """The whole until now, phases in between, one commune, and the file."""
    commune = content.communes.communes(PROVINCE)[0].code
    today = NOW.date()
    between = f"from={today - timedelta(days=200)}&to={today - timedelta(days=50)}"
    month = f"from={today.replace(day=1)}&to={today}"
    queries = ("", f"?{between}", f"?{month}", f"?{between}&commune={commune}", f".csv?{between}")
    return await timed(browser, [f"{PAGE}{query}" for query in queries], samples)


def _whole_year(connection: Connection, content: Content, clock: ManualClock, days: int) -> list[Count]:
    """What is there, and what is made up."""
    real = kpi_queries.recount(connection, counted(content, PROVINCE, NOW, clock.timezone))
    kept = [one for one in real if one.metric not in MADE_UP or one.part not in MADE_UP[one.metric]]
    return [*kept, *_made_up(content, days)]


def _made_up(content: Content, last: int) -> Iterator[Count]:
    communes = [one.code for one in content.communes.communes(PROVINCE)]
    days = [NOW.date() - timedelta(days=ago) for ago in range(last)]
    kinds = [(metric, part) for metric, parts in MADE_UP.items() for part in parts]
    for (metric, part), (place, commune) in itertools.product(kinds, enumerate(communes)):
        # the last communes have so few shops that their counts are hidden
        for day in days if place < len(communes) - 12 else days[: 1 + place % 4]:
            yield Count(metric, part, commune, day, 1 + (place + day.day) % 3 if place < len(communes) - 12 else 1)


def _fill(url: str, content: Content, clock: ManualClock, shops: int) -> None:
    codes = [one.code for one in content.communes.communes(PROVINCE)]
    values = {"now": NOW, "shops": shops, "province": PROVINCE, "communes": codes, "places": len(codes), "days": DAYS}
    values["item"] = counted(content, PROVINCE, NOW, clock.timezone).software[0]
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(_SHOPS, values)
    _tidy(url, "contact, shop, survey_response")


def _tidy(url: str, tables: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"VACUUM ANALYZE {tables}")  # as PostgreSQL does by itself in a minute


if __name__ == "__main__":
    run_alone("kpi", __doc__, measure)
