"""The standing test of rights: every route of the console × every role × every method, whoever added it.

A route without `allow(…)` fails here unless it is one of PUBLIC; those that are added later are covered by themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from bot import baton, inbox
from bot.baton import Reason
from console import sessions
from console.access import SAFE_METHODS
from console.app import console_app
from console.context import ConsoleContext
from console.roles import Role
from console.sessions import COOKIE
from store.messages import InboundMessage
from tests.console.conftest import MakePerson, Person

# Pages for people who are not signed in yet; /login/code is for those who are half.
PUBLIC = frozenset({"/assets/{name}", "/login", "/welcome/{token}"})
# Rights do not depend on the engine.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class View:
    """One route and method. `roles`: whom its door lets in, None without a door."""

    method: str
    path: str
    roles: frozenset[Role] | None


@dataclass(frozen=True)
class Answer:
    status: int
    problem: str
    location: str


def roles_of(dependant: Dependant) -> frozenset[Role] | None:
    """Whom every door on the way lets in."""
    doors = [roles_of(inner) for inner in dependant.dependencies]
    own = getattr(dependant.call, "roles", None)
    doors.append(None if own is None else frozenset(own))
    allowed = [door for door in doors if door is not None]
    return frozenset.intersection(*allowed) if allowed else None


def views(context: ConsoleContext) -> Iterator[View]:
    """Everything that the console answers."""
    for route in routes_in(console_app(context).routes):
        for method in sorted(route.methods):
            yield View(method, route.path, roles_of(route.dependant))


def routes_in(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    """A router that is included is looked through; anything else would have no door."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            assert not getattr(route, "include_context").prefix, "addresses are written out in the pages"  # noqa: B009
            yield from routes_in(included.routes)
        else:
            assert isinstance(route, APIRoute), f"{route} is no route that a door can stand in"
            yield route


class Caller:
    """Calls the console as a browser does, and looks at no more than how an answer begins."""

    def __init__(self, context: ConsoleContext, values: dict[str, str]) -> None:
        self.context, self.values = context, values
        self.site = Starlette(routes=[Mount("/console", console_app(context))])

    async def call(self, view: View, person: Person | None, csrf: bool = True, htmx: bool = False) -> Answer:
        path = "/console" + view.path
        for name, value in self.values.items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, f"{view.path}: say in `values` what stands there"
        headers, form = {"host": "console.test"}, {}
        if person is not None:
            cookie, token = self._session(person)
            headers["cookie"] = f"{COOKIE}={cookie}"
            form = {"csrf": token} if csrf else {}
        if htmx:
            headers["hx-request"] = "true"
        body = b"" if view.method in SAFE_METHODS else urlencode(form).encode()
        if body:
            headers["content-type"] = "application/x-www-form-urlencoded"
        return await self._start_of(view.method, path, headers, body)

    def _session(self, person: Person) -> tuple[str, str]:
        """A new one each time: some views end it."""
        database, keyring, now = self.context.database, self.context.keyring, self.context.clock.now()
        _, cookie = database.run_now(lambda c: sessions.begin(c, keyring, person.account_id, "a browser", "::1", now))
        found = database.read_now(lambda c: sessions.find(c, keyring, cookie, now))
        assert found is not None
        return cookie, found[0].csrf

    async def _start_of(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("console.test", 80),
        }
        began: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        bodies = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, object]:
            if bodies:
                return bodies.pop()  # type: ignore[return-value]
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start" and not began.done():
                began.set_result(message)

        running = asyncio.create_task(self.site(scope, receive, send))  # type: ignore[arg-type]
        await asyncio.wait([running, began], return_when=asyncio.FIRST_COMPLETED)
        if not began.done():
            await running
        start = began.result()
        said = {name.decode().lower(): value.decode() for name, value in start["headers"]}  # type: ignore[attr-defined]
        if said.get("content-type", "").startswith("text/event-stream"):
            running.cancel()  # it never ends by itself
        await asyncio.gather(running, return_exceptions=True)
        return Answer(int(str(start["status"])), said.get("x-problem", ""), said.get("location", ""))


@pytest.fixture
def people(make_person: MakePerson, context: ConsoleContext) -> dict[Role, Person]:
    commune = context.content.communes.communes(context.province)[0].code
    vendor = context.content.packs.province(context.province).vendors[0].id
    rights = {Role.COMMUNE: {"communes": [commune]}, Role.VENDOR: {"vendor": vendor}}
    return {role: make_person(f"Người {role}", role=role, **rights.get(role, {})) for role in Role}


@pytest.fixture
def caller(context: ConsoleContext, make_person: MakePerson, people: dict[Role, Person]) -> Caller:
    """With an owner's conversation that waits, and somebody's account, in the places of the addresses."""

    def work(connection: Connection) -> str:
        now = context.clock.now()
        here = inbox.open_conversation(connection, context.keyring, "webchat", "owner", context.province, now)
        inbox.accept(connection, here, InboundMessage("webchat", "owner", "m1", now, "giúp bác"), now)
        baton.escalate(connection, here, Reason.ASKED, now, 24)
        return here

    somebody = make_person("Ai đó")
    there = {"conversation_id": context.database.run_now(work), "account_id": str(somebody.account_id)}
    others = {name: "1" for view in views(context) for name in placeholders(view.path)}
    return Caller(context, {**others, "ending": "csv", "token": "x" * 43, "name": "console.css", **there})


def placeholders(path: str) -> list[str]:
    return [part.split("}")[0] for part in path.split("{")[1:]]


@on_sqlite
def test_every_view_has_a_door(context: ConsoleContext) -> None:
    without = {view.path for view in views(context) if view.roles is None}
    assert without == PUBLIC
    assert all(view.roles for view in views(context) if view.path not in PUBLIC)


@on_sqlite
@pytest.mark.parametrize("role", list(Role))
async def test_a_role_opens_its_views_and_no_others(
    context: ConsoleContext, caller: Caller, people: dict[Role, Person], role: Role
) -> None:
    wrong = []
    for view in views(context):
        if view.roles is None:
            continue
        answer = await caller.call(view, people[role])
        refused = (answer.status, answer.problem) == (403, "not_your_page")
        if refused == (role in view.roles) or answer.status >= 500 or answer.problem == "csrf_wrong":
            wrong.append((view.method, view.path, answer))
    assert wrong == []


@on_sqlite
async def test_nobody_opens_anything_without_signing_in(context: ConsoleContext, caller: Caller) -> None:
    wrong = []
    for view in views(context):
        if view.roles is None:
            continue
        plain, htmx = await caller.call(view, None), await caller.call(view, None, htmx=True)
        led = plain.status == 303 and plain.location.startswith("/console/login?next=")
        if not led or (htmx.status, htmx.problem) != (401, "signed_out"):
            wrong.append((view.method, view.path, plain, htmx))
    assert wrong == []


@on_sqlite
async def test_nothing_is_changed_without_the_session_s_token(
    context: ConsoleContext, caller: Caller, people: dict[Role, Person]
) -> None:
    wrong = []
    for view in views(context):
        if view.roles is None or view.method in SAFE_METHODS:
            continue
        answer = await caller.call(view, people[next(iter(view.roles))], csrf=False)
        if (answer.status, answer.problem) != (403, "csrf_wrong"):
            wrong.append((view.method, view.path, answer))
    assert wrong == []


@on_sqlite
async def test_public_views_do_not_fall_over(context: ConsoleContext, caller: Caller) -> None:
    answers = {view.path: (await caller.call(view, None)).status for view in views(context) if view.roles is None}
    assert all(status < 500 for status in answers.values()), answers
