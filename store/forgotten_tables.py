"""The tables of what must be done again after an older backup is restored (store/forgotten.py)."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table

from store.tables import Id, UtcDateTime, metadata

__all__ = ["forgotten", "forgotten_key", "metadata"]

# What a backup from before it does not know. Nothing here says who: that is in hashes, or the number of an account.
forgotten = Table(
    "forgotten",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", String(32), nullable=False, unique=True),  # the same in the file and in every restored database
    Column("kind", String(20), nullable=False),  # store.forgotten.Kind
    Column("detail", String(60)),  # of a withdrawn consent its purpose; null: all
    Column("at", UtcDateTime, nullable=False),
)

# Keyed hashes (Keyring.lasting_hash) of the addresses and the telephone number of the person; "account 5".
forgotten_key = Table(
    "forgotten_key",
    metadata,
    Column("forgotten_id", Id, ForeignKey("forgotten.id", ondelete="CASCADE"), primary_key=True),
    Column("key", LargeBinary, primary_key=True, index=True),
)
