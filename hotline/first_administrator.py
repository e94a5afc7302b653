"""The first account of a hotline on this machine: made once, its one-time password shown once."""

from __future__ import annotations

from sqlalchemy import Connection

from console import accounts, passwords
from console.accounts import Rights
from console.roles import Role
from store import audit
from store.audit import Actor
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database

LOGIN, NAME = "admin", "Quản trị viên"


def make_first_administrator(database: Database, keyring: Keyring, clock: Clock) -> str | None:
    """The one-time password of the login "admin", if there was no account at all; it must be changed at the first
    sign-in. Lost before it was used, `hotline user reset admin` helps.
    """
    if database.read_now(accounts.are_there_any):
        return None
    password = passwords.new_password()
    password_hash = passwords.hash_now(password)

    def work(connection: Connection) -> bool:
        if accounts.are_there_any(connection):
            return False  # another process was faster
        now, rights = clock.now(), Rights(Role.ADMINISTRATOR)
        account_id = accounts.create(connection, LOGIN, NAME, rights, now, password_hash=password_hash)
        who = Actor("hotline up")
        audit.record(connection, keyring, now, who, "account.first_made", f"account {account_id}")
        return True

    try:
        return password if database.run_now(work) else None
    except accounts.Refused:
        return None  # another process was faster


def front_line(port: int, password: str | None, has_accounts: bool) -> str:
    """What the start says about the console."""
    address = f"Trang cán bộ:  http://127.0.0.1:{port}/console/"
    if password is not None:
        return f"{address}   (đăng nhập lần đầu: {LOGIN} / {password})"
    return address if has_accounts else f"{address}   (chưa có tài khoản: hotline user add --help)"
