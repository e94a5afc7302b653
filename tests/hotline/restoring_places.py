"""Where backups are made and restored, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from hotline import backup_commands, key_commands, paths
from store import forgotten
from store.api_tables import api_token
from store.console_tables import account
from store.crypto import Keyring
from store.database import Database, insert_if_new
from store.forgotten import Kind
from store.tables import inbound, opt_out
from tests.conftest import NOW, _new_database, _with_name


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this installation keeps its files."""
    folder = tmp_path / "var"
    folder.mkdir()
    for module in (paths, backup_commands, key_commands):
        monkeypatch.setattr(module, "VAR", folder)
    monkeypatch.setenv("HOTLINE_FORGOTTEN_FILE", str(folder / "forgotten.jsonl"))
    return folder


@pytest.fixture
def elsewhere(database: Database, tmp_path: Path, postgresql_server: str) -> Iterator[str]:
    """An empty place of the other kind: what is backed up on one database is restored on the other."""
    if not database.is_sqlite:
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    with _new_database(postgresql_server) as name:
        yield _with_name(postgresql_server, name)


def at(now: Any = NOW) -> str:
    return str((now + timedelta(days=1)).isoformat())


def opt_out_of(c: Connection, keyring: Keyring, contact_id: int, now: Any) -> None:
    """As the bot's effect does it."""
    last = c.execute(select(inbound.c.id).order_by(inbound.c.id.desc()).limit(1)).scalar_one()
    insert_if_new(c, opt_out, {"contact_id": contact_id, "channel": "zalo", "inbound_id": last, "at": now})
    forgotten.record(c, now, Kind.OPT_OUT, forgotten.keys_of(c, keyring, [contact_id]))


def still_open(c: Connection) -> tuple[list[str], list[str]]:
    """Who can sign in, and whose programs have a token."""
    usable = (account.c.disabled_at.is_(None), account.c.password_hash.is_not(None))
    names = select(api_token.c.name).where(api_token.c.revoked_at.is_(None)).order_by(api_token.c.id)
    return list(c.scalars(select(account.c.login).where(*usable))), list(c.scalars(names))
