"""/console/leads: owners who agreed that a firm calls them, for people of that firm and for those who oversee it.

One lead: console/pages/lead.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from console.access import allow
from console.context import ConsoleContext, console_context
from console.downloads import Ending, table_download
from console.lead_scope import scope_of
from console.pages.classes import names_of
from console.roles import LEADERS, Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from programme import lead_table
from programme.lead_owner import firm_short
from programme.lead_states import LeadState
from programme.lead_steps import Scope
from programme.lead_table import PAGE, Filter, LeadRow, Only
from programme.safe_cells import Cell
from store.audit import record
from store.contacts import local_phone

router = APIRouter(prefix="/leads")
Reader = Annotated[SignedIn, Depends(allow(*LEADERS, Role.VENDOR))]
After = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class _Asked:
    """What the list is narrowed to."""

    vendor: str
    filter: Filter

    def as_query(self, scope: Scope) -> dict[str, str]:
        """As the page's addresses carry it."""
        wanted = self.filter
        named = {"vendor": scope.vendor, "state": wanted.state, "commune": wanted.commune, "only": wanted.only}
        return {name: value or "" for name, value in named.items()}


def _asked(
    vendor: Annotated[str, Query(max_length=40)] = "",
    state: LeadState | Literal[""] = "",
    commune: Annotated[str, Query(max_length=10)] = "",
    only: Only = Only.EVERYTHING,
) -> _Asked:
    return _Asked(vendor, Filter(LeadState(state) if state else None, commune or None, only))


Asked = Annotated[_Asked, Depends(_asked)]
_COLUMNS = ("day", "vendor", "name", "phone", "commune", "trade", "level", "consent_version", "consented")
_MORE_COLUMNS = ("number", "state", "accept_by")


@router.get("")
async def leads_page(
    request: Request,
    person: Reader,
    asked: Asked,
    after: After = None,
) -> HTMLResponse:
    """A page of leads, the newest first; that they were seen is recorded."""
    context = console_context(request)
    scope, wanted = scope_of(context, person, asked.vendor), asked.filter
    now = context.clock.now()

    def work(connection: Connection) -> tuple[list[LeadRow], dict[Only, int]]:
        found = lead_table.table(connection, scope, wanted, now, after)
        waiting = lead_table.waiting(connection, scope, now)
        detail = {"count": min(len(found), PAGE), "vendor": scope.vendor, "named": sum(one.is_named for one in found)}
        record(connection, context.keyring, now, actor_of(person), "leads.viewed", _object(scope), detail)
        return found, waiting

    found, waiting = await context.database.run(work)
    chosen = asked.as_query(scope)
    return page(
        request,
        person,
        "leads.html",
        leads=found[:PAGE],
        more=urlencode({**chosen, "after": found[PAGE - 1].id}) if len(found) > PAGE else None,
        chosen=chosen,
        query=urlencode(chosen),
        waiting=waiting,
        states=[one for one in LeadState if scope.oversees or one not in (LeadState.ASKING, LeadState.DECLINED)],
        vendors={one.id: one.short for one in context.content.packs.province(context.province).vendors},
        communes=_communes(context, scope),
        names=names_of(context),
        trades={id_: one.button[person.language] for id_, one in context.content.trades.trades.items()},
    )


@router.get("/leads.{ending}")
async def download(
    request: Request,
    person: Reader,
    ending: Ending,
    asked: Asked,
) -> Response:
    """All of them that are not withdrawn, with names from the acceptance on; that they were taken along is recorded."""
    context = console_context(request)
    scope, wanted = scope_of(context, person, asked.vendor), asked.filter
    now = context.clock.now()

    def work(connection: Connection) -> list[LeadRow]:
        rows = lead_table.table(connection, scope, wanted, now, most=None)
        found = [row for row in rows if not row.is_withdrawn]
        named = sum(row.is_named for row in found)
        detail = {"count": len(found), "vendor": scope.vendor, "named": named, "as": ending}
        record(connection, context.keyring, now, actor_of(person), "leads.exported", _object(scope), detail)
        return found

    found = await context.database.run(work)
    header = [context.words.say(f"leads.{key}", person.language) for key in (*_COLUMNS, *_MORE_COLUMNS)]
    title = context.words.say("leads.title", person.language)
    rows = [_cells(context, person, row) for row in found]
    return table_download(f"khach-can-goi-{(scope.vendor or 'tat-ca').lower()}", title, header, rows, ending)


def _communes(context: ConsoleContext, scope: Scope) -> list[tuple[str, str]]:
    """Those that the list can be narrowed to."""
    every = context.content.communes.communes(context.province)
    return [(one.code, one.full_name) for one in every if scope.communes is None or one.code in scope.communes]


def _object(scope: Scope) -> str:
    return f"leads {scope.vendor or 'all'}"


def _cells(context: ConsoleContext, person: SignedIn, row: LeadRow) -> tuple[Cell, ...]:
    zone, content = context.clock.timezone, context.content
    trade = content.trades.trades.get(row.trade or "")
    commune = content.communes.by_code(row.commune or "")
    return (
        f"{row.created_at.astimezone(zone):%d/%m/%Y}",
        firm_short(content, context.province, row.vendor),
        row.name,
        local_phone(row.phone),
        commune.full_name if commune else "",
        trade.button[person.language] if trade else "",
        row.level,
        row.consent_version,
        f"{row.consented_at.astimezone(zone):%d/%m/%Y}" if row.consented_at else "",
        row.id,
        context.words.say(f"leads.state_{row.status}", person.language),
        f"{row.accept_by.astimezone(zone):%H:%M %d/%m/%Y}" if row.accept_by else "",
    )
