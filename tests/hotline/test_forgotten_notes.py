"""What people wanted is noted outside the database too, and done again after an older backup came back."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from console import accounts, api_tokens
from console.accounts import Rights
from console.api_tokens import ApiScope, Grant
from console.roles import Role
from programme import remembering
from store import forgotten
from store.api_tables import api_token
from store.clock import ManualClock
from store.console_tables import account
from store.crypto import Keyring
from store.database import Database
from store.forgotten import Kind
from store.forgotten_file import ForgottenFile, WrongLine
from store.forgotten_tables import forgotten as forgotten_table
from store.forgotten_tables import forgotten_key
from store.tables import opt_out
from tests.conftest import NOW
from tests.hotline.restoring_places import still_open
from tests.hotline.restoring_places import var as var
from tests.programme.test_erasure import PHONE, Owners


def test_the_file_follows_the_table_through_crashes(
    database: Database, keyring: Keyring, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notes" / "forgotten.jsonl"
    ours, other = ForgottenFile(path, keyring), ForgottenFile(path, keyring)
    key = forgotten.address_key(keyring, "zalo", "5101")
    note = lambda c: forgotten.record(c, clock.now(), Kind.OPT_OUT, [key])  # noqa: E731
    assert ours.follow_now(database) == 0 and ours.read() == []
    database.run_now(note)
    assert (ours.follow_now(database), other.follow_now(database)) == (1, 0)
    database.run_now(note)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])  # a crash in the middle of a line
    assert ForgottenFile(path, keyring).follow_now(database) == 1
    assert path.read_bytes().startswith(whole) and path.stat().st_mode & 0o777 == 0o600
    assert [(one.kind, one.keys) for one in other.read()] == [(Kind.OPT_OUT, (key,))] * 2
    written_at_once = os.write
    monkeypatch.setattr("store.forgotten_file.os.write", lambda file, what: written_at_once(file, what[:100]))
    path.unlink()  # a disk was lost, and the next is nearly full
    assert other.follow_now(database) == 2
    written = path.read_bytes()
    assert b"5101" not in written
    path.write_bytes(written.replace(b'"opt_out"', b'"erasure"', 1))
    with pytest.raises(WrongLine):
        other.read()
    with pytest.raises(WrongLine):
        ForgottenFile(path, Keyring("y" * 40)).read()


async def test_a_note_is_copied_while_the_hotline_runs(
    database: Database, keyring: Keyring, clock: ManualClock, tmp_path: Path
) -> None:
    file = ForgottenFile(tmp_path / "forgotten.jsonl", keyring)
    assert await file.follow(database) == 0
    for count in (1, 2):
        key = forgotten.phone_key(keyring, PHONE)
        database.run_now(lambda c, key=key: forgotten.record(c, clock.now(), Kind.ERASURE, [key]))
        assert await file.follow(database) == 1 and await file.follow(database) == 0
        assert len(file.read()) == count
    file.path.unlink()  # lost while the hotline runs: it is whole again soon after the next note
    database.run_now(lambda c: forgotten.record(c, clock.now(), Kind.OPT_OUT, [key]))
    assert await file.follow(database) == 1 and await file.follow(database) == 2
    assert len(file.read()) == 3


def test_whatever_changes_who_comes_in_is_noted_and_closes_what_an_older_backup_has(
    database: Database, keyring: Keyring, clock: ManualClock
) -> None:
    now = clock.now()

    def fill(c: Connection) -> None:
        for login in ("chief", "ha", "nam"):
            accounts.create(c, login, login, Rights(Role.ADMINISTRATOR), now, password_hash="x")
        for partner in ("MISA", "VNPT"):
            api_tokens.make(c, keyring, Grant(partner, (ApiScope.CLASSES_READ,)), 9, now)

    database.run_now(fill)
    acts: dict[str, tuple[int, Callable[[Connection], Any]]] = {
        "renamed": (0, lambda c: accounts.change(c, 2, "Trần Hà", Rights(Role.ADMINISTRATOR), now)),
        "preferred": (0, lambda c: accounts.prefer(c, 2, language="en")),
        "enabled": (0, lambda c: accounts.enable(c, 2)),
        "other rights": (1, lambda c: accounts.change(c, 2, "Trần Hà", Rights(Role.OFFICER), now)),
        "disabled": (1, lambda c: accounts.disable(c, 2, now)),
        "own password": (1, lambda c: accounts.set_password(c, 2, "y", now)),
        "no password": (1, lambda c: accounts.forget_password(c, 2, now)),
        "second factor": (1, lambda c: accounts.set_second_factor(c, 2, "JBSWY3DP", now, 1)),
        "revoked": (1, lambda c: api_tokens.revoke(c, 1, now)),
        "revoked already": (0, lambda c: api_tokens.revoke(c, 1, now)),
    }
    for name, (noted, act) in acts.items():
        before = database.read_now(forgotten.uids)
        database.run_now(act)
        assert len(database.read_now(forgotten.uids) - before) == noted, name
    notes = database.read_now(lambda c: forgotten.notes(c, forgotten.uids(c)))
    assert {note.kind for note in notes} == {Kind.ACCESS}

    def as_the_backup_has_it(c: Connection) -> None:
        c.execute(account.update().values(disabled_at=None, password_hash="x"))
        c.execute(api_token.update().values(revoked_at=None))
        c.execute(forgotten_key.delete())
        c.execute(forgotten_table.delete())

    database.run_now(as_the_backup_has_it)
    database.run_now(lambda c: remembering.replay(c, keyring, notes, now))
    assert database.read_now(still_open) == (["chief", "nam"], ["VNPT"])


def test_what_was_done_again_is_not_done_twice_and_the_order_counts(
    database: Database, keyring: Keyring, clock: ManualClock
) -> None:
    owners = Owners(database, keyring, clock)
    _, here = owners.make("zalo", "a-1", "Hồng")
    owners.write(here, "zalo", "xin chào", "m-1")
    keys = (forgotten.address_key(keyring, "zalo", "a-1"), forgotten.phone_key(keyring, PHONE))
    said = [forgotten.Note(f"{n:032d}", kind, None, NOW + timedelta(hours=n), keys) for n, kind in enumerate(
        (Kind.OPT_OUT, Kind.OPT_IN, Kind.OPT_OUT))]  # fmt: skip
    unknown = forgotten.Note("f" * 32, Kind.OPT_OUT, None, NOW, (b"nobody here",))
    done = database.run_now(lambda c: remembering.replay(c, keyring, [*reversed(said), unknown], NOW))
    assert done[Kind.OPT_OUT] == 2 and done[Kind.OPT_IN] == 1
    assert database.read_now(lambda c: c.scalar(select(opt_out.c.at))) == NOW + timedelta(hours=2)
    database.run_now(lambda c: c.execute(opt_out.delete()))  # meanwhile they want messages again
    assert not any(database.run_now(lambda c: remembering.replay(c, keyring, said, NOW)).values())
    assert database.read_now(lambda c: c.scalar(select(func.count()).select_from(opt_out))) == 0
    counts = database.read_now(
        lambda c: [c.scalar(select(func.count()).select_from(t)) for t in (forgotten_table, forgotten_key)]
    )
    assert counts == [4, 7]
