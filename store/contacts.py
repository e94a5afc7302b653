"""People who write to the hotline: their name and phone, encrypted, found again through keyed hashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import phonenumbers
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from store import forgotten
from store.crypto import Keyring
from store.database import insert_many, insert_returning_id
from store.phones import REGION, read_phone
from store.tables import contact, contact_name_word


def normalise_phone(text: str) -> str | None:
    """A valid Vietnamese number in E.164 ("0912 345 678" → "+84912345678", also as it was before 2018); None if it is
    none, or nobody's (1900…)."""
    phone = read_phone(text)
    return phone.number if phone else None


def local_phone(phone: str) -> str:
    """A number in E.164 as people here write it: "0912345678"."""
    return f"0{phone.removeprefix('+84')}" if phone.startswith("+84") else phone


def find_phones(text: str) -> list[str]:
    """The different valid Vietnamese phone numbers inside a sentence, in E.164."""
    matches = phonenumbers.PhoneNumberMatcher(text, REGION)
    return list(dict.fromkeys(found for match in matches if (found := normalise_phone(match.raw_string))))


def find_phone(text: str) -> str | None:
    """The first of them."""
    return next(iter(find_phones(text)), None)


@dataclass(frozen=True)
class Person:
    """`phone` in E.164."""

    name: str | None
    phone: str | None


class Contacts:
    """Reads and writes contacts within the caller's transaction."""

    def __init__(self, connection: Connection, keyring: Keyring) -> None:
        self.connection, self.keyring = connection, keyring

    def add(self, now: datetime, name: str | None = None) -> int:
        """A new contact's id."""
        contact_id = insert_returning_id(self.connection, contact, {"created_at": now})
        if name:
            self.set_name(contact_id, name)
        return contact_id

    def add_many(self, now: datetime, people: Sequence[Person]) -> list[int]:
        """New contacts' ids, in the order of `people`, in three statements however many they are."""
        rows = [
            {
                "name": one.name,
                "phone": one.phone,
                "phone_hash": one.phone and self.keyring.hash(one.phone, "phone"),
                "phone_key": one.phone and forgotten.phone_key(self.keyring, one.phone),
                "created_at": now,
            }
            for one in people
        ]
        if not rows:
            return []
        added = insert(contact).returning(contact.c.id, sort_by_parameter_order=True)
        ids = list(self.connection.scalars(added, rows))
        words = [
            {"contact_id": id_, "word_hash": word}
            for id_, one in zip(ids, people, strict=True)
            for word in self.keyring.name_words(one.name or "")
        ]
        insert_many(self.connection, contact_name_word, words)
        return ids

    def set_name(self, contact_id: int, name: str) -> None:
        self.connection.execute(update(contact).where(contact.c.id == contact_id).values(name=name))
        self.connection.execute(delete(contact_name_word).where(contact_name_word.c.contact_id == contact_id))
        words = [{"contact_id": contact_id, "word_hash": word} for word in self.keyring.name_words(name)]
        if words:
            self.connection.execute(insert(contact_name_word), words)

    def set_phone(self, contact_id: int, phone: str) -> None:
        """`phone` in E.164."""
        key = forgotten.phone_key(self.keyring, phone)
        values = {"phone": phone, "phone_hash": self.keyring.hash(phone, "phone"), "phone_key": key}
        self.connection.execute(update(contact).where(contact.c.id == contact_id).values(values))

    def get(self, contact_id: int) -> Person:
        """Name and number as they are kept."""
        row = self.connection.execute(select(contact.c.name, contact.c.phone).filter_by(id=contact_id)).one()
        return Person(row.name, row.phone)

    def forget(self, contact_id: int) -> None:
        """Neither name nor number stays."""
        nothing = dict.fromkeys(("name", "phone", "phone_hash", "phone_key"))
        self.connection.execute(update(contact).where(contact.c.id == contact_id).values(nothing))
        self.connection.execute(delete(contact_name_word).where(contact_name_word.c.contact_id == contact_id))

    def with_phone(self, phone: str) -> list[int]:
        """Ids of the contacts with this number, in E.164."""
        rows = select(contact.c.id).where(contact.c.phone_hash == self.keyring.hash(phone, "phone"))
        return list(self.connection.scalars(rows.order_by(contact.c.id)))

    def with_name(self, words: str) -> list[int]:
        """Ids of the contacts whose name has all these words, whatever their accents, case and order."""
        hashes = self.keyring.name_words(words)
        if not hashes:
            return []
        rows = (
            select(contact_name_word.c.contact_id)
            .where(contact_name_word.c.word_hash.in_(hashes))
            .group_by(contact_name_word.c.contact_id)
            .having(func.count() == len(hashes))
            .order_by(contact_name_word.c.contact_id)
        )
        return list(self.connection.scalars(rows))


def key_phones(connection: Connection, keyring: Keyring) -> int:
    """Give the numbers of an older version's contacts their lasting key; how many had none. Once, at a start."""
    without = select(contact.c.id, contact.c.phone).where(contact.c.phone.is_not(None), contact.c.phone_key.is_(None))
    keys = [{"of": row.id, "key": forgotten.phone_key(keyring, row.phone)} for row in connection.execute(without)]
    if keys:
        connection.execute(
            update(contact).where(contact.c.id == bindparam("of")).values(phone_key=bindparam("key")), keys
        )
    return len(keys)
