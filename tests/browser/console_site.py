"""The console on a free port of the loopback, with people and owners, for tests in a real browser."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from sqlalchemy import Connection, select, update
from starlette.applications import Starlette

from bot.baton import officer_named
from bot.dialogue import Dialogue, TurnRegister
from bot.files import Files
from bot.model_switch import ModelSwitch
from bot.wakeups import QUEUE, Wakeups
from bot.web.app import SecurityHeaders
from console import sessions
from console.app import console_mount
from console.context import ConsoleContext
from console.roles import Role
from console.sessions import COOKIE
from console.words import load_words
from programme.content import Content
from programme.training_examples import TrainingExamples
from store.clock import Clock
from store.console_tables import account
from store.crypto import Keyring
from store.database import Database, insert_returning_id, open_database
from store.migrate import migrate
from tests.console.owners import Street

from .chat_page import WATCH_POLICY
from .town_of_campaigns import CARRIES


@dataclass
class Desk:
    """One signed-in person's browser page and everything the browser complained about."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.site.url + path)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def assert_nothing_was_wrong(self) -> None:
        assert self.complaints + self.page.evaluate("window.violations || []") == []


@dataclass
class Site:
    """The running console. `street` makes owners; what they do is told to open pages at once."""

    context: ConsoleContext
    street: Street
    browser: Browser
    port: int
    loop: asyncio.AbstractEventLoop | None = None
    desks: list[Desk] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def person(self, name: str = "Nguyễn Thị Hà", role: Role = Role.OFFICER, **values: object) -> int:
        """An account's number; one of the same name again is the same."""

        def work(connection: Connection) -> int:
            now = self.context.clock.now()
            officer_id = officer_named(connection, name, now)
            row = {"officer_id": officer_id, "login": f"user{officer_id}", "role": role, "created_at": now, **values}
            return insert_returning_id(connection, account, row)

        return self.context.database.run_now(work)

    @staticmethod
    def officer_of(connection: Connection, account_id: int) -> int:
        return int(connection.execute(select(account.c.officer_id).filter_by(id=account_id)).scalar_one())

    def sign_in(self, account_id: int, **options: object) -> Desk:
        """A new browser of this person."""
        context: BrowserContext = self.browser.new_context(
            **{"locale": "vi-VN", "viewport": {"width": 1280, "height": 800}, **options}  # type: ignore[arg-type]
        )
        now = self.context.clock.now()
        _, token = self.context.database.run_now(
            lambda c: sessions.begin(c, self.context.keyring, account_id, "a browser", "127.0.0.1", now)
        )
        context.add_cookies([{"name": COOKIE, "value": token, "domain": "127.0.0.1", "path": "/console"}])
        desk = Desk(context.new_page(), self)
        desk.page.add_init_script(WATCH_POLICY)
        desk.page.on("console", desk.hear)
        desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        self.desks.append(desk)
        return desk

    def speak(self, account_id: int, language: str) -> None:
        self.context.database.run_now(
            lambda c: c.execute(update(account).filter_by(id=account_id).values(language=language))
        )

    def owner_writes(self, conversation_id: str, text: str) -> None:
        self.street.writes(conversation_id, text)
        for key in (conversation_id, QUEUE):
            self.loop.call_soon_threadsafe(self.context.wakeups.notify, key)  # type: ignore[union-attr]


class _Server(uvicorn.Server):
    """Runs in a thread, and says when it does."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.has_started = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.has_started.set()


@pytest.fixture
def site(browser: Browser, content: Content, keyring: Keyring, tmp_path: Path, site_clock: Clock) -> Iterator[Site]:
    """A console with an empty database; afterwards no browser may have complained."""
    url, clock = f"sqlite:///{tmp_path / 'console.db'}", site_clock
    new = Database(url)
    migrate(new)
    new.close()
    database = open_database(url, keyring, clock)
    wakeups, nobody = Wakeups(), Dialogue("http://127.0.0.1:9", "", TurnRegister())  # nothing listens on port 9
    context = ConsoleContext(
        database=database,
        clock=clock,
        keyring=keyring,
        wakeups=wakeups,
        content=content,
        providers={},
        files=Files(database, content, clock),
        province="thai-nguyen",
        words=load_words(),
        switch=ModelSwitch(database, clock, keyring, wakeups, nobody, "release"),
        examples=TrainingExamples(),
        carries=CARRIES,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    app = SecurityHeaders(Starlette(routes=[console_mount(context)]))
    server = _Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert server.has_started.wait(10), "the console did not start"
    made = Site(context, Street(context), browser, listener.getsockname()[1], server.loop)
    yield made
    for desk in made.desks:
        desk.assert_nothing_was_wrong()
    for browser_context in {desk.page.context for desk in made.desks}:
        browser_context.close()
    server.should_exit = True
    thread.join(10)
    database.close()
