"""What waits at this moment, counted: for /metrics and for the alarms. Every statement reads a partial index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, false, func, select, text

from store.channel_tables import alarm, channel_event
from store.tables import inbound, outbound

NOTHING = timedelta(0)
# Word for word the conditions of the indexes: SQLite recognises no other spelling, nor one with parameters.
PENDING = text("inbound.status = 'pending'")
UNDELIVERED = text("outbound.status IN ('waiting', 'sending', 'uncertain', 'held')")
TROUBLED = text("outbound.status IN ('uncertain', 'failed', 'held')")
DEAD = text("channel_event.status = 'dead'")
UNDELIVERED_STATUSES = ("waiting", "sending", "uncertain", "held")

INBOX = select(func.count(), func.min(inbound.c.received_at)).where(PENDING)
OUTBOX = select(outbound.c.status, func.count().label("messages")).where(UNDELIVERED).group_by(outbound.c.status)
# What waits behind a message that is held waits for the owner, not for us.
_ahead = outbound.alias("ahead")
_HELD_BACK = (
    select(_ahead.c.id)
    .where(_ahead.c.conversation_id == outbound.c.conversation_id, _ahead.c.seq < outbound.c.seq)
    .where(text("ahead.status IN ('waiting', 'sending', 'uncertain', 'held')"), _ahead.c.status == "held")
    .exists()
)
OLDEST_REPLY = select(func.min(outbound.c.created_at)).where(
    UNDELIVERED, outbound.c.status.in_(("waiting", "sending")), outbound.c.bulk == false(), ~_HELD_BACK
)
DEAD_LETTERS = select(func.count()).select_from(channel_event).where(DEAD)
OPEN_ALARMS = select(func.count()).select_from(alarm).where(alarm.c.closed_at.is_(None))


@dataclass(frozen=True)
class Backlog:
    """`inbox`, `inbox_age`: messages that wait for their answer, and how long the oldest has. `outbox`: our messages
    by undelivered status. `outbox_age`: of the oldest that may go out now; bulk may wait for its turn.
    """

    inbox: int
    inbox_age: timedelta
    outbox: Mapping[str, int]
    outbox_age: timedelta
    dead_letters: int
    alarms: int


def read_backlog(connection: Connection, now: datetime) -> Backlog:
    """Costs grow with what waits, not with what is stored."""
    inbox, oldest = connection.execute(INBOX).one()
    outbox = {row.status: row.messages for row in connection.execute(OUTBOX)}
    return Backlog(
        inbox=inbox,
        inbox_age=_age(oldest, now),
        outbox={**dict.fromkeys(UNDELIVERED_STATUSES, 0), **outbox},
        outbox_age=_age(connection.scalar(OLDEST_REPLY), now),
        dead_letters=connection.scalar(DEAD_LETTERS) or 0,
        alarms=connection.scalar(OPEN_ALARMS) or 0,
    )


def _age(since: datetime | None, now: datetime) -> timedelta:
    return NOTHING if since is None else max(NOTHING, now - since)
