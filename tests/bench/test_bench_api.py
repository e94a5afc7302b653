"""The API's part of the benchmark reads every page of a firm's leads."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bench.api import FIRM, NOW, PROVINCE, SECRET, _fill, _read_all
from console import api_tokens
from console.api.context import ApiContext
from console.api_tokens import ApiScope, Grant
from programme.content import Content
from store.clock import ManualClock
from store.console_tables import audit_log
from store.crypto import Keyring
from store.database import open_database


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_page_is_read_and_names_owners(database_url: str, content: Content) -> None:
    keyring, clock = Keyring(SECRET), ManualClock(NOW)
    database = open_database(database_url, keyring, clock)
    database.run_now(lambda c: _fill(c, 120))
    grant = Grant("bench", tuple(ApiScope), FIRM)
    _, token = database.run_now(lambda c: api_tokens.make(c, keyring, grant, 1, NOW))
    times = await _read_all(ApiContext(database, clock, keyring, content, PROVINCE), token)
    seen = database.read_now(lambda c: c.execute(select(audit_log.c.detail).order_by(audit_log.c.id)).scalars().all())
    database.close()
    assert times.n == 5
    assert [detail["count"] for detail in seen[-2:]] == [50, 20] and all(detail["named"] for detail in seen)
