"""Signed-in browsers: a random cookie whose hash is kept, until it is idle, old, signed out or its account ends."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from console.roles import Role
from store.console_tables import account, account_session
from store.crypto import Keyring
from store.database import insert_returning_id
from store.session_ends import IDLE, LONGEST
from store.tables import officer

COOKIE = "hotline_console"
# How exactly it is known when somebody was last seen.
SEEN_STEP = timedelta(minutes=1)
LONGEST_BROWSER = 120


@dataclass(frozen=True)
class SignedIn:
    """Who is asking. `communes`: codes, None for all; `csrf`: what every change must bring along.

    `must_change_password`, `needs_code`: what has to be done before anything else.
    """

    account_id: int
    officer_id: int
    login: str
    name: str
    role: Role
    communes: tuple[str, ...] | None
    vendor: str | None
    language: str
    session_id: int
    csrf: str
    on_duty: bool
    must_change_password: bool
    needs_code: bool
    has_second_factor: bool

    def may_see(self, commune: str | None) -> bool:
        """Whether what belongs to this commune is theirs to see. Commune staff see nothing without a commune."""
        return self.role is not Role.COMMUNE or (commune is not None and commune in (self.communes or ()))


def begin(
    connection: Connection, keyring: Keyring, account_id: int, browser: str, network: str, now: datetime
) -> tuple[int, str]:
    """A new session's number and its cookie. Whether a code is asked for next is the account's (`SignedIn`)."""
    token = secrets.token_urlsafe(32)
    row = {
        "account_id": account_id,
        "token_hash": keyring.hash(token, "console_session"),
        "browser": browser[:LONGEST_BROWSER],
        "network": network[:60],
        "created_at": now,
        "seen_at": now,
        "expires_at": now + LONGEST,
    }
    return insert_returning_id(connection, account_session, row), token


def find(connection: Connection, keyring: Keyring, token: str, now: datetime) -> tuple[SignedIn, datetime] | None:
    """Whose cookie this is, and when they were last seen; None when it opens nothing (any more)."""
    rows = (
        select(account_session, account, officer.c.name.label("officer_name"))
        .join(account, account.c.id == account_session.c.account_id)
        .join(officer, officer.c.id == account.c.officer_id)
        .where(
            account_session.c.token_hash == keyring.hash(token, "console_session"),
            account_session.c.expires_at > now,
            account_session.c.seen_at > now - IDLE,
            account.c.disabled_at.is_(None),
        )
    )
    row = connection.execute(rows).first()
    if row is None:
        return None
    of = row._mapping
    communes = of[account.c.communes]
    signed_in = SignedIn(
        account_id=of[account.c.id],
        officer_id=of[account.c.officer_id],
        login=of[account.c.login],
        name=of["officer_name"],
        role=Role(of[account.c.role]),
        communes=None if communes is None else tuple(communes),
        vendor=of[account.c.vendor],
        language=of[account.c.language],
        session_id=of[account_session.c.id],
        csrf=keyring.hash(token, "console_csrf").hex(),
        on_duty=of[account.c.on_duty],
        must_change_password=of[account.c.must_change_password],
        needs_code=of[account.c.totp_secret] is not None and of[account_session.c.second_factor_at] is None,
        has_second_factor=of[account.c.totp_secret] is not None,
    )
    return signed_in, of[account_session.c.seen_at]


def seen(connection: Connection, session_id: int, now: datetime) -> None:
    """They are still there."""
    connection.execute(update(account_session).filter_by(id=session_id).values(seen_at=now))


def outlasts(connection: Connection, account_id: int, session_id: int) -> bool:
    """Whether the session is still there. The account's row is locked until the transaction ends: a reset at the same
    moment comes wholly before or wholly after what is done with it.
    """
    connection.execute(select(account.c.id).filter_by(id=account_id).with_for_update(key_share=True))
    return connection.scalar(select(account_session.c.id).filter_by(id=session_id)) is not None


def code_given(connection: Connection, session_id: int, now: datetime) -> None:
    """The second factor was right."""
    connection.execute(update(account_session).filter_by(id=session_id).values(second_factor_at=now))


def end(connection: Connection, account_id: int, session_id: int) -> bool:
    """Sign one browser of an account out; whether there was such a one."""
    return connection.execute(delete(account_session).filter_by(id=session_id, account_id=account_id)).rowcount > 0


def end_all(connection: Connection, account_id: int, but: int | None = None) -> int:
    """Sign out every browser of an account, but that of session `but`; how many."""
    others = delete(account_session).where(account_session.c.account_id == account_id)
    if but is not None:
        others = others.where(account_session.c.id != but)
    return connection.execute(others).rowcount


@dataclass(frozen=True)
class OpenSession:
    """One signed-in browser, as its owner sees it."""

    id: int
    browser: str
    network: str
    created_at: datetime
    seen_at: datetime


def open_sessions(connection: Connection, account_id: int, now: datetime) -> list[OpenSession]:
    """The browsers in which an account is signed in, the last used first."""
    rows = (
        select(*(account_session.c[name] for name in ("id", "browser", "network", "created_at", "seen_at")))
        .where(
            account_session.c.account_id == account_id,
            account_session.c.expires_at > now,
            account_session.c.seen_at > now - IDLE,
        )
        .order_by(account_session.c.seen_at.desc(), account_session.c.id.desc())
    )
    return [OpenSession(**row) for row in connection.execute(rows).mappings()]
