"""Who has a place in a class, and who came: ticked one by one at the door, also who had no place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, Select, func, select, update

from programme.responses import give_consent
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import insert_if_new
from store.survey_tables import class_place, training_class
from store.tables import contact
from store.text import fold, folded_words

# People come early; before that a tick is a slip of the finger.
OPENS_BEFORE = timedelta(hours=1)
# Whoever comes without a place agrees at the door that name and number are kept for the class. The version is that of
# the words `classes.walk_in_consent` in console/words/classes.yaml.
CLASS_CONSENT, CLASS_CONSENT_VERSION = "class", 1
CHANNEL = "console"


@dataclass(frozen=True)
class Pupil:
    """One place. `phone` in E.164; `attended_at` None: not (yet) there."""

    place_id: int
    name: str
    phone: str
    registered_at: datetime
    attended_at: datetime | None


@dataclass(frozen=True)
class Counted:
    """How many have a place, and how many of them came."""

    taken: int
    attended: int


_PUPILS: Select[tuple[object, ...]] = select(
    class_place.c.id, contact.c.name, contact.c.phone, class_place.c.created_at, class_place.c.attended_at
).join(contact, contact.c.id == class_place.c.contact_id)


def is_open(starts_at: datetime, now: datetime) -> bool:
    """Whether attendance may be ticked; afterwards too, from a list on paper."""
    return now >= starts_at - OPENS_BEFORE


def pupils(connection: Connection, class_id: int, words: str = "") -> list[Pupil]:
    """Everybody with a place, by given name as lists of names are. `words`: only whose name or number has them."""
    found = [_pupil(row) for row in connection.execute(_PUPILS.where(class_place.c.class_id == class_id))]
    wanted = folded_words(words)
    if wanted:
        found = [one for one in found if _has(one, wanted)]
    return sorted(found, key=_by_given_name)


def find(connection: Connection, class_id: int, place_id: int) -> Pupil | None:
    """The place with this number, if it is one of this class."""
    row = connection.execute(_PUPILS.where(class_place.c.id == place_id, class_place.c.class_id == class_id)).first()
    return _pupil(row) if row else None


def counted(connection: Connection, class_id: int) -> Counted:
    """Two numbers, without reading a name."""
    counts = select(func.count(), func.count(class_place.c.attended_at)).where(class_place.c.class_id == class_id)
    taken, attended = connection.execute(counts).one()
    return Counted(taken, attended)


def tick(connection: Connection, class_id: int, place_id: int, officer_id: int, now: datetime) -> bool:
    """They are there; False when that was known, or there is no such place. Idempotent: the first tick stays."""
    first = update(class_place).filter_by(id=place_id, class_id=class_id, attended_at=None)
    return connection.execute(first.values(attended_at=now, ticked_by=officer_id)).rowcount > 0


def untick(connection: Connection, class_id: int, place_id: int) -> bool:
    """They are not there after all; False when nothing changed."""
    ticked = update(class_place).filter_by(id=place_id, class_id=class_id).where(class_place.c.attended_at.is_not(None))
    return connection.execute(ticked.values(attended_at=None, ticked_by=None)).rowcount > 0


def add_at_the_door(
    connection: Connection, keyring: Keyring, class_id: int, name: str, phone: str, officer_id: int, now: datetime
) -> int:
    """The place of somebody who came without one, ticked; who agreed that name and number (E.164) are kept.

    Seats do not matter: they are there. Idempotent by class, number and name: the class's row is locked until the
    transaction ends. A known number is only taken for the same person when the name is the same too, so that nobody
    learns a name by typing numbers.
    """
    statement = select(training_class).filter_by(id=class_id).with_for_update()
    row = connection.execute(statement).mappings().one()
    contact_id = _contact(connection, keyring, name, phone, now)
    give_consent(connection, contact_id, CLASS_CONSENT, CLASS_CONSENT_VERSION, CHANNEL, now)
    place = {key: row[key] for key in ("topic", "province", "commune")}
    place |= {"contact_id": contact_id, "class_id": class_id, "created_at": now}
    insert_if_new(connection, class_place, place)
    same = select(class_place.c.id).filter_by(class_id=class_id, contact_id=contact_id)
    place_id = int(connection.execute(same).scalar_one())
    tick(connection, class_id, place_id, officer_id, now)
    return place_id


def _contact(connection: Connection, keyring: Keyring, name: str, phone: str, now: datetime) -> int:
    contacts, said = Contacts(connection, keyring), sorted(folded_words(name))
    for known in contacts.with_phone(phone):
        if sorted(folded_words(contacts.get(known).name or "")) == said:
            return known
    contact_id = contacts.add(now, name)
    contacts.set_phone(contact_id, phone)
    return contact_id


def _pupil(row: Row[tuple[object, ...]]) -> Pupil:
    of = row._mapping
    return Pupil(of["id"], of["name"] or "", of["phone"] or "", of["created_at"], of["attended_at"])


def _has(one: Pupil, wanted: list[str]) -> bool:
    """Every word begins one of the name's; or they are digits of the number."""
    digits = "".join(wanted)
    if digits.isdecimal():
        return digits.removeprefix("84").removeprefix("0") in one.phone
    words = folded_words(one.name)
    return all(any(word.startswith(want) for word in words) for want in wanted)


def _by_given_name(one: Pupil) -> tuple[bool, str, str, int]:
    words = fold(one.name).split()
    return not words, words[-1] if words else "", " ".join(words), one.place_id
