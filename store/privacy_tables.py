"""The tables of requests about personal data: copies that may be opened, and what must still go from the disk."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, false

from store.tables import Id, UtcDateTime, metadata

__all__ = ["ERASED", "data_copy", "metadata", "purge", "retention_progress"]

ERASED = "erased"  # as a code: of an outbound row's error, of a conversation that is nobody's any more

# A secret address behind which a person reads what is kept of them. Nothing is stored but the right to open it.
data_copy = Table(
    "data_copy",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False, index=True),
    Column("request_id", Id, ForeignKey("data_request.id"), nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("opened", Integer, nullable=False, server_default="0"),  # times; too many: void
)

# What was erased in the tables and still stands on the disk (store/purging.py). Written with the erasure; open until it
# is done, so that a process which dies in between is followed by another.
purge = Table(
    "purge",
    metadata,
    Column("id", Id, primary_key=True),
    Column("why", String(20), nullable=False),  # erasure | retention
    Column("asked_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("is_partial", Boolean, nullable=False, server_default=false()),  # a table was too large to be written anew
)
Index(
    "ix_purge_open",
    purge.c.id,
    sqlite_where=purge.c.done_at.is_(None),
    postgresql_where=purge.c.done_at.is_(None),
)

# How far a rule of retention has come in a table whose rows are numbered in the order of time, so that what was looked
# at is not read again every night.
retention_progress = Table(
    "retention_progress",
    metadata,
    Column("rule", String(40), primary_key=True),
    Column("up_to", Id, nullable=False),  # number of the last row that was looked at
)
