"""/console/api-tokens: administrators make the tokens of partners' programs, see what they open, and revoke them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import Connection
from starlette.responses import Response

from bot.web.problems import Problem
from console import api_tokens
from console.access import allow
from console.api_tokens import LONGEST_DAYS, LONGEST_NAME, USUAL_DAYS, ApiScope, Grant
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.roles import Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from store.audit import record

router = APIRouter(prefix="/api-tokens")
Administrator = Annotated[SignedIn, Depends(allow(Role.ADMINISTRATOR))]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("")
async def list_tokens(request: Request, person: Administrator) -> Response:
    """All tokens, the newest first."""
    context = console_context(request)
    pack, communes = context.content.packs.province(context.province), context.content.communes
    return page(
        request,
        person,
        "api/tokens.html",
        tokens=await context.database.read(api_tokens.every),
        vendors={one.id: one.short for one in pack.vendors},
        names={one.code: one.full_name for one in communes.communes(context.province)},
        revoked=request.query_params.get("done") == "revoked",
    )


@router.get("/new")
async def new_token(request: Request, person: Administrator) -> Response:
    """An empty form."""
    return _form(request, person, Grant("", ()), str(USUAL_DAYS))


@router.post("/new")
async def make_token(request: Request, person: Administrator) -> Response:
    """A new token, which is shown once."""
    context, form = console_context(request), await request.form()
    wanted = {str(scope) for scope in form.getlist("scopes")}
    communes = tuple(sorted({str(code)[:10] for code in form.getlist("communes")})) or None
    scopes = tuple(scope for scope in ApiScope if scope in wanted)
    grant = Grant(text_field(form, "name", LONGEST_NAME), scopes, text_field(form, "vendor", 40) or None, communes)
    typed = text_field(form, "days", 10)
    days = int(typed) if typed.isascii() and typed.isdigit() else 0
    fault = api_tokens.fault_of(grant, days, _communes(context), _vendors(context))
    if fault is not None:
        return _form(request, person, grant, typed, fault)
    now = context.clock.now()

    def work(connection: Connection) -> str:
        token_id, token = api_tokens.make(connection, context.keyring, grant, days, now)
        _record(connection, context, person, "made", token_id, api_tokens.said(grant, days))
        return token

    token = await context.database.run(work)
    site = context.public_url or str(request.base_url.replace(path="", query="")).rstrip("/")
    return page(request, person, "api/made.html", name=grant.name, token=token, site=site, days=days)


@router.post("/{token_id}/revoke")
async def revoke_token(request: Request, person: Administrator, token_id: Number) -> Response:
    """The token opens nothing any more, for good."""
    context = console_context(request)

    def work(connection: Connection) -> bool:
        if api_tokens.revoke(connection, token_id, context.clock.now()):
            _record(connection, context, person, "revoked", token_id)
            return True
        return api_tokens.one(connection, token_id) is not None

    if not await context.database.run(work):
        raise Problem(404, "not_found", "")
    return see_other("/console/api-tokens?done=revoked")


def _form(request: Request, person: SignedIn, grant: Grant, days: str, fault: str | None = None) -> Response:
    context = console_context(request)
    values: dict[str, Any] = {
        "grant": grant,
        "days": days,
        "longest_days": LONGEST_DAYS,
        "longest_name": LONGEST_NAME,
        "fault": fault,
        "scopes": list(ApiScope),
        "vendors": context.content.packs.province(context.province).vendors,
        "communes": sorted(context.content.communes.communes(context.province), key=lambda one: one.name),
    }
    return page(request, person, "api/token.html", 422 if fault else 200, **values)


def _communes(context: ConsoleContext) -> list[str]:
    return [one.code for one in context.content.communes.communes(context.province)]


def _vendors(context: ConsoleContext) -> list[str]:
    return [one.id for one in context.content.packs.province(context.province).vendors]


def _record(
    connection: Connection,
    context: ConsoleContext,
    person: SignedIn,
    act: str,
    token_id: int,
    detail: Mapping[str, Any] | None = None,
) -> None:
    now, object_ = context.clock.now(), f"api_token {token_id}"
    record(connection, context.keyring, now, actor_of(person), f"api_token.{act}", object_, detail)
