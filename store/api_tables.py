"""The tables of the API's partners: their tokens, and the answers to calls that may be sent again."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from store.tables import EncryptedText, Id, Json, UtcDateTime, metadata

__all__ = ["api_answer", "api_token", "metadata"]

# What opens the API for one partner. Only a keyed hash of the token is kept; the row stays when it is revoked.
api_token = Table(
    "api_token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False),  # the partner, as administrators call it
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("hint", String(12), nullable=False),  # how the token begins, to tell one from the other
    Column("scopes", Json, nullable=False),
    Column("vendor", String(40)),  # a vendor's id of the province's pack: whose leads it opens
    Column("communes", Json),  # codes; null: all
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),  # to the minute
    Column("revoked_at", UtcDateTime),
)

# What was answered to a change that was made, for whoever sends the same call again (store/api_answers.py).
api_answer = Table(
    "api_answer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_id", Id, ForeignKey("api_token.id"), nullable=False),
    Column("key", String(255), nullable=False),
    Column("call_hash", LargeBinary, nullable=False),  # of method, address and body
    Column("status", Integer, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", EncryptedText, nullable=False),
    Column("answered_at", UtcDateTime, nullable=False),
    UniqueConstraint("token_id", "key"),
)
Index("ix_api_answer_answered_at", api_answer.c.answered_at)
