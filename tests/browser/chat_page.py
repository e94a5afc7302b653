"""The owner's chat page in a real browser, against the stand-in server of this folder, for tests of the page.

They look at what the page must never do (lose or repeat a message, run what somebody wrote) and what an owner must be
able to do with a keyboard, a small phone, large text and a bad network. The server's own behaviour is tested elsewhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from .stub_server import Message, StubServer

WATCH_POLICY = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
"""

expect.set_options(timeout=15_000)


@dataclass
class Owner:
    """One browser of one owner: its page, and everything the browser complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    network_is_bad: bool = False
    """Set by tests that break the connection: the browser then reports failed requests by itself."""

    def open(self, stub: StubServer) -> None:
        self.page.goto(stub.url)
        expect(self.box).to_be_visible()

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def bubbles(self) -> Locator:
        return self.log.locator(".bubble > .text")

    @property
    def connection_line(self) -> Locator:
        return self.page.get_by_role("status")

    def write(self, text: str) -> None:
        self.box.fill(text)
        self.page.get_by_role("button", name="Gửi", exact=True).click()

    def note_of(self, text: str) -> Locator:
        """The line under an own message."""
        return self.log.locator(".own").filter(has_text=text).locator(".note")

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def assert_nothing_was_wrong(self) -> None:
        complaints = self.complaints + self.page.evaluate("window.violations || []")
        if self.network_is_bad:
            complaints = [text for text in complaints if not text.startswith("Failed to load resource")]
        assert complaints == []


@pytest.fixture
def stub() -> Iterator[StubServer]:
    server = StubServer()
    server.start()
    yield server
    server.stop()


OpenBrowser = Callable[..., Owner]


@pytest.fixture
def new_owner(browser: Browser, stub: StubServer) -> Iterator[OpenBrowser]:
    """Makes owners with a browser each; afterwards, while the server still runs, none may have seen an error."""
    owners: list[Owner] = []

    def make(context: BrowserContext | None = None, **options: object) -> Owner:
        context = context or browser.new_context(
            **{"locale": "vi-VN", "viewport": {"width": 390, "height": 800}, **options}
        )
        owner = Owner(context.new_page())
        owner.page.add_init_script(WATCH_POLICY)
        owner.page.on("console", owner.hear)
        owner.page.on("pageerror", lambda error: owner.complaints.append(str(error)))
        owners.append(owner)
        return owner

    yield make
    for owner in owners:
        owner.assert_nothing_was_wrong()
    for context in {owner.page.context for owner in owners}:
        context.close()


@pytest.fixture
def owner(new_owner: OpenBrowser, stub: StubServer) -> Owner:
    owner = new_owner()
    owner.open(stub)
    return owner


def reply(text: str, **content: object) -> Callable[[Message], list[Message]]:
    """A server that answers every message the same way."""
    return lambda message: [{"text": text, **content}]


def choices(*titles: str) -> list[dict[str, str]]:
    return [{"title": title, "payload": f"/choice_{number}"} for number, title in enumerate(titles)]
