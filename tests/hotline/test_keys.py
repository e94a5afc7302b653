"""The key is taken out and changed: everything is readable with the new one only, whatever is killed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, LargeBinary, func, insert, select, type_coerce

from hotline import backup_commands, key_commands, paths
from integrations.webchat.client import address_of
from store import audit, forgotten, rotation
from store.channel_tables import attachment
from store.clock import ManualClock
from store.console_tables import account, account_session
from store.contacts import Contacts
from store.crypto import DecryptionError, Keyring
from store.database import Database, WrongKeyError, open_database
from store.forgotten import Kind
from store.forgotten_file import ForgottenFile
from store.key_tables import former_key
from store.rotation import CHAINED, ENDING, LASTING, RECOMPUTED, SEALED, encrypted_columns
from store.schema import metadata
from store.survey_tables import leader
from store.tables import EncryptedText, conversation, installation, officer
from tests.conftest import NOW, SECRET
from tests.hotline.commands import hotline
from tests.programme.test_erasure import NAME, PHONE, Owners

PICTURE = b"a picture of a shop"


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "var"
    folder.mkdir()
    for module in (paths, backup_commands, key_commands):
        monkeypatch.setattr(module, "VAR", folder)
    monkeypatch.setenv("HOTLINE_FORGOTTEN_FILE", str(folder / "forgotten.jsonl"))
    monkeypatch.setattr("hotline.app.VAR", folder)
    (folder / "secret.key").write_text(SECRET + "\n")
    return folder


@pytest.fixture
def here(database_url: str) -> dict[str, str]:
    """An installation whose secret is in var/secret.key."""
    return {"HOTLINE_DATABASE_URL": database_url, "HOTLINE_SECRET_KEY": "", "HOTLINE_NOW": NOW.isoformat()}


@pytest.fixture
def filled(database_url: str, keyring: Keyring, clock: ManualClock) -> tuple[int, str]:
    """A contact with everything, a web chat, a signed-in officer, acts in the audit log; the database is closed."""
    database = open_database(database_url, keyring, clock)
    owners = Owners(database, keyring, clock)
    who, talk = owners.make("zalo", "a-1")
    owners.fill(who, talk, "zalo")
    owners.make("webchat", address_of("the token of a browser"))

    def more(c: Connection) -> None:
        c.execute(attachment.update().values(content=keyring.encrypt_bytes(PICTURE)))
        hà = c.execute(insert(officer).values(name="Trần Hà", created_at=NOW).returning(officer.c.id)).scalar_one()
        of = {"officer_id": hà, "login": "ha", "role": "officer", "created_at": NOW, "totp_secret": "JBSWY3DP"}
        signed_in = c.execute(insert(account).values(of).returning(account.c.id)).scalar_one()
        seen = {"browser": "", "network": "", "created_at": NOW, "seen_at": NOW, "expires_at": NOW + timedelta(hours=9)}
        c.execute(insert(account_session).values(account_id=signed_in, token_hash=b"x", **seen))
        forgotten.record(c, NOW, Kind.OPT_OUT, [forgotten.address_key(keyring, "zalo", "gone")])

    database.run_now(more)
    for number in range(3):
        act = f"thing {number}"
        database.run_now(lambda c, act=act: audit.record(c, keyring, NOW, audit.Actor("Hà"), "thing.seen", act))
    database.close()
    return who, talk


def prefixes(database: Database) -> set[bytes]:
    """By their beginnings, the keys that any encrypted value of the database was written with."""

    def look(c: Connection) -> set[bytes]:
        return {
            bytes(value)[:4]
            for table, columns in encrypted_columns().items()
            for column in columns
            for value in c.scalars(select(type_coerce(column, LargeBinary)).select_from(table))
            if value is not None
        }

    return database.read_now(look)


def test_every_column_that_the_secret_protects_is_known(database: Database) -> None:
    """A new one makes this fail until store/rotation.py says what becomes of it."""
    bytes_ = {f"{t.name}.{c.name}" for t in metadata.sorted_tables for c in t.c if isinstance(c.type, LargeBinary)}
    assert bytes_ == SEALED | RECOMPUTED | LASTING | ENDING | CHAINED
    encrypted = {f"{t.name}.{c.name}" for t in metadata.sorted_tables for c in t.c if isinstance(c.type, EncryptedText)}
    assert {f"{t.name}.{c.name}" for t, columns in encrypted_columns().items() for c in columns} == encrypted | SEALED
    assert all(len(table.primary_key.columns) == 1 for table in encrypted_columns())


def test_a_rotation_twice(
    database_url: str, keyring: Keyring, clock: ManualClock, here: dict[str, str], var: Path, filled: tuple[int, str]
) -> None:
    old_backup = var / "old.backup"
    assert hotline("backup", str(old_backup), **here).returncode == 0
    secrets = [SECRET]
    for _ in range(2):
        done = hotline("keys", "rotate", **here)
        assert done.returncode == 0, done.stderr
        secrets.append((var / "secret.key").read_text().strip())
        assert (var / f"secret.key.{Keyring(secrets[-2]).fingerprint}").read_text().strip() == secrets[-2]
    assert len(set(secrets)) == 3 and (var / "secret.key").stat().st_mode & 0o777 == 0o600
    for wrong in secrets[:2]:
        with pytest.raises(WrongKeyError):
            open_database(database_url, Keyring(wrong), clock)
    assert "HOTLINE_SECRET_KEY khác" in hotline("migrate", **{**here, "HOTLINE_SECRET_KEY": SECRET}).stderr.decode()

    new = Keyring(secrets[-1])
    database = open_database(database_url, new, clock)
    assert prefixes(database) == {bytes.fromhex(new.fingerprint)[:4]}

    def look(c: Connection) -> None:
        contacts = Contacts(c, new)
        assert contacts.get(filled[0]).phone == PHONE and contacts.get(filled[0]).name == NAME
        assert contacts.with_phone(PHONE) == contacts.with_name("hong nguyen") == [filled[0]]
        assert not Contacts(c, keyring).with_phone(PHONE)  # the old secret finds nobody any more
        assert new.decrypt_bytes(bytes(c.execute(select(attachment.c.content)).scalars().one())) == PICTURE
        assert c.scalar(select(account.c.totp_secret)) == "JBSWY3DP"
        assert c.scalar(select(func.count()).select_from(account_session)) == 0
        # owners go on with their web chat, and what is known by its hash alone is recognised
        assert c.scalar(select(conversation.c.id).filter_by(address=address_of("the token of a browser")))
        assert forgotten.has_opted_out(c, [forgotten.address_key(new, "zalo", "gone")])
        assert new.lasting_hash("x", "y") == keyring.lasting_hash("x", "y") != new.hash("x", "y")

    database.read_now(look)
    verdict = database.read_now(lambda c: audit.verify(c, new))
    assert verdict.finding is None and verdict.rows == 6  # three acts, the backup, two rotations
    database.close()
    _restore_the_old_backup(
        database_url, new, clock, {**here, "HOTLINE_DATABASE_URL": f"sqlite:///{var / 'new.db'}"}, var
    )


def _restore_the_old_backup(
    database_url: str, new: Keyring, clock: ManualClock, there: dict[str, str], var: Path
) -> None:
    """With the secret of its time; what was noted since then, by another secret, is done again all the same."""
    database = open_database(database_url, new, clock)
    key = forgotten.phone_key(new, PHONE)
    database.run_now(lambda c: forgotten.record(c, NOW, Kind.ERASURE, [key]))
    notes = ForgottenFile(var / "forgotten.jsonl", new)
    notes.follow_now(database)
    database.close()
    command = ("restore", str(var / "old.backup"), "--forgotten", str(notes.path))
    refused = hotline(*command, **there)
    assert refused.returncode == 1 and Keyring(SECRET).fingerprint in refused.stderr.decode()
    done = hotline(*command, **{**there, "HOTLINE_SECRET_KEY": SECRET})
    assert done.returncode == 0 and "1 lần xóa" in done.stdout.decode(), done.stderr


def test_whoever_has_the_old_secret_cannot_write_the_log_anew(
    database_url: str, keyring: Keyring, clock: ManualClock, here: dict[str, str], var: Path, filled: tuple[int, str]
) -> None:
    assert hotline("keys", "rotate", **here).returncode == 0
    new = Keyring((var / "secret.key").read_text().strip())
    database = open_database(database_url, new, clock)

    def forge(c: Connection) -> None:
        log = audit.audit_log
        if database.is_sqlite:
            c.exec_driver_sql("DROP TRIGGER audit_log_no_update")
        else:
            c.exec_driver_sql("ALTER TABLE audit_log DISABLE TRIGGER USER")
        before = audit.FIRST
        for row in c.execute(select(log).where(log.c.id <= 3).order_by(log.c.id)).mappings().all():
            forged = {**row, "actor": "Somebody else"}
            before = audit.chained(keyring, before, forged)
            c.execute(log.update().where(log.c.id == row["id"]).values(actor="Somebody else", hash=before))

    assert database.read_now(lambda c: audit.verify(c, new)).finding is None
    database.run_now(forge)
    assert database.read_now(lambda c: audit.verify(c, new)).number == 4
    database.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from hotline import backup_commands, key_commands, paths, app, cli
from store import rotation
folder = Path(sys.argv[1])
for module in (paths, backup_commands, key_commands, app):
    module.VAR = folder
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
module, name = {"before_commit": (rotation.audit, "record"), "after_commit": (key_commands, "_take_into_use"),
                "before_swap": (key_commands.os, "replace")}[sys.argv[2]]
setattr(module, name, die)
cli.main(["keys", "rotate"])
"""


def test_killed_at_any_moment_it_is_run_again(
    database_url: str, clock: ManualClock, here: dict[str, str], var: Path, filled: tuple[int, str]
) -> None:
    moments = ("before_commit", "after_commit", "before_swap")
    for when in moments if database_url.startswith("sqlite") else moments[:1]:  # the rest is about files only
        old = (var / "secret.key").read_text().strip()
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(var), when], env={**os.environ, **here}, capture_output=True, check=False
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        pending = Keyring((var / "secret.key.new").read_text().strip())
        assert (var / "secret.key").read_text().strip() == old  # there is a secret at every moment
        raw = Database(database_url)
        expected = Keyring(old) if when == "before_commit" else pending
        assert prefixes(raw) == {bytes.fromhex(expected.fingerprint)[:4]}  # all or nothing
        raw.close()
        assert hotline("keys", "rotate", **here).returncode == 0
        new = Keyring((var / "secret.key").read_text().strip())
        assert new.fingerprint == pending.fingerprint and not (var / "secret.key.new").exists()
    database = open_database(database_url, new, clock)
    assert prefixes(database) == {bytes.fromhex(new.fingerprint)[:4]}
    rotations = len(list(var.glob("secret.key.*")))
    assert database.read_now(lambda c: c.scalar(select(func.count()).select_from(former_key))) == rotations
    assert database.read_now(lambda c: audit.verify(c, new)).finding is None
    database.close()


def test_beside_a_running_hotline_nothing_is_changed(
    database_url: str, keyring: Keyring, clock: ManualClock, here: dict[str, str], var: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("store.database.BUSY_SECONDS", 0.1)
    running = open_database(database_url, keyring, clock)
    refused = hotline("keys", "rotate", **here)
    assert refused.returncode == 1 and "đang mở" in refused.stderr.decode()
    running.close()
    running = open_database(database_url, keyring, clock)
    lead = {"role": "scheduler", "holder": "x", "until": NOW + timedelta(seconds=20)}
    running.run_now(lambda c: c.execute(insert(leader).values(lead)))
    running.close()
    assert "đang mở" in hotline("keys", "rotate", **here).stderr.decode()
    assert (var / "secret.key").read_text().strip() == SECRET
    later = {**here, "HOTLINE_NOW": (NOW + timedelta(minutes=1)).isoformat()}
    assert hotline("keys", "rotate", **later).returncode == 0


def test_a_secret_that_is_a_setting(
    database_url: str, keyring: Keyring, clock: ManualClock, here: dict[str, str], var: Path, filled: tuple[int, str]
) -> None:
    (var / "secret.key").unlink()
    (var / "mine").write_text("m" * 40)
    (var / "short").write_text("m" * 4)
    setting = {**here, "HOTLINE_SECRET_KEY": SECRET}
    assert "ít nhất 32" in hotline("keys", "rotate", "--new-key-file", str(var / "short"), **setting).stderr.decode()
    (var / "same").write_text(SECRET)
    assert "giống hệt" in hotline("keys", "rotate", "--new-key-file", str(var / "same"), **setting).stderr.decode()
    done = hotline("keys", "rotate", "--new-key-file", str(var / "mine"), **setting)
    assert done.returncode == 0 and "HOTLINE_SECRET_KEY" in done.stdout.decode()
    assert "cổng SMS" not in done.stdout.decode()
    again = hotline("keys", "rotate", **setting)  # the setting was forgotten: it says again where the new one is
    assert again.returncode == 0 and Keyring("m" * 40).fingerprint in again.stdout.decode()
    open_database(database_url, Keyring("m" * 40), clock).close()
    gateway = {"SPEEDSMS_ACCESS_TOKEN": "t", "SPEEDSMS_SENDER": "HOTLINE"}
    once_more = hotline("keys", "rotate", **{**setting, **gateway, "HOTLINE_SECRET_KEY": "m" * 40})
    assert once_more.returncode == 0 and "Địa chỉ bí mật mà cổng SMS gọi đến" in once_more.stdout.decode()
    exported = hotline("keys", "export", "--to", str(var / "out"), **setting)
    assert exported.returncode == 0 and SECRET.encode() not in exported.stdout + exported.stderr
    assert (var / "out").read_text().strip() == SECRET and (var / "out").stat().st_mode & 0o777 == 0o600
    assert "đã có" in hotline("keys", "export", "--to", str(var / "out"), **setting).stderr.decode()
    shown = hotline("keys", "export", **setting)
    assert shown.stdout.decode().strip() == SECRET and "Mất khóa" in shown.stderr.decode()


def test_a_value_of_another_key_stops_it(database: Database, keyring: Keyring) -> None:
    foreign = Keyring("z" * 40)
    database.run_now(lambda c: c.exec_driver_sql("DELETE FROM attachment"))

    def work(c: Connection) -> None:
        Contacts(c, keyring).add(NOW, "Hồng")
        EncryptedText.use(foreign)
        Contacts(c, keyring).add(NOW, "Lan")
        EncryptedText.use(keyring)

    database.run_now(work)
    with pytest.raises(DecryptionError):
        database.run_now(lambda c: rotation.rotate(c, keyring, Keyring("n" * 40), NOW))
    EncryptedText.use(keyring)
    known = database.read_now(lambda c: c.scalar(select(installation.c.key_fingerprint)))
    assert known == keyring.fingerprint
