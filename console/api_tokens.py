"""Tokens that open the API for a partner's programs: made once, found by their keyed hash, revoked.

A token is 256 random bits behind "hl_", so that scanners for leaked secrets know it. Only a keyed hash is stored and
looked up: how long that takes tells nobody without the key anything about a token, and guessing one is hopeless. What
is recorded of it is the pages' and the command line's to say.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Row, select, update

from store import forgotten
from store.api_tables import api_token
from store.audit import Actor
from store.crypto import Keyring
from store.database import insert_returning_id
from store.forgotten import Kind

PREFIX = "hl_"
TOKEN = re.compile(PREFIX + "[0-9a-f]{64}")
HINT_CHARACTERS = 8  # 20 of the 256 bits
LONGEST_NAME = 60
SHORTEST_DAYS, USUAL_DAYS, LONGEST_DAYS = 1, 365, 730
# How exactly it is known when a token was last used.
USED_STEP = timedelta(minutes=1)


class ApiScope(StrEnum):
    """What a token opens."""

    LEADS_READ = "leads:read"
    LEADS_WRITE = "leads:write"
    SURVEYS_READ = "surveys:read"
    CLASSES_READ = "classes:read"
    CLASSES_WRITE = "classes:write"


@dataclass(frozen=True)
class Grant:
    """For whom a token is and what it opens. `vendor`: whose leads; `communes`: codes, None for all."""

    name: str
    scopes: tuple[ApiScope, ...]
    vendor: str | None = None
    communes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ApiToken:
    """A token as people see it: `hint` is how it begins."""

    id: int
    grant: Grant
    hint: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    @property
    def actor(self) -> Actor:
        """Whoever uses it, as the audit log and the steps of a lead name them."""
        return Actor(f"API {self.id}: {self.grant.name}")

    def opens(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


def fault_of(grant: Grant, days: int, communes: Collection[str], vendors: Collection[str]) -> str | None:
    """The key of the words that say why there can be no such token. `communes`, `vendors`: those that exist."""
    if not grant.name:
        return "api.name_needed"
    if not grant.scopes:
        return "api.scope_needed"
    if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        return "api.days_wrong"
    if grant.vendor is not None and grant.vendor not in vendors:
        return "api.vendor_unknown"
    # Owners agreed that one firm calls them: no program gets the leads of all
    if grant.vendor is None and {ApiScope.LEADS_READ, ApiScope.LEADS_WRITE} & set(grant.scopes):
        return "api.vendor_needed"
    if grant.communes is not None and not set(grant.communes) <= set(communes):
        return "people.unknown_commune"
    return None


def make(connection: Connection, keyring: Keyring, grant: Grant, days: int, now: datetime) -> tuple[int, str]:
    """A new token's number and the token itself, which nobody can find again. It ends after `days`."""
    token = PREFIX + secrets.token_hex(32)
    row = {
        "name": grant.name,
        "token_hash": _hash(keyring, token),
        "hint": token[:HINT_CHARACTERS],
        "scopes": [scope.value for scope in grant.scopes],
        "vendor": grant.vendor,
        "communes": None if grant.communes is None else sorted(grant.communes),
        "created_at": now,
        "expires_at": now + timedelta(days=days),
    }
    return insert_returning_id(connection, api_token, row), token


def every(connection: Connection) -> list[ApiToken]:
    """All tokens, the newest first, those that open nothing any more too."""
    return [_token(row) for row in connection.execute(select(api_token).order_by(api_token.c.id.desc()))]


def one(connection: Connection, token_id: int) -> ApiToken | None:
    """The token with this number."""
    row = connection.execute(select(api_token).filter_by(id=token_id)).first()
    return _token(row) if row else None


def find(connection: Connection, keyring: Keyring, token: str) -> ApiToken | None:
    """Whose token this is; it may have ended (`opens`)."""
    if not TOKEN.fullmatch(token):
        return None
    row = connection.execute(select(api_token).filter_by(token_hash=_hash(keyring, token))).first()
    return _token(row) if row else None


def still_opens(connection: Connection, token_id: int, now: datetime) -> bool:
    """Whether the token can be used. Its row is locked until the transaction ends: what revokes it at the same moment
    comes wholly before or wholly after what is done with it.
    """
    row = connection.execute(select(api_token).filter_by(id=token_id).with_for_update(read=True)).first()
    return row is not None and _token(row).opens(now)


def used(connection: Connection, token_id: int, now: datetime) -> None:
    """It has just been used."""
    connection.execute(update(api_token).filter_by(id=token_id).values(used_at=now))


def revoke(connection: Connection, token_id: int, now: datetime) -> bool:
    """End a token for good, also where an older backup is restored; whether this changed anything."""
    still = update(api_token).where(api_token.c.id == token_id, api_token.c.revoked_at.is_(None))
    if connection.execute(still.values(revoked_at=now)).rowcount == 0:
        return False
    forgotten.record(connection, now, Kind.ACCESS, [forgotten.access_key(api_token, token_id)])
    return True


def said(grant: Grant, days: int) -> dict[str, object]:
    """A token that was made, for the audit log."""
    communes = None if grant.communes is None else list(grant.communes)
    return {"scopes": list(grant.scopes), "vendor": grant.vendor, "communes": communes, "days": days}


def _hash(keyring: Keyring, token: str) -> bytes:
    return keyring.lasting_hash(token, "api_token")


def _token(row: Row[tuple[object, ...]]) -> ApiToken:
    of = row._mapping
    communes = None if of["communes"] is None else tuple(of["communes"])
    grant = Grant(of["name"], tuple(ApiScope(one) for one in of["scopes"]), of["vendor"], communes)
    same = ("id", "hint", "created_at", "expires_at", "used_at", "revoked_at")
    return ApiToken(grant=grant, **{name: of[name] for name in same})
