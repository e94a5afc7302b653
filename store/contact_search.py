"""Owners, found by their number or the words of their name, with their conversations; the newest first.

Names are kept as hashes of whole words: a beginning finds nobody.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from store.contacts import Contacts, find_phone
from store.crypto import Keyring
from store.tables import contact, contact_name_word, conversation

# Of the words of a name the rarest is read from its end; how rare one is, is counted no further.
_COUNTED = 2_000


@dataclass(frozen=True)
class Talk:
    """One of an owner's conversations. `last_heard_at`: None when they only opened it."""

    id: str
    channel: str
    last_heard_at: datetime | None


@dataclass(frozen=True)
class Owner:
    """`phone` in E.164. `talks`: the one last heard of first."""

    contact_id: int
    name: str | None
    phone: str | None
    talks: tuple[Talk, ...]


def find_owners(connection: Connection, keyring: Keyring, typed: str, limit: int) -> list[Owner]:
    """Whoever has the number that was typed, in any spelling, or all the words in their name; at most `limit`."""
    phone = find_phone(typed)
    if phone is not None:
        ids = Contacts(connection, keyring).with_phone(phone)[-limit:][::-1]
    else:
        ids = _named(connection, keyring.name_words(typed), limit)
    return _owners(connection, ids)


def _named(connection: Connection, hashes: set[bytes], limit: int) -> list[int]:
    if not hashes:
        return []
    counts = {one: _count(connection, one) for one in hashes}
    rarest, *others = sorted(hashes, key=lambda one: counts[one])
    if counts[rarest] == 0:
        return []
    by_word = contact_name_word.alias()
    rows = select(by_word.c.contact_id).where(by_word.c.word_hash == rarest)
    for other in others:
        also = contact_name_word.alias()
        # LIMIT keeps it a probe per contact: as a join, PostgreSQL would read everybody who has that word
        has = select(also.c.contact_id).filter_by(contact_id=by_word.c.contact_id, word_hash=other).limit(1)
        rows = rows.where(has.scalar_subquery().is_not(None))
    return list(connection.scalars(rows.order_by(by_word.c.contact_id.desc()).limit(limit)))


def _count(connection: Connection, word_hash: bytes) -> int:
    rows = select(contact_name_word.c.contact_id).filter_by(word_hash=word_hash).limit(_COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def _owners(connection: Connection, ids: list[int]) -> list[Owner]:
    if not ids:
        return []
    people = {row.id: row for row in connection.execute(select(contact).where(contact.c.id.in_(ids)))}
    talks: dict[int, list[Talk]] = defaultdict(list)
    of = conversation.c
    rows = select(of.contact_id, of.id, of.channel, of.last_heard_at).where(of.contact_id.in_(ids))
    for contact_id, id_, channel, heard_at in connection.execute(
        rows.order_by(of.last_heard_at.desc().nulls_last(), of.id)
    ):
        talks[contact_id].append(Talk(id_, channel, heard_at))
    return [Owner(id_, people[id_].name, people[id_].phone, tuple(talks[id_])) for id_ in ids]
