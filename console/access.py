"""The door of every page: who is signed in, whether the page is for their role, whether a change is really theirs.

A route takes `Annotated[SignedIn, Depends(allow(...))]`; tests/console/test_roles.py finds one that does not.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from enum import StrEnum
from urllib.parse import quote

from fastapi import Request

from bot.web.problems import Problem
from console import sessions
from console.context import ConsoleContext, console_context
from console.roles import Role
from console.sessions import COOKIE, SEEN_STEP, SignedIn

SAFE_METHODS = frozenset({"GET", "HEAD"})
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
LOGIN = "/console/login"


class SignInFirst(Exception):
    """Nobody is signed in, or something has to be done first: `go_to` says where."""

    def __init__(self, go_to: str) -> None:
        super().__init__(go_to)
        self.go_to = go_to


class Todo(StrEnum):
    """What somebody has to do before anything else, and where."""

    CODE = "/console/login/code"
    PASSWORD = "/console/account/password"  # noqa: S105 - an address
    SECOND_FACTOR = "/console/account/second-factor"


def todo_of(context: ConsoleContext, person: SignedIn) -> Todo | None:
    """The first of them. Whoever keeps the accounts of a hotline on the internet needs more than a password."""
    if person.needs_code:
        return Todo.CODE
    if person.must_change_password:
        return Todo.PASSWORD
    if context.public_url is not None and person.role is Role.ADMINISTRATOR and not person.has_second_factor:
        return Todo.SECOND_FACTOR
    return None


def allow(*roles: Role, even_before: tuple[Todo, ...] = ()) -> Callable[[Request], Awaitable[SignedIn]]:
    """A dependency: the signed-in person, who has one of `roles`.

    `even_before`: what need not be done yet. Raises SignInFirst; Problem 403 not_your_page, csrf_wrong.
    """

    async def door(request: Request) -> SignedIn:
        context = console_context(request)
        person = await signed_in(request, context)
        if person is None:
            raise SignInFirst(f"{LOGIN}?next={quote(_next(request), safe='')}")
        first = todo_of(context, person)
        if first is not None and first not in even_before:
            raise SignInFirst(first)
        if person.role not in roles:
            raise Problem(403, "not_your_page", context.words.say("problem.not_your_page", person.language))
        if request.method not in SAFE_METHODS:
            await _check_csrf(request, context, person)
        request.state.person = person
        return person

    door.roles = roles  # type: ignore[attr-defined]
    return door


async def signed_in(request: Request, context: ConsoleContext) -> SignedIn | None:
    """Whoever the request's cookie belongs to; that they were seen is noted."""
    token = request.cookies.get(COOKIE, "")
    if not token:
        return None
    now = context.clock.now()
    found = await context.database.read(lambda c: sessions.find(c, context.keyring, token, now))
    if found is None:
        return None
    person, seen_at = found
    if now - seen_at >= SEEN_STEP:
        await context.database.run(lambda c: sessions.seen(c, person.session_id, now))
    return person


def refuse_other_sites(request: Request) -> None:
    """For forms that are sent before anybody is signed in. Raises Problem 403."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "csrf_wrong", "Biểu mẫu này không được gửi từ trang của hotline.")


async def _check_csrf(request: Request, context: ConsoleContext, person: SignedIn) -> None:
    refuse_other_sites(request)
    brought = request.headers.get(CSRF_HEADER)
    if brought is None:
        brought = str((await request.form()).get(CSRF_FIELD, ""))
    if not hmac.compare_digest(brought.encode(), person.csrf.encode()):
        raise Problem(403, "csrf_wrong", context.words.say("problem.csrf", person.language))


def _next(request: Request) -> str:
    """Where they wanted to go; after a form was sent, the page it was on."""
    if request.method in SAFE_METHODS and "HX-Request" not in request.headers:
        return str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
    return "/console/"
