"""Accounts as rows: finding, making, changing, ending them. Who may do so and what is recorded is the pages' to say."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, update

from bot.baton import officer_named
from bot.holding import release_all_of
from console import sessions
from console.roles import DESK, Role
from store import forgotten
from store.console_tables import account
from store.database import insert_if_new
from store.forgotten import Kind
from store.tables import officer

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{2,79}")
LONGEST_LOGIN, LONGEST_NAME = 80, 80


class Refusal(StrEnum):
    """Why an account cannot be made or changed like that: the key of the words that say so."""

    LOGIN_TAKEN = "people.login_taken"
    NAME_TAKEN = "people.name_taken"
    LAST_ADMINISTRATOR = "people.last_administrator"


class Refused(Exception):
    """The argument is a Refusal; the transaction must be rolled back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class NoAccount(LookupError):
    """There is no such account."""


@dataclass(frozen=True)
class Rights:
    """What an account is for. `communes`: codes, None for all."""

    role: Role
    communes: tuple[str, ...] | None = None
    vendor: str | None = None


@dataclass(frozen=True)
class Account:
    """One account, without its secrets."""

    id: int
    officer_id: int
    login: str
    name: str
    role: Role
    communes: tuple[str, ...] | None
    vendor: str | None
    language: str
    on_duty: bool
    telegram_chat: str | None
    must_change_password: bool
    failed_logins: int
    locked_until: datetime | None
    created_at: datetime
    last_login_at: datetime | None
    disabled_at: datetime | None
    has_password: bool
    has_second_factor: bool

    @property
    def rights(self) -> Rights:
        return Rights(self.role, self.communes, self.vendor)


def rights_fault(rights: Rights, communes: Collection[str], vendors: Collection[str]) -> str | None:
    """The key of the words that say why nobody can have these rights. `communes`, `vendors`: those that exist."""
    if rights.communes is not None and not set(rights.communes) <= set(communes):
        return "people.unknown_commune"
    if rights.role is Role.COMMUNE and not rights.communes:
        return "people.commune_needed"
    if rights.role is Role.VENDOR and rights.vendor not in vendors:
        return "people.vendor_needed"
    if rights.role is not Role.VENDOR and rights.vendor is not None:
        return "people.vendor_not_here"
    return None


def every(connection: Connection) -> list[Account]:
    """All accounts, those that have ended too, by name."""
    return [_account(row._mapping) for row in connection.execute(_accounts().order_by(officer.c.name))]


def one(connection: Connection, account_id: int) -> Account:
    """Raises NoAccount."""
    return _one(connection, account.c.id == account_id)


def with_login(connection: Connection, login: str) -> Account:
    """Raises NoAccount."""
    return _one(connection, account.c.login == login)


def are_there_any(connection: Connection) -> bool:
    """Whether anybody could ever sign in."""
    return connection.scalar(select(account.c.id).limit(1)) is not None


def create(
    connection: Connection,
    login: str,
    name: str,
    rights: Rights,
    now: datetime,
    language: str = "vi",
    password_hash: str | None = None,
) -> int:
    """A new account's number. With a password it is one that has to be changed. Raises Refused."""
    officer_id = officer_named(connection, name, now)
    if connection.scalar(select(account.c.id).filter_by(login=login)) is not None:
        raise Refused(Refusal.LOGIN_TAKEN)
    row = {
        "officer_id": officer_id,
        "login": login,
        **_columns(rights),
        "language": language,
        "password_hash": password_hash,
        "must_change_password": password_hash is not None,
        "created_at": now,
    }
    made = insert_if_new(connection, account, row)
    if made is None:
        raise Refused(Refusal.NAME_TAKEN)
    return int(made["id"])


def change(connection: Connection, account_id: int, name: str, rights: Rights, now: datetime) -> bool:
    """Give an account another name and other rights. Whether conversations went back to the queue, because they cannot
    be answered with these rights. Raises NoAccount, Refused.
    """
    known = one(connection, account_id)
    freed = [] if rights.role in DESK else release_all_of(connection, known.officer_id, now)
    if rights.role is not Role.ADMINISTRATOR:
        _keep_an_administrator(connection, account_id)
    if name != known.name:
        if connection.scalar(select(officer.c.id).filter_by(name=name)) is not None:
            raise Refused(Refusal.NAME_TAKEN)
        connection.execute(update(officer).filter_by(id=known.officer_id).values(name=name))
    if rights != known.rights:
        _set_access(connection, account_id, now, **_columns(rights))
    return bool(freed)


def disable(connection: Connection, account_id: int, now: datetime) -> bool:
    """End an account: nobody signs in with it, its browsers are signed out, what its officer held waits in the queue
    again. Whether there was anything of that. Raises NoAccount, Refused.
    """
    # conversations first: the order of locks that everybody keeps
    freed = release_all_of(connection, one(connection, account_id).officer_id, now)
    _keep_an_administrator(connection, account_id)
    _set_access(connection, account_id, now, disabled_at=now, on_duty=False)
    sessions.end_all(connection, account_id)
    return bool(freed)


def enable(connection: Connection, account_id: int) -> None:
    """The account can be used again, with the password it had."""
    _set(connection, account_id, disabled_at=None, failed_logins=0, locked_until=None)


def set_password(
    connection: Connection, account_id: int, password_hash: str, now: datetime, but_session: int | None = None
) -> None:
    """A password of their own choice; every browser but that of `but_session` is signed out."""
    own = {"password_hash": password_hash, "must_change_password": False, "failed_logins": 0, "locked_until": None}
    _set_access(connection, account_id, now, **own)
    sessions.end_all(connection, account_id, but_session)


def forget_password(connection: Connection, account_id: int, now: datetime) -> None:
    """Nobody signs in with the old password any more; a new one is set by an address (console/invitations.py)."""
    none = {"password_hash": None, "must_change_password": False, "failed_logins": 0, "locked_until": None}
    _set_access(connection, account_id, now, **none)
    sessions.end_all(connection, account_id)


def set_second_factor(
    connection: Connection, account_id: int, secret: str | None, now: datetime, step: int | None = None
) -> None:
    """`step`: of the code that proved that the app has the secret; None, None: only the password is asked for."""
    _set_access(connection, account_id, now, totp_secret=secret, totp_step=step)


def second_factor_of(connection: Connection, account_id: int) -> str | None:
    """The present secret."""
    secret: str | None = connection.execute(select(account.c.totp_secret).filter_by(id=account_id)).scalar_one()
    return secret


def prefer(connection: Connection, account_id: int, **values: Any) -> None:
    """Set what people choose themselves: `language`, `on_duty`, `telegram_chat`."""
    assert values.keys() <= {"language", "on_duty", "telegram_chat"}  # noqa: S101 - only our own code calls this
    _set(connection, account_id, **values)


def _set_access(connection: Connection, account_id: int, now: datetime, **values: Any) -> None:
    """Set by what somebody signs in, or what that opens: as an older backup has it, it must not open anything again."""
    forgotten.record(connection, now, Kind.ACCESS, [forgotten.access_key(account, account_id)])
    _set(connection, account_id, **values)


def _set(connection: Connection, account_id: int, **values: Any) -> None:
    connection.execute(update(account).filter_by(id=account_id).values(**values))


def _columns(rights: Rights) -> dict[str, Any]:
    communes = None if rights.communes is None else sorted(rights.communes)
    return {"role": rights.role, "communes": communes, "vendor": rights.vendor}


def _keep_an_administrator(connection: Connection, without: int) -> None:
    """Two who demote each other at once wait for each other here. Raises Refused."""
    able = (
        select(account.c.id)
        .where(
            account.c.role == Role.ADMINISTRATOR,
            account.c.disabled_at.is_(None),
            (account.c.password_hash.is_not(None)) | (account.c.id == without),
        )
        .order_by(account.c.id)
        .with_for_update(key_share=True)
    )
    if connection.scalars(able).all() == [without]:
        raise Refused(Refusal.LAST_ADMINISTRATOR)


def _accounts() -> Select[Any]:
    stored = {column.name for column in account.c}
    columns = [account.c[one.name] for one in fields(Account) if one.name in stored]
    more = (
        officer.c.name.label("name"),
        account.c.password_hash.is_not(None).label("has_password"),
        account.c.totp_secret.is_not(None).label("has_second_factor"),
    )
    return select(*columns, *more).join(officer, officer.c.id == account.c.officer_id)


def _one(connection: Connection, which: ColumnElement[bool]) -> Account:
    row = connection.execute(_accounts().where(which)).first()
    if row is None:
        raise NoAccount
    return _account(row._mapping)


def _account(row: Any) -> Account:
    communes = None if row["communes"] is None else tuple(row["communes"])
    return Account(**{**row, "role": Role(row["role"]), "communes": communes})
