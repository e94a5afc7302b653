"""The console as an app in this process, people of every role, and browsers in which they are signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.baton import officer_named
from bot.dialogue import Dialogue, TurnRegister
from bot.files import Files
from bot.model_switch import ModelSwitch
from bot.wakeups import Wakeups
from console import passwords, sessions
from console.api.context import ApiContext
from console.app import console_app
from console.context import ConsoleContext
from console.roles import Role
from console.sessions import COOKIE
from console.words import Words, load_words
from programme.content import Content
from programme.training_examples import TrainingExamples
from store.clock import ManualClock
from store.console_tables import account
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from tests.console.owners import Street
from tests.console.partners import MANY

SITE = "http://console.test"
# The real parameters take a tenth of a second each time; test_passwords.py looks at those.
REAL_HASHER = passwords._HASHER
passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(scope="session")
def words() -> Words:
    return load_words()


@pytest.fixture(scope="session")
def examples() -> TrainingExamples:
    return TrainingExamples()


@pytest.fixture
def context(
    database: Database,
    clock: ManualClock,
    keyring: Keyring,
    content: Content,
    words: Words,
    examples: TrainingExamples,
) -> ConsoleContext:
    wakeups, nobody = Wakeups(), Dialogue("http://127.0.0.1:9", "", TurnRegister())  # nothing listens on port 9
    return ConsoleContext(
        database=database,
        clock=clock,
        keyring=keyring,
        wakeups=wakeups,
        content=content,
        providers={},
        files=Files(database, content, clock),
        province="thai-nguyen",
        words=words,
        switch=ModelSwitch(database, clock, keyring, wakeups, nobody, "release"),
        examples=examples,
    )


@pytest.fixture
def api(database: Database, clock: ManualClock, keyring: Keyring, content: Content) -> ApiContext:
    """What the partners' API needs; no limits are in the way."""
    return ApiContext(database, clock, keyring, content, "thai-nguyen", limits=MANY)


@pytest.fixture
def street(context: ConsoleContext) -> Street:
    return Street(context)


@dataclass(frozen=True)
class Person:
    """An account, for what a test does with it."""

    account_id: int
    officer_id: int
    name: str


MakePerson = Callable[..., Person]


@pytest.fixture
def make_person(context: ConsoleContext) -> MakePerson:
    """Makes an account; further values are columns of `account`."""

    def make(name: str = "Hà", role: Role = Role.OFFICER, **values: object) -> Person:
        def work(connection: Connection) -> Person:
            now = context.clock.now()
            officer_id = officer_named(connection, name, now)
            row = {"officer_id": officer_id, "login": f"user{officer_id}", "role": role, "created_at": now, **values}
            return Person(insert_returning_id(connection, account, row), officer_id, name)

        return context.database.run_now(work)

    return make


@dataclass
class Browser:
    """A signed-in browser. `post` brings the CSRF token along as forms do."""

    client: httpx.AsyncClient
    csrf: str

    async def get(self, path: str, **options: object) -> httpx.Response:
        return await self.client.get(path, **options)  # type: ignore[arg-type]

    async def post(self, path: str, data: dict[str, object] | None = None, **options: object) -> httpx.Response:
        return await self.client.post(path, data={"csrf": self.csrf, **(data or {})}, **options)  # type: ignore[arg-type]


OpenBrowser = Callable[..., Browser]


_apps: list[FastAPI] = []


@pytest.fixture
def app(context: ConsoleContext) -> FastAPI:
    """The console, made once, with this test's context: what its routes need is worked out at their first request."""
    if not _apps:
        _apps.append(console_app(context))
    _apps[0].state.context = context
    return _apps[0]


@pytest.fixture
async def open_browser(context: ConsoleContext, app: FastAPI) -> AsyncIterator[OpenBrowser]:
    """Opens browsers: signed in as a person, or as nobody."""
    # mounted as in hotline/serve.py, so that addresses are the real ones
    site = Starlette(routes=[Mount("/console", app)])
    clients: list[httpx.AsyncClient] = []

    def open_(person: Person | None = None) -> Browser:
        transport = httpx.ASGITransport(site, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=SITE, follow_redirects=False)
        clients.append(client)
        if person is None:
            return Browser(client, "")
        now = context.clock.now()
        _, token = context.database.run_now(
            lambda c: sessions.begin(c, context.keyring, person.account_id, "a browser", "127.0.0.1", now)
        )
        client.cookies.set(COOKIE, token, path="/console")
        found = context.database.read_now(lambda c: sessions.find(c, context.keyring, token, now))
        assert found is not None
        return Browser(client, found[0].csrf)

    yield open_
    for client in clients:
        await client.aclose()
