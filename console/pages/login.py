"""/console/login (password), /login/code (second factor), /logout, /welcome/… (invitations and resets)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from console import invitations, passwords, sessions, sign_in
from console.access import Todo, allow, refuse_other_sites, signed_in, todo_of
from console.accounts import LONGEST_LOGIN
from console.context import ConsoleContext, console_context
from console.cookies import browser_of, give_cookie, take_cookie
from console.forms import safe_next, see_other, text_field
from console.invitations import Invitation
from console.roles import EVERYBODY
from console.sessions import SignedIn
from console.sign_in import Failed
from console.templating import DEFAULT_LANGUAGE, page
from console.viewing import actor_of
from console.words import LANGUAGES
from store import audit
from store.audit import Actor

router = APIRouter()

LONGEST_ADDRESS, LONGEST_CODE = 500, 20
HalfSignedIn = Annotated[SignedIn, Depends(allow(*EVERYBODY, even_before=(Todo.CODE,)))]
Leaving = Annotated[SignedIn, Depends(allow(*EVERYBODY, even_before=tuple(Todo)))]


@router.get("/login")
async def ask_for_password(request: Request) -> Response:
    """The form; whoever is signed in goes on."""
    context, there = console_context(request), safe_next(request.query_params.get("next", ""))
    person = await signed_in(request, context)
    if person is not None and todo_of(context, person) is None:
        return see_other(there)
    return _login_page(request, _language(request), there, done=request.query_params.get("done", ""))


@router.post("/login")
async def check_password(request: Request) -> Response:
    """A new session, whose cookie no one knew before."""
    refuse_other_sites(request)
    context, form = console_context(request), await request.form()
    language, browser = _language(request), browser_of(request)
    there = safe_next(text_field(form, "next", LONGEST_ADDRESS))
    _count(context, browser.network, language)
    login = str(form.get("login", "")).strip().lower()[:LONGEST_LOGIN]
    outcome = await sign_in.with_password(context, login, passwords.typed(form), browser)
    if isinstance(outcome, Failed):
        return _login_page(request, language, there, 401, login=login, failed=outcome)
    answer = see_other(f"{Todo.CODE}?next={quote(there, safe='')}" if outcome.needs_code else there)
    give_cookie(answer, request, context, outcome.cookie)
    return answer


@router.get("/login/code")
async def ask_for_code(request: Request, person: HalfSignedIn) -> Response:
    """The form for the six digits."""
    there = safe_next(request.query_params.get("next", ""))
    return page(request, person, "login/code.html", there=there, failed=None) if person.needs_code else see_other(there)


@router.post("/login/code")
async def check_code(request: Request, person: HalfSignedIn) -> Response:
    """The session goes on under another cookie."""
    context, form, browser = console_context(request), await request.form(), browser_of(request)
    there = safe_next(text_field(form, "next", LONGEST_ADDRESS))
    if not person.needs_code:
        return see_other(there)
    _count(context, browser.network, person.language)
    outcome = await sign_in.with_code(context, person, text_field(form, "code", LONGEST_CODE), browser)
    if isinstance(outcome, Failed):
        return page(request, person, "login/code.html", 401, there=there, failed=outcome)
    answer = see_other(there)
    give_cookie(answer, request, context, outcome.cookie)
    return answer


@router.post("/logout")
async def sign_out(request: Request, person: Leaving) -> Response:
    """This browser."""
    context = console_context(request)

    def work(connection: Connection) -> None:
        sessions.end(connection, person.account_id, person.session_id)
        actor, object_ = actor_of(person), f"account {person.account_id}"
        audit.record(connection, context.keyring, context.clock.now(), actor, "account.signed_out", object_)

    await context.database.run(work)
    answer = see_other(f"/console/login?done=out&language={person.language}")
    take_cookie(answer, request, context)
    return answer


@router.get("/welcome/{token}")
async def ask_for_new_password(request: Request, token: str) -> Response:
    """The form of an invitation or a reset."""
    context = console_context(request)
    invitation = await context.database.read(lambda c: invitations.find(c, context.keyring, token, context.clock.now()))
    return _welcome_page(request, invitation, None)


@router.post("/welcome/{token}")
async def set_password(request: Request, token: str) -> Response:
    """The address works once."""
    refuse_other_sites(request)
    context, form, now = console_context(request), await request.form(), console_context(request).clock.now()
    _count(context, browser_of(request).network, DEFAULT_LANGUAGE)
    invitation = await context.database.read(lambda c: invitations.find(c, context.keyring, token, now))
    if invitation is None:
        return _welcome_page(request, None, None)
    whose, password = invitation.account, passwords.typed(form)
    fault = passwords.fault_of(password, whose.login, whose.name)
    if fault is None and passwords.typed(form, "again") != password:
        fault = "password.differs"
    if fault is not None:
        return _welcome_page(request, invitation, fault)
    password_hash = await passwords.hashed(password)
    if not await context.database.run(lambda c: _use(c, context, invitation, password_hash, now)):
        return _welcome_page(request, None, None)
    answer = see_other(f"/console/login?done=password&language={whose.language}")
    take_cookie(answer, request, context)
    return answer


def _use(
    connection: Connection, context: ConsoleContext, invitation: Invitation, password_hash: str, now: datetime
) -> bool:
    if not invitations.use(connection, invitation, password_hash, now):
        return False
    whose, detail = invitation.account, {"by": invitation.purpose}
    actor, object_ = Actor(whose.name, whose.id), f"account {whose.id}"
    audit.record(connection, context.keyring, now, actor, "account.password_changed", object_, detail)
    return True


def _count(context: ConsoleContext, network: str, language: str) -> None:
    words = context.words.say("login.too_many", language)
    context.login_limits.allow_attempt(network, context.clock.now(), words)


def _language(request: Request) -> str:
    asked = request.query_params.get("language", "")
    return asked if asked in LANGUAGES else DEFAULT_LANGUAGE


def _login_page(
    request: Request,
    language: str,
    there: str,
    status_code: int = 200,
    login: str = "",
    failed: Failed | None = None,
    done: str = "",
) -> Response:
    values: dict[str, Any] = {"there": there, "login": login, "failed": failed, "done": done}
    return page(request, None, "login/login.html", status_code, language=language, **values)


def _welcome_page(request: Request, invitation: Invitation | None, fault: str | None) -> Response:
    status = 410 if invitation is None else 422 if fault else 200
    language = DEFAULT_LANGUAGE if invitation is None else invitation.account.language
    values: dict[str, Any] = {"invitation": invitation, "fault": fault, "shortest": passwords.SHORTEST}
    return page(request, None, "login/welcome.html", status, language=language, **values)
