"""Measures how fast a segment is counted on PostgreSQL: three questions as they are asked, over 1,000,000 contacts.

    python -m bench.segments [--quick]

The people are made up with a year behind them: two in five are surveyed, one in five talks with the hotline, everybody
got one campaign and half of them another, some have leads, classes and a second channel.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench.catalogue import Sheet
from bench.figures import Times
from bench.part import run_alone
from bench.postgres import new_database
from bench.scale import Scale
from programme.content import Content, load_content
from programme.segments import read
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database
from store.migrate import migrate

SECRET = "benchmarks keep no personal data at all"
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
PROVINCE = "thai-nguyen"
_FILL = """
INSERT INTO contact (id, phone_key, created_at)
SELECT n, CASE WHEN n %% 20 > 0 THEN sha256(n::text::bytea) END, %(now)s FROM generate_series(1, %(people)s::bigint) n;
INSERT INTO shop (contact_id, province, commune, trade, created_at)
SELECT n, %(province)s, (%(communes)s::text[])[1 + floor(random() ^ 2 * %(places)s)::integer], 'tap_hoa', %(now)s
FROM generate_series(1, %(people)s::bigint) n;
INSERT INTO survey_response (contact_id, survey, version, status, revision, answers, province, level, channel,
    started_at, updated_at, completed_at)
SELECT n, 'retail', '1.1.0', CASE WHEN n %% 9 > 0 THEN 'done' ELSE 'open' END, 1, '{}', %(province)s, n %% 5, 'zalo',
    %(now)s, %(now)s, %(now)s
FROM generate_series(1, %(people)s::bigint) n WHERE (hashint8(n) & 65535) %% 5 IN (0, 1);
INSERT INTO conversation (id, channel, address, contact_id, province, holder, version, last_seq, language,
    last_heard_at, created_at)
SELECT 'c' || n, 'zalo', n::text, n, %(province)s, 'bot', 1, 0, CASE WHEN n %% 50 > 0 THEN 'vi' ELSE 'en' END,
    %(now)s - random() * interval '300 days', %(now)s
FROM generate_series(1, %(people)s::bigint) n WHERE (hashint8(n + 1) & 65535) %% 5 = 0;
INSERT INTO channel_link (conversation_id, from_contact_id, to_contact_id, linked_at)
SELECT 'c' || contact_id, contact_id + 1, contact_id, %(now)s FROM conversation
WHERE (hashint8(contact_id) & 65535) %% 80 = 0 AND contact_id < %(people)s AND NOT EXISTS (
        SELECT 1 FROM conversation AS next WHERE next.contact_id = conversation.contact_id + 1);
INSERT INTO campaign (id, province, name, kind, variants, channels, gateways, pace_per_minute, audience, schedule,
    "window", stops, pause_rule, status, created_by, edited_by, created_at, updated_at)
VALUES (1, %(province)s, 'bench', 'customer_care', '[]', '[]', '[]', 1, '{}', '{}', '{}', '[]', '{}', 'ended', 'x', 'x',
    %(now)s, %(now)s);
INSERT INTO campaign_run (id, campaign_id, due_at, status, prepared, frozen_at)
SELECT n, 1, %(now)s - n * interval '20 days', 'ended', 0, %(now)s FROM generate_series(1, 2) n;
INSERT INTO recipient (run_id, contact_id, phone_key, kind, status, channel, tried_at)
SELECT run, n, sha256(n::text::bytea), 'customer_care', CASE WHEN n %% 10 > 0 THEN 'delivered' ELSE 'failed' END, 'sms',
    %(now)s - run * interval '20 days'
FROM generate_series(1, 2) run, generate_series(1, %(people)s::bigint) n
WHERE run = 2 OR (hashint8(n) & 65535) %% 2 = 0;
INSERT INTO lead (contact_id, vendor, province, status, created_at)
SELECT n, 'VNPT', %(province)s, (ARRAY['offered', 'in_use', 'refused'])[1 + n %% 3], %(now)s
FROM generate_series(1, %(people)s::bigint) n WHERE (hashint8(n + 2) & 65535) %% 10 = 0;
INSERT INTO training_class (id, province, topic, title, place, starts_at, seats)
VALUES (1, %(province)s, 'x', 'x', 'x', %(now)s, 9);
INSERT INTO class_place (contact_id, class_id, topic, province, created_at, attended_at)
SELECT n, 1, 'x', %(province)s, %(now)s, CASE WHEN n %% 3 > 0 THEN %(now)s END
FROM generate_series(1, %(people)s::bigint) n WHERE (hashint8(n + 3) & 65535) %% 20 = 0;
"""
_TABLES = "contact, shop, survey_response, conversation, channel_link, recipient, lead, class_place"


async def measure(sheet: Sheet, scale: Scale) -> None:
    """On a database of its own. Raises Unavailable."""
    content = load_content()
    with new_database() as url:
        newest = Database(url)
        migrate(newest)
        newest.close()
        _fill(url, content, scale.campaign_contacts)
        database = open_database(url, Keyring(SECRET), ManualClock(NOW))
        try:
            asked = _questions([one.code for one in content.communes.communes(PROVINCE)])
            times = {name: _timed(database, content, asked[name], scale.segment_counts) for name in asked}
        finally:
            database.close()
    slowest = max(times.values(), key=lambda one: one.p95)
    note = "; ".join(f"{name} {one.p50:.0f}" for name, one in times.items())
    sheet.put(sheet["segment_count"].timed(slowest, note=f"the slowest of three; medians: {note}"))


def _questions(communes: list[str]) -> Mapping[str, Mapping[str, Any]]:
    return {
        "five communes, no survey": {"and": [{"commune": communes[:5]}, {"survey": "none"}]},
        "no survey, not reached for 30 days": {"and": [{"survey": "none"}, {"reached": False, "days": 30}]},
        "nested": {
            "and": [
                {"or": [{"survey": "done"}, {"class": ["attended"]}]},
                {"not": {"or": [{"lead": ["in_use", "refused"]}, {"language": "en"}]}},
                {"has": ["phone"]},
            ]
        },
    }


def _timed(database: Database, content: Content, asked: Mapping[str, Any], rounds: int) -> Times:
    """Raises AssertionError where nobody, or everybody, is found: such a question measures nothing."""
    segment = read(asked)
    everybody = database.read_now(lambda c: read({"and": []}).count(c, PROVINCE, NOW, content))
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = database.read_now(lambda c: segment.count(c, PROVINCE, NOW, content))
        took.append((time.perf_counter() - began) * 1000)
        if not 0 < found < everybody:
            raise AssertionError(f"{asked}: {found} of {everybody}")
    return Times(tuple(took))


def _fill(url: str, content: Content, people: int) -> None:
    codes = [one.code for one in content.communes.communes(PROVINCE)]
    values = {"now": NOW, "people": people, "province": PROVINCE, "communes": codes, "places": len(codes)}
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(_FILL, values)
        connection.execute(f"VACUUM ANALYZE {_TABLES}")  # as PostgreSQL does by itself in a minute


if __name__ == "__main__":
    run_alone("segments", __doc__, measure)
