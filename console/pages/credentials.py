"""/console/account/password and /account/second-factor…: what somebody proves with that it is them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from console import accounts, passwords, second_factor, sessions, sign_in
from console.access import LOGIN, SignInFirst, Todo, allow, todo_of
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.roles import EVERYBODY
from console.sessions import SignedIn
from console.sign_in import Failed
from console.templating import PRIVATE, page
from store import audit
from store.audit import Actor

router = APIRouter()

ChangingPassword = Annotated[SignedIn, Depends(allow(*EVERYBODY, even_before=(Todo.PASSWORD,)))]
SettingUp = Annotated[SignedIn, Depends(allow(*EVERYBODY, even_before=(Todo.SECOND_FACTOR,)))]
LONGEST_CODE = 20


@router.get("/account/password")
async def ask_for_passwords(request: Request, person: ChangingPassword) -> Response:
    """The form, which also people see who have to change theirs first."""
    return _password_page(request, person)


@router.post("/account/password")
async def change_password(request: Request, person: ChangingPassword) -> Response:
    """Every other browser is signed out."""
    context, form = console_context(request), await request.form()
    failed = await sign_in.confirmed(context, person, passwords.typed(form, "present"))
    if failed is not None:
        return _password_page(request, person, "password.wrong", failed)
    password = passwords.typed(form)
    fault = passwords.fault_of(password, person.login, person.name)
    if fault is None and password == passwords.typed(form, "present"):
        fault = "password.same"
    if fault is None and passwords.typed(form, "again") != password:
        fault = "password.differs"
    if fault is not None:
        return _password_page(request, person, fault)
    password_hash, now = await passwords.hashed(password), context.clock.now()

    def work(connection: Connection) -> None:
        _still_signed_in(connection, person)
        accounts.set_password(connection, person.account_id, password_hash, now, person.session_id)
        _record(connection, context, person, "account.password_changed")

    await context.database.run(work)
    return see_other("/console/" if person.must_change_password else "/console/account?done=password")


@router.get("/account/second-factor")
async def ask_for_second_factor(request: Request, person: SettingUp) -> Response:
    """The picture and the secret of a new one, or what to do with the present one."""
    return await _second_factor_page(request, person)


@router.get("/account/second-factor.svg")
async def second_factor_picture(request: Request, person: SettingUp) -> Response:
    """The QR code for the app."""
    secret = await _offered(console_context(request), person)
    return Response(second_factor.picture(secret, person.login), media_type="image/svg+xml", headers=PRIVATE)


@router.post("/account/second-factor")
async def set_second_factor(request: Request, person: SettingUp) -> Response:
    """The code proves that the app has the secret, the password that it is them. Other browsers are signed out."""
    context, form, now = console_context(request), await request.form(), console_context(request).clock.now()
    code = text_field(form, "code", LONGEST_CODE)
    failed = await sign_in.confirmed(context, person, passwords.typed(form, "present"))
    if failed is not None:
        return await _second_factor_page(request, person, "password.wrong", failed)
    secret = await _offered(context, person)
    step = second_factor.step_of(secret, code, now, None)
    if step is None:
        return await _second_factor_page(request, person, "code.failed")

    def work(connection: Connection) -> None:
        _still_signed_in(connection, person)
        accounts.set_second_factor(connection, person.account_id, secret, now, step)
        sessions.end_all(connection, person.account_id, but=person.session_id)
        sessions.code_given(connection, person.session_id, now)
        _record(connection, context, person, "account.second_factor_set")

    await context.database.run(work)
    was_first = todo_of(context, person) is Todo.SECOND_FACTOR
    return see_other("/console/" if was_first else "/console/account?done=second_factor")


@router.post("/account/second-factor/remove")
async def remove_second_factor(request: Request, person: SettingUp) -> Response:
    """From now on the password alone signs in, where that is allowed. Other browsers are signed out."""
    context, form = console_context(request), await request.form()
    failed = await sign_in.confirmed(context, person, passwords.typed(form, "present"))
    if failed is not None:
        return await _second_factor_page(request, person, "password.wrong", failed)

    def work(connection: Connection) -> None:
        _still_signed_in(connection, person)
        accounts.set_second_factor(connection, person.account_id, None, context.clock.now())
        # A browser that knows the password and waits for the code would be signed in by this
        sessions.end_all(connection, person.account_id, but=person.session_id)
        _record(connection, context, person, "account.second_factor_removed")

    await context.database.run(work)
    return see_other("/console/account?done=no_second_factor")


def _still_signed_in(connection: Connection, person: SignedIn) -> None:
    """The password was checked outside the transaction: a reset meanwhile must not be undone by who was signed in
    before. Raises SignInFirst.
    """
    if not sessions.outlasts(connection, person.account_id, person.session_id):
        raise SignInFirst(LOGIN)


async def _offered(context: ConsoleContext, person: SignedIn) -> str:
    present = await context.database.read(lambda c: accounts.second_factor_of(c, person.account_id))
    return second_factor.offered_secret(context.keyring, person.csrf, present)


async def _second_factor_page(
    request: Request, person: SignedIn, fault: str | None = None, failed: Failed | None = None
) -> Response:
    secret = await _offered(console_context(request), person)
    values: dict[str, Any] = {
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "must": todo_of(console_context(request), person) is Todo.SECOND_FACTOR,
        "fault": fault,
        "minutes": failed.minutes if failed else 0,
    }
    return page(request, person, "account/second_factor.html", 422 if fault else 200, **values)


def _password_page(
    request: Request, person: SignedIn, fault: str | None = None, failed: Failed | None = None
) -> Response:
    values: dict[str, Any] = {"fault": fault, "minutes": failed.minutes if failed else 0}
    values["shortest"] = passwords.SHORTEST
    return page(request, person, "account/password.html", 422 if fault else 200, **values)


def _record(connection: Connection, context: ConsoleContext, person: SignedIn, action: str) -> None:
    actor, object_ = Actor(person.name, person.account_id), f"account {person.account_id}"
    audit.record(connection, context.keyring, context.clock.now(), actor, action, object_)
