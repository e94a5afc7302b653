"""The job "lead_watch": a lead is not forgotten. Firms are reminded before the deadline; what nobody took up in time
goes on by the pack's rule; owners hear what has become of their wish; late reports are brought to people's notice.

Idempotency: every lead has a transaction of its own, which looks again and moves it from one version, or sets its mark
together with what it causes (scheduler/lead_owners.py, store.vendor_notice's unique key). Cut off, repeated or run
beside itself, it does nothing twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import SQLAlchemyError

from programme.lead_life import LeadLife
from programme.lead_problems import LeadProblem
from programme.lead_states import LeadState
from programme.notice_switches import Notice, is_on
from scheduler import report_notices, vendor_notices
from scheduler.kinds import JobContext, JobKind
from scheduler.lead_owners import talk_to_owners
from store.logs import get_logger
from store.survey_tables import lead

log = get_logger("scheduler.lead_watch")

# In one job; the rest has the next one.
MOST_AT_ONCE = 200


async def watch(context: JobContext) -> None:
    """Raises SQLAlchemyError when the database is away."""
    life = LeadLife(context.content, context.clock.timezone)
    for lead_id, province in await context.database.read(partial(_offered, None)):
        await _one(context, lead_id, partial(_set_deadline, life, lead_id, province, context.clock.now()))
    for lead_id, province in await context.database.read(partial(_offered, context.clock.now())):
        await _one(context, lead_id, partial(_lapse, life, lead_id, province, context.clock.now()))
    await _remind_firms(context, life)
    await talk_to_owners(context)
    await report_notices.note(context)
    await vendor_notices.tell(context)


LEAD_WATCH = JobKind("lead_watch", timedelta(minutes=1), watch)


async def _one(context: JobContext, lead_id: int, work: partial[bool]) -> None:
    """One that breaks does not keep the others waiting."""
    try:
        if await context.database.run(work):
            log.info("lead_moved", lead=lead_id, by=work.func.__name__.strip("_"))
    except SQLAlchemyError:
        raise
    except LeadProblem as problem:  # somebody was faster
        log.info("lead_left_alone", lead=lead_id, why=problem.code)
    except Exception:
        log.exception("lead_broke", lead=lead_id)


def _offered(until: datetime | None, connection: Connection) -> list[tuple[int, str]]:
    """Leads that a firm may take up: whose deadline has passed; with None, those that have none yet."""
    due = lead.c.accept_by.is_(None) if until is None else lead.c.accept_by <= until
    rows = select(lead.c.id, lead.c.province).where(lead.c.status == LeadState.OFFERED, due)
    found = connection.execute(rows.order_by(lead.c.accept_by, lead.c.id).limit(MOST_AT_ONCE))
    return [(row.id, row.province) for row in found]


def _set_deadline(life: LeadLife, lead_id: int, province: str, now: datetime, connection: Connection) -> bool:
    """For leads that were made before there were deadlines: theirs begins now."""
    deadline = life.accept_by(province, now)
    without = update(lead).where(lead.c.id == lead_id, lead.c.status == LeadState.OFFERED, lead.c.accept_by.is_(None))
    return deadline is not None and bool(connection.execute(without.values(accept_by=deadline)).rowcount)


def _lapse(life: LeadLife, lead_id: int, province: str, now: datetime, connection: Connection) -> bool:
    return life.lapse(connection, lead_id, province, now)


async def _remind_firms(context: JobContext, life: LeadLife) -> None:
    now = context.clock.now()
    if not await context.database.read(partial(is_on, notice=Notice.LEAD_DEADLINES)):
        return
    waiting = select(lead.c.id, lead.c.province, lead.c.accept_by).where(
        lead.c.status == LeadState.OFFERED, lead.c.reminded_at.is_(None), lead.c.accept_by > now
    )
    rows = await context.database.read(
        lambda c: c.execute(waiting.order_by(lead.c.accept_by, lead.c.id).limit(MOST_AT_ONCE)).all()
    )
    for row in rows:
        if life.is_near(row.province, row.accept_by, now):
            await _one(context, row.id, partial(_remind, row.id, now))


def _remind(lead_id: int, now: datetime, connection: Connection) -> bool:
    """Mark the lead and write the notices, in one transaction."""
    mark = update(lead).where(lead.c.id == lead_id, lead.c.status == LeadState.OFFERED, lead.c.reminded_at.is_(None))
    row = connection.execute(mark.values(reminded_at=now).returning(*lead.c)).mappings().first()
    if row is None:
        return False
    vendor_notices.add_for_firm(connection, row, now)
    return True
