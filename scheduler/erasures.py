"""The job "erasures": carries out what owners or officers confirmed, then lets it leave the disk (store/purging.py).

The owner is told before ("em bắt đầu xóa"), since afterwards there is no address to write to: an erasure waits until
that has gone out, and so long that "thôi không xóa nữa" still counts; but no longer than LONGEST. Each erasure is one
transaction that also ends its request, so being cut off or run twice erases once; the purge is a row of its own that
stays open until it is done.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, exists, or_, select
from sqlalchemy.exc import SQLAlchemyError

from programme.erasure import Erased, erase
from scheduler.kinds import JobContext, JobKind
from store.audit import Actor, record
from store.logs import get_logger
from store.purging import purge_asked
from store.tables import data_request, outbound

log = get_logger("scheduler.erasures")

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(minutes=10)
MOST_AT_ONCE = 20
ACTOR = Actor("hotline")


async def carry_out(context: JobContext) -> None:
    """Erase who is due, then purge. Raises SQLAlchemyError when the database is away."""
    now = context.clock.now()
    for number, contact_id in await context.database.read(partial(_due, now)):
        try:
            erased = await context.database.run(partial(_erase, context, number, contact_id))
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("erasure_broke", request=number)
            continue
        if erased is not None:
            log.info("erased", request=number, people=erased.people, messages=erased.messages, leads=erased.leads)
    await purge_asked(context.database, context.clock.now())


ERASURES = JobKind("erasures", timedelta(minutes=1), carry_out)


def _due(now: datetime, connection: Connection) -> list[tuple[int, int]]:
    on_its_way = exists().where(
        outbound.c.conversation_id == data_request.c.conversation_id,
        outbound.c.status.in_(("waiting", "sending")),
    )
    rows = (
        select(data_request.c.id, data_request.c.contact_id)
        .where(
            data_request.c.status == "open",
            data_request.c.stage == "erasing",
            data_request.c.confirmed_at <= now - SHORTEST,
            or_(~on_its_way, data_request.c.confirmed_at <= now - LONGEST),
        )
        .order_by(data_request.c.confirmed_at, data_request.c.id)
        .limit(MOST_AT_ONCE)
    )
    return [(row.id, row.contact_id) for row in connection.execute(rows)]


def _erase(context: JobContext, number: int, contact_id: int, connection: Connection) -> Erased | None:
    """None when it was taken back or done meanwhile."""
    still = select(data_request.c.id).filter_by(id=number, status="open", stage="erasing").with_for_update()
    if connection.scalar(still) is None:
        return None
    now = context.clock.now()
    erased = erase(connection, context.keyring, contact_id, now)
    counts = {"people": erased.people, "messages": erased.messages, "leads": erased.leads}
    record(connection, context.keyring, now, ACTOR, "data.erased", f"data_request {number}", counts)
    return erased
