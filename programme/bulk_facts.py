"""What the databases say about the people and numbers of a batch of messages, in few statements, as facts for the law
(bulk_law.py). Who asks, and when: bulk_gate.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from programme.bulk_law import BulkLaw, Facts, MessageKind
from programme.consents import NEWS_CONSENT
from store import forgotten
from store.campaign_tables import recipient
from store.channel_tables import channel_link
from store.forgotten import Kind
from store.forgotten_tables import forgotten as note
from store.forgotten_tables import forgotten_key
from store.many_rows import among
from store.privacy_tables import ERASED
from store.registry_tables import do_not_call
from store.tables import EncryptedText, consent, contact, conversation, data_request, opt_out

T = TypeVar("T")
# Values in one statement: SQLite and PostgreSQL bear more, plans stay good.
_AT_ONCE = 500


@dataclass(frozen=True)
class Asked:
    """One message that is about to leave. `recipient_id`: its row of the ledger, or any number that is nobody else's in
    the batch; `phone_key`: of the number that it goes to (store.forgotten.phone_key), None where it goes to none;
    `text`: as in bulk_law.Facts.
    """

    recipient_id: int
    contact_id: int
    phone_key: bytes | None
    kind: MessageKind
    channel: str
    text: str | None = None


@dataclass(frozen=True)
class Known:
    """What the database says about the people and numbers of a batch."""

    people: Mapping[int, Sequence[int]]  # contact → all contacts of that person
    namesakes: Mapping[bytes, Sequence[int]]  # number → all contacts that have it, whoever they are
    opted_out: set[int]  # contacts
    erasing: set[int]
    consents: Mapping[int, datetime]  # contact → when the last consent in force was given
    said: Mapping[bytes, Word]  # numbers and addresses → what was said of messages by whoever has them
    keys: Mapping[int, Sequence[bytes]]  # contact → what else it is recognised by
    listed: set[bytes]
    registered: dict[bytes, set[int]]  # number → rows of the ledger that asked it for permission
    tried: dict[tuple[str, bytes | int], dict[int, datetime]]  # kind and number (or contact) → row of the ledger → when

    @classmethod
    def of(cls, connection: Connection, law: BulkLaw, rows: Sequence[Asked], now: datetime) -> Known:
        phones = {row.phone_key for row in rows if row.phone_key is not None}
        namesakes = _namesakes(connection, phones)
        people = _people(connection, {row.contact_id for row in rows})
        everybody = {one for person in people.values() for one in person}
        keys = _keys(connection, everybody)
        everybody |= {one for several in namesakes.values() for one in several}
        erasures = data_request.c.kind == "erasure", data_request.c.status == "open"
        return cls(
            people=people,
            namesakes=namesakes,
            opted_out=_those(connection, opt_out.c.contact_id, everybody),
            erasing=_those(connection, data_request.c.contact_id, everybody, *erasures),
            consents=_consents(connection, everybody),
            said=_said(connection, phones.union(*keys.values())),
            keys=keys,
            listed=_those(connection, do_not_call.c.phone_key, phones),
            registered=_registered(connection, phones),
            tried=_tried(connection, law, rows, now),
        )

    def facts(self, law: BulkLaw, row: Asked) -> Facts:
        person = self.people[row.contact_id]
        keys = {key for one in person for key in self.keys.get(one, ())}
        # Who refuses or wants to be forgotten at a number has it, whatever contact it stands with
        concerned = set(person)
        if row.phone_key is not None:
            keys.add(row.phone_key)
            concerned |= set(self.namesakes.get(row.phone_key, ()))
        words = [self.said[key] for key in keys if key in self.said]
        refused = max((word.refused_at for word in words if word.refused_at), default=None)
        given = max((self.consents[one] for one in person if one in self.consents), default=None)
        return Facts(
            kind=row.kind,
            channel=row.channel,
            opted_out=not self.opted_out.isdisjoint(concerned) or any(word.is_stopped for word in words),
            on_do_not_call=row.phone_key in self.listed,
            has_consent=given is not None and (refused is None or refused < given),
            wants_erasure=not self.erasing.isdisjoint(concerned),
            was_registered=bool(self.registered.get(row.phone_key or b"", set()) - {row.recipient_id}),
            tried=[
                at
                for kind in law.counted_with(row.kind)
                for id_, at in self.tried.get((kind, _number(row)), {}).items()
                if id_ != row.recipient_id
            ],
            text=row.text,
        )

    def sent(self, row: Asked, now: datetime) -> None:
        self.tried.setdefault((row.kind, _number(row)), {})[row.recipient_id] = now
        if row.kind is MessageKind.REGISTRATION and row.phone_key is not None:
            self.registered.setdefault(row.phone_key, set()).add(row.recipient_id)


def _number(row: Asked) -> bytes | int:
    return row.contact_id if row.phone_key is None else row.phone_key


def _people(connection: Connection, contacts: set[int]) -> dict[int, list[int]]:
    """For each contact all contacts that are the same person now (programme.links.person, for many at once)."""
    is_open = channel_link.c.undone_at.is_(None)
    homes = {one: one for one in contacts}
    for some in _parts(contacts):
        moved = select(channel_link.c.from_contact_id, channel_link.c.to_contact_id).where(
            among(connection, channel_link.c.from_contact_id, some), is_open
        )
        homes |= {left: home for left, home in connection.execute(moved)}
    left: dict[int, list[int]] = {}
    for some in _parts(set(homes.values())):
        others = select(channel_link.c.to_contact_id, channel_link.c.from_contact_id).where(
            among(connection, channel_link.c.to_contact_id, some), is_open
        )
        for home, other in connection.execute(others):
            left.setdefault(home, []).append(other)
    return {one: list(dict.fromkeys([home, *left.get(home, ()), one])) for one, home in homes.items()}


def _keys(connection: Connection, contacts: set[int]) -> dict[int, list[bytes]]:
    """What each contact is recognised by (store.forgotten.keys_of, for many at once)."""
    keyring = EncryptedText.keyring
    if keyring is None:
        raise RuntimeError("no keyring: open the database with store.database.open_database")
    keys: dict[int, list[bytes]] = {}
    for some in _parts(contacts):
        numbers = select(contact.c.id, contact.c.phone_key).where(
            among(connection, contact.c.id, some), contact.c.phone_key.is_not(None)
        )
        for id_, key in connection.execute(numbers):
            keys.setdefault(id_, []).append(bytes(key))
        talks = select(conversation.c.contact_id, conversation.c.channel, conversation.c.address).where(
            among(connection, conversation.c.contact_id, some), conversation.c.unreachable.is_distinct_from(ERASED)
        )
        for id_, channel, address in connection.execute(talks):
            keys.setdefault(id_, []).append(forgotten.address_key(keyring, channel, address))
    return keys


@dataclass
class Word:
    """`is_stopped`: the last was an opt-out. `refused_at`: the last refusal, withdrawal of all that was agreed to, or
    erasure: a consent from before it counts no more, whichever of the number's contacts it stands with."""

    is_stopped: bool = False
    refused_at: datetime | None = None


def _said(connection: Connection, keys: set[bytes]) -> dict[bytes, Word]:
    """What was said at `keys`; it outlives an erasure and a restore."""
    said: dict[bytes, Word] = {}
    kinds = (Kind.OPT_OUT, Kind.OPT_IN, Kind.CONSENT_WITHDRAWN, Kind.ERASURE)
    for some in _parts(keys):
        words = (
            select(forgotten_key.c.key, note.c.kind, note.c.at)
            .join(note, note.c.id == forgotten_key.c.forgotten_id)
            .where(among(connection, forgotten_key.c.key, some), note.c.kind.in_(kinds))
            .where(or_(note.c.kind != Kind.CONSENT_WITHDRAWN, note.c.detail.is_(None)))
            .order_by(note.c.at, note.c.id)
        )
        for key, kind, at in connection.execute(words):
            word = said.setdefault(bytes(key), Word())
            if kind in (Kind.OPT_OUT, Kind.OPT_IN):
                word.is_stopped = kind == Kind.OPT_OUT
            if kind != Kind.OPT_IN:
                word.refused_at = at
    return said


def _consents(connection: Connection, contacts: set[int]) -> dict[int, datetime]:
    """Of `contacts` those who agree to advertising, with when they last said so."""
    found: dict[int, datetime] = {}
    for some in _parts(contacts):
        given = select(consent.c.contact_id, consent.c.given_at).where(
            among(connection, consent.c.contact_id, some),
            consent.c.purpose == NEWS_CONSENT,
            consent.c.basis == "consent",
            consent.c.withdrawn_at.is_(None),
        )
        for contact_id, at in connection.execute(given):
            found[contact_id] = max(at, found.get(contact_id, at))
    return found


def _namesakes(connection: Connection, phones: set[bytes]) -> dict[bytes, list[int]]:
    """Number → the contacts that have it now."""
    found: dict[bytes, list[int]] = {}
    for some in _parts(phones):
        having = select(contact.c.phone_key, contact.c.id).where(among(connection, contact.c.phone_key, some))
        for key, contact_id in connection.execute(having):
            found.setdefault(bytes(key), []).append(contact_id)
    return found


def _registered(connection: Connection, phones: set[bytes]) -> dict[bytes, set[int]]:
    found: dict[bytes, set[int]] = {}
    for some in _parts(phones):
        asked = select(recipient.c.phone_key, recipient.c.id).where(
            among(connection, recipient.c.phone_key, some),
            recipient.c.tried_at.is_not(None),
            recipient.c.kind == MessageKind.REGISTRATION,
        )
        for key, id_ in connection.execute(asked):
            found.setdefault(bytes(key), set()).add(id_)
    return found


def _tried(
    connection: Connection, law: BulkLaw, rows: Sequence[Asked], now: datetime
) -> dict[tuple[str, bytes | int], dict[int, datetime]]:
    """When what the caps count was tried at these numbers, by kind and row of the ledger.

    Without an end: what was tried in the future, before the clock was set back, counts as well.
    """
    kinds = {kind for row in rows for kind in law.counted_with(row.kind)}
    found: dict[tuple[str, bytes | int], dict[int, datetime]] = {}
    if not kinds:
        return found
    lately = and_(recipient.c.tried_at > now - law.longest_cap, recipient.c.kind.in_(kinds))
    numbers = {row.phone_key for row in rows if row.phone_key is not None}
    nameless = {row.contact_id for row in rows if row.phone_key is None}
    for column, values in ((recipient.c.phone_key, numbers), (recipient.c.contact_id, nameless)):
        for some in _parts(values):
            tries = select(recipient.c.id, column, recipient.c.kind, recipient.c.tried_at).where(
                among(connection, column, some), lately
            )
            for id_, number, kind, at in connection.execute(tries):
                found.setdefault((kind, number), {})[id_] = at
    return found


def _those(
    connection: Connection, column: ColumnElement[T], values: Iterable[T], *conditions: ColumnElement[bool]
) -> set[T]:
    """Of `values` those that `column` has, where the conditions hold."""
    return {
        found
        for some in _parts(set(values))
        for found in connection.scalars(select(column).where(among(connection, column, some), *conditions).distinct())
    }


def _parts(values: set[Any]) -> Iterator[list[Any]]:
    """`values` in portions for one statement each."""
    ordered = sorted(values)
    for first in range(0, len(ordered), _AT_ONCE):
        yield ordered[first : first + _AT_ONCE]
