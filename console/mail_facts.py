"""What officers see of a request by mail beside its words: number, subject, whose mailbox, what to be careful about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from integrations.email.mail import Authentication
from store.mail_tables import mail_message, mail_ticket
from store.mail_threads import ticket_number


@dataclass(frozen=True)
class Ticket:
    """`address`: who wrote and is answered; None: erased."""

    number: str
    subject: str
    address: str | None


@dataclass(frozen=True)
class MailFact:
    """Of one mail. `is_doubtful`: our mail server says that its sender is not who it says. `other`: the number of
    somebody else's request that it names, with the conversation.
    """

    subject: str
    is_doubtful: bool
    is_cut: bool
    other: tuple[str, str] | None


def ticket(connection: Connection, conversation_id: str) -> Ticket | None:
    """None where the conversation is no mail."""
    row = connection.execute(select(mail_ticket).filter_by(conversation_id=conversation_id)).first()
    if row is None:
        return None
    return Ticket(ticket_number(row.id, row.year), row.subject or "", row.address)


def facts(connection: Connection, inbound_ids: Sequence[int]) -> dict[int, MailFact]:
    """By the message's id."""
    asked = (
        select(mail_message, mail_ticket.c.year, mail_ticket.c.conversation_id.label("there"))
        .outerjoin(mail_ticket, mail_ticket.c.id == mail_message.c.refers_to)
        .where(mail_message.c.inbound_id.in_(inbound_ids))
    )
    found = {}
    for row in connection.execute(asked).all():
        other = (ticket_number(row.refers_to, row.year), row.there) if row.there else None
        doubtful = row.authentication == Authentication.FAIL
        found[row.inbound_id] = MailFact(row.subject or "", doubtful, row.is_cut, other)
    return found
