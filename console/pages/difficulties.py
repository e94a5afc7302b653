"""/console/reports/difficulties: what owners and firms find difficult, by category, commune, month and who told it.

Leaders see all of it, and what was said; commune staff the counts of their communes; people of a firm what the firm
itself told. What was said is shown without numbers, addresses and secrets (docs/decisions/0030-difficulties.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot.reviews import masked_personal
from bot.web.problems import Problem
from console.access import allow
from console.bar_chart import bar_chart
from console.context import ConsoleContext, console_context
from console.downloads import Ending, table_download
from console.pages.classes import names_of
from console.roles import LEADERS, Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of, note_view
from programme import difficulty_report, difficulty_table
from programme.difficulty_report import SOURCES, BadMonth, By, Count, DifficultyReport, Line, Month, Stretch
from programme.safe_cells import Cell
from programme.sla_report import shown_share
from store import difficulty_queries
from store.audit import record
from store.difficulty_queries import Scope
from store.text import clean

router = APIRouter(prefix="/reports")
Reader = Annotated[SignedIn, Depends(allow(*LEADERS, Role.COMMUNE, Role.VENDOR))]
# Whoever may read what was said: leaders all of it, people of a firm their own words.
Listener = Annotated[SignedIn, Depends(allow(*LEADERS, Role.VENDOR))]
Word = Annotated[str, Query(max_length=40)]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
OBJECT = "report difficulties"
STRETCHES = (1, 3, 6, 12)
MONTHS_SHOWN = 24
PAGE = 50
DETAIL = "all"


@dataclass(frozen=True)
class Wanted:
    """What was asked for, as the address says it."""

    scope: Scope
    stretch: Stretch
    filters: dict[str, str]

    def query(self, **more: object) -> str:
        """The address's query for the same period and filters."""
        asked = {"month": str(self.stretch.last), "months": self.stretch.months, **self.filters, **more}
        return urlencode({name: value for name, value in asked.items() if value not in ("", None)})


async def wanted(
    request: Request,
    person: Reader,
    month: Annotated[str, Query(max_length=7)] = "",
    months: int = 1,
    category: Word = "",
    commune: Word = "",
    source: Word = "",
    vendor: Word = "",
) -> Wanted:
    """Raises Problem 422 bad_month, 404 for a commune that is not theirs, 403 for a vendor user without a firm."""
    context = console_context(request)
    try:
        stretch = difficulty_report.stretch_of(month or None, months, context.clock.today())
    except BadMonth:
        words = context.words.say("difficulties.bad_month", person.language, most=difficulty_report.MOST_MONTHS)
        raise Problem(422, "bad_month", words) from None
    given = {"category": category, "commune": commune, "source": source, "vendor": vendor}
    filters = {name: cleaned for name, value in given.items() if (cleaned := clean(value))}
    scope = replace(
        _scope(context, person, filters.get("commune", "")),
        category=filters.get("category"),
        source=filters.get("source"),
        vendor=filters.get("vendor"),
    )
    return Wanted(scope, stretch, filters)


Asked = Annotated[Wanted, Depends(wanted)]


@router.get("/difficulties")
async def difficulties_page(request: Request, person: Reader, asked: Asked, by: By = By.CATEGORY) -> HTMLResponse:
    """The counts, with a bar for each line."""
    context = console_context(request)
    report = await context.database.read(lambda c: _report(c, context, person, asked, by))
    now = context.clock.now()
    await context.database.run(lambda c: note_view(c, context, person, "report.viewed", OBJECT, now))
    this = Month.of(context.clock.today())
    return page(
        request,
        person,
        "report_difficulties.html",
        report=report,
        asked=asked,
        chart=bar_chart([line.told for line in report.lines]),
        dimensions=[one for one in By if person.role in LEADERS or one is not By.VENDOR],
        stretches=STRETCHES,
        months=[this.plus(-number) for number in range(MONTHS_SHOWN)],
        shown_share=shown_share,
        may_read=person.role is not Role.COMMUNE,
        query=asked.query(by=by.value),
        line_query=lambda line: _line_query(asked, by, line),
        **_choices(context, person),
    )


@router.get("/difficulties.{ending}")
async def download(request: Request, person: Reader, asked: Asked, ending: Ending, by: By | None = None) -> Response:
    """The same as a table, without `by` every count by itself; that it was taken along is recorded before anybody has
    it.
    """
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        if by is None:
            header: tuple[str, ...] = difficulty_table.DETAIL_HEADER
            counted: list[Count] = difficulty_report.counts(
                connection, asked.scope, asked.stretch, context.clock.timezone
            )
            rows = difficulty_table.detail_rows(context.content, context.province, counted)
        else:
            report = _report(connection, context, person, asked, by, for_file=True)
            header, rows = difficulty_table.header(report), difficulty_table.rows(report)
        detail = {"month": str(asked.stretch.last), "months": asked.stretch.months, "by": by or DETAIL, "as": ending}
        record(connection, context.keyring, now, actor_of(person), "report.exported", OBJECT, detail | asked.filters)
        return header, rows

    header, rows = await context.database.run(work)
    name = f"kho-khan-{asked.stretch.first}-{asked.stretch.last}-{by or DETAIL}"
    return table_download(name, "Khó khăn", header, rows, ending)


@router.get("/difficulties/told")
async def told(request: Request, person: Listener, asked: Asked, after: Number = None) -> HTMLResponse:
    """The single ones, the newest first; that they were read is recorded."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> list[Any]:
        start, end = asked.stretch.bounds(context.clock.timezone)
        place = difficulty_queries.place_of(connection, after) if after else None
        found = difficulty_queries.entries(connection, asked.scope, start, end, place, PAGE + 1)
        detail = {"count": min(len(found), PAGE), "month": str(asked.stretch.last), "months": asked.stretch.months}
        record(connection, context.keyring, now, actor_of(person), "difficulties.viewed", OBJECT, detail)
        return list(found)

    found = await context.database.run(work)
    return page(
        request,
        person,
        "difficulties_told.html",
        told=found[:PAGE],
        more=asked.query(after=found[PAGE - 1].id) if len(found) > PAGE else None,
        asked=asked,
        masked=masked_personal,
        may_open=person.role in LEADERS,
        **_choices(context, person),
    )


def _line_query(asked: Wanted, by: By, line: Line) -> str | None:
    """The query for the single ones of one line; None where no filter says it (an unknown commune or firm)."""
    if line.key is None:
        return None
    return asked.query(month=line.key, months=1) if by is By.MONTH else asked.query(**{by.value: line.key})


def _scope(context: ConsoleContext, person: SignedIn, commune: str) -> Scope:
    """What this person may count."""
    scope = difficulty_report.scope_of(context.content, context.province)
    own = person.communes if person.role in (Role.COMMUNE, Role.VENDOR) else None
    if person.role is Role.COMMUNE and own is None:
        own = ()
    if commune and (context.content.communes.by_code(commune) is None or (own is not None and commune not in own)):
        raise Problem(404, "commune_unknown", context.words.say("difficulties.commune_unknown", person.language))
    communes = (commune,) if commune else own
    if person.role is not Role.VENDOR:
        return replace(scope, communes=communes)
    if person.vendor is None:
        raise Problem(403, "no_vendor", context.words.say("leads.no_vendor", person.language))
    return replace(scope, communes=communes, told_by=person.vendor)


def _report(
    connection: Connection,
    context: ConsoleContext,
    person: SignedIn,
    asked: Wanted,
    by: By,
    for_file: bool = False,
) -> DifficultyReport:
    """`for_file`: in Vietnamese, as files are."""
    language = "vi" if for_file else person.language
    return difficulty_report.difficulty_report(
        connection,
        context.content,
        context.province,
        asked.scope,
        asked.stretch,
        by,
        context.clock.now(),
        context.clock.timezone,
        lambda source: context.words.say(f"difficulties.source_{source}", language),
        language,
    )


def _choices(context: ConsoleContext, person: SignedIn) -> dict[str, Any]:
    """What the filters offer."""
    names = names_of(context)
    own = None if person.role in LEADERS else person.communes
    return {
        "categories": {one.id: one.title(person.language) for one in context.content.difficulties.all.values()},
        "communes": {code: name for code, name in names.items() if own is None or code in own},
        "sources": SOURCES,
        "vendors": {one.id: one.short for one in context.content.packs.province(context.province).vendors},
    }
