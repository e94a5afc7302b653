"""/console/people: administrators keep the accounts: invite, change, reset, end and open again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.responses import Response

from bot.wakeups import QUEUE
from bot.web.problems import Problem
from console import accounts, invitations, sessions
from console.access import allow
from console.accounts import LOGIN, LONGEST_LOGIN, LONGEST_NAME, Account, NoAccount, Refused, Rights
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.invitations import VALID, Purpose
from console.roles import DESK, Role
from console.sessions import SignedIn
from console.templating import page
from console.words import LANGUAGES
from store import audit
from store.audit import Actor

router = APIRouter()

Administrator = Annotated[SignedIn, Depends(allow(Role.ADMINISTRATOR))]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
DONE = frozenset({"saved", "disabled", "enabled", "no_second_factor"})
# Whose communes mean something: a commune's staff see no others, officers look after theirs.
WITH_COMMUNES = (Role.OFFICER, Role.SUPERVISOR, Role.COMMUNE)


@router.get("/people")
async def list_people(request: Request, person: Administrator) -> Response:
    """Everybody by name; who has ended comes last."""
    context = console_context(request)
    everybody = await context.database.read(accounts.every)
    everybody.sort(key=lambda one: one.disabled_at is not None)
    return page(request, person, "people/people.html", people=everybody, places=_places(context))


@router.get("/people/invite")
async def ask_whom(request: Request, person: Administrator) -> Response:
    """An empty form."""
    return _form(request, person, None, Rights(Role.OFFICER))


@router.post("/people/invite")
async def invite(request: Request, person: Administrator) -> Response:
    """A new account and its address, which is shown once: sent twice the form finds the login taken."""
    context, form = console_context(request), await request.form()
    rights, name = _rights(form), text_field(form, "name", LONGEST_NAME)
    login = text_field(form, "login", LONGEST_LOGIN).lower()
    language = text_field(form, "language", 2)
    typed = {"name": name, "login": login, "language": language}
    fault = _fault(context, name, rights)
    if fault is None and not LOGIN.fullmatch(login):
        fault = "people.login_wrong"
    if fault is None and language not in LANGUAGES:
        raise Problem(422, "request_invalid", "language")
    if fault is not None:
        return _form(request, person, None, rights, fault, **typed)
    now = context.clock.now()

    def work(connection: Connection) -> str:
        account_id = accounts.create(connection, login, name, rights, now, language)
        address = invitations.issue(connection, context.keyring, account_id, Purpose.INVITE, now)
        _record(connection, context, person, "invited", account_id, _said(rights))
        return address

    try:
        address = await context.database.run(work)
    except Refused as refused:
        return _form(request, person, None, rights, refused.refusal, **typed)
    return _link(request, person, name, login, address, Purpose.INVITE)


@router.get("/people/{account_id}")
async def show(request: Request, person: Administrator, account_id: Number) -> Response:
    """One account and what can be done with it."""
    one = await _one(console_context(request), account_id)
    return _form(request, person, one, one.rights)


@router.post("/people/{account_id}")
async def change(request: Request, person: Administrator, account_id: Number) -> Response:
    """Another name, role, communes or firm."""
    context, form = console_context(request), await request.form()
    one, rights, name = await _one(context, account_id), _rights(form), text_field(form, "name", LONGEST_NAME)
    fault = _fault(context, name, rights)
    if fault is not None:
        return _form(request, person, one, rights, fault, name=name)

    def work(connection: Connection) -> bool:
        freed = accounts.change(connection, account_id, name, rights, context.clock.now())
        renamed = {"renamed": True} if name != one.name else {}
        _record(connection, context, person, "changed", account_id, {**_said(rights), **renamed})
        return freed

    try:
        await _freeing(context, work)
    except Refused as refused:
        return _form(request, person, one, rights, refused.refusal, name=name)
    return see_other(f"/console/people/{account_id}?done=saved")


@router.post("/people/{account_id}/disable")
async def disable(request: Request, person: Administrator, account_id: Number) -> Response:
    """The account ends at once; what its officer held waits in the queue again."""
    context = console_context(request)
    one = await _one(context, account_id)

    def work(connection: Connection) -> bool:
        freed = accounts.disable(connection, account_id, context.clock.now())
        _record(connection, context, person, "disabled", account_id)
        return freed

    try:
        await _freeing(context, work)
    except Refused as refused:
        return _form(request, person, one, one.rights, refused.refusal)
    return see_other(f"/console/people/{account_id}?done=disabled")


@router.post("/people/{account_id}/enable")
async def enable(request: Request, person: Administrator, account_id: Number) -> Response:
    """The account opens again, with its old password."""
    context = console_context(request)
    await _one(context, account_id)

    def work(connection: Connection) -> None:
        accounts.enable(connection, account_id)
        _record(connection, context, person, "enabled", account_id)

    await context.database.run(work)
    return see_other(f"/console/people/{account_id}?done=enabled")


@router.post("/people/{account_id}/reset")
async def reset(request: Request, person: Administrator, account_id: Number) -> Response:
    """The old password ends, every browser is signed out, and there is an address to set a new one."""
    context, now = console_context(request), console_context(request).clock.now()
    one = await _one(context, account_id)
    if one.disabled_at is not None:
        return _form(request, person, one, one.rights, "people.ended_cannot")
    purpose = Purpose.RESET if one.has_password else Purpose.INVITE

    def work(connection: Connection) -> str:
        accounts.forget_password(connection, account_id, now)
        address = invitations.issue(connection, context.keyring, account_id, purpose, now)
        _record(connection, context, person, "reset", account_id, {"purpose": purpose})
        return address

    address = await context.database.run(work)
    return _link(request, person, one.name, one.login, address, purpose)


@router.post("/people/{account_id}/second-factor/remove")
async def remove_second_factor(request: Request, person: Administrator, account_id: Number) -> Response:
    """The telephone is lost: the password alone signs in until another is set up. Browsers are signed out."""
    context = console_context(request)
    await _one(context, account_id)

    def work(connection: Connection) -> None:
        accounts.set_second_factor(connection, account_id, None, context.clock.now())
        sessions.end_all(connection, account_id, but=person.session_id)
        _record(connection, context, person, "second_factor_removed", account_id)

    await context.database.run(work)
    return see_other(f"/console/people/{account_id}?done=no_second_factor")


async def _freeing(context: ConsoleContext, work: Callable[[Connection], bool]) -> None:
    if await context.database.run(work):
        context.wakeups.notify(QUEUE)


async def _one(context: ConsoleContext, account_id: int) -> Account:
    try:
        return await context.database.read(lambda c: accounts.one(c, account_id))
    except NoAccount:
        raise Problem(404, "not_found", "") from None


def _rights(form: FormData) -> Rights:
    """Raises Problem 422 for a role that does not exist."""
    try:
        role = Role(text_field(form, "role", 20))
    except ValueError:
        raise Problem(422, "request_invalid", "role") from None
    communes = tuple(sorted({str(code)[:10] for code in form.getlist("communes")}))
    vendor = text_field(form, "vendor", 40) or None
    return Rights(role, (communes or None) if role in WITH_COMMUNES else None, vendor if role is Role.VENDOR else None)


def _fault(context: ConsoleContext, name: str, rights: Rights) -> str | None:
    if not name:
        return "people.name_needed"
    communes = [one.code for one in context.content.communes.communes(context.province)]
    vendors = [one.id for one in context.content.packs.province(context.province).vendors]
    return accounts.rights_fault(rights, communes, vendors)


def _said(rights: Rights) -> dict[str, Any]:
    return {"role": rights.role, "communes": rights.communes and list(rights.communes), "vendor": rights.vendor}


def _places(context: ConsoleContext) -> Callable[[Account], str]:
    province = context.content.packs.province(context.province)
    vendors = {one.id: one.short for one in province.vendors}
    communes = {one.code: one.full_name for one in context.content.communes.communes(context.province)}

    def place(one: Account) -> str:
        if one.vendor is not None:
            return vendors.get(one.vendor, one.vendor)
        return ", ".join(communes.get(code, code) for code in one.communes or ())

    return place


def _form(
    request: Request,
    person: SignedIn,
    one: Account | None,
    rights: Rights,
    fault: str | None = None,
    **typed: str,
) -> Response:
    context, done = console_context(request), request.query_params.get("done", "")
    values: dict[str, Any] = {
        "one": one,
        "rights": rights,
        "fault": fault,
        "typed": {"name": one.name if one else "", "login": "", "language": "vi", **typed},
        "communes": sorted(context.content.communes.communes(context.province), key=lambda it: it.name),
        "vendors": context.content.packs.province(context.province).vendors,
        "with_communes": WITH_COMMUNES,
        "done": done if done in DONE else "",
        "holds": one is not None and one.role in DESK,
    }
    return page(request, person, "people/person.html", 422 if fault else 200, **values)


def _link(request: Request, person: SignedIn, name: str, login: str, address: str, purpose: Purpose) -> Response:
    site = console_context(request).public_url or str(request.base_url.replace(path="", query="")).rstrip("/")
    values: dict[str, Any] = {"name": name, "login": login, "link": site + address, "purpose": purpose}
    values["hours"] = int(VALID[purpose].total_seconds() // 3600)
    return page(request, person, "people/link.html", **values)


def _record(
    connection: Connection,
    context: ConsoleContext,
    person: SignedIn,
    act: str,
    account_id: int,
    detail: dict[str, Any] | None = None,
) -> None:
    actor, now = Actor(person.name, person.account_id), context.clock.now()
    audit.record(connection, context.keyring, now, actor, f"account.{act}", f"account {account_id}", detail)
