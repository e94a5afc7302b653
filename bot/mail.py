"""Where a mail belongs: into the ticket it answers, else into one of its own. A ticket is a conversation.

The idempotency story. A mail is one message for good by its identity (`Mail.identity`), however often it is fetched;
all that it changes is one transaction, which fails as a whole when another process was faster. An answer enters a
ticket only from the ticket's own address: a subject and a Message-ID can be copied.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection, RowMapping, delete, func, insert, or_, select, update

from bot import inbox
from bot.inbox import Accepted
from bot.secrets import mask
from integrations.email.mail import Authentication, Mail, MailPart
from store.crypto import Keyring
from store.database import insert_if_new, insert_returning_id
from store.mail_tables import mail_message, mail_sender, mail_ticket
from store.mail_threads import CHANNEL, MOST_REFERENCES, numbers_in, outbound_named, ticket_number
from store.messages import Attachment, InboundMessage, Kind
from store.tables import conversation, inbound, outbound

# One automatic answer per sender in this time, whatever comes: two robots would write to each other for ever.
BETWEEN_ANSWERS = timedelta(hours=1)
# More new tickets of one sender in an hour go into the newest: nothing is lost, and the queue stays usable.
MOST_TICKETS_IN_AN_HOUR = 10
HOUR = timedelta(hours=1)
_KINDS = {"image": Kind.IMAGE, "audio": Kind.VOICE, "video": Kind.VIDEO}


class KeptMeanwhile(Exception):
    """Another process has just stored this mail; nothing of ours has happened."""


@dataclass(frozen=True)
class Letterbox:
    """Places mails. `province`: whose new tickets are; `timezone`: in which years they are numbered."""

    keyring: Keyring
    province: str
    timezone: tzinfo
    most_in_a_minute: int

    def place(
        self,
        mail: Mail,
        received_at: datetime,
        source: Callable[[MailPart], str],
        now: datetime,
        connection: Connection,
    ) -> Accepted:
        """Store `mail`, whose sender is known, as its conversation's next message. Raises KeptMeanwhile.

        `source(part)`: how an attachment is found again (EmailProvider.fetch).
        """
        known = _known(connection, mail.identity)
        if known is not None:
            return known
        sender = self._hash(mail.sender or "", "mail_address")
        own, refers_to = self._ticket(connection, mail, sender)
        ticket = own or self._crowded(connection, sender, now)
        opens = ticket is None
        if ticket is None:
            ticket = self._open(connection, mail, sender, now)
        here = connection.execute(select(conversation).filter_by(id=ticket["conversation_id"])).mappings().one()
        message = InboundMessage(
            channel=CHANNEL,
            address=here["address"],
            provider_message_id=mail.identity,
            received_at=min(received_at, now),
            text=_words(mail, is_answer=own is not None),
            sender_name=mail.sender_name,
            attachments=tuple(_attachment(part, source(part)) for part in mail.parts),
        )
        accepted = inbox.accept(connection, here["id"], message, now, None, self.most_in_a_minute)
        if accepted.duplicate:
            raise KeptMeanwhile(mail.identity)
        answers = opens and self._may_answer(connection, mail, sender, now)
        self._note(connection, mail, accepted, refers_to, opens, answers)
        _go_on(connection, ticket, mail)
        return accepted

    def enters(self, connection: Connection, mail: Mail) -> bool:
        """Whether it answers a ticket of its own sender."""
        return self._ticket(connection, mail, self._hash(mail.sender or "", "mail_address"))[0] is not None

    def _hash(self, value: str, kind: str) -> bytes:
        return self.keyring.lasting_hash(value, kind)

    def _ticket(self, connection: Connection, mail: Mail, sender: bytes) -> tuple[RowMapping | None, int | None]:
        """The sender's own ticket that the mail answers; and the number of one that it names but may not enter.

        A number can be guessed: it is not enough where our own mail server knows that somebody else has written.
        """
        may_guess = mail.authentication is Authentication.FAIL
        foreign = None
        for ticket, by_number in [*self._answered(connection, mail), *_numbered(connection, mail.subject)]:
            if ticket["address_hash"] == sender and not (by_number and may_guess):
                return ticket, None
            foreign = foreign or int(ticket["id"])
        return None, foreign

    def _answered(self, connection: Connection, mail: Mail) -> Iterator[tuple[RowMapping, bool]]:
        """Every ticket that the mail refers to by the mails it answers, the newest first."""
        for message_id in reversed(mail.references[-MOST_REFERENCES:]):
            row = outbound_named(self.keyring, message_id)
            if row is not None:
                of = select(outbound.c.conversation_id).filter_by(id=row)
            else:
                hashed = self._hash(message_id, "mail_message")
                of = select(mail_message.c.conversation_id).where(mail_message.c.message_hash == hashed)
            tickets = select(mail_ticket).where(mail_ticket.c.conversation_id.in_(of)).order_by(mail_ticket.c.id)
            for ticket in connection.execute(tickets.limit(MOST_REFERENCES)).mappings().all():
                yield ticket, False

    def _crowded(self, connection: Connection, sender: bytes, now: datetime) -> RowMapping | None:
        """The newest ticket of a sender who opens too many."""
        own = (mail_ticket.c.address_hash == sender, mail_ticket.c.opened_at > now - HOUR)
        count = connection.scalar(select(func.count()).select_from(mail_ticket).where(*own)) or 0
        if count < MOST_TICKETS_IN_AN_HOUR:
            return None
        newest = select(mail_ticket).where(*own).order_by(mail_ticket.c.id.desc()).limit(1)
        return connection.execute(newest).mappings().first()

    def _open(self, connection: Connection, mail: Mail, sender: bytes, now: datetime) -> RowMapping:
        """A conversation whose address says nothing of the person. The same mailbox is the same contact, unless our own
        mail server knows that somebody else has written.
        """
        contact_id = None
        if mail.authentication is not Authentication.FAIL:
            earlier = (
                select(conversation.c.contact_id)
                .join(mail_ticket, mail_ticket.c.conversation_id == conversation.c.id)
                .where(mail_ticket.c.address_hash == sender)
                .order_by(mail_ticket.c.id.desc())
                .limit(1)
            )
            contact_id = connection.scalar(earlier)
        address = secrets.token_hex(16)
        here = inbox.begin_conversation(
            connection, self.keyring, CHANNEL, address, self.province, now, mail.sender_name, contact_id
        )
        values = {
            "conversation_id": here["id"],
            "address": mail.sender,
            "address_hash": sender,
            "subject": mask(mail.subject)[0] or None,
            "year": now.astimezone(self.timezone).year,
            "opened_at": now,
        }
        number = insert_returning_id(connection, mail_ticket, values)
        return connection.execute(select(mail_ticket).filter_by(id=number)).mappings().one()

    def _may_answer(self, connection: Connection, mail: Mail, sender: bytes, now: datetime) -> bool:
        """Whether the sender may be answered automatically; from now on they may not for a while."""
        if not mail.may_answer:
            return False
        connection.execute(delete(mail_sender).where(mail_sender.c.acknowledged_at < now - 24 * BETWEEN_ANSWERS))
        if insert_if_new(connection, mail_sender, {"address_hash": sender, "acknowledged_at": now}) is not None:
            return True
        again = update(mail_sender).where(
            mail_sender.c.address_hash == sender,
            or_(mail_sender.c.acknowledged_at <= now - BETWEEN_ANSWERS, mail_sender.c.acknowledged_at > now + HOUR),
        )
        return connection.execute(again.values(acknowledged_at=now)).rowcount == 1

    def _note(
        self,
        connection: Connection,
        mail: Mail,
        accepted: Accepted,
        refers_to: int | None,
        opens: bool,
        acknowledge: bool,
    ) -> None:
        stored = select(inbound.c.id).filter_by(conversation_id=accepted.conversation_id, seq=accepted.seq)
        connection.execute(
            insert(mail_message).values(
                inbound_id=connection.execute(stored).scalar_one(),
                conversation_id=accepted.conversation_id,
                message_hash=self._hash(mail.message_id, "mail_message") if mail.message_id else None,
                subject=mask(mail.subject)[0] or None,
                authentication=mail.authentication,
                opens=opens,
                acknowledge=acknowledge,
                refers_to=refers_to,
                is_cut=mail.is_cut,
            )
        )


def to_acknowledge(connection: Connection, inbound_id: int) -> str | None:
    """The number to be told to the sender of this mail; None when it is not to be answered automatically."""
    asked = (
        select(mail_ticket.c.id, mail_ticket.c.year)
        .join(mail_message, mail_message.c.conversation_id == mail_ticket.c.conversation_id)
        .where(mail_message.c.inbound_id == inbound_id, mail_message.c.acknowledge)
    )
    row = connection.execute(asked).first()
    return None if row is None else ticket_number(row.id, row.year)


def _numbered(connection: Connection, subject: str) -> Iterator[tuple[RowMapping, bool]]:
    """Every ticket whose number stands in the subject."""
    numbers = [number for number in numbers_in(subject) if number < 2**31]
    if numbers:
        by_number = select(mail_ticket).where(mail_ticket.c.id.in_(numbers)).order_by(mail_ticket.c.id)
        for ticket in connection.execute(by_number).mappings().all():
            yield ticket, True


def _go_on(connection: Connection, ticket: RowMapping, mail: Mail) -> None:
    """An answer refers to the owner's newest mail, and to the thread as far as it is known."""
    own = [mail.message_id] if mail.message_id else []
    thread = dict.fromkeys([*(ticket["thread"] or "").split(), *mail.references, *own])
    values = {
        "last_message_id": mail.message_id or ticket["last_message_id"],
        "thread": " ".join(list(thread)[-MOST_REFERENCES:]),
    }
    connection.execute(update(mail_ticket).filter_by(id=ticket["id"]).values(values))


def _known(connection: Connection, identity: str) -> Accepted | None:
    stored = select(inbound.c.conversation_id, inbound.c.seq).filter_by(channel=CHANNEL, provider_message_id=identity)
    row = connection.execute(stored).first()
    return None if row is None else Accepted(row.conversation_id, row.seq, duplicate=True)


def _words(mail: Mail, is_answer: bool) -> str:
    """The subject is part of what a first mail says; an answer's only repeats it."""
    if is_answer or not mail.subject or mail.text.startswith(mail.subject):
        return mail.text
    return f"{mail.subject}\n\n{mail.text}".strip()


def _attachment(part: MailPart, source: str) -> Attachment:
    kind = _KINDS.get(part.media_type.partition("/")[0], Kind.FILE)
    return Attachment(kind, source, part.name, part.media_type, part.size)
