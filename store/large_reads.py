"""Settings of PostgreSQL for a transaction that reads much: a million rows joined, counted or copied."""

from __future__ import annotations

from sqlalchemy import Connection, text

# Sorts and hashes of a million numbers in memory. To compile such a statement takes longer than to run it: 1.5 s of
# 2.9 s for a segment of two conditions. And pages lie in memory or on a disk without a head: the server's default would
# read whole tables for a few rows.
_SETTINGS = text(
    "SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true),"
    " set_config('random_page_cost', '1.1', true)"
)


def prepare(connection: Connection) -> None:
    """Until this transaction ends; on SQLite nothing."""
    if connection.dialect.name == "postgresql":
        connection.execute(_SETTINGS)
