"""The table of answers by SMS to what people wrote to a number whose gateway takes no answer with its own call."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text, text

from store.tables import EncryptedText, Id, UtcDateTime, metadata

__all__ = ["UNCONFIRMED", "metadata", "sms_answer"]

# Word for word the condition of its index
UNCONFIRMED = text("sms_answer.status IN ('failed', 'uncertain')")
_UNCONFIRMED = text("status IN ('failed', 'uncertain')")

# Confirmations only (programme/sms_answers.py): the number is there until it is known what became of the message.
sms_answer = Table(
    "sms_answer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", String(32), nullable=False, unique=True),  # of the word that is answered (programme/opt_outs.py)
    Column("gateway", String(20), nullable=False),
    Column("phone", EncryptedText),
    Column("phone_key", LargeBinary),  # store.forgotten.phone_key
    Column("text", Text, nullable=False),
    # waiting | sending | sent | uncertain | failed
    Column("status", String(10), nullable=False, server_default="waiting"),
    Column("reason", String(40)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", UtcDateTime),  # waiting: not before; sending: the lease of whoever sends it
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
)
_OPEN = sms_answer.c.settled_at.is_(None)
Index("ix_sms_answer_open", sms_answer.c.next_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_sms_answer_phone", sms_answer.c.phone_key, sms_answer.c.created_at)
Index("ix_sms_answer_unconfirmed", sms_answer.c.settled_at, sqlite_where=_UNCONFIRMED, postgresql_where=_UNCONFIRMED)
