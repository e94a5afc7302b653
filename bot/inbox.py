"""The durable inbox: a message is stored, numbered within its conversation and committed before it is acknowledged."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, delete, func, null, select, update

from bot import attachments, holding
from bot.baton import HOLDER_WHEN_WRITTEN_TO, Holder
from bot.reading import is_claim
from bot.secrets import mask, mask_behind, may_be_a_value
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import insert_if_new
from store.messages import InboundMessage
from store.privacy_tables import ERASED
from store.queries import first_pending
from store.tables import contact, conversation, inbound


class ConversationGone(LookupError):
    """It was erased since it was looked up: whoever writes there begins a new one."""


@dataclass(frozen=True)
class Work:
    """A conversation with its oldest pending message, taken by a worker until the lease ends."""

    conversation: RowMapping
    message: RowMapping


@dataclass(frozen=True)
class Accepted:
    """`duplicate`: this provider message was stored before; nothing changed and `seq` is its old number.

    `work`: the conversation was idle and has been taken for the caller, who must run it at once. `is_flood`: it was
    kept, but is not answered. `moves_queue`: its owner waits for a person since just now.
    """

    conversation_id: str
    seq: int
    duplicate: bool
    work: Work | None = None
    is_flood: bool = False
    moves_queue: bool = False


_FIND = select(conversation).where(
    conversation.c.channel == bindparam("channel"), conversation.c.address == bindparam("address")
)


_FIND_ID = select(conversation.c.id, conversation.c.province).where(
    conversation.c.channel == bindparam("channel"), conversation.c.address == bindparam("address")
)


def find_conversation_id(connection: Connection, channel: str, address: str) -> RowMapping | None:
    """Its id and province only: reports about our messages are many, and its dialogue may be long."""
    return connection.execute(_FIND_ID, {"channel": channel, "address": address}).mappings().first()


def find_conversation(connection: Connection, channel: str, address: str) -> RowMapping | None:
    """The conversation of one person on one channel."""
    return connection.execute(_FIND, {"channel": channel, "address": address}).mappings().first()


def open_conversation(
    connection: Connection,
    keyring: Keyring,
    channel: str,
    address: str,
    province: str,
    now: datetime,
    name: str | None = None,
) -> str:
    """The id of the conversation of this person on this channel, made if there is none yet."""
    existing = find_conversation(connection, channel, address)
    return str((existing or begin_conversation(connection, keyring, channel, address, province, now, name))["id"])


def begin_conversation(
    connection: Connection,
    keyring: Keyring,
    channel: str,
    address: str,
    province: str,
    now: datetime,
    name: str | None = None,
    contact_id: int | None = None,
) -> RowMapping:
    """The new conversation of somebody who had none a moment ago. `contact_id`: of whom we know them to be already."""
    row = {
        "id": secrets.token_hex(16),
        "channel": channel,
        "address": address,
        "contact_id": contact_id or Contacts(connection, keyring).add(now, name),
        "province": province,
        "holder": Holder.BOT,
        "version": 0,
        "last_seq": 0,
        "created_at": now,
    }
    begun = insert_if_new(connection, conversation, row)
    if begun is not None:
        return begun
    # Another process opened it meanwhile, with its own contact
    if contact_id is None:
        connection.execute(delete(contact).where(contact.c.id == row["contact_id"]))
    return connection.execute(_FIND, {"channel": channel, "address": address}).mappings().one()


# So long a message may still name what the next one says.
SAME_THOUGHT = timedelta(minutes=2)
_JUST_BEFORE = (
    select(inbound.c.text)
    .where(
        inbound.c.conversation_id == bindparam("conversation"),
        inbound.c.kind == "message",
        inbound.c.received_at >= bindparam("since"),
    )
    .order_by(inbound.c.seq.desc())
    .limit(1)
)
_NUMBER = (
    update(conversation)
    .where(conversation.c.id == bindparam("conversation"), conversation.c.unreachable.is_distinct_from(ERASED))
    .values(
        last_seq=conversation.c.last_seq + 1,
        holder=HOLDER_WHEN_WRITTEN_TO,
        wake_at=func.coalesce(conversation.c.wake_at, bindparam("wake")),
        last_heard_at=bindparam("heard"),
        unreachable=null(),  # who writes can be written to
    )
    .returning(*conversation.c)
)


_NTH_NEWEST = (
    select(inbound.c.received_at)
    .where(inbound.c.conversation_id == bindparam("conversation"), inbound.c.kind == "message")
    .order_by(inbound.c.seq.desc())
    .limit(1)
    .offset(bindparam("before"))
)
FLOOD, MINUTE = "flood", timedelta(minutes=1)
_NTH_HEARD = _NTH_NEWEST.where(inbound.c.status != FLOOD)
# So many claims are heard in a minute beyond what is too fast; whoever says more has been heard.
MOST_CLAIMS = 3


def begins_flood(connection: Connection, conversation_id: str, seq: int, at: datetime) -> bool:
    """Whether the message with this number, received then, is the first within a minute that came too fast."""
    others = select(inbound.c.id).where(
        inbound.c.conversation_id == conversation_id,
        inbound.c.status == FLOOD,
        inbound.c.seq < seq,
        inbound.c.received_at > at - MINUTE,
    )
    return connection.scalar(others.limit(1)) is None


def was_written_in(connection: Connection, conversation_id: str) -> bool:
    """Whether the owner has ever written here."""
    written = select(inbound.c.id).filter_by(conversation_id=conversation_id).limit(1)
    return connection.scalar(written) is not None


def _writes_too_fast(connection: Connection, number: RowMapping, message: InboundMessage, most: int) -> bool:
    """Whether `most` messages of this person came within the last minute, and this one need not be heard."""
    if number["last_seq"] <= most:
        return False

    def within_a_minute(nth: Select[Any], before: int) -> bool:
        at: datetime | None = connection.scalar(nth, {"conversation": number["id"], "before": before - 1})
        return at is not None and message.received_at - at < MINUTE

    if not within_a_minute(_NTH_NEWEST, most):
        return False
    # "STOP" counts among a hundred others as well
    return not is_claim(message.text) or within_a_minute(_NTH_HEARD, most + MOST_CLAIMS)


def _just_before(connection: Connection, conversation_id: str, now: datetime) -> str:
    """What the owner wrote a moment ago, as it is stored; "" when that is longer ago."""
    recent = {"conversation": conversation_id, "since": now - SAME_THOUGHT}
    return str(connection.scalar(_JUST_BEFORE, recent) or "")


def accept(
    connection: Connection,
    conversation_id: str,
    message: InboundMessage,
    now: datetime,
    take_until: datetime | None = None,
    most_in_a_minute: int | None = None,
    kind: str = "message",
) -> Accepted:
    """Store `message` as the conversation's next and make the conversation due.

    Idempotent: (channel, provider_message_id) is unique, so a provider's repetition, however late, is recognised by
    the database itself. The number is given under the conversation's row lock: numbers follow the order of commits.
    With `take_until` an idle conversation is taken at once, which saves the worker its own claim. What one person sends
    beyond `most_in_a_minute` is kept for people to see and not answered. `kind`: an event is ours, said as if by the
    owner; nobody waits for a person because of it. Raises ConversationGone.
    """
    # What must never have been sent is not kept either: from here on nobody sees more than what it was
    text, masked = mask(message.text)
    if not masked and may_be_a_value(text):
        text, masked = mask_behind(_just_before(connection, conversation_id, now), text)
    # The row lock comes first: two deliveries of one message wait here for each other
    wake = take_until or now
    values = {"conversation": conversation_id, "wake": wake, "heard": message.received_at}
    number = connection.execute(_NUMBER, values).mappings().first()
    if number is None:
        raise ConversationGone(conversation_id)
    is_flood = most_in_a_minute is not None and _writes_too_fast(connection, number, message, most_in_a_minute)
    row = {
        "conversation_id": conversation_id,
        "seq": number["last_seq"],
        "channel": message.channel,
        "provider_message_id": message.provider_message_id,
        "kind": kind,
        "text": text,
        "masked": list(masked) or None,
        "payload": message.payload,
        "attached": [attachment.kind for attachment in message.attachments] or None,
        "status": FLOOD if is_flood else "pending",
        "attempts": 0,
        "received_at": message.received_at,
    }
    stored = insert_if_new(connection, inbound, row)
    if stored is not None:
        attachments.keep(connection, stored["id"], message.attachments, now)
        work, moves_queue = None, False
        if number["holder"] in (Holder.QUEUE, Holder.OFFICER) and kind == "message" and not is_flood:
            moves_queue = holding.heard(
                connection, conversation_id, text, message.payload, min(message.received_at, now)
            )
        if take_until is not None and number["wake_at"] == take_until:
            # Not ours yet: two messages may have the same lease, and only the oldest may be answered
            oldest = first_pending(connection, conversation_id)
            if oldest is not None and oldest["id"] == stored["id"]:
                work = Work(number, stored)
            elif oldest is None:
                connection.execute(update(conversation).filter_by(id=conversation_id).values(wake_at=now))
        return Accepted(
            conversation_id, stored["seq"], duplicate=False, work=work, is_flood=is_flood, moves_queue=moves_queue
        )
    # The number is not given back: gaps are harmless, reuse would not be. Somebody may wait behind the old message.
    first = connection.execute(
        select(inbound.c.conversation_id, inbound.c.seq).filter_by(
            channel=message.channel, provider_message_id=message.provider_message_id
        )
    ).one()
    if number["wake_at"] == take_until:
        connection.execute(update(conversation).filter_by(id=conversation_id).values(wake_at=now))
    return Accepted(first.conversation_id, first.seq, duplicate=True)
