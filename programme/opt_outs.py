"""Who wants no messages that they did not ask for, and who wants them again: said in a chat, by SMS, on the page of a
link, to an officer, or standing in a list. Also numbers that nobody here has.

What is said by a number or in a conversation goes for the person, on all linked channels. It is noted for restores
(store/forgotten.py), and such a note is all there is of a number without a contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from programme import links
from programme.consents import NEWS_CONSENT
from store import forgotten
from store.campaign_tables import recipient
from store.crypto import Keyring
from store.database import insert_if_new
from store.forgotten import Kind, Note
from store.forgotten_tables import forgotten as note
from store.forgotten_tables import forgotten_key
from store.tables import consent, contact, opt_out, outbound


@dataclass(frozen=True)
class Said:
    """What became of a word. `at`: from when on it is in force. `is_new`: it was not already so, so that this one, and
    no later one, is confirmed."""

    at: datetime
    is_new: bool


def stop(
    connection: Connection,
    keyring: Keyring,
    now: datetime,
    channel: str,
    *,
    phone: str | None = None,
    phone_key: bytes | None = None,
    contact_id: int | None = None,
    inbound_id: int | None = None,
    uid: str | None = None,
) -> Said:
    """End all unasked messages. By `phone` (E.164), `phone_key` or `contact_id`, of which one at least is there.

    `channel`: where it was said: a channel's name, sms, link, list, console. `inbound_id`: the message of a chat.
    `uid`: names the word itself (`word_of`), so that the same one is heard once.
    """
    people, keys = _meant(connection, keyring, phone, phone_key, contact_id)
    heard = _heard(connection, uid)
    if heard is not None:
        return Said(heard.at, not _was_stopped(connection, heard, people, keys))
    is_new = not is_stopped(connection, people, keys)
    for one in people:
        row = {"contact_id": one, "channel": channel, "inbound_id": inbound_id, "at": now}
        insert_if_new(connection, opt_out, row)
    # Whoever refuses takes back what they agreed to
    agreed = update(consent).where(
        consent.c.contact_id.in_(people), consent.c.purpose == NEWS_CONSENT, consent.c.withdrawn_at.is_(None)
    )
    connection.execute(agreed.values(withdrawn_at=now))
    _recall(connection, people, now)
    _note(connection, now, Kind.OPT_OUT, keys, uid)
    return Said(now, is_new)


def resume(
    connection: Connection,
    keyring: Keyring,
    now: datetime,
    channel: str,
    *,
    phone: str | None = None,
    contact_id: int | None = None,
    text_version: int | None = None,
    uid: str | None = None,
) -> Said:
    """Messages are wanted again, by the person's own word. `text_version`: of the wording with which they agreed to
    invitations too (NEWS_CONSENT); None: they only take back the refusal, which gives no consent."""
    people, keys = _meant(connection, keyring, phone, None, contact_id)
    heard = _heard(connection, uid)
    if heard is not None:
        return Said(heard.at, _was_stopped(connection, heard, people, keys))
    is_new = is_stopped(connection, people, keys)
    connection.execute(delete(opt_out).where(opt_out.c.contact_id.in_(people)))
    if people and text_version is not None:
        row = {"contact_id": people[0], "purpose": NEWS_CONSENT, "text_version": text_version, "channel": channel}
        connection.execute(insert(consent).values(**row, given_at=now))
    _note(connection, now, Kind.OPT_IN, keys, uid)
    return Said(now, is_new)


def is_stopped(connection: Connection, people: Sequence[int], keys: Sequence[bytes]) -> bool:
    """Whether somebody with these contacts or keys wants nothing unasked."""
    said = select(opt_out.c.contact_id).where(opt_out.c.contact_id.in_(people)).limit(1)
    return connection.scalar(said) is not None or forgotten.has_opted_out(connection, keys)


def word_of(source: str, id_: str) -> str:
    """The `uid` of a word that came from outside: `source` a gateway's name, `id_` what it calls the message."""
    return sha256(f"{source}\x00{id_}".encode()).hexdigest()[:32]


def _recall(connection: Connection, people: Sequence[int], now: datetime) -> None:
    """Reminders that were put into the outbox before and that nobody has begun to send do not leave any more."""
    queued = select(recipient.c.outbound_id).where(
        recipient.c.contact_id.in_(people), recipient.c.status == "sending", recipient.c.outbound_id.is_not(None)
    )
    unsent = update(outbound).where(outbound.c.id.in_(queued), outbound.c.status.in_(("waiting", "held")))
    taken = connection.scalars(unsent.values(status="settled", decide_at=None).returning(outbound.c.id)).all()
    if taken:
        rows = update(recipient).where(
            recipient.c.contact_id.in_(people), recipient.c.outbound_id.in_(taken), recipient.c.status == "sending"
        )
        connection.execute(rows.values(status="skipped", reason="opted_out", next_at=None, final_at=now))


def _meant(
    connection: Connection, keyring: Keyring, phone: str | None, phone_key: bytes | None, contact_id: int | None
) -> tuple[list[int], list[bytes]]:
    """All contacts of the person or of everybody with the number, and what they are recognised by."""
    key = forgotten.phone_key(keyring, phone) if phone is not None else phone_key
    if key is None and contact_id is None:
        raise ValueError("neither a number nor a contact")
    found = [] if contact_id is None else [contact_id]
    if key is not None:
        found += connection.scalars(select(contact.c.id).where(contact.c.phone_key == key).order_by(contact.c.id))
    people = list(dict.fromkeys(one for each in found for one in links.person(connection, each)))
    keys = forgotten.keys_of(connection, keyring, people)
    return people, sorted(keys | ({key} if key is not None else set()))


def _heard(connection: Connection, uid: str | None) -> Row[int, datetime] | None:
    """The note of the word with this name: when it was heard first, and which note it is."""
    return None if uid is None else connection.execute(select(note.c.id, note.c.at).filter_by(uid=uid)).one_or_none()


def _was_stopped(
    connection: Connection, heard: Row[int, datetime], people: Sequence[int], keys: Sequence[bytes]
) -> bool:
    """Whether they wanted nothing unasked before that word, so that its redelivery is answered as it was."""
    words = (
        select(note.c.kind)
        .join(forgotten_key, forgotten_key.c.forgotten_id == note.c.id)
        .where(forgotten_key.c.key.in_(keys), note.c.kind.in_((Kind.OPT_OUT, Kind.OPT_IN)))
        .where(or_(note.c.at < heard.at, and_(note.c.at == heard.at, note.c.id < heard.id)))
        .order_by(note.c.at.desc(), note.c.id.desc())
        .limit(1)
    )
    last = connection.scalar(words)
    if last is not None:
        return bool(last == Kind.OPT_OUT)
    # A contact that nothing was known by left no note, only its row
    row = select(opt_out.c.contact_id).where(opt_out.c.contact_id.in_(people), opt_out.c.at < heard.at).limit(1)
    return connection.scalar(row) is not None


def _note(connection: Connection, now: datetime, kind: Kind, keys: Sequence[bytes], uid: str | None) -> None:
    if uid is None:
        forgotten.record(connection, now, kind, keys)
    else:
        forgotten.keep(connection, Note(uid, kind, None, now, tuple(keys)))
