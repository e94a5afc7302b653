"""Who of all processes may act alone in a role, as a row of `leader` that ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, update

from store.database import insert_if_new
from store.survey_tables import leader

# A leader that dies is replaced after so long. Longer than three ticks, so that a slow one does not cost the lead.
LEASE = timedelta(seconds=30)


def take(connection: Connection, role: str, holder: str, now: datetime, lease: timedelta = LEASE) -> bool:
    """Become or stay the leader in `role` until `now` + `lease`; whether `holder` leads now.

    `holder`: at most 32 characters, another one for every process. Atomic: the row is inserted once, and changed by
    one statement under its lock, so of several callers at one instant one leads. Taking again renews.

    A lease is an economy, not a proof: a leader that hangs for longer than its lease goes on believing in itself, so
    what leaders do must bear a second one beside them.
    """
    if insert_if_new(connection, leader, {"role": role, "holder": holder, "until": now + lease}) is not None:
        return True
    free = or_(
        leader.c.holder == holder,
        leader.c.until <= now,
        # Nobody holds a lease so long: it is from a clock that was ahead (HOTLINE_NOW), and would block the role until
        # that day comes. The second lease is for machines whose clocks differ.
        leader.c.until > now + 2 * lease,
    )
    taken = update(leader).where(leader.c.role == role, free).values(holder=holder, until=now + lease)
    return connection.execute(taken).rowcount == 1


def give_up(connection: Connection, role: str, holder: str) -> None:
    """End the lead of `holder` in `role`, so that the next process need not wait for the lease to end."""
    connection.execute(delete(leader).where(leader.c.role == role, leader.c.holder == holder))
