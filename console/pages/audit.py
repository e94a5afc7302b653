"""/console/audit: administrators read who saw, changed and exported what; the file for an auditor."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection, RowMapping
from starlette.responses import Response

from bot.web.problems import Problem
from console import accounts
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import text_field
from console.roles import Role
from console.sessions import SignedIn
from console.templating import PRIVATE, page
from programme.safe_cells import csv_bytes
from store import audit, audit_search
from store.audit import Actor
from store.audit_search import Filter

router = APIRouter()

Administrator = Annotated[SignedIn, Depends(allow(Role.ADMINISTRATOR))]
ON_A_PAGE = 100
MOST_EXPORTED = 20_000
HIGHEST = 2**63 - 1
FILTERS = ("account", "action", "object", "day")


@router.get("/audit")
async def show(request: Request, person: Administrator) -> Response:
    """Newest first; "older" goes on below the last number shown."""
    context = console_context(request)
    asked = {name: request.query_params.get(name, "").strip() for name in FILTERS}
    wanted = _filter(context, asked, person.language)
    before = _number(request.query_params.get("before", ""))

    def read(connection: Connection) -> dict[str, Any]:
        rows = audit_search.newest(connection, wanted, before, ON_A_PAGE + 1)
        return {
            "rows": rows[:ON_A_PAGE],
            "older": _address(asked, rows[ON_A_PAGE - 1]["id"]) if len(rows) > ON_A_PAGE else None,
            "actions": audit_search.actions(connection),
            "people": accounts.every(connection),
        }

    values = await context.database.read(read)

    def act(code: str) -> str:
        known = context.words.texts.get(f"act.{code}")
        return code if known is None else known[person.language]

    more: dict[str, Any] = {"act": act, "asked": asked, "before": before, "newest": _address(asked, None)}
    return page(request, person, "audit/audit.html", **values, **more, most=MOST_EXPORTED, as_text=_as_text)


@router.post("/audit/export.csv")
async def export(request: Request, person: Administrator) -> Response:
    """A form and not a link: it writes a row itself, and no other page may start it."""
    context, form = console_context(request), await request.form()
    asked = {name: text_field(form, name, 100) for name in FILTERS}
    wanted = _filter(context, asked, person.language)
    words, language, zone = context.words, person.language, context.clock.timezone

    def work(connection: Connection) -> bytes:
        rows = [_cells(row, zone) for row in audit_search.every(connection, wanted, MOST_EXPORTED)]
        heads = ("number", "at", "actor", "action", "object", "detail")
        content = csv_bytes([words.say(f"audit.{head}", language) for head in heads], rows)
        detail = {"rows": len(rows), **{name: value for name, value in asked.items() if value}}
        actor, now = Actor(person.name, person.account_id), context.clock.now()
        audit.record(connection, context.keyring, now, actor, "audit.exported", "audit", detail)
        return content

    content = await context.database.run(work)
    name = f"nhat-ky-{context.clock.today():%Y-%m-%d}.csv"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _filter(context: ConsoleContext, asked: dict[str, str], language: str) -> Filter:
    """Raises Problem 422 for a day that is none. A number that nobody has finds nothing."""
    since = until = None
    if asked["day"]:
        try:
            day = date.fromisoformat(asked["day"])
            since = datetime(day.year, day.month, day.day, tzinfo=context.clock.timezone)
            until = since + timedelta(days=1)
        except (ValueError, OverflowError):
            raise Problem(422, "day_wrong", context.words.say("audit.day_wrong", language)) from None
    account_id = _number(asked["account"]) if asked["account"] else None
    if asked["account"] and account_id is None:
        account_id = 0
    return Filter(account_id, asked["action"][:40] or None, asked["object"][:80] or None, since, until)


def _number(text: str) -> int | None:
    is_one = text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= HIGHEST
    return int(text) if is_one else None


def _address(asked: dict[str, str], before: int | None) -> str:
    values = {**{name: value for name, value in asked.items() if value}, **({"before": before} if before else {})}
    return "/console/audit" + (f"?{urlencode(values)}" if values else "")


def _as_text(detail: Any) -> str:
    """ "role: officer, communes: 05452"; what is nested stays JSON."""
    if not detail:
        return ""
    return ", ".join(f"{key}: {_value(value)}" for key, value in detail.items() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_value(one) for one in value)
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _cells(row: RowMapping, zone: Any) -> list[str | int | None]:
    at = row["at"].astimezone(zone).isoformat(timespec="seconds")
    return [row["id"], at, row["actor"], row["action"], row["object"], _as_text(row["detail"])]
