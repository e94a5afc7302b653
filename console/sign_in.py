"""Signing in, step by step: the password, then the code. Every failure looks and takes the same, and is recorded.

The password is checked outside any transaction; what it led to is settled in one, which looks at the lock again: of a
thousand guesses at once no more than five count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from console import passwords, second_factor, sessions
from console.context import ConsoleContext
from console.login_limits import lock_after, minutes_until
from console.sessions import SignedIn
from store import audit
from store.audit import Actor
from store.console_tables import account
from store.tables import officer

NOBODY = Actor("(chưa đăng nhập)")


@dataclass(frozen=True)
class Browser:
    """From where. `cookie`: what the browser brought along, "" for nothing."""

    name: str
    network: str
    cookie: str


@dataclass(frozen=True)
class Failed:
    """`minutes`: to wait before trying again; 0 = at once."""

    minutes: int


@dataclass(frozen=True)
class Opened:
    """`cookie`: of the new session. `needs_code`: the second step is still to come."""

    cookie: str
    needs_code: bool


async def with_password(context: ConsoleContext, login: str, password: str, browser: Browser) -> Opened | Failed:
    """The first step. Raises Problem 503 while too many passwords are being checked."""
    now = context.clock.now()
    row = await context.database.read(lambda c: _find(c, login))
    minutes = (
        context.login_limits.unknown_locked(login, now) if row is None else minutes_until(row["locked_until"], now)
    )
    usable = row if row is not None and row["disabled_at"] is None and not minutes else None
    known_hash = None if usable is None else usable["password_hash"]
    right = await passwords.matches(known_hash, password)
    newer = await passwords.hashed(password) if right and passwords.may_be_weaker(known_hash or "") else None
    if row is None:
        minutes = minutes or context.login_limits.unknown_failed(login, now)
        login_hash = context.keyring.hash(login, "login").hex()[:16]
        await context.database.run(
            lambda c: _record_failure(context, c, f"login {login_hash}", "password", minutes, now)
        )
        return Failed(minutes)

    def settle(connection: Connection) -> Opened | Failed:
        fresh = _find(connection, login, lock=True)
        if fresh is None or not right or fresh["password_hash"] != known_hash or fresh["disabled_at"] is not None:
            return _fail(context, connection, row["id"], "password", now)
        if minutes_until(fresh["locked_until"], now):
            return _fail(context, connection, row["id"], "password", now)
        return _open(context, connection, fresh, browser, newer, now)

    return await context.database.run(settle)


async def with_code(context: ConsoleContext, person: SignedIn, code: str, browser: Browser) -> Opened | Failed:
    """The second step, of somebody whose password was right. The browser gets another cookie."""
    now = context.clock.now()

    def settle(connection: Connection) -> Opened | Failed:
        fresh = _find(connection, person.login, lock=True)
        if fresh is None or fresh["totp_secret"] is None or minutes_until(fresh["locked_until"], now):
            return _fail_code(context, connection, person, now)
        step = second_factor.step_of(fresh["totp_secret"], code, now, fresh["totp_step"])
        # A session that was ended meanwhile, by a reset or with its account, leads to no new one
        if step is None or not sessions.end(connection, person.account_id, person.session_id):
            return _fail_code(context, connection, person, now)
        connection.execute(update(account).filter_by(id=fresh["id"]).values(totp_step=step, **_signed_in(now)))
        session_id, cookie = sessions.begin(
            connection, context.keyring, fresh["id"], browser.name, browser.network, now
        )
        sessions.code_given(connection, session_id, now)
        _record_sign_in(context, connection, fresh, "code", now)
        return Opened(cookie, needs_code=False)

    return await context.database.run(settle)


async def confirmed(context: ConsoleContext, person: SignedIn, password: str) -> Failed | None:
    """Whether somebody who is signed in knows the password, before what matters is changed; None: they do.

    Wrong ones count like those at the sign-in: a browser that was left open is no place to guess. Raises Problem 429:
    nobody may keep the few passwords that are checked at once busy for everybody else.
    """
    now = context.clock.now()
    words = context.words.say("login.too_many", person.language)
    context.login_limits.allow_attempt(f"account {person.account_id}", now, words)
    row = await context.database.read(lambda c: _find(c, person.login))
    locked = row is None or minutes_until(row["locked_until"], now) > 0
    known_hash = None if row is None or locked else row["password_hash"]
    if await passwords.matches(known_hash, password):
        return None
    return await context.database.run(lambda c: _fail(context, c, person.account_id, "password", now))


def _open(
    context: ConsoleContext,
    connection: Connection,
    row: RowMapping,
    browser: Browser,
    newer_hash: str | None,
    now: datetime,
) -> Opened:
    old = sessions.find(connection, context.keyring, browser.cookie, now) if browser.cookie else None
    if old is not None:
        sessions.end(connection, old[0].account_id, old[0].session_id)
    _, cookie = sessions.begin(connection, context.keyring, row["id"], browser.name, browser.network, now)
    done = row["totp_secret"] is None
    # Where a code is still to come, the failures are forgotten with it: else a guesser of codes could begin anew
    changes = {**(_signed_in(now) if done else {}), **({"password_hash": newer_hash} if newer_hash else {})}
    if changes:
        connection.execute(update(account).filter_by(id=row["id"]).values(changes))
    if done:
        _record_sign_in(context, connection, row, "password", now)
    return Opened(cookie, needs_code=not done)


def _fail(context: ConsoleContext, connection: Connection, account_id: int, step: str, now: datetime) -> Failed:
    """Count it, unless the account is locked already."""
    row = connection.execute(
        select(account.c.failed_logins, account.c.locked_until).filter_by(id=account_id).with_for_update(key_share=True)
    ).one()
    minutes = minutes_until(row.locked_until, now)
    if not minutes:
        lock = lock_after(row.failed_logins + 1)
        until = None if lock is None else now + lock
        counted = {"failed_logins": row.failed_logins + 1, "locked_until": until}
        connection.execute(update(account).filter_by(id=account_id).values(counted))
        minutes = minutes_until(until, now)
    _record_failure(context, connection, f"account {account_id}", step, minutes, now)
    return Failed(minutes)


def _fail_code(context: ConsoleContext, connection: Connection, person: SignedIn, now: datetime) -> Failed:
    """Too many wrong codes, and one has to begin with the password again."""
    failed = _fail(context, connection, person.account_id, "code", now)
    if failed.minutes:
        sessions.end(connection, person.account_id, person.session_id)
    return failed


def _signed_in(now: datetime) -> dict[str, object]:
    return {"failed_logins": 0, "locked_until": None, "last_login_at": now}


def _find(connection: Connection, login: str, lock: bool = False) -> RowMapping | None:
    rows = (
        select(account, officer.c.name.label("officer_name"))
        .join(officer, officer.c.id == account.c.officer_id)
        .where(account.c.login == login)
    )
    if lock:
        rows = rows.with_for_update(of=account, key_share=True)
    return connection.execute(rows).mappings().first()


def _record_sign_in(context: ConsoleContext, connection: Connection, row: RowMapping, by: str, now: datetime) -> None:
    who = Actor(row["officer_name"], row["id"])
    audit.record(connection, context.keyring, now, who, "account.signed_in", f"account {row['id']}", {"by": by})


def _record_failure(
    context: ConsoleContext, connection: Connection, object_: str, step: str, minutes: int, now: datetime
) -> None:
    detail = {"by": step, "locked_minutes": minutes}
    audit.record(connection, context.keyring, now, NOBODY, "account.sign_in_failed", object_, detail)
