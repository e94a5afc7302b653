"""A person is erased: everything that says who they are or what they said goes, in the caller's transaction.

What becomes of each table stands in personal_fields.py; here is the order, and what needs more than a value. Anonymous
rows stay where something is counted: requests and their deadlines, who answered, which entry of a pack was said. The
person's will to get no bulk messages stays as hashes (store/forgotten.py). What the disk still holds afterwards is
store/purging.py's.

Idempotent: who is erased has nothing left to erase, so two erasures at once are one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, RowMapping, case, delete, insert, select, update

from programme.held import Erasure, Held, Scope, unsaid
from programme.lead_withdrawal import withdraw_leads
from programme.links import person
from programme.personal_fields import PERSONAL
from store import forgotten
from store.channel_tables import channel_event
from store.console_tables import request
from store.crypto import Keyring
from store.mail_tables import mail_sender, mail_ticket
from store.phones import read_phones
from store.privacy_tables import ERASED, purge
from store.registry_tables import import_row
from store.survey_tables import lead
from store.tables import consent, contact, conversation, data_request, escalation, inbound, outbound, shop

# Events are looked into so many at a time: the bodies are encrypted, and only their words tell whom they are about.
EVENTS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Erased:
    """`people`: how many contacts; `messages`: how many rows of what was said; `leads`: that firms had."""

    people: int
    messages: int
    leads: int


def scope_of(connection: Connection, contact_id: int) -> Scope:
    """Everything of a person: the contacts that are linked to this one, and the conversations of all of them."""
    people = person(connection, contact_id)
    talks = select(conversation.c.id).where(conversation.c.contact_id.in_(people)).order_by(conversation.c.id)
    return Scope(tuple(people), tuple(connection.scalars(talks)))


def erase(connection: Connection, keyring: Keyring, contact_id: int, now: datetime, is_noted: bool = True) -> Erased:
    """Erase the person whom `contact_id` belongs to.

    `is_noted`: False when it is done again after a restore, from what was noted then.
    """
    scope, talks = _locked(connection, contact_id)
    addresses = {(row["channel"], row["address"]) for row in talks if row["unreachable"] != ERASED}
    if is_noted:
        keys = forgotten.keys_of(connection, keyring, scope.people)
        forgotten.record(connection, now, forgotten.Kind.ERASURE, keys)
        # Whoever wants to be forgotten is not written to in bulk from another list either
        forgotten.record(connection, now, forgotten.Kind.OPT_OUT, keys)
    # Consents before leads, as whoever makes a lead does (programme/leads.py)
    in_force = update(consent).where(consent.c.contact_id.in_(scope.people), consent.c.withdrawn_at.is_(None))
    connection.execute(in_force.values(withdrawn_at=now))
    leads = withdraw_leads(connection, lead.c.contact_id.in_(scope.people), now)
    _end_waits(connection, scope, now)
    _forget_senders(connection, scope)
    _forget_events(connection, addresses)
    _forget_listed(connection, scope)
    treated = {held.table.name: _treat(connection, held, scope) for held in PERSONAL}
    messages = _blank_outbound(connection, scope) + treated[inbound.name]
    _empty_talks(connection, scope)
    _end_requests(connection, scope, now)
    ask_for_purge(connection, "erasure", now)
    return Erased(len(scope.people), messages, leads)


def ask_for_purge(connection: Connection, why: str, now: datetime) -> None:
    """What was taken out of the tables must leave the disk as well: once, however many ask."""
    waiting = select(purge.c.id).where(purge.c.done_at.is_(None), purge.c.asked_at >= now).limit(1)
    if connection.scalar(waiting) is None:
        connection.execute(insert(purge).values(why=why, asked_at=now))


def _locked(connection: Connection, contact_id: int) -> tuple[Scope, Sequence[RowMapping]]:
    """The conversations' locks, in one order: turns, deliveries and officers wait here, and find an empty one. Looked
    at again once they are held: another channel may have been linked while they were waited for."""
    scope = scope_of(connection, contact_id)
    while True:
        rows = select(conversation).where(conversation.c.id.in_(scope.talks)).order_by(conversation.c.id)
        talks = connection.execute(rows.with_for_update()).mappings().all()
        if (now_theirs := scope_of(connection, contact_id)) == scope:
            return scope, talks
        scope = now_theirs


def _treat(connection: Connection, held: Held, scope: Scope) -> int:
    """How many rows."""
    if held.whose is None or held.erasure not in (Erasure.DELETE, Erasure.BLANK):
        return 0
    if held.erasure is Erasure.DELETE:
        return connection.execute(delete(held.table).where(held.whose(scope))).rowcount
    return connection.execute(update(held.table).where(held.whose(scope)).values(dict(held.blank))).rowcount


def _blank_outbound(connection: Connection, scope: Scope) -> int:
    """What was said is gone; which entry it was stays, since reports count it. Nothing of it goes out any more: every
    row gets a final state, also of a campaign, and a call under way finds its attempt gone."""
    unfinished = outbound.c.status.in_(("waiting", "sending", "held", "uncertain", "failed"))
    values = {
        **unsaid(connection),
        "provider_message_id": None,
        "attempt": None,
        "decide_at": None,
        "error": case((unfinished, ERASED), else_=outbound.c.error),
        "status": case((unfinished, "settled"), else_=outbound.c.status),
    }
    said = update(outbound).where(outbound.c.conversation_id.in_(scope.talks))
    return connection.execute(said.values(values)).rowcount


def _empty_talks(connection: Connection, scope: Scope) -> None:
    """The row stays for what is counted by it. Its address is nobody's: whoever writes again begins a new one."""
    emptied = {
        "address": f"{ERASED}-" + conversation.c.id,
        "dialogue_state": None,
        "offered": None,
        "language": None,
        "last_heard_at": None,
        "provider_state": None,
        "unreachable": ERASED,
        "holder": "closed",
        "wake_at": None,
        "send_at": None,
        "outage_told_at": None,
        # a turn that is under way has no effect
        "version": conversation.c.version + 1,
    }
    connection.execute(update(conversation).where(conversation.c.id.in_(scope.talks)).values(emptied))


def _end_waits(connection: Connection, scope: Scope, now: datetime) -> None:
    """Nobody waits for a person any more: their owner has taken it back, and reports count it so."""
    running = update(request).where(request.c.conversation_id.in_(scope.talks), request.c.ended_at.is_(None))
    connection.execute(running.values(ended_at=now, outcome="withdrawn"))
    unfinished = update(escalation).where(
        escalation.c.conversation_id.in_(scope.talks), escalation.c.status.in_(("open", "taken"))
    )
    ended = {"closed_at": now, "waiting_since": None, "lease_until": None, "snoozed_until": None}
    status = case((escalation.c.status == "taken", "closed"), else_="withdrawn")
    connection.execute(unfinished.values(status=status, **ended))


def _forget_senders(connection: Connection, scope: Scope) -> None:
    hashes = select(mail_ticket.c.address_hash).where(
        mail_ticket.c.conversation_id.in_(scope.talks), mail_ticket.c.address_hash.is_not(None)
    )
    connection.execute(delete(mail_sender).where(mail_sender.c.address_hash.in_(hashes)))


def _forget_events(connection: Connection, addresses: Collection[tuple[str, str]]) -> None:
    """Events of a channel that name the person: their words go. A dead letter stays one until a person has looked."""
    for channel, address in sorted(addresses):
        after = 0
        while True:
            rows = (
                select(channel_event.c.id, channel_event.c.event_id, channel_event.c.body)
                .where(channel_event.c.channel == channel, channel_event.c.id > after)
                .order_by(channel_event.c.id)
                .limit(EVENTS_AT_ONCE)
            )
            events = connection.execute(rows).all()
            for id_, event_id, body in events:
                if address in event_id or (body is not None and address in body):
                    nothing = {"event_id": f"{ERASED}-{id_}", "body": None}
                    connection.execute(update(channel_event).where(channel_event.c.id == id_).values(nothing))
            if len(events) < EVENTS_AT_ONCE:
                break
            after = events[-1].id


def _forget_listed(connection: Connection, scope: Scope) -> None:
    """Rows of lists that were refused and hold the person's number, however it is written, or tax code: their cells go,
    the rows stay to be counted."""
    phones = set(connection.scalars(select(contact.c.phone).where(contact.c.id.in_(scope.people)))) - {None}
    codes = set(connection.scalars(select(shop.c.tax_code).where(shop.c.contact_id.in_(scope.people)))) - {None}
    after = 0
    while phones or codes:
        rows = (
            select(import_row.c.id, import_row.c["values"])
            .where(import_row.c["values"].is_not(None), import_row.c.id > after)
            .order_by(import_row.c.id)
            .limit(EVENTS_AT_ONCE)
        )
        listed = connection.execute(rows).all()
        theirs = [id_ for id_, cells in listed if _names(str(cells), phones, codes)]
        if theirs:
            connection.execute(update(import_row).where(import_row.c.id.in_(theirs)).values({"values": None}))
        if len(listed) < EVENTS_AT_ONCE:
            break
        after = listed[-1].id


def _names(cells: str, phones: Collection[str], codes: Collection[str]) -> bool:
    """`cells`: JSON of a row."""
    read = orjson.loads(cells)
    texts = [str(text) for text in (read.values() if isinstance(read, dict) else read)]
    if any(phone.number in phones for text in texts for phone in read_phones(text)):
        return True
    return any(code.lstrip("0") in re.sub(r"\D", "", text) for code in codes for text in texts)


def _end_requests(connection: Connection, scope: Scope, now: datetime) -> None:
    """The erasure is done; whatever else was open is about somebody of whom nothing is known any more."""
    of = data_request.c.contact_id.in_(scope.people)
    opened = update(data_request).where(of, data_request.c.status == "open")
    status = case((data_request.c.kind == "erasure", "done"), else_="withdrawn")
    connection.execute(opened.values(status=status, finished_at=now))
    connection.execute(update(data_request).where(of).values(words=None))
