"""When a signed-in browser is signed out by itself, and when what opened nothing any more is deleted."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from store.console_tables import account_session, account_token

# A working day with its breaks, and nobody stays signed in over night.
IDLE = timedelta(hours=4)
LONGEST = timedelta(hours=14)


def forget_expired(connection: Connection, now: datetime) -> None:
    """Sessions, invitations and resets that open nothing any more."""
    over = (account_session.c.expires_at <= now) | (account_session.c.seen_at <= now - IDLE)
    connection.execute(delete(account_session).where(over))
    connection.execute(delete(account_token).where(account_token.c.expires_at <= now))
