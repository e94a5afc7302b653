"""The table of the keys that were in use before the present one."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from store.tables import EncryptedText, Id, UtcDateTime, metadata

__all__ = ["former_key", "metadata"]

# One row per rotation. `hash_key` (hexadecimal), encrypted under the present key: with it older rows of the audit log
# are verified, and the first row's is the key that hashes for good (Keyring.lasting_hash).
former_key = Table(
    "former_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("fingerprint", String(16), nullable=False),
    Column("hash_key", EncryptedText, nullable=False),
    Column("last_audit_row", Id, nullable=False),  # of the audit log, written with this key; 0: none
    Column("retired_at", UtcDateTime, nullable=False),
)
