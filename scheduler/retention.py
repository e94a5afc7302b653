"""The job "retention": the events of a channel are kept 30 days, used tickets as long as they could be used again,
sessions of the console as long as they open anything, answers of the API a day.

Deleting again deletes nothing more, so the job bears being run twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, delete, update

from scheduler.kinds import JobContext, JobKind
from store import api_answers
from store.channel_tables import channel_event, ticket
from store.session_ends import forget_expired

KEPT = timedelta(days=30)


async def forget(context: JobContext) -> None:
    """Delete what is too old."""
    await context.database.run(partial(_forget, context.clock.now()))


RETENTION = JobKind("retention", timedelta(hours=1), forget)


def _forget(now: datetime, connection: Connection) -> None:
    """A dead letter stays until a person has looked, but not its words."""
    old = channel_event.c.received_at < now - KEPT
    connection.execute(delete(channel_event).where(old, channel_event.c.status != "dead"))
    unread = (channel_event.c.status == "dead", channel_event.c.body.is_not(None))
    connection.execute(update(channel_event).where(old, *unread).values(body=None))
    connection.execute(delete(ticket).where(ticket.c.expires_at < now))
    forget_expired(connection, now)
    api_answers.forget_expired(connection, now)
