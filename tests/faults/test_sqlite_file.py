"""The file of SQLite is full, or locked by somebody else: what cannot be kept is refused, and comes again."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from store.database import Database
from store.migrate import migrate
from tests.faults.street import ROUNDS, Street, converse


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is left of PostgreSQL's disk is its server's matter."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    database = Database(url)
    migrate(database)
    database.close()
    return url


async def test_a_full_disk_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room(street: Street) -> None:
    engine = street.bot.database.engine

    def is_full(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")  # no page more than there are

    event.listen(engine, "connect", is_full)
    engine.dispose()
    for person in street.zalo.people:
        for number in range(3):
            street.write(street.zalo, person, f"câu hỏi của cửa hàng kể từ dòng {number}" + " dài" * 400)
    await asyncio.sleep(0.5)
    statuses = {entry["status"] for entry in street.zalo.journal.of("delivery")}
    assert 503 in statuses and statuses <= {200, 503}
    event.remove(engine, "connect", is_full)
    engine.dispose()
    for _ in range(ROUNDS):
        await street.round()
    verdict = await street.verdict()
    assert verdict.faults == [] and verdict.answered == verdict.messages > 0


async def test_a_locked_database_is_waited_for(street: Street) -> None:
    locking = sqlite3.connect(street.bot.database.url.removeprefix("sqlite:///"), isolation_level=None)
    locking.execute("BEGIN IMMEDIATE")
    for person in street.zalo.people:
        street.write(street.zalo, person, "câu hỏi khi đang khóa")
    await asyncio.sleep(0.5)
    locking.execute("COMMIT")
    locking.close()
    verdict = await converse(street, 10)
    assert verdict.faults == [] and verdict.answered == verdict.messages
