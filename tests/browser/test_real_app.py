"""The whole hotline in a real browser: `hotline up`, the web chat on a phone's width, a real answer."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.hotline.test_up import Running


@pytest.fixture
def running(tmp_path: Path, model: Path) -> Iterator[Running]:
    started = Running(tmp_path)
    yield started
    started.stop(signal.SIGTERM)
    if started.process.stdout:
        started.process.stdout.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="vi-VN", viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


def test_an_owner_asks_who_helps_their_commune_and_finds_the_answer_again_after_a_reload(
    running: Running, phone: Page
) -> None:
    phone.goto(running.url)
    phone.get_by_role("textbox").fill("nha bac o xa tan cuong ben nao ho tro")
    phone.get_by_role("textbox").press("Enter")
    answer = phone.get_by_role("log").get_by_text("VNPT HKD")
    expect(answer).to_be_visible()
    phone.get_by_text("Nguồn").click()
    expect(phone.get_by_text("Kế hoạch 148/KHPH-BKHCN-UBND")).to_be_visible()
    phone.reload()
    expect(answer).to_be_visible()


def test_a_question_back_is_answered_with_a_button(running: Running, phone: Page) -> None:
    phone.goto(running.url)
    phone.get_by_role("textbox").fill("van lang ai ho tro")
    phone.get_by_role("textbox").press("Enter")
    phone.get_by_role("button", name="Xã Văn Lăng").click()
    # once in the question, once in the answer
    expect(phone.get_by_role("log").get_by_text("MISA eShop")).to_have_count(2)
