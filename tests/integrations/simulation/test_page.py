"""The phone page in a real browser, with the Zalo simulator as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from integrations.simulation.control import PAGE

expect.set_options(timeout=15_000)

ROOT = Path(__file__).parents[3]
HOSTILE = "<img src=x onerror=\"window.hacked='img'\"><script>window.hacked='script'</script>"
WATCH_POLICY = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
"""


@dataclass
class Running:
    """A simulator's process."""

    process: subprocess.Popen[str]
    url: str

    def ask(self, path: str, body: Any = None, **headers: str) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(
            Request(self.url + path, data, {"Content-Type": "application/json", **headers}), timeout=10
        ) as said:
            return json.load(said)

    @property
    def lan(self) -> str:
        """The first person's id."""
        return str(self.ask("/__sim/people")["people"][0]["id"])

    def say(self, message: dict[str, Any]) -> None:
        """The account writes to the first person."""
        token = self.ask("/__sim/account")["ZALO_ACCESS_TOKEN"]
        body = {"recipient": {"user_id": self.lan}, "message": message}
        assert self.ask("/v3.0/oa/message/cs", body, access_token=token)["error"] == 0


@pytest.fixture
def zalo() -> Iterator[Running]:
    command = [sys.executable, "-m", "integrations.zalo.simulator", "--follow-stdin", "--switch", "receipts=received"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        yield Running(process, process.stdout.readline().strip())
        process.stdin.close()
        assert process.wait(10) == 0


@dataclass
class Opened:
    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def chat(self) -> Any:
        return self.page.get_by_role("log")

    def write(self, text: str) -> None:
        self.page.get_by_label("Tin nhắn").fill(text)
        self.page.get_by_role("button", name="Gửi", exact=True).first.click()


@pytest.fixture(params=[390, 1200])
def opened(browser: Browser, zalo: Running, request: pytest.FixtureRequest) -> Iterator[Opened]:
    page = browser.new_page(viewport={"width": request.param, "height": 844}, locale="vi-VN")
    opened = Opened(page)
    page.add_init_script(WATCH_POLICY)
    page.on("console", lambda said: opened.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.goto(zalo.url)
    expect(page.get_by_role("button", name="Nguyễn Thị Lan")).to_be_visible()
    yield opened
    assert page.evaluate("document.documentElement.scrollWidth") <= request.param
    assert opened.complaints + page.evaluate("window.violations") == []
    assert page.evaluate("window.hacked") is None
    page.close()


def test_a_person_writes_is_answered_and_presses_a_button(zalo: Running, opened: Opened) -> None:
    opened.write("Cho tôi hỏi tên miền")
    expect(opened.chat.locator(".person .text")).to_have_text("Cho tôi hỏi tên miền")
    choice = {"title": "Có ạ", "type": "oa.query.show", "payload": "/affirm"}
    zalo.say({"text": "Dạ em nghe", "attachment": {"type": "template", "payload": {"buttons": [choice]}}})
    expect(opened.chat.locator(".account .when")).to_contain_text("Đã nhận")
    opened.chat.get_by_role("button", name="Có ạ").click()
    expect(opened.chat.locator(".person .text").last).to_have_text("/affirm")
    expect(opened.page.locator("#journal .accepted .what")).to_have_text("Nguyễn Thị Lan: Dạ em nghe")


def test_what_people_write_is_shown_and_never_run(zalo: Running, opened: Opened) -> None:
    opened.write(HOSTILE)
    expect(opened.chat.locator(".person .text")).to_have_text(HOSTILE)
    zalo.say({"text": HOSTILE})
    expect(opened.chat.locator(".account .text")).to_have_text(HOSTILE)
    opened.page.get_by_label("Tên người mới").fill("<b>Hùng</b>")
    opened.page.get_by_role("button", name="Thêm").click()
    expect(opened.page.get_by_role("button", name="<b>Hùng</b>")).to_have_attribute("aria-pressed", "true")


def test_a_person_sends_samples_and_own_files_follows_and_blocks(zalo: Running, opened: Opened, tmp_path: Path) -> None:
    page, more = opened.page, opened.page.get_by_role("button", name="Thao tác khác")
    plus = page.get_by_role("button", name="Đính kèm")
    for name in ("Ảnh mẫu", "Tin thoại mẫu", "Vị trí"):
        plus.click()
        page.get_by_role("button", name=name).click()
    file = tmp_path / "đơn.csv"
    file.write_text("a,b\n")
    plus.click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Tệp: chọn tệp trên máy").click()
    chooser.value.set_files(file)
    expect(opened.chat.locator("img")).to_have_js_property("naturalWidth", 640)
    expect(opened.chat.locator("audio")).to_be_visible()
    expect(opened.chat.get_by_role("link", name="đơn.csv")).to_be_visible()
    more.click()
    page.get_by_role("button", name="Quan tâm", exact=True).click()
    expect(page.locator("#status")).to_contain_text("Đang quan tâm OA")
    more.click()
    page.get_by_role("button", name="Chặn", exact=True).click()
    expect(page.locator("#status")).to_contain_text("Đã chặn OA")
    opened.write("còn đó không")
    expect(page.get_by_role("alert")).to_contain_text("Đang chặn OA")
    opened.complaints.clear()  # the browser itself reports the refusal


def test_the_platforms_side_can_be_steered(zalo: Running, opened: Opened) -> None:
    page = opened.page
    page.get_by_role("button", name="Lỗi 500 (3 lần)").click()
    expect(page.locator("#armed")).to_contain_text("http_500")
    page.get_by_role("button", name="Bỏ hết").click()
    expect(page.locator("#fault-count")).to_be_empty()
    before = zalo.ask("/__sim/state")["now"]
    page.get_by_role("button", name="+7 ngày").click()
    expect(page.locator("#journal .control")).to_have_count(3)
    assert zalo.ask("/__sim/state")["now"] > before[:8]
    page.get_by_text("Công tắc của nền tảng").click()
    page.get_by_label("Gửi mỗi sự kiện hai lần").check()
    expect(page.locator("#journal .control")).to_have_count(4)
    switches = {item["name"]: item["value"] for item in zalo.ask("/__sim/state")["switches"]}
    assert switches["duplicate_events"] is True
    page.get_by_text("Viết thay, gửi sự kiện lạ").click()
    page.get_by_label("Cán bộ viết trong OA Manager").fill("Tôi là cán bộ")
    page.get_by_role("button", name="Gửi", exact=True).last.click()
    expect(opened.chat.locator(".account .text")).to_have_text("Tôi là cán bộ")


def test_the_page_has_no_inline_script_or_style_and_fetches_nothing_from_elsewhere() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    for asset in PAGE.iterdir():
        assert not re.search(
            r"https?://(?!127\.0\.0\.1)|innerHTML|insertAdjacentHTML", asset.read_text(encoding="utf-8")
        )


def test_a_wrong_switch_on_the_command_line_is_said_and_nothing_is_started() -> None:
    command = [sys.executable, "-m", "integrations.zalo.simulator", "--switch", "magic=true"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "magic" in ended.stderr
