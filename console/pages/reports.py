"""/console/reports/sla: how the promise to answer in time is kept, for supervisors and administrators."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, Response

from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.downloads import Ending, table_download
from console.roles import LEADERS
from console.sessions import SignedIn
from console.share_chart import share_chart
from console.templating import page
from console.viewing import actor_of, note_view
from programme import sla_table
from programme.sla_report import MOST_DAYS, BadPeriod, SlaReport, shown_share, sla_report
from store.audit import record
from store.sla_queries import Dimension

router = APIRouter(prefix="/reports")
Leader = Annotated[SignedIn, Depends(allow(*LEADERS))]
Day = Annotated[dt.date | None, Query()]
From = Annotated[dt.date | None, Query(alias="from")]
OBJECT = "report sla"
LONG_HOURS = 48


@router.get("/sla")
async def sla_page(
    request: Request,
    person: Leader,
    first: From = None,
    to: Day = None,
    by: Dimension = Dimension.DAY,
    work: bool = False,
) -> HTMLResponse:
    """The figures of a period, by one dimension; by day with a chart."""
    context = console_context(request)
    report = await _report(context, person, first, to, by, work)
    # Apart from the report, which only reads: on SQLite it would keep all who write waiting
    now = context.clock.now()
    await context.database.run(lambda c: note_view(c, context, person, "report.viewed", OBJECT, now))
    chosen = {"from": report.first.isoformat(), "to": report.last.isoformat(), "by": by.value}
    return page(
        request,
        person,
        "report_sla.html",
        report=report,
        chart=share_chart(report.lines, report.sla) if by is Dimension.DAY else None,
        dimensions=list(Dimension),
        shown_share=shown_share,
        duration=lambda minutes: _duration(context, person, minutes),
        percent=f"{report.sla.target * 100:.10g}".replace(".", ","),
        query=urlencode(chosen | ({"work": "1"} if work else {})),
        presets=_presets(context.clock.today()),
        work=work,
    )


@router.get("/sla.{ending}")
async def download(
    request: Request,
    person: Leader,
    ending: Ending,
    first: From = None,
    to: Day = None,
    by: Dimension = Dimension.DAY,
    work: bool = False,
) -> Response:
    """The same as a table; that it was taken along is recorded before anybody has it."""
    context = console_context(request)
    report = await _report(context, person, first, to, by, work)
    detail = {"from": report.first.isoformat(), "to": report.last.isoformat(), "by": by.value, "as": ending}
    now = context.clock.now()
    await context.database.run(
        lambda c: record(c, context.keyring, now, actor_of(person), "report.exported", OBJECT, detail)
    )
    name = f"thoi-han-tra-loi-{report.first:%Y%m%d}-{report.last:%Y%m%d}-{by.value}"
    return table_download(name, "Thời hạn trả lời", sla_table.header(report), sla_table.rows(report), ending)


async def _report(
    context: ConsoleContext, person: SignedIn, first: dt.date | None, to: dt.date | None, by: Dimension, work: bool
) -> SlaReport:
    """This month up to today, unless other days are asked for. Raises Problem 422 bad_period."""
    today, now, timezone = context.clock.today(), context.clock.now(), context.clock.timezone
    last = to or today
    days = (first or last.replace(day=1), last)
    try:
        return await context.database.read(
            lambda c: sla_report(c, context.content, context.province, days, by, now, timezone, work)
        )
    except BadPeriod:
        words = context.words.say("reports.bad_period", person.language, most=MOST_DAYS)
        raise Problem(422, "bad_period", words) from None


def _presets(today: dt.date) -> dict[str, tuple[dt.date, dt.date]]:
    """Periods that are asked for often, by their word."""
    month = today.replace(day=1)
    before = month - dt.timedelta(days=1)
    return {
        "reports.week": (today - dt.timedelta(days=6), today),
        "reports.this_month": (month, today),
        "reports.last_month": (before.replace(day=1), before),
        "reports.this_year": (today.replace(month=1, day=1), today),
    }


def _duration(context: ConsoleContext, person: SignedIn, minutes: int | None) -> str:
    """The two largest units that say something: what took days is not told to the minute."""
    if minutes is None:
        return "–"
    hours, rest = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    parts = ((days, "days"), (hours_left, "hours")) if hours >= LONG_HOURS else ((hours, "hours"), (rest, "minutes"))
    shown = [(count, unit) for count, unit in parts if count] or [(0, "minutes")]
    return " ".join(context.words.say(f"reports.{unit}", person.language, count=count) for count, unit in shown)
