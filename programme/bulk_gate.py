"""The one gate before everything that is sent unasked: the facts about a whole batch, in few statements, judged by
bulk_law.py. Nobody writes to people unasked without it (campaigns, automatic reminders, nudges, words about leads).

Ask in the transaction that marks the message as under way, and set recipient.tried_at in it, at every try: so two
batches cannot both have the last message of a cap. Who decides what a *reply* may say has no business here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from programme.bulk_law import BulkLaw, Facts, MessageKind, Verdict
from programme.consents import NEWS_CONSENT
from store import forgotten
from store.campaign_tables import recipient
from store.channel_tables import channel_link
from store.forgotten_tables import forgotten as note
from store.forgotten_tables import forgotten_key
from store.privacy_tables import ERASED
from store.registry_tables import do_not_call
from store.tables import EncryptedText, consent, contact, conversation, data_request, opt_out

T = TypeVar("T")
# Values in one statement: SQLite and PostgreSQL bear more, plans stay good.
_AT_ONCE = 500


@dataclass(frozen=True)
class Asked:
    """One message that is about to leave. `recipient_id`: its row of the ledger, or any number that is nobody else's in
    the batch; `phone_key`: of the number that it goes to (store.forgotten.phone_key), None where it goes to none.
    """

    recipient_id: int
    contact_id: int
    phone_key: bytes | None
    kind: MessageKind
    channel: str


def judge(
    connection: Connection, law: BulkLaw, rows: Sequence[Asked], now: datetime, timezone: tzinfo
) -> dict[int, Verdict]:
    """A verdict for each of `rows` by its recipient_id; those that may leave count for the caps of those after them."""
    known = _Known.of(connection, law, rows, now)
    verdicts: dict[int, Verdict] = {}
    for row in rows:
        verdict = law.judge(known.facts(law, row), now, timezone)
        if verdict.decision == "send":
            known.sent(row, now)
        verdicts[row.recipient_id] = verdict
    return verdicts


def may_be_reached(
    connection: Connection,
    law: BulkLaw,
    contact_id: int,
    channel: str,
    now: datetime,
    timezone: tzinfo,
    kind: MessageKind = MessageKind.CUSTOMER_CARE,
) -> Verdict:
    """The same for one person who is written to in a conversation."""
    phone_key = connection.scalar(select(contact.c.phone_key).filter_by(id=contact_id))
    asked = Asked(0, contact_id, phone_key, kind, channel)
    return judge(connection, law, [asked], now, timezone)[0]


def is_quiet(law: BulkLaw, channel: str, now: datetime, timezone: tzinfo, kind: MessageKind) -> bool:
    """Whether nobody may be written to at this hour, so that a job need not look for whom."""
    verdict = law.judge(Facts(kind, channel, has_consent=True), now, timezone)
    return verdict.decision != "send"


def left_alone(contact_id: ColumnElement[int]) -> ColumnElement[bool]:
    """A condition for choosing whom to ask the gate about: who opted out or wants to be erased, also on a channel that
    was linked to theirs, would only keep others waiting. It replaces no verdict."""
    linked = select(channel_link.c.from_contact_id).where(
        channel_link.c.to_contact_id == contact_id, channel_link.c.undone_at.is_(None)
    )
    wants_erasure = exists().where(
        or_(data_request.c.contact_id == contact_id, data_request.c.contact_id.in_(linked)),
        data_request.c.kind == "erasure",
        data_request.c.status == "open",
    )
    return or_(exists().where(opt_out.c.contact_id == contact_id), wants_erasure)


@dataclass(frozen=True)
class _Known:
    """What the database says about the people and numbers of a batch."""

    people: Mapping[int, Sequence[int]]  # contact → all contacts of that person
    opted_out: set[int]  # contacts
    erasing: set[int]
    consenting: set[int]
    silenced: set[bytes]  # keys of numbers and addresses whose last word was that they want nothing
    keys: Mapping[int, Sequence[bytes]]  # contact → what else it is recognised by
    listed: set[bytes]
    registered: set[bytes]
    tried: dict[tuple[str, bytes | int], list[datetime]]  # kind and number (or contact) → when

    @classmethod
    def of(cls, connection: Connection, law: BulkLaw, rows: Sequence[Asked], now: datetime) -> _Known:
        people = _people(connection, {row.contact_id for row in rows})
        everybody = {one for person in people.values() for one in person}
        keys = _keys(connection, everybody)
        phones = {row.phone_key for row in rows if row.phone_key is not None}
        consents = consent.c.purpose == NEWS_CONSENT, consent.c.basis == "consent", consent.c.withdrawn_at.is_(None)
        erasures = data_request.c.kind == "erasure", data_request.c.status == "open"
        return cls(
            people=people,
            opted_out=_those(connection, opt_out.c.contact_id, everybody),
            erasing=_those(connection, data_request.c.contact_id, everybody, *erasures),
            consenting=_those(connection, consent.c.contact_id, everybody, *consents),
            silenced=_silenced(connection, phones.union(*keys.values())),
            keys=keys,
            listed=_those(connection, do_not_call.c.phone_key, phones),
            registered=_those(connection, recipient.c.phone_key, phones, *_was_registered(rows)),
            tried=_tried(connection, law, rows, now),
        )

    def facts(self, law: BulkLaw, row: Asked) -> Facts:
        person = self.people[row.contact_id]
        own = {key for one in person for key in self.keys.get(one, ())}
        if row.phone_key is not None:
            own.add(row.phone_key)
        return Facts(
            kind=row.kind,
            channel=row.channel,
            opted_out=not self.opted_out.isdisjoint(person) or not self.silenced.isdisjoint(own),
            on_do_not_call=row.phone_key in self.listed,
            has_consent=not self.consenting.isdisjoint(person),
            wants_erasure=not self.erasing.isdisjoint(person),
            was_registered=row.phone_key in self.registered,
            tried=[at for kind in law.counted_with(row.kind) for at in self.tried.get((kind, _number(row)), ())],
        )

    def sent(self, row: Asked, now: datetime) -> None:
        self.tried.setdefault((row.kind, _number(row)), []).append(now)
        if row.kind is MessageKind.REGISTRATION and row.phone_key is not None:
            self.registered.add(row.phone_key)


def _number(row: Asked) -> bytes | int:
    return row.contact_id if row.phone_key is None else row.phone_key


def _people(connection: Connection, contacts: set[int]) -> dict[int, list[int]]:
    """For each contact all contacts that are the same person now (programme.links.person, for many at once)."""
    is_open = channel_link.c.undone_at.is_(None)
    homes = {one: one for one in contacts}
    for some in _parts(contacts):
        moved = select(channel_link.c.from_contact_id, channel_link.c.to_contact_id).where(
            channel_link.c.from_contact_id.in_(some), is_open
        )
        homes |= {left: home for left, home in connection.execute(moved)}
    left: dict[int, list[int]] = {}
    for some in _parts(set(homes.values())):
        others = select(channel_link.c.to_contact_id, channel_link.c.from_contact_id).where(
            channel_link.c.to_contact_id.in_(some), is_open
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
            contact.c.id.in_(some), contact.c.phone_key.is_not(None)
        )
        for id_, key in connection.execute(numbers):
            keys.setdefault(id_, []).append(bytes(key))
        talks = select(conversation.c.contact_id, conversation.c.channel, conversation.c.address).where(
            conversation.c.contact_id.in_(some), conversation.c.unreachable.is_distinct_from(ERASED)
        )
        for id_, channel, address in connection.execute(talks):
            keys.setdefault(id_, []).append(forgotten.address_key(keyring, channel, address))
    return keys


def _silenced(connection: Connection, keys: set[bytes]) -> set[bytes]:
    """Of `keys` those whose last word was an opt-out; it outlives an erasure and a restore."""
    said: dict[bytes, str] = {}
    for some in _parts(keys):
        words = (
            select(forgotten_key.c.key, note.c.kind)
            .join(note, note.c.id == forgotten_key.c.forgotten_id)
            .where(forgotten_key.c.key.in_(some), note.c.kind.in_((forgotten.Kind.OPT_OUT, forgotten.Kind.OPT_IN)))
            .order_by(note.c.at, note.c.id)
        )
        said |= {bytes(key): kind for key, kind in connection.execute(words)}
    return {key for key, kind in said.items() if kind == forgotten.Kind.OPT_OUT}


def _was_registered(rows: Sequence[Asked]) -> tuple[ColumnElement[bool], ...]:
    own = [row.recipient_id for row in rows]
    return (
        recipient.c.kind == MessageKind.REGISTRATION,
        recipient.c.tried_at.is_not(None),
        recipient.c.id.not_in(own) if len(own) <= _AT_ONCE else recipient.c.kind.is_not(None),
    )


def _tried(
    connection: Connection, law: BulkLaw, rows: Sequence[Asked], now: datetime
) -> dict[tuple[str, bytes | int], list[datetime]]:
    """When what the caps count was tried at these numbers, by kind; without the rows that are asked about.

    Without an end: what was tried in the future, before the clock was set back, counts as well.
    """
    own = {row.recipient_id for row in rows}
    kinds = {kind for row in rows for kind in law.counted_with(row.kind)}
    found: dict[tuple[str, bytes | int], list[datetime]] = {}
    if not kinds:
        return found
    lately = and_(recipient.c.tried_at > now - law.longest_cap, recipient.c.kind.in_(kinds))
    numbers = {row.phone_key for row in rows if row.phone_key is not None}
    nameless = {row.contact_id for row in rows if row.phone_key is None}
    for column, values in ((recipient.c.phone_key, numbers), (recipient.c.contact_id, nameless)):
        for some in _parts(values):
            tries = select(recipient.c.id, column, recipient.c.kind, recipient.c.tried_at).where(
                column.in_(some), lately
            )
            for id_, number, kind, at in connection.execute(tries):
                if id_ not in own:
                    found.setdefault((kind, number), []).append(at)
    return found


def _those(
    connection: Connection, column: ColumnElement[T], values: Iterable[T], *conditions: ColumnElement[bool]
) -> set[T]:
    """Of `values` those that `column` has, where the conditions hold."""
    return {
        found
        for some in _parts(set(values))
        for found in connection.scalars(select(column).where(column.in_(some), *conditions).distinct())
    }


def _parts(values: set[Any]) -> Iterator[list[Any]]:
    """`values` in portions for one statement each."""
    ordered = sorted(values)
    for first in range(0, len(ordered), _AT_ONCE):
        yield ordered[first : first + _AT_ONCE]
