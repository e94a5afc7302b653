"""The part of the benchmark about lists: its list is one that offices send, and what is missing breaks the run."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from bench.imports import PROVINCE, _check, _listed, _seconds, _upload
from bot.wakeups import Wakeups
from programme.content import Content
from programme.shop_file import CheckedRow, ShopFile, ShopRows
from scheduler.imports import Importer
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from store.registry_tables import file_import


def test_every_row_can_be_taken_and_some_are_there_twice(content: Content) -> None:
    file = ShopFile(_listed(content, 200))
    rows = ShopRows(content, PROVINCE, ZoneInfo("Asia/Ho_Chi_Minh"), date(2026, 11, 23), file.columns)
    checked = [rows.check(row) for row in file.rows()]
    taken = [row for row in checked if isinstance(row, CheckedRow)]
    assert len(taken) == 200 and all(row.commune and row.trade for row in taken)
    assert 150 < len({row.phone for row in taken}) < 200


async def test_a_row_that_is_missing_breaks_the_run(
    database: Database, content: Content, keyring: Keyring, clock: ManualClock
) -> None:
    importer = Importer(database, clock, content, keyring, Wakeups())
    id_ = database.run_now(lambda c: _upload(c, keyring.encrypt_bytes(_listed(content, 50)), clock.now()))
    assert await _seconds(importer) > 0
    database.run_now(lambda c: c.execute(file_import.update().values(status="waiting")))
    await _seconds(importer)
    _check(database, id_, 50)
    with pytest.raises(AssertionError, match="50 of 51 rows"):
        _check(database, id_, 51)
