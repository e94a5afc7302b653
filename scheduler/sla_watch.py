"""The job "sla_watch": no request waits unseen. Every minute the newest step of each is brought to people's notice.

Officers are disturbed only while their province works; what happens outside waits for the next opening, and what was
overtaken by then is not told. The clock of the request itself runs day and night. Notices and how far the request has
come are one transaction, so being cut off or run twice tells nobody twice; they go out by officer_notices.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from bot import holding
from bot.officer_voice import OfficerVoice
from bot.wakeups import OUTBOX, QUEUE
from programme import notice_switches
from programme.duty import ADMINISTRATOR, OFFICER, SUPERVISOR, Colleague, Matter, told_at, told_of_new
from programme.notice_switches import Notice
from programme.packs import ProvincePack, Sla
from scheduler.kinds import JobContext, JobKind
from store import notice_queries
from store.logs import get_logger

log = get_logger("scheduler.sla_watch")

# Of one province in one transaction; what is more has the next one.
MOST_AT_ONCE = 200
# Owners hear that it takes longer between these hours, local time, and no later than a day after it was due: then the
# words would come out of the blue.
FROM, BEFORE = time(8), time(20)
APOLOGY_WITHIN = timedelta(hours=24)


async def watch(context: JobContext) -> None:
    """Tell officers, then owners. Raises SQLAlchemyError when the database is away."""
    for pack in context.content.packs.provinces.values():
        if not context.working_time(pack.id).is_working(context.clock.now()):
            continue
        while await context.database.run(partial(_bring_to_notice, context, pack)) == MOST_AT_ONCE:
            pass
    await _apologise(context)


SLA_WATCH = JobKind("sla_watch", timedelta(minutes=1), watch)


def kind_of(sla: Sla, step: int) -> str:
    """What a notice of this step is called."""
    if step == 0:
        return "new"
    return "late" if step > len(sla.warnings) else f"warning_{step}"


def _bring_to_notice(context: JobContext, pack: ProvincePack, connection: Connection) -> int:
    """How many requests were looked at."""
    now, sla = context.clock.now(), pack.sla
    spellings = (pack.id, pack.id.replace("-", "_"))
    rows = notice_queries.unseen_requests(connection, spellings, sla.steps(now), MOST_AT_ONCE)
    if not rows:
        return 0
    people = [_colleague(context, row) for row in notice_queries.colleagues(connection, _ROLES)]
    looking = notice_queries.looking(connection, {row["conversation_id"] for row in rows}, now)
    warns = notice_switches.is_on(connection, Notice.SLA_WARNINGS)
    by_step: dict[int, list[int]] = defaultdict(list)
    notices: list[dict[str, Any]] = []
    for row in rows:
        step = max(sla.step_reached(row["due_at"], now), row["warned"])
        by_step[step].append(row["id"])
        told = _told(people, row, step, sla, looking) if warns or step == 0 else ()
        notices += ({"account_id": one.account_id, "request_id": row["id"], "kind": kind_of(sla, step)} for one in told)
    notice_queries.void_notices(connection, [row["id"] for row in rows])
    new = notice_queries.add_notices(connection, notices, now)
    for step, ids in by_step.items():
        notice_queries.mark_step(connection, ids, step, now)
    kinds = Counter({kind_of(sla, step): len(ids) for step, ids in by_step.items()})
    log.info("requests_noticed", province=pack.id, notices=new, **kinds)
    return len(rows)


_ROLES = (OFFICER, SUPERVISOR, ADMINISTRATOR)


def _told(
    people: list[Colleague], row: RowMapping, step: int, sla: Sla, looking: Collection[tuple[int, str]]
) -> Iterable[Colleague]:
    """Those of them who can be told off the page; the others see it there."""
    matter = Matter(row["commune"], row["holder"])
    if step == 0:
        told = told_of_new(people, matter)
        # Whoever talks with the owner just now has read it
        told = [one for one in told if (one.account_id, row["conversation_id"]) not in looking]
    else:
        told = told_at(people, matter, step, late=step > len(sla.warnings))
    return (one for one in told if one.chat is not None)


def _colleague(context: JobContext, row: RowMapping) -> Colleague:
    communes = None if row["communes"] is None else frozenset(row["communes"])
    chat = row["telegram_chat"] if context.watch.notices is not None else None
    return Colleague(row["id"], row["officer_id"], row["role"], communes, row["on_duty"], chat)


async def _apologise(context: JobContext) -> None:
    """Once per request: `owner_told_late` marks it where it writes the message. One that breaks hides no other."""
    clock = context.clock
    if not FROM <= clock.now().astimezone(clock.timezone).time() < BEFORE:
        return
    content, now = context.content, clock.now()
    voice = OfficerVoice(content.phrases, clock.timezone, content.bulk_law)
    late = partial(notice_queries.untold_owners, since=now - APOLOGY_WITHIN, now=now, most=MOST_AT_ONCE)
    for request_id in await context.database.read(late):
        tell = partial(holding.owner_told_late, request_id=request_id, voice=voice, now=clock.now())
        try:
            held = await context.database.run(tell)
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("apology_broke", request=request_id)
            continue
        if held is not None:
            log.info("owner_told_late", request=request_id, conversation=held.conversation_id)
            for key in (held.conversation_id, OUTBOX, QUEUE):
                context.wakeups.notify(key)
