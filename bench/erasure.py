"""Measures the erasure of somebody with many messages among everybody else's, on both databases, and looks for them.

    python -m bench.erasure [--quick]

What is timed is all of it: the transaction and what lets it leave the disk. Then every byte of the database is searched
for name, number, address and words, as they were written and as they are kept for searching; each that is found is a
fault. On SQLite webhooks go on beside it: how long a message waits to be durable meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, make_url, text

from bench.catalogue import Sheet
from bench.part import run_alone
from bench.postgres import new_database
from bench.product import sentences
from bench.scale import Scale
from bot import inbox
from programme.erasure import erase
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, open_database
from store.messages import InboundMessage, Reply
from store.migrate import migrate
from store.purging import purge_asked
from store.tables import conversation, inbound, outbound

SECRET = "benchmarks keep no personal data at all"
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
NAME, PHONE, ADDRESS = "Hoàng Thị Xuânquỳnh", "+84987123456", "zalo-8811223344556677"
# A word of their own in every message, as it was written and as it is found.
WORD, FOLDED = "bánhgaiđặcsản", "banhgaidacsan"
LOOKED_FOR = (NAME, "Xuânquỳnh", "xuanquynh", "987123456", "0987123456", ADDRESS, WORD, FOLDED)
OTHERS = 1_000
AT_ONCE = 5_000
EVERY_SECONDS = 0.02


async def measure(sheet: Sheet, scale: Scale) -> None:
    """On databases of its own. Raises Unavailable."""
    with tempfile.TemporaryDirectory() as folder, _database(f"sqlite:///{Path(folder) / 'bench.db'}") as opened:
        database, keyring, contact_id = await asyncio.to_thread(_filled, opened, scale)
        seconds, waits = await _erased(database, keyring, contact_id, beside=True)
        found = await asyncio.to_thread(_found_in_file, database)
        waits.sort()
        worst = f"a message beside it is durable within {waits[-1]:.0f} ms ({len(waits)} of them)" if waits else ""
        sheet.put(sheet["erasure_sqlite"].counted(seconds, note=worst))
    with new_database() as url, _database(url) as opened:
        database, keyring, contact_id = await asyncio.to_thread(_filled, opened, scale)
        seconds, _ = await _erased(database, keyring, contact_id, beside=False)
        found += await asyncio.to_thread(_found_in_server, database)
        sheet.put(sheet["erasure_postgresql"].counted(seconds))
    sheet.put(sheet["erasure_left"].counted(found))


@contextlib.contextmanager
def _database(url: str) -> Iterator[tuple[Database, Keyring]]:
    newest = Database(url)
    migrate(newest)
    newest.close()
    keyring = Keyring(SECRET)
    database = open_database(url, keyring, ManualClock(NOW))
    try:
        yield database, keyring
    finally:
        database.close()


def _filled(opened: tuple[Database, Keyring], scale: Scale) -> tuple[Database, Keyring, int]:
    """Everybody's messages, in the order of time, written as they come: in many transactions."""
    database, keyring = opened
    chance, said = random.Random(148), sentences(520)

    def people(connection: Connection) -> tuple[int, list[str]]:
        theirs = inbox.open_conversation(connection, keyring, "zalo", ADDRESS, "thai-nguyen", NOW, NAME)
        contact_id = connection.execute(
            conversation.select().with_only_columns(conversation.c.contact_id).filter_by(id=theirs)
        ).scalar_one()
        Contacts(connection, keyring).set_phone(contact_id, PHONE)
        others = [
            inbox.open_conversation(connection, keyring, "zalo", f"other-{n}", "thai-nguyen", NOW)
            for n in range(OTHERS)
        ]
        return int(contact_id), [theirs, *others]

    contact_id, talks = database.run_now(people)
    theirs, others = scale.erased_messages, scale.erased_among
    whose = [0] * theirs + [chance.randrange(1, len(talks)) for _ in range(others)]
    chance.shuffle(whose)
    for first in range(0, len(whose), AT_ONCE):
        rows: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
        for number, talk in enumerate(whose[first : first + AT_ONCE], first):
            words = chance.choice(said)
            if talk == 0:
                words = f"{words} {WORD}, gọi {NAME} 0987123456"
            common = {"conversation_id": talks[talk], "seq": number}
            if number % 2:
                reply = Reply(words).as_json()
                rows[1].append({**common, "sender": "bot", "reply": reply, "status": "sent", "created_at": NOW})
            else:
                own = {"channel": "zalo", "provider_message_id": f"{talk}-{number}", "kind": "message", "text": words}
                rows[0].append({**common, **own, "status": "answered", "attempts": 1, "received_at": NOW})

        def write(connection: Connection, rows: Any = rows) -> None:
            connection.execute(insert(inbound), rows[0])
            connection.execute(insert(outbound), rows[1])

        database.run_now(write)
    return database, keyring, contact_id


async def _erased(database: Database, keyring: Keyring, contact_id: int, beside: bool) -> tuple[float, list[float]]:
    """Seconds until it is gone, and in milliseconds how long messages beside it took to be durable."""
    ended, waits = asyncio.Event(), []

    async def write_beside() -> None:
        here = await database.run(lambda c: inbox.open_conversation(c, keyring, "zalo", "beside", "thai-nguyen", NOW))
        number = 0
        while not ended.is_set():
            number += 1
            message = InboundMessage("zalo", "beside", f"beside-{number}", NOW, "alo")
            began = time.perf_counter()
            await database.run(lambda c, m=message: inbox.accept(c, here, m, NOW), urgent=True)  # type: ignore[misc]
            waits.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(EVERY_SECONDS)

    others = asyncio.create_task(write_beside()) if beside else None
    await asyncio.sleep(0.2)
    began = time.perf_counter()
    await database.run(lambda c: erase(c, keyring, contact_id, NOW))
    while not await purge_asked(database, NOW):
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - began
    ended.set()
    if others is not None:
        await others
    return seconds, waits


def _found_in_file(database: Database) -> int:
    path = Path(str(make_url(database.url).database))
    files = [one for one in (path, path.with_name(path.name + "-wal")) if one.exists()]
    content = b"".join(one.read_bytes() for one in files)
    return sum(content.count(words.encode()) for words in LOOKED_FOR)


def _found_in_server(database: Database) -> int:
    """In the files of every table, index and long value of the database, after they were written out."""

    def look(connection: Connection) -> int:
        connection.exec_driver_sql("CHECKPOINT")
        paths = connection.execute(
            text(
                "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relkind IN ('r', 't', 'i', 'm')"
                " AND pg_relation_filepath(oid) IS NOT NULL"
            )
        ).scalars()
        read = text("SELECT pg_read_binary_file(:path, 0, 1000000000, true)")
        found = 0
        for path in paths.all():
            content = bytes(connection.execute(read, {"path": path}).scalar() or b"")
            found += sum(content.count(words.encode()) for words in LOOKED_FOR)
        return found

    return database.outside_now(look)


if __name__ == "__main__":
    run_alone("erasure", __doc__, measure)
