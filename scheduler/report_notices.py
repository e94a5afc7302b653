"""Who is to be told of reports: firms when a period's report may be handed in, those who oversee them when one is late,
and when a report that a document of the province wants every year comes near. Each once; vendor_notices.py tells them.

Only while the province works, so that what is told in the morning is still so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from sqlalchemy import Connection, select

from programme.notice_switches import Notice, is_on
from programme.packs import ProvincePack, normalise_province_id
from programme.reminder_pack import ReportDay
from programme.report_periods import Period, period_of
from programme.vendor_report import firms_without_report, first_lead_at
from scheduler.kinds import JobContext
from scheduler.vendor_notices import OVERSEERS, REPORT_DAY, REPORT_DUE, REPORT_LATE, VENDOR, add
from store.console_tables import account


async def note(context: JobContext) -> None:
    """Raises SQLAlchemyError when the database is away."""
    pack = context.content.packs.provinces.get(normalise_province_id(context.watch.province))
    now = context.clock.now()
    if pack is None or not context.working_time(pack.id).is_working(now):
        return
    if pack.leads is not None:
        last = period_of(now, pack.leads.report, context.clock.timezone).before()
        await context.database.run(partial(_note_period, pack=pack, period=last, now=now))
    reports = context.content.reminders[pack.id].reports
    if reports:
        today = now.astimezone(context.clock.timezone).date()
        await context.database.run(partial(_note_days, reports=reports, today=today, now=now))


def _note_period(connection: Connection, pack: ProvincePack, period: Period, now: datetime) -> None:
    is_late = period.is_overdue(now)
    if not is_on(connection, Notice.REPORTS_LATE if is_late else Notice.REPORTS_DUE):
        return
    begun = first_lead_at(connection, pack.id)
    missing = firms_without_report(connection, pack.id, [vendor.id for vendor in pack.vendors], period)
    if begun is None or period.ends <= begun:
        return
    for firm in missing:
        about = f"report {firm} {period.name}"
        if is_late:
            add(connection, _overseers(connection), REPORT_LATE, about, now)
        else:
            add(connection, _people_of(connection, firm), REPORT_DUE, f"{about} {period.due}", now)


def _note_days(connection: Connection, reports: Sequence[ReportDay], today: date, now: datetime) -> None:
    if not is_on(connection, Notice.REPORT_DAYS):
        return
    for report in reports:
        come = report.due_step(today)
        if come is not None:
            before, step = come
            add(connection, _overseers(connection), REPORT_DAY, f"report_day {report.id} {before} {step}", now)


def _overseers(connection: Connection) -> Sequence[int]:
    people = select(account.c.id).where(account.c.role.in_(OVERSEERS), account.c.disabled_at.is_(None))
    return connection.scalars(people).all()


def _people_of(connection: Connection, firm: str) -> Sequence[int]:
    people = select(account.c.id).where(
        account.c.role == VENDOR, account.c.vendor == firm, account.c.disabled_at.is_(None)
    )
    return connection.scalars(people).all()
