"""/console/leads: owners who agreed that a firm calls them, for people of that firm and for those who oversee it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.downloads import Ending, table_download
from console.pages.classes import names_of
from console.roles import LEADERS, Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from programme import lead_table
from programme.lead_table import PAGE, LeadRow
from programme.safe_cells import Cell
from store.audit import record
from store.contacts import local_phone

router = APIRouter(prefix="/leads")
Reader = Annotated[SignedIn, Depends(allow(*LEADERS, Role.VENDOR))]
Vendor = Annotated[str, Query(max_length=40)]
After = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
_COLUMNS = ("day", "vendor", "name", "phone", "commune", "trade", "level", "consent_version", "consented")


@router.get("")
async def leads_page(request: Request, person: Reader, vendor: Vendor = "", after: After = None) -> HTMLResponse:
    """A page of leads, the newest first; that they were seen is recorded."""
    context = console_context(request)
    whose = _vendor(context, person, vendor)
    now = context.clock.now()

    def work(connection: Connection) -> list[LeadRow]:
        found = lead_table.table(connection, context.province, whose, _communes(person), after)
        detail = {"count": min(len(found), PAGE), "vendor": whose}
        record(connection, context.keyring, now, actor_of(person), "leads.viewed", _object(whose), detail)
        return found

    found = await context.database.run(work)
    return page(
        request,
        person,
        "leads.html",
        leads=found[:PAGE],
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        vendor=whose or "",
        vendors={one.id: one.short for one in context.content.packs.province(context.province).vendors},
        communes=names_of(context),
        trades={id_: one.button[person.language] for id_, one in context.content.trades.trades.items()},
    )


@router.get("/leads.{ending}")
async def download(request: Request, person: Reader, ending: Ending, vendor: Vendor = "") -> Response:
    """All of them whose consent is in force; that they were taken along is recorded."""
    context = console_context(request)
    whose = _vendor(context, person, vendor)
    now = context.clock.now()

    def work(connection: Connection) -> list[LeadRow]:
        rows = lead_table.table(connection, context.province, whose, _communes(person), most=None)
        found = [row for row in rows if not row.is_withdrawn]
        detail = {"count": len(found), "vendor": whose, "as": ending}
        record(connection, context.keyring, now, actor_of(person), "leads.exported", _object(whose), detail)
        return found

    found = await context.database.run(work)
    header = [context.words.say(f"leads.{key}", person.language) for key in _COLUMNS]
    title = context.words.say("leads.title", person.language)
    rows = [_cells(context, person, row) for row in found]
    return table_download(f"khach-can-goi-{(whose or 'tat-ca').lower()}", title, header, rows, ending)


def _vendor(context: ConsoleContext, person: SignedIn, asked: str) -> str | None:
    """Whose leads are shown; None: everybody's. Raises Problem 404 for a firm that is not theirs, or none at all."""
    known = {one.id for one in context.content.packs.province(context.province).vendors}
    own = person.vendor if person.role is Role.VENDOR else None
    if person.role is Role.VENDOR and own is None:
        raise Problem(403, "no_vendor", context.words.say("leads.no_vendor", person.language))
    if asked and (asked not in known or own not in (None, asked)):
        raise Problem(404, "vendor_unknown", context.words.say("leads.unknown", person.language))
    return own or asked or None


def _communes(person: SignedIn) -> tuple[str, ...] | None:
    return person.communes if person.role is Role.VENDOR else None


def _object(vendor: str | None) -> str:
    return f"leads {vendor or 'all'}"


def _cells(context: ConsoleContext, person: SignedIn, row: LeadRow) -> tuple[Cell, ...]:
    zone, content = context.clock.timezone, context.content
    trade = content.trades.trades.get(row.trade or "")
    commune = content.communes.by_code(row.commune or "")
    return (
        f"{row.created_at.astimezone(zone):%d/%m/%Y}",
        content.packs.province(context.province).vendor(row.vendor).short,
        row.name,
        local_phone(row.phone),
        commune.full_name if commune else "",
        trade.button[person.language] if trade else "",
        row.level,
        row.consent_version,
        f"{row.consented_at.astimezone(zone):%d/%m/%Y}",
    )
