"""The tables of the mail channel. Addresses, subjects and Message-IDs name people: they are encrypted beside keyed
hashes, and reachable from `conversation`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, false

from store.tables import EncryptedText, Id, UtcDateTime, metadata

__all__ = ["mail_message", "mail_sender", "mail_ticket", "mailbox", "metadata"]

# A request by mail: one conversation, whose `address` says nothing of the person. `id` is the number that people read
# (store.mail_threads.ticket_number) and is never given twice.
mail_ticket = Table(
    "mail_ticket",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), nullable=False, unique=True),
    Column("address", EncryptedText),  # who wrote, and the only one who is answered; null: erased
    Column("address_hash", LargeBinary),
    Column("subject", EncryptedText),
    # Of the owner's newest mail: what an answer refers to
    Column("last_message_id", EncryptedText),
    Column("thread", EncryptedText),  # the Message-IDs of the thread, oldest first, apart by spaces
    Column("year", Integer, nullable=False),  # of the province's calendar
    Column("opened_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_mail_ticket_sender", mail_ticket.c.address_hash, mail_ticket.c.opened_at)

# What is known of a stored mail beside its words.
mail_message = Table(
    "mail_message",
    metadata,
    Column("inbound_id", Id, ForeignKey("inbound.id"), primary_key=True),
    Column("conversation_id", String(32), ForeignKey("conversation.id"), nullable=False, index=True),
    Column("message_hash", LargeBinary, index=True),  # of its Message-ID, by which answers name it; null: it had none
    Column("subject", EncryptedText),
    Column("authentication", String(10), nullable=False),  # pass | fail | none: what our own mail server said
    Column("opens", Boolean, nullable=False),  # it began the ticket
    Column("acknowledge", Boolean, nullable=False),  # it may be answered automatically
    Column("refers_to", Integer),  # number of a ticket that it names but may not enter
    Column("is_cut", Boolean, nullable=False, server_default=false()),  # its text was longer than what is kept
)

# When a sender was last answered automatically: at most once an hour, whatever they send.
mail_sender = Table(
    "mail_sender",
    metadata,
    Column("address_hash", LargeBinary, primary_key=True),
    Column("acknowledged_at", UtcDateTime, nullable=False, index=True),
)

# How far the mailbox was read. `name` is a hash of server, user and folder.
mailbox = Table(
    "mailbox",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("uid_validity", BigInteger),
    Column("last_uid", BigInteger, nullable=False, server_default="0"),
    Column("began_at", UtcDateTime, nullable=False),  # mail that was read before is not taken
    Column("trouble", String(60)),  # code of why it cannot be read; null: it can
    Column("trouble_since", UtcDateTime),
)
