"""What must be done again after an older backup is restored: noted with the act itself, in its transaction.

A backup knows nothing of an erasure, an opt-out or an account that was closed after it. Each is therefore also a row
here, copied out of the database into a file of its own (store/forgotten_file.py). No name, number or address is in
either: a person is recognised by keyed hashes, which stay the same when the key is changed, what opens the hotline by
its number.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select

from store.crypto import Keyring
from store.database import insert_many, insert_returning_id
from store.forgotten_tables import forgotten, forgotten_key
from store.privacy_tables import ERASED
from store.tables import contact, conversation

_AT_ONCE = 500  # names in one statement


class Kind(StrEnum):
    ERASURE = "erasure"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    ACCESS = "access"  # what an account or an API token opens was changed, so that the one in a backup must not open it


@dataclass(frozen=True)
class Note:
    """An act as it was noted. `uid`: its name in every copy. `detail`: of a withdrawn consent the matter; None: all."""

    uid: str
    kind: Kind
    detail: str | None
    at: datetime
    keys: tuple[bytes, ...]


def address_key(keyring: Keyring, channel: str, address: str) -> bytes:
    """Recognises a conversation. `address` as conversation.address has it."""
    return keyring.lasting_hash(f"{channel}\x00{address}", "forgotten_address")


def phone_key(keyring: Keyring, phone: str) -> bytes:
    """Recognises a telephone number, in E.164."""
    return keyring.lasting_hash(phone, "forgotten_phone")


def access_key(of: Table, number: int) -> bytes:
    """Recognises a row of `account` or `api_token`."""
    return f"{of.name} {number}".encode()


def keys_of(connection: Connection, keyring: Keyring, people: Sequence[int]) -> set[bytes]:
    """What recognises a person with these contacts (ids): every address and number that they have now."""
    talks = select(conversation.c.channel, conversation.c.address).where(
        conversation.c.contact_id.in_(people), conversation.c.unreachable.is_distinct_from(ERASED)
    )
    keys = {address_key(keyring, channel, address) for channel, address in connection.execute(talks)}
    phones = connection.scalars(select(contact.c.phone).where(contact.c.id.in_(people), contact.c.phone.is_not(None)))
    return keys | {phone_key(keyring, phone) for phone in phones}


def record(connection: Connection, now: datetime, kind: Kind, keys: Iterable[bytes], detail: str | None = None) -> None:
    """Note an act in its own transaction. `keys` from address_key and phone_key, of all that the person is known by
    *before* the act takes it away, or from access_key. `detail`: the purpose of a withdrawn consent; None: all.

    Noting the same act twice is harmless: doing it again changes nothing.
    """
    known_by = tuple(sorted(set(keys)))
    if known_by:  # else nobody could be recognised by it
        keep(connection, Note(secrets.token_hex(16), kind, detail, now, known_by))


def record_each(connection: Connection, now: datetime, kind: Kind, keys: Sequence[bytes]) -> None:
    """The same act of many, each known by one key only: a note for each."""
    if not keys:
        return
    rows = [{"uid": secrets.token_hex(16), "kind": kind, "detail": None, "at": now} for _ in keys]
    added = insert(forgotten).returning(forgotten.c.id, sort_by_parameter_order=True)
    ids = connection.scalars(added, rows)
    insert_many(
        connection, forgotten_key, [{"forgotten_id": id_, "key": key} for id_, key in zip(ids, keys, strict=True)]
    )


def keep(connection: Connection, note: Note) -> None:
    """Write a note down, one that the table has not yet."""
    row = {"uid": note.uid, "kind": note.kind, "detail": note.detail, "at": note.at}
    id_ = insert_returning_id(connection, forgotten, row)
    connection.execute(insert(forgotten_key), [{"forgotten_id": id_, "key": key} for key in note.keys])


def count(connection: Connection) -> int:
    return int(connection.scalar(select(func.count()).select_from(forgotten)) or 0)


def uids(connection: Connection) -> set[str]:
    return set(connection.scalars(select(forgotten.c.uid)))


def notes(connection: Connection, wanted: Iterable[str]) -> list[Note]:
    """The notes with these names, the oldest first."""
    known_by: dict[int, list[bytes]] = {}
    rows: list[Row[Any]] = []
    names = sorted(wanted)
    for first in range(0, len(names), _AT_ONCE):
        of = forgotten.c.uid.in_(names[first : first + _AT_ONCE])
        rows += connection.execute(select(forgotten).where(of)).all()
        keys = select(forgotten_key).join(forgotten, forgotten.c.id == forgotten_key.c.forgotten_id).where(of)
        for row in connection.execute(keys.order_by(forgotten_key.c.key)):
            known_by.setdefault(row.forgotten_id, []).append(bytes(row.key))
    rows.sort(key=lambda row: row.id)
    return [Note(row.uid, Kind(row.kind), row.detail, row.at, tuple(known_by.get(row.id, ()))) for row in rows]


def has_opted_out(connection: Connection, keys: Iterable[bytes]) -> bool:
    """Whether the last that somebody with one of `keys` said about messages was that they want none. It outlives an
    erasure, and contacts that a backup does not know."""
    said = (
        select(forgotten.c.kind)
        .join(forgotten_key, forgotten_key.c.forgotten_id == forgotten.c.id)
        .where(forgotten_key.c.key.in_(list(keys)), forgotten.c.kind.in_((Kind.OPT_OUT, Kind.OPT_IN)))
        .order_by(forgotten.c.at.desc(), forgotten.c.id.desc())
        .limit(1)
    )
    return connection.scalar(said) == Kind.OPT_OUT
