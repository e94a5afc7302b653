"""/console/vendor-reports: what firms report of a period: a firm its own, those who oversee them all, merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.datastructures import FormData, UploadFile
from starlette.responses import HTMLResponse, Response

from bot.secrets import mask
from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.downloads import Ending, table_download
from console.forms import see_other, text_field
from console.lead_scope import as_problem, scope_of
from console.roles import LEADERS, Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of, note_view
from programme import report_periods, vendor_report
from programme.difficulties import Difficulty
from programme.difficulties import record as record_difficulty
from programme.lead_life import LONGEST_TEXT, checked_text
from programme.lead_problems import LeadProblem
from programme.lead_steps import Scope
from programme.report_periods import Period, period_named
from programme.safe_cells import Cell
from programme.vendor_report import Submission, read_number
from programme.vendor_report_file import COLUMNS, MOST_BYTES, Fault, ReportFileInvalid, read_report, template
from programme.vendor_report_table import for_a_page, header, merged, standing
from store.audit import record

router = APIRouter(prefix="/vendor-reports")
Reader = Annotated[SignedIn, Depends(allow(*LEADERS, Role.VENDOR))]
Firm = Annotated[SignedIn, Depends(allow(Role.VENDOR))]
PeriodName = Annotated[str, Query(max_length=7)]
PAGE = "/console/vendor-reports"
# Whose reports can still be looked up by name are older: these are offered.
PERIODS_SHOWN = 13
MOST_READ = 8000
T = TypeVar("T")


@router.get("")
async def reports_page(request: Request, person: Reader, period: PeriodName = "") -> HTMLResponse:
    """The table of the period, who is late with it, and for a firm the form."""
    return await _page(request, person, period)


@router.get("/vendor-reports.{ending}")
async def download(request: Request, person: Reader, ending: Ending, period: PeriodName = "") -> Response:
    """The table as a file; it names no owner. That it was taken along is recorded."""
    context = console_context(request)
    scope, now = scope_of(context, person), context.clock.now()

    def work(connection: Connection) -> tuple[Period, list[tuple[Cell, ...]]]:
        asked = _period(context, period)
        rows = merged(connection, context.content, scope, asked, now)
        detail = {"vendor": scope.vendor, "as": ending}
        record(
            connection, context.keyring, now, actor_of(person), "vendor_report.exported", _object(scope, asked), detail
        )
        return asked, rows

    asked, rows = await _run(context, person, work)
    name = f"bao-cao-doanh-nghiep-{(scope.vendor or 'tat-ca').lower()}-{asked.name}"
    return table_download(name, asked.name, header(context.content), rows, ending)


@router.get("/template.csv")
async def empty_file(request: Request, person: Firm) -> Response:
    """A file to fill in."""
    rows = template(console_context(request).content.difficulties)
    return table_download("mau-bao-cao", "mau", COLUMNS, rows, "csv")


@router.post("")
async def submit(request: Request, person: Firm) -> Response:
    """A firm's report, or a correction of it. Sent twice it is one."""
    context = console_context(request)
    form = await request.form()
    try:
        wanted = _typed(context, form)
    except LeadProblem as problem:
        return await _page(request, person, text_field(form, "period", 7), problem=problem, typed=form)
    return await _submitted(request, person, form, wanted)


@router.post("/file")
async def upload(request: Request, person: Firm) -> Response:
    """The same as a CSV file. With anything wrong in it, every fault is said and nothing is kept."""
    context = console_context(request)
    form = await request.form()
    file = form.get("file")
    data = await file.read(MOST_BYTES + 1) if isinstance(file, UploadFile) else b""
    await form.close()
    try:
        wanted = read_report(data, context.content.difficulties)
    except ReportFileInvalid as invalid:
        return await _page(request, person, text_field(form, "period", 7), faults=invalid.faults)
    return await _submitted(request, person, form, wanted)


@router.post("/difficulty")
async def add_difficulty(request: Request, person: Firm) -> Response:
    """What is difficult for the firm in general. One telling for each category, person and day."""
    context = console_context(request)
    form = await request.form()
    category, text = text_field(form, "category", 40), mask(text_field(form, "text", MOST_READ))[0]
    scope, now = scope_of(context, person), context.clock.now()
    day = f"{now.astimezone(context.clock.timezone):%Y-%m-%d}"

    def work(connection: Connection) -> None:
        if category not in context.content.difficulties.all:
            raise LeadProblem("category_unknown")
        telling = f"firm {scope.vendor} {category} {person.account_id} {day}"
        told = Difficulty(
            source="vendor",
            category=category,
            province=context.province,
            at=now,
            vendor=scope.vendor,
            officer_id=person.officer_id,
            text=checked_text(text),
            telling=telling,
        )
        record_difficulty(connection, told)
        action, detail = "vendor_report.difficulty", {"category": category}
        record(connection, context.keyring, now, actor_of(person), action, f"vendor {scope.vendor}", detail)

    await _run(context, person, work)
    return see_other(f"{PAGE}?period={text_field(form, 'period', 7)}")


async def _submitted(request: Request, person: SignedIn, form: FormData, wanted: Submission) -> Response:
    context = console_context(request)
    scope, now = scope_of(context, person), context.clock.now()
    if person.communes is not None or scope.vendor is None:
        raise Problem(403, "report_not_yours", context.words.say("vendor_reports.not_yours", person.language))
    wanted = replace(wanted, text=mask(wanted.text)[0])
    vendor, version = scope.vendor, text_field(form, "version", 9)
    known = int(version) if version.isascii() and version.isdigit() else None

    def work(connection: Connection) -> Period:
        asked = _period(context, text_field(form, "period", 7))
        is_new = vendor_report.submit(
            connection, context.content, context.province, vendor, asked, wanted, known, actor_of(person), now
        )
        if is_new:
            action, detail = "vendor_report.submitted", {"corrects": known}
            record(connection, context.keyring, now, actor_of(person), action, _object(scope, asked), detail)
        return asked

    try:
        asked = await context.database.run(work)
    except LeadProblem as problem:
        return await _page(request, person, text_field(form, "period", 7), problem=problem, typed=form)
    return see_other(f"{PAGE}?period={asked.name}")


async def _page(
    request: Request,
    person: SignedIn,
    period: str,
    problem: LeadProblem | None = None,
    faults: list[Fault] | None = None,
    typed: FormData | None = None,
) -> HTMLResponse:
    context = console_context(request)
    scope, now = scope_of(context, person), context.clock.now()
    pack = context.content.packs.province(context.province)
    if pack.leads is None:  # a province to which no plan gives firms
        return page(request, person, "vendor_reports_none.html")
    rules, zone = pack.leads.report, context.clock.timezone
    if problem is not None and problem.code in ("period_unknown", "period_future"):
        period = ""

    def work(connection: Connection) -> dict[str, Any]:
        asked = _period(context, period)
        own = vendor_report.find_report(connection, context.province, scope.vendor, asked) if scope.vendor else None
        late = [] if scope.vendor else _late(connection, context, now)
        values = {
            "period": asked,
            "table": for_a_page(context.content, merged(connection, context.content, scope, asked, now)),
            "own": own,
            "standing": standing(own, asked, now),
            "late": late,
        }
        note_view(connection, context, person, "vendor_report.viewed", _object(scope, asked), now)
        return values

    values = await _run(context, person, work)
    return page(
        request,
        person,
        "vendor_reports.html",
        200 if problem is None and not faults else problem.status if problem else 422,
        **values,
        problem=problem.words(person.language) if problem else "",
        faults=faults or [],
        typed=typed,
        periods=list(report_periods.latest(now, rules, zone, PERIODS_SHOWN)),
        vendors={one.id: one.short for one in pack.vendors},
        difficulties=context.content.difficulties,
        longest=LONGEST_TEXT,
        longest_report=vendor_report.LONGEST_TEXT,
        may_submit=person.role is Role.VENDOR and person.communes is None,
        is_closed=values["period"].is_closed(now),
    )


def _late(connection: Connection, context: ConsoleContext, now: datetime) -> list[tuple[str, Period]]:
    """Firms and the periods of the last year that they have not reported of in time; only since the first report or
    lead of the hotline there is something to report."""
    pack = context.content.packs.province(context.province)
    rules = vendor_report.report_rules(context.content, context.province)
    begun = vendor_report.first_lead_at(connection, context.province)
    found = []
    for one in report_periods.latest(now, rules, context.clock.timezone, PERIODS_SHOWN):
        if begun is None or not one.is_overdue(now) or one.ends <= begun:
            continue
        firms = [vendor.id for vendor in pack.vendors]
        found += [(firm, one) for firm in vendor_report.firms_without_report(connection, pack.id, firms, one)]
    return found


def _typed(context: ConsoleContext, form: FormData) -> Submission:
    numbers = {id_: read_number(text_field(form, f"difficulty_{id_}", 20)) for id_ in context.content.difficulties.all}
    outside = read_number(text_field(form, "supported_outside", 20))
    return Submission(outside, numbers, text_field(form, "text", MOST_READ))


def _period(context: ConsoleContext, name: str) -> Period:
    """The named one; without a name the last that has ended."""
    rules = vendor_report.report_rules(context.content, context.province)
    if name:
        return period_named(name, rules, context.clock.timezone)
    return report_periods.period_of(context.clock.now(), rules, context.clock.timezone).before()


def _object(scope: Scope, period: Period) -> str:
    return f"vendor report {scope.vendor or 'all'} {period.name}"


async def _run(context: ConsoleContext, person: SignedIn, work: Callable[[Connection], T]) -> T:
    try:
        return await context.database.run(work)
    except LeadProblem as problem:
        raise as_problem(problem, person) from None
