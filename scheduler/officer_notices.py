"""The job "officer_notices": what waits to be told to officers goes to their own chat, one message for each of them.

A notice is marked after the call: a process that dies in between repeats that one message a minute later, and none is
lost. Messages name numbers, topics, communes and times, never an owner. Only while the request's province works.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import groupby

from sqlalchemy import RowMapping

from integrations.errors import Fate, SendFailed
from scheduler.kinds import JobContext, JobKind
from scheduler.notice_words import words
from scheduler.watch import NoticeSender
from store import notice_queries
from store.logs import get_logger

log = get_logger("scheduler.officer_notices")

# Trying again would change nothing: the officer has left the chat, or gave a wrong one.
FINAL = (Fate.UNREACHABLE, Fate.REFUSED, Fate.WINDOW_CLOSED)
# The next officer would fare no better.
FOR_ALL = (Fate.BACK_OFF, Fate.CHANNEL_DOWN)


async def tell(context: JobContext) -> None:
    """Tell each officer what is new for them. Raises SQLAlchemyError when the database is away."""
    await context.database.run(notice_queries.void_ended)
    sender = context.watch.notices
    if sender is None:
        return
    working = {
        id_: context.working_time(id_).is_working(context.clock.now()) for id_ in context.content.packs.provinces
    }
    rows = await context.database.read(notice_queries.waiting_notices)
    due = [row for row in rows if working.get(row["province"].replace("_", "-"), False)]
    for _, own in groupby(due, key=lambda row: row["account_id"]):
        fate = await _tell(context, sender, list(own))
        if fate in FOR_ALL:
            return


OFFICER_NOTICES = JobKind("officer_notices", timedelta(minutes=1), tell)


async def _tell(context: JobContext, sender: NoticeSender, rows: list[RowMapping]) -> Fate | None:
    """Tell one officer; what became of it, None when all is well."""
    fate, status = None, "told"
    try:
        await sender.tell(rows[0]["chat"], words(context, rows))
    except SendFailed as failure:
        fate = failure.error.fate
        log.error("officer_untold", account=rows[0]["account_id"], error=failure.error.code, notices=len(rows))
        if fate not in FINAL:
            return fate
        status = "failed"
    ids = [row["id"] for row in rows]
    await context.database.run(partial(notice_queries.end_notices, ids=ids, status=status, now=context.clock.now()))
    return fate
