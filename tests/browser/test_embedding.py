"""The chat inside another site's page, in a real browser: a strict policy of the host, no third-party storage."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import FrameLocator, expect

from integrations.webchat.client import EMBED_SCRIPT

from .chat_page import OpenBrowser, Owner, new_owner, reply, stub
from .stub_server import StubServer
from .test_webchat_pictures import photo

__all__ = ["new_owner", "stub"]  # fixtures
DIGEST = base64.b64encode(hashlib.sha384(EMBED_SCRIPT.read_bytes()).digest()).decode()


class Portal:
    """A commune's portal on another origin ("localhost"), whose policy allows only what the guide says."""

    def __init__(self, chat: str) -> None:
        chat_origin = chat.rstrip("/")
        policy = f"default-src 'none'; script-src {chat_origin}; frame-src {chat_origin}"
        body = (
            '<!doctype html><html lang="vi"><title>Xã</title><h1>Xã Tân Cương</h1>'
            f'<script async src="{chat}webchat/embed.js" crossorigin="anonymous" integrity="sha384-{DIGEST}"></script>'
        ).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def portal(stub: StubServer) -> Iterator[Portal]:
    made = Portal(stub.url)
    yield made
    made.close()


def open_chat(owner: Owner, portal: Portal) -> FrameLocator:
    owner.page.goto(portal.origin)
    owner.page.get_by_role("button", name="Hỏi đáp").click()
    return owner.page.frame_locator("iframe")


def test_a_named_site_shows_the_chat_and_it_works_without_cookies_and_storage(
    new_owner: OpenBrowser, stub: StubServer, portal: Portal
) -> None:
    stub.framed_by = (portal.origin,)
    stub.answer = reply("Dạ, em chào cô/bác ạ.")
    owner = new_owner()
    chat = open_chat(owner, portal)
    chat.get_by_role("textbox").fill("chào em")
    chat.get_by_role("button", name="Gửi", exact=True).click()
    expect(chat.get_by_role("log").get_by_text("Dạ, em chào cô/bác ạ.")).to_be_visible()
    chat.locator("#picture").set_input_files([photo()])
    expect(chat.get_by_role("img", name="Ảnh cô/bác gửi")).to_have_js_property("naturalWidth", 60)
    assert stub.accepted == ["chào em", ""]
    assert owner.page.context.cookies() == []


def test_a_site_that_is_not_named_shows_nothing_of_the_chat(
    new_owner: OpenBrowser, stub: StubServer, portal: Portal
) -> None:
    stub.framed_by = ("https://thainguyen.gov.vn",)
    owner = new_owner()
    with owner.page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        chat = open_chat(owner, portal)
    expect(chat.get_by_role("textbox")).to_have_count(0)
    assert any("frame-ancestors" in complaint for complaint in owner.complaints)
    owner.complaints.clear()


def test_the_chat_is_loaded_only_when_it_is_opened_and_closes_with_the_keyboard(
    new_owner: OpenBrowser, stub: StubServer, portal: Portal
) -> None:
    stub.framed_by = (portal.origin,)
    owner = new_owner()
    asked: list[str] = []
    owner.page.on("request", lambda request: asked.append(request.url))
    owner.page.goto(portal.origin)
    button = owner.page.get_by_role("button", name="Hỏi đáp")
    expect(button).to_be_visible()
    assert [url for url in asked if url.startswith(stub.url)] == [f"{stub.url}webchat/embed.js"]
    button.focus()
    owner.page.keyboard.press("Enter")
    expect(owner.page.get_by_role("dialog", name="Hotline chuyển đổi số")).to_be_visible()
    expect(owner.page.get_by_role("button", name="Đóng")).to_be_focused()
    owner.page.keyboard.press("Escape")
    expect(owner.page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()
