"""After a restore: what people wanted since the backup is done again, from the notes that were kept outside it, and
what was closed since is closed again.

Only what the backup does not know: every note has a name of its own, and those that are in the restored table were done
before the backup was made. In the order in which it happened; doing a note again that was done already changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from programme import consents
from programme.erasure import erase
from programme.links import person
from store import forgotten
from store.api_tables import api_token
from store.console_tables import account
from store.crypto import Keyring
from store.database import insert_if_new
from store.forgotten import Kind, Note
from store.tables import contact, conversation, inbound, opt_out


def replay(connection: Connection, keyring: Keyring, notes: Iterable[Note], now: datetime) -> dict[Kind, int]:
    """Do again what the database does not know of, and note it there; how many of each kind were done for somebody."""
    known = forgotten.uids(connection)
    later = sorted((note for note in notes if note.uid not in known), key=lambda note: note.at)
    done = dict.fromkeys(Kind, 0)
    if not later:
        return done
    people = _people(connection, keyring)
    erased: set[int] = set()  # nothing is known of them any more, by which a later note could mean them
    for note in later:
        if note.kind is Kind.ACCESS:
            done[note.kind] += close_access(connection, now, note.keys)
        who = {contact_id for key in note.keys for contact_id in people.get(key, ())} - erased
        for contact_id in sorted(who):
            _do(connection, keyring, note, contact_id, now)
        if note.kind is Kind.ERASURE:
            erased |= who
        done[note.kind] += bool(who)
        forgotten.keep(connection, note)
    return done


def close_access(connection: Connection, now: datetime, keys: Collection[bytes] | None = None) -> int:
    """Close accounts and API tokens, those that `keys` name, or all: what has become of them since the backup is not
    known here. A person opens an account again, with a new password, when they have looked at its rights; a token is
    made anew. How many these are.
    """
    ended = {"disabled_at": func.coalesce(account.c.disabled_at, now), "password_hash": None, "on_duty": False}
    revoked = {"revoked_at": func.coalesce(api_token.c.revoked_at, now)}
    closed = 0
    for table, values in ((account, ended), (api_token, revoked)):
        every = connection.scalars(select(table.c.id)).all()
        named = [id_ for id_ in every if keys is None or forgotten.access_key(table, id_) in keys]
        closed += connection.execute(update(table).where(table.c.id.in_(named)).values(values)).rowcount
    return closed


def _do(connection: Connection, keyring: Keyring, note: Note, contact_id: int, now: datetime) -> None:
    match note.kind:
        case Kind.ERASURE:
            erase(connection, keyring, contact_id, now, is_noted=False)
        case Kind.CONSENT_WITHDRAWN:
            consents.withdraw(connection, keyring, contact_id, now, note.detail, is_noted=False)
        case Kind.OPT_OUT:
            _opt_out(connection, contact_id, note.at)
        case Kind.OPT_IN:
            connection.execute(delete(opt_out).where(opt_out.c.contact_id == contact_id))


def _opt_out(connection: Connection, contact_id: int, at: datetime) -> None:
    """The message in which it was said is lost with the time since the backup: the last that is known stands for it.

    Who never wrote has nothing that could be stopped, and stays known by the note (forgotten.has_opted_out).
    """
    people = person(connection, contact_id)
    last = (
        select(inbound.c.id, inbound.c.channel)
        .join(conversation, conversation.c.id == inbound.c.conversation_id)
        .where(conversation.c.contact_id.in_(people))
        .order_by(inbound.c.id.desc())
        .limit(1)
    )
    said = connection.execute(last).first()
    if said is not None:
        row = {"contact_id": contact_id, "channel": said.channel, "inbound_id": said.id, "at": at}
        insert_if_new(connection, opt_out, row)


def _people(connection: Connection, keyring: Keyring) -> Mapping[bytes, set[int]]:
    """Who is known by which key: every address and every number once."""
    found: dict[bytes, set[int]] = {}
    talks = select(conversation.c.contact_id, conversation.c.channel, conversation.c.address)
    for contact_id, channel, address in connection.execute(talks):
        found.setdefault(forgotten.address_key(keyring, channel, address), set()).add(contact_id)
    phones = select(contact.c.id, contact.c.phone).where(contact.c.phone.is_not(None))
    for contact_id, phone in connection.execute(phones):
        found.setdefault(forgotten.phone_key(keyring, phone), set()).add(contact_id)
    return found
