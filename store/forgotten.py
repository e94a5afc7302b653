"""What must be done again after an older backup is restored: noted with the act itself, in its transaction.

A backup knows nothing of an erasure or an opt-out that came after it. Each is therefore also a row here, copied out of
the database into a file of its own (store/forgotten_file.py). No name, number or address is in either: a person is
recognised by keyed hashes, which stay the same when the key is changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from store.crypto import Keyring
from store.database import insert_returning_id
from store.forgotten_tables import forgotten, forgotten_key
from store.tables import contact, conversation


class Kind(StrEnum):
    ERASURE = "erasure"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    CONSENT_WITHDRAWN = "consent_withdrawn"


def address_key(keyring: Keyring, channel: str, address: str) -> bytes:
    """Recognises a conversation. `address` as conversation.address has it."""
    return keyring.lasting_hash(f"{channel}\x00{address}", "forgotten_address")


def phone_key(keyring: Keyring, phone: str) -> bytes:
    """Recognises a telephone number, in E.164."""
    return keyring.lasting_hash(phone, "forgotten_phone")


def keys_of(connection: Connection, keyring: Keyring, people: Sequence[int]) -> set[bytes]:
    """What recognises a person with these contacts (ids): every address and number that they have now."""
    talks = select(conversation.c.channel, conversation.c.address).where(conversation.c.contact_id.in_(people))
    keys = {address_key(keyring, channel, address) for channel, address in connection.execute(talks)}
    phones = connection.scalars(select(contact.c.phone).where(contact.c.id.in_(people), contact.c.phone.is_not(None)))
    return keys | {phone_key(keyring, phone) for phone in phones}


def record(
    connection: Connection,
    keyring: Keyring,
    now: datetime,
    kind: Kind,
    keys: Iterable[bytes],
    detail: str | None = None,
) -> None:
    """Note an act in its own transaction. `keys` from address_key and phone_key, of all that the person is known by
    *before* the act takes it away. `detail`: the purpose of a withdrawn consent; None: all.

    Noting the same act twice is harmless: doing it again changes nothing.
    """
    row = {"uid": secrets.token_hex(16), "kind": kind, "detail": detail, "at": now}
    known_by = sorted(set(keys))
    if not known_by:
        return  # nobody could be recognised by it
    id_ = insert_returning_id(connection, forgotten, row)
    connection.execute(insert(forgotten_key), [{"forgotten_id": id_, "key": key} for key in known_by])


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
