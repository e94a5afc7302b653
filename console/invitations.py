"""Invitations and resets: an address that sets a password once, for 72 hours or 24.

Only the hash of the address is kept; a newer one ends those before it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update

from console import accounts
from console.accounts import Account
from store.console_tables import account, account_token
from store.crypto import Keyring


class Purpose(StrEnum):
    """Why somebody sets a password."""

    INVITE = "invite"
    RESET = "reset"


VALID = {Purpose.INVITE: timedelta(hours=72), Purpose.RESET: timedelta(hours=24)}


@dataclass(frozen=True)
class Invitation:
    """An address that still works, and whose it is."""

    id: int
    purpose: Purpose
    account: Account


def issue(connection: Connection, keyring: Keyring, account_id: int, purpose: Purpose, now: datetime) -> str:
    """A new address's path. It is shown once: nobody can find it again."""
    token = secrets.token_urlsafe(32)
    unused = update(account_token).where(account_token.c.account_id == account_id, account_token.c.used_at.is_(None))
    connection.execute(unused.values(used_at=now))
    row = {
        "account_id": account_id,
        "purpose": purpose,
        "token_hash": _hash(keyring, token),
        "created_at": now,
        "expires_at": now + VALID[purpose],
    }
    connection.execute(insert(account_token).values(row))
    return f"/console/welcome/{token}"


def find(connection: Connection, keyring: Keyring, token: str, now: datetime) -> Invitation | None:
    """None when it was used, is too old, never was, or its account has ended."""
    rows = (
        select(account_token.c.id, account_token.c.purpose, account_token.c.account_id)
        .join(account, account.c.id == account_token.c.account_id)
        .where(
            account_token.c.token_hash == _hash(keyring, token),
            account_token.c.used_at.is_(None),
            account_token.c.expires_at > now,
            account.c.disabled_at.is_(None),
        )
    )
    row = connection.execute(rows).first()
    if row is None:
        return None
    return Invitation(row.id, Purpose(row.purpose), accounts.one(connection, row.account_id))


def use(connection: Connection, invitation: Invitation, password_hash: str, now: datetime) -> bool:
    """Set the password; False when somebody was faster with the same address, and then nothing was changed."""
    unused = update(account_token).where(account_token.c.id == invitation.id, account_token.c.used_at.is_(None))
    if connection.execute(unused.values(used_at=now)).rowcount == 0:
        return False
    accounts.set_password(connection, invitation.account.id, password_hash, now)
    return True


def _hash(keyring: Keyring, token: str) -> bytes:
    return keyring.hash(token, "console_invitation")
