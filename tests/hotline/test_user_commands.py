"""Accounts and the audit log from the command line, and the first administrator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, select, text, update

from hotline.app import open_migrated_database
from hotline.first_administrator import front_line, make_first_administrator
from store import audit
from store.clock import ManualClock
from store.console_tables import account, audit_log
from store.crypto import Keyring
from store.database import Database
from store.settings import load_settings
from tests.conftest import NOW, SECRET
from tests.hotline.commands import hotline
from tests.hotline.test_officer_commands import said


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path}/own.db"}


def opened(environment: dict[str, str]) -> Database:
    settings = load_settings(database_url=environment["HOTLINE_DATABASE_URL"], secret_key=SECRET, _env_file=None)
    return open_migrated_database(settings, ManualClock(NOW))[0]


def test_an_account_is_added_listed_reset_and_ended(environment: dict[str, str]) -> None:
    add = ("user", "add", "Admin", "--name", "Trần Văn Nam", "--role", "administrator")
    address = said(*add, **environment)
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/console/welcome/[\w-]{43}\n", address)
    assert "admin  Trần Văn Nam  Quản trị viên  chưa đặt mật khẩu  chưa đăng nhập" in said(
        "user", "list", **environment
    )
    again = hotline(*add, **environment)
    assert (again.returncode, "đã có người dùng" in again.stderr.decode()) == (1, True)
    assert said("user", "reset", "admin", **environment) != address
    refused = hotline("user", "disable", "admin", **environment)
    assert (refused.returncode, "quản trị viên cuối cùng" in refused.stderr.decode()) == (1, True)
    said("user", "add", "ha.le", "--name", "Hà", "--role", "officer", **environment)
    assert "Đã khóa ha.le." in said("user", "disable", "ha.le", **environment)
    assert "đã khóa" in said("user", "list", **environment)
    verified = said("audit", "verify", **environment)
    assert "Nhật ký nguyên vẹn: 4 dòng." in verified


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nam", "--name", "Nam", "--role", "commune"), "ít nhất một xã/phường"),
        (("nam", "--name", "Nam", "--role", "commune", "--commune", "1"), "không thuộc tỉnh này"),
        (("nam", "--name", "Nam", "--role", "vendor", "--vendor", "X"), "Các doanh nghiệp: "),
        (("nam", "--name", "Nam", "--role", "officer", "--vendor", "VNPT"), "Chỉ vai trò doanh nghiệp"),
        (("Nam Trần", "--name", "Nam", "--role", "officer"), "Tên đăng nhập chỉ gồm"),
    ],
)
def test_an_account_that_cannot_be_is_not_added(
    environment: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    done = hotline("user", "add", *arguments, **environment)
    assert (done.returncode, says in done.stderr.decode()) == (1, True)
    assert "Traceback" not in done.stderr.decode()


def test_a_log_that_was_changed_or_cut_off_ends_with_1(environment: dict[str, str]) -> None:
    for number in range(3):
        said("user", "add", f"user{number}", "--name", f"Người {number}", "--role", "officer", **environment)
    found = re.search(r"--anchor (3:[0-9a-f]{16})", said("audit", "verify", **environment))
    assert found is not None
    assert "3 dòng" in said("audit", "verify", "--anchor", found[1], **environment)
    database = opened(environment)
    for what in ("update", "delete"):
        database.run_now(lambda c, what=what: c.execute(text(f"DROP TRIGGER audit_log_no_{what}")))
    database.run_now(lambda c: c.execute(delete(audit_log).where(audit_log.c.id == 3)))
    assert "2 dòng" in said("audit", "verify", **environment)
    cut = hotline("audit", "verify", "--anchor", found[1], **environment)
    assert (cut.returncode, "thiếu từ dòng 3" in cut.stderr.decode()) == (1, True)
    database.run_now(lambda c: c.execute(update(audit_log).where(audit_log.c.id == 1).values(actor="Nam")))
    database.close()
    changed = hotline("audit", "verify", **environment)
    assert (changed.returncode, "Dòng 1 không đúng" in changed.stderr.decode()) == (1, True)
    assert hotline("audit", "verify", "--anchor", "x", **environment).returncode == 2


def test_a_database_without_accounts_gets_one_administrator(
    database: Database, keyring: Keyring, clock: ManualClock
) -> None:
    password = make_first_administrator(database, keyring, clock)
    assert password is not None
    row = database.read_now(lambda c: c.execute(select(account)).mappings().one())
    assert (row["login"], row["role"], row["must_change_password"]) == ("admin", "administrator", True)
    assert PasswordHasher().verify(row["password_hash"], password)
    assert make_first_administrator(database, keyring, clock) is None
    assert database.read_now(lambda c: audit.verify(c, keyring)).rows == 1
    assert f"admin / {password})" in front_line(8000, password, True)


def test_the_start_shows_no_password_of_accounts_that_were_there() -> None:
    assert front_line(8010, None, True) == "Trang cán bộ:  http://127.0.0.1:8010/console/"
    assert "hotline user add" in front_line(8000, None, False)
