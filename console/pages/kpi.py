"""/console/reports/kpi: the programme's figures beside their targets, for leaders; commune staff see their communes.

The page reads what the job "kpi" counted last and says when that was. Every download is recorded.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot.web.problems import Problem
from console.access import allow
from console.bar_chart import MOST_BARS, bar_chart
from console.context import ConsoleContext, console_context
from console.downloads import Ending, table_download
from console.pages.classes import names_of
from console.roles import LEADERS, Role
from console.sessions import SignedIn
from console.target_chart import target_chart
from console.templating import page
from console.viewing import actor_of, note_view
from programme import kpi_table
from programme.kpi import Plan, plan_of
from programme.kpi_figures import OF_PERIOD, Figure, KpiReport, kpi_report
from programme.sla_report import shown_share
from store import kpi_kept
from store.audit import record

router = APIRouter(prefix="/reports")
Reader = Annotated[SignedIn, Depends(allow(*LEADERS, Role.COMMUNE))]
From = Annotated[dt.date | None, Query(alias="from")]
Day = Annotated[dt.date | None, Query()]
Commune = Annotated[str, Query(max_length=10)]
OBJECT = "report kpi"


@router.get("/kpi")
async def kpi_page(
    request: Request, person: Reader, first: From = None, to: Day = None, commune: Commune = ""
) -> HTMLResponse:
    """The figures until a day and within a period; of the whole province with a line for each commune."""
    context = console_context(request)
    plan, report = await _report(context, person, first, to, commune)
    now = context.clock.now()
    await context.database.run(lambda c: note_view(c, context, person, "report.viewed", OBJECT, now))
    names = names_of(context)
    own = _own(person)
    lines = sorted(
        ((code, figures) for code, figures in report.lines.items() if own is None or code in own),
        key=lambda line: (-_count(line[1], "surveyed"), names[line[0]]),
    )
    chosen = {"from": report.first.isoformat(), "to": report.last.isoformat(), "commune": report.commune or ""}
    return page(
        request,
        person,
        "report_kpi.html",
        plan=plan,
        report=report,
        lines=lines,
        names={code: name for code, name in names.items() if own is None or code in own},
        bars=target_chart(report.figures),
        commune_chart=bar_chart([_count(figures, "surveyed") for _, figures in lines]),
        most_bars=MOST_BARS,
        of_period=OF_PERIOD,
        table=kpi_table,
        shown_share=shown_share,
        may_see_all=own is None,
        query=urlencode({name: value for name, value in chosen.items() if value}),
        days=urlencode({"from": chosen["from"], "to": chosen["to"]}),
        is_over=lambda by: by < context.clock.today(),
    )


@router.get("/kpi.{ending}")
async def download(
    request: Request,
    person: Reader,
    ending: Ending,
    first: From = None,
    to: Day = None,
    commune: Commune = "",
) -> Response:
    """The same as a table; that it was taken along is recorded before anybody has it."""
    context = console_context(request)
    plan, report = await _report(context, person, first, to, commune)
    detail = {"from": report.first.isoformat(), "to": report.last.isoformat(), "as": ending}
    detail |= {"commune": report.commune} if report.commune else {}
    now = context.clock.now()
    await context.database.run(
        lambda c: record(c, context.keyring, now, actor_of(person), "report.exported", OBJECT, detail)
    )
    rows = kpi_table.rows(context.content, plan, report, _own(person))
    name = f"chi-so-{report.first:%Y%m%d}-{report.last:%Y%m%d}"
    return table_download(name, "Chỉ số", kpi_table.HEADER, rows, ending)


async def _report(
    context: ConsoleContext, person: SignedIn, first: dt.date | None, to: dt.date | None, commune: str
) -> tuple[Plan, KpiReport]:
    """From the programme's first day to today, unless other days are asked for. Raises Problem 422 bad_period, 404."""
    plan = plan_of(context.content, context.province)
    last = to or context.clock.today()
    begins = first or min((phase.first for phase in plan.phases), default=last.replace(month=1, day=1))
    if begins > last:
        raise Problem(422, "bad_period", context.words.say("kpi.bad_period", person.language))
    own = _own(person)
    if own is not None and not commune and own:
        commune = own[0]
    codes = [one.code for one in context.content.communes.communes(context.province)]
    if (commune and commune not in codes) or (own is not None and commune not in own):
        raise Problem(404, "commune_unknown", context.words.say("kpi.commune_unknown", person.language))

    def read(connection: Connection) -> KpiReport:
        id_ = context.content.packs.province(context.province).id
        as_of = kpi_kept.as_of(connection, id_)
        there = as_of.astimezone(context.clock.timezone) if as_of else None
        sums = kpi_kept.sums(connection, id_, begins, last)
        return kpi_report(plan, id_, codes, sums, (begins, last), there, commune or None)

    return plan, await context.database.read(read)


def _own(person: SignedIn) -> tuple[str, ...] | None:
    """The communes of commune staff; None: all."""
    return None if person.role in LEADERS else tuple(person.communes or ())


def _count(figures: tuple[Figure, ...], id_: str) -> int:
    """What a bar may show: nothing where the number is hidden."""
    count = next((one.count for one in figures if one.id == id_), None)
    return count if isinstance(count, int) else 0
