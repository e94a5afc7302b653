"""A backup is everything at one instant, opens with the key only, and goes into either database."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from store import audit, backup
from store.backup import Contents, Reading
from store.campaign_tables import recipient
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, check_key
from store.migrate import current_revision, newest_revision, upgrade
from store.restore import LaterVersion, NotEmpty, load
from store.schema import metadata
from store.sealed_file import Damaged, NotABackup, SealedWriter, WrongBackupKey, unsealed
from store.search import find_said, read_words
from store.tables import conversation, inbound
from tests.conftest import NOW, _new_database, _with_name
from tests.programme.test_erasure import WORDS, Owners

EMPTY = ("sqlite", "postgresql")


@pytest.fixture
def empty(tmp_path: Path, postgresql_server: str) -> Iterator[Callable[[str], Database]]:
    """A database of either kind with nothing in it."""
    opened: list[Database] = []
    with _new_database(postgresql_server) as name:
        urls = {
            "sqlite": f"sqlite:///{tmp_path / 'restored.db'}",
            "postgresql": _with_name(postgresql_server, name),
        }

        def open_empty(engine: str) -> Database:
            opened.append(Database(urls[engine]))
            return opened[-1]

        yield open_empty
        for one in opened:
            one.close()


@pytest.fixture
def owners(database: Database, keyring: Keyring, clock: ManualClock) -> Owners:
    """Two owners with everything, and somebody who has looked at them."""
    owners = Owners(database, keyring, clock)
    for number, channel in enumerate(("zalo", "telegram"), 1):
        owners.fill(*owners.make(channel, f"a-{number}"), channel)
        seen = audit.Actor("Hà"), "conversation.viewed", f"conversation {number}", {"b": 1, "a": [number, "hai"]}
        database.run_now(lambda c, seen=seen: audit.record(c, keyring, clock.now(), *seen))
    return owners


def sealed(database: Database, keyring: Keyring) -> tuple[bytes, Contents]:
    file = io.BytesIO()
    writer = SealedWriter(file, keyring, NOW)
    contents = backup.dump(database, writer.write, NOW)
    writer.close()
    return file.getvalue(), contents


def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Everything that is in a database, as a backup of it tells."""
    lines: list[bytes] = []
    backup.dump(database, lines.append, NOW)
    found = {}
    for part in Reading(lines).parts():
        names = [name for name, _ in part.columns]
        found[part.table] = sorted((dict(zip(names, row, strict=True)) for row in part.rows), key=str)
    return found


def test_every_row_of_every_table_comes_back_in_either_database(
    owners: Owners, keyring: Keyring, clock: ManualClock, empty: Callable[[str], Database]
) -> None:
    content, contents = sealed(owners.database, keyring)
    before = rows(owners.database)
    assert set(contents.rows) == set(metadata.tables) and contents.revision == newest_revision()
    assert {name: len(of) for name, of in before.items()} == contents.rows
    assert backup.verify(unsealed(io.BytesIO(content), keyring)).rows == contents.rows
    for engine in EMPTY:
        there = empty(engine)
        with there.engine.begin() as connection:
            load(connection, unsealed(io.BytesIO(content), keyring))
            check_key(connection, keyring, clock)
        assert rows(there) == before
        assert there.read_now(lambda c: audit.verify(c, keyring)).rows == 2
        assert len(there.read_now(lambda c: find_said(c, read_words(WORDS), 9)).said) == 8  # type: ignore[arg-type]
        # triggers, numbers and constraints are those of a database that was always there
        owners_there = Owners(there, keyring, clock)
        assert owners_there.make("zalo", "a-1") == owners.make("zalo", "a-1")
        owners_there.fill(*owners_there.make("zalo", "new"), "zalo")
        owners_there.database.run_now(lambda c: audit.record(c, keyring, NOW, audit.Actor("Hà"), "a.b", "thing 1"))
        with pytest.raises(NotEmpty), there.engine.begin() as connection:
            load(connection, unsealed(io.BytesIO(content), keyring))


@pytest.mark.parametrize("engine", EMPTY)
def test_a_link_of_a_message_that_was_sent_after_the_backup_is_never_somebody_elses(
    engine: str, owners: Owners, keyring: Keyring, empty: Callable[[str], Database]
) -> None:
    contact_id, _ = owners.make("zalo", "a-1")
    row = {"contact_id": contact_id, "kind": "customer_care"}

    def one(database: Database, run_id: int) -> int:
        made = insert(recipient).values(**row, run_id=run_id).returning(recipient.c.id)
        return int(database.run_now(lambda c: c.execute(made).scalar_one()))

    saved = one(owners.database, 998)
    content, _ = sealed(owners.database, keyring)
    there = empty(engine)
    with there.engine.begin() as connection:
        load(connection, unsealed(io.BytesIO(content), keyring))
    assert one(there, 999) > saved + 10_000_000


def test_a_backup_is_of_one_instant_while_others_write(
    database: Database, keyring: Keyring, clock: ManualClock, empty: Callable[[str], Database]
) -> None:
    owners, stop = Owners(database, keyring, clock), threading.Event()
    here = [owners.make("zalo", f"a-{number}")[1] for number in range(3)]

    def write() -> None:
        for number in range(2_000):
            if stop.is_set():
                return
            owners.write(here[number % 3], "zalo", f"tin {number}", f"m{number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        lines: list[bytes] = []

        def slowly(line: bytes) -> None:
            """Between two tables the writer goes on."""
            if line.startswith(b'{"end":"contact"') or line.startswith(b'{"end":"conversation"'):
                count = database.read_now(_count)
                while database.read_now(_count) < count + 5:
                    pass
            lines.append(line)

        backup.dump(database, slowly, NOW)
    finally:
        stop.set()
        writer.join()
    there = empty("sqlite")
    with there.engine.begin() as connection:
        load(connection, lines)
    told = select(conversation.c.last_seq, func.count(inbound.c.id), func.max(inbound.c.seq))
    of = told.outerjoin(inbound, inbound.c.conversation_id == conversation.c.id).group_by(conversation.c.id)
    for last, count, newest in there.read_now(lambda c: c.execute(of).all()):
        assert last == count == (newest or 0)
    assert there.read_now(_count) < database.read_now(_count)


def _count(connection: Any) -> int:
    return int(connection.scalar(select(func.count()).select_from(inbound)))


def test_a_backup_of_an_earlier_schema_is_restored_and_brought_up_to_date(
    keyring: Keyring, clock: ManualClock, empty: Callable[[str], Database], tmp_path: Path
) -> None:
    early = Database(f"sqlite:///{tmp_path / 'early.db'}")
    with early.engine.begin() as connection:
        upgrade(connection, "0003")
        contact = "INSERT INTO contact (id, name, created_at) VALUES (7, ?, '2026-11-23 02:00:00.000000')"
        connection.exec_driver_sql(contact, (keyring.encrypt("Hồng"),))
    lines: list[bytes] = []
    assert backup.dump(early, lines.append, NOW).revision == "0003"
    early.close()
    there = empty("postgresql")
    with there.engine.begin() as connection:
        load(connection, lines)
        check_key(connection, keyring, clock)
        assert current_revision(connection) == newest_revision()
        assert connection.execute(select(metadata.tables["contact"])).one()[:2] == (7, "Hồng")
    later = [lines[0].replace(b'"0003"', b'"9999"'), *lines[1:]]
    with pytest.raises(LaterVersion), Database("sqlite://").engine.begin() as connection:
        load(connection, later)


@pytest.mark.parametrize("harm", ["flip", "cut", "cut_at_chunk", "swap", "append", "drop", "other_key", "no_backup"])
def test_whatever_is_done_to_the_file_is_noticed(keyring: Keyring, harm: str) -> None:
    file, said = io.BytesIO(), bytes(range(256)) * 4_000
    writer = SealedWriter(file, keyring, NOW)
    for place in range(0, len(said), 1000):
        writer.write(bytes(a ^ (place // 7 % 251) for a in said[place : place + 1000]))

    writer.write(noise := os.urandom(300_000))
    writer.close()
    content = file.getvalue()
    whole = b"".join(unsealed(io.BytesIO(content), keyring))
    assert len(whole) == len(said) + len(noise) and whole.endswith(noise)
    start, chunk = content.index(b"}\n") + 2, 64 * 1024 + 16
    chunks = [content[place : place + chunk] for place in range(start, len(content), chunk)]
    assert len(chunks) > 3
    harmed = {
        "flip": content[:-500] + bytes([content[-500] ^ 1]) + content[-499:],
        "cut": content[:-1],
        "cut_at_chunk": content[:start] + b"".join(chunks[:-1]),
        "swap": content[:start] + b"".join([chunks[1], chunks[0], *chunks[2:]]),
        "append": content + b"\x00" * chunk,
        "drop": content[:start] + b"".join([chunks[0], *chunks[2:]]),
        "other_key": content,
        "no_backup": b"PK" + content,
    }[harm]
    opener = Keyring("y" * 40) if harm == "other_key" else keyring
    expected = {"other_key": WrongBackupKey, "no_backup": NotABackup}.get(harm, Damaged)
    with pytest.raises(expected):
        b"".join(unsealed(io.BytesIO(harmed), opener))
