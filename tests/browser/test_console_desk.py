"""The officers' desk in a real browser: what comes by itself, what the keyboard does, what is never lost."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from store.console_tables import account_session
from store.tables import outbound

from .console_site import Site, site

__all__ = ["site"]  # a fixture


def test_a_day_by_the_keyboard_alone(site: Site) -> None:
    first = site.street.owner("ko dau, cho hoi", name="Bác Tư")
    site.street.owner("tôi hỏi sau", name="Cô Lan")
    page = (desk := site.sign_in(site.person())).page
    desk.open("/console/queue")
    page.keyboard.press("j")
    expect(page.locator("a.request").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/console/conversations/{first}"))  # and until its scripts are there
    page.keyboard.press("t")
    expect(page.get_by_text("Anh/chị đang giữ")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("Dạ, em chào bác ạ. t r n")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".entry.officer .text")).to_have_text("Dạ, em chào bác ạ. t r n")
    expect(page.locator("#answer-text")).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("gọi lại chiều nay")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".entry.note .text")).to_have_text("gọi lại chiều nay")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.locator("#close-topic").select_option("tax")
    page.get_by_role("button", name="Khép lại và hỏi mức hài lòng").press("Enter")
    expect(page).to_have_url(re.compile(r"/console/queue$"))
    assert site.street.holder(first) == "closed"


def test_what_an_owner_writes_appears_by_itself_and_does_not_run(site: Site) -> None:
    id_ = site.street.owner("alo")
    desk = site.sign_in(site.person())
    desk.open(f"/console/conversations/{id_}")
    expect(desk.page.locator(".entry")).to_have_count(1)
    site.owner_writes(id_, "<img src=x onerror=\"document.title='bad'\"> xin chào")
    expect(desk.page.locator(".entry").last).to_contain_text("<img src=x")
    assert desk.page.locator(".entry img").count() == 0
    assert desk.page.title() != "bad"


def test_the_queue_is_fresh_and_leaves_the_focus_where_it_is(site: Site) -> None:
    site.street.owner("người thứ nhất", name="Bác Tư")
    second = site.street.owner("người thứ hai", name="Cô Lan")
    desk = site.sign_in(site.person())
    desk.open("/console/queue")
    desk.page.keyboard.press("j")
    desk.page.keyboard.press("j")
    site.owner_writes(second, "tôi nhắn thêm")
    expect(desk.page.get_by_text("tôi nhắn thêm")).to_be_visible()
    expect(desk.page.locator("a.request").nth(1)).to_be_focused()
    expect(desk.page).to_have_title(re.compile(r"^\(2\) "))


def test_two_officers_see_each_other(site: Site) -> None:
    id_ = site.street.owner("alo")
    one, two = site.sign_in(site.person("Hà")), site.sign_in(site.person("Bình"))
    for desk in (one, two):
        desk.open(f"/console/conversations/{id_}")
    expect(one.page.get_by_text("Bình cũng đang xem")).to_be_visible()
    two.page.get_by_role("button", name="Nhận", exact=False).first.click()
    expect(one.page.get_by_text("Bình đang giữ", exact=True)).to_be_visible()
    expect(one.page.locator("#send")).to_be_disabled()
    two.page.locator("#answer-text").fill("Dạ")
    expect(one.page.get_by_text("Bình (đang soạn)")).to_be_visible()


def test_the_end_of_the_session_loses_no_word(site: Site) -> None:
    id_, person = site.street.owner("alo"), site.person()
    desk = site.sign_in(person)
    desk.open(f"/console/conversations/{id_}")
    desk.page.locator("#answer-text").fill("Dạ, một câu trả lời dài đã viết xong")
    site.context.database.run_now(lambda c: c.execute(account_session.delete()))
    desk.page.locator("#send").click()
    expect(desk.page.get_by_text("Phiên làm việc đã hết")).to_be_visible()
    expect(desk.page.locator("#answer-text")).to_have_value("Dạ, một câu trả lời dài đã viết xong")
    desk.complaints.clear()  # the browser says by itself that the request was refused
    again = site.sign_in(person, storage_state=desk.page.context.storage_state())
    again.open(f"/console/conversations/{id_}")
    expect(again.page.locator("#answer-text")).to_have_value("Dạ, một câu trả lời dài đã viết xong")
    again.page.locator("#send").click()
    expect(again.page.locator(".entry.officer .text")).to_have_text("Dạ, một câu trả lời dài đã viết xong")


def test_whoever_signs_out_leaves_no_draft_in_the_browser(site: Site) -> None:
    id_ = site.street.owner("alo")
    page = (desk := site.sign_in(site.person())).page
    desk.open(f"/console/conversations/{id_}")
    page.locator("#answer-text").fill("số của bác là 0912")
    kept = "Object.keys(localStorage).filter((name) => name.startsWith('hotline draft'))"
    assert len(page.evaluate(kept)) == 1
    desk.open("/console/account")
    page.locator("form[action='/console/logout'] button").click()
    expect(page).to_have_url(re.compile(r"/console/login"))
    assert page.evaluate(kept) == []


def test_an_answer_whose_network_failed_is_sent_once(site: Site) -> None:
    id_ = site.street.owner("alo")
    desk = site.sign_in(site.person())
    desk.open(f"/console/conversations/{id_}")
    page = desk.page

    def lose_the_answer(route: object) -> None:
        route.fetch()  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    page.route("**/answer", lose_the_answer, times=1)
    page.locator("#answer-text").fill("Dạ, em nghe ạ")
    page.locator("#send").click()
    expect(page.get_by_text("Chưa gửi được")).to_be_visible()
    expect(page.locator("#answer-text")).to_have_value("Dạ, em nghe ạ")
    page.locator("#send").click()
    expect(page.locator("#answer-text")).to_have_value("")
    said = site.context.database.read_now(lambda c: c.execute(outbound.select().filter_by(sender="officer")).all())
    assert len(said) == 1
    desk.complaints.clear()


def test_what_is_typed_while_an_answer_is_sent_stays(site: Site) -> None:
    id_ = site.street.owner("alo")
    desk = site.sign_in(site.person())
    desk.open(f"/console/conversations/{id_}")
    page = desk.page
    page.evaluate(
        """() => {
          const send = window.fetch;
          window.fetch = async (...of) => {
            const answer = await send(...of);
            const box = document.getElementById("answer-text");
            if (String(of[0]).endsWith("/answer")) box.value += " Còn câu nữa";
            return answer;
          };
        }"""
    )
    page.locator("#answer-text").fill("Dạ, em nghe ạ.")
    page.locator("#send").click()
    expect(page.locator(".entry.officer .text")).to_have_text("Dạ, em nghe ạ.")
    expect(page.locator("#answer-text")).to_have_value("Còn câu nữa")


def test_a_menu_that_is_open_does_not_move(site: Site) -> None:
    id_ = site.street.owner("alo")
    one, two = site.sign_in(site.person("Hà")), site.sign_in(site.person("Bình"))
    one.open(f"/console/conversations/{id_}")
    one.page.locator("[data-key=t]").click()
    expect(one.page.get_by_text("Anh/chị đang giữ")).to_be_visible()
    one.page.locator("summary", has_text="Khép lại").click()
    one.page.locator("#close-topic").select_option("tax")
    two.open(f"/console/conversations/{id_}")
    site.owner_writes(id_, "tôi nhắn thêm")
    expect(one.page.locator(".entry").last).to_contain_text("tôi nhắn thêm")
    expect(one.page.locator("#close-topic")).to_have_value("tax")
    one.page.locator("summary", has_text="Khép lại").click()
    expect(one.page.get_by_text("Bình cũng đang xem")).to_be_visible()


def test_a_ready_reply_is_chosen_by_its_shortcut(site: Site) -> None:
    id_ = site.street.owner("alo", name="Bác Tư")
    desk = site.sign_in(site.person())
    desk.open(f"/console/conversations/{id_}")
    shortcut = next(iter(site.context.content.canned_replies))
    desk.page.locator("#answer-text").press_sequentially(f"/{shortcut}")
    choices = desk.page.locator("#canned [role=option]")
    expect(choices.first).to_be_visible()
    desk.page.keyboard.press("Enter")
    expect(choices).to_have_count(0)
    text = desk.page.locator("#answer-text").input_value()
    assert text and not text.startswith("/")


def test_a_list_of_ready_replies_that_comes_too_late_does_not_open_again(site: Site) -> None:
    id_ = site.street.owner("alo")
    desk = site.sign_in(site.person())
    desk.open(f"/console/conversations/{id_}")
    held: list[Route] = []
    desk.page.route("**/canned?*", lambda route: held.append(route))
    desk.page.locator("#answer-text").press_sequentially("/")
    desk.page.wait_for_timeout(100)
    desk.page.locator("#answer-text").fill("Dạ")
    assert held
    with desk.page.expect_response("**/canned?*"):
        held[0].continue_()
    desk.page.wait_for_timeout(100)
    expect(desk.page.locator("#canned")).to_be_hidden()


def test_a_hidden_page_catches_up_when_it_is_seen_again(site: Site) -> None:
    id_ = site.street.owner("alo")
    desk = site.sign_in(site.person())
    desk.open(f"/console/conversations/{id_}")
    expect(desk.page.locator(".entry")).to_have_count(1)
    desk.page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange'))"
    )
    site.owner_writes(id_, "lúc không nhìn")
    desk.page.wait_for_timeout(300)
    expect(desk.page.locator(".entry")).to_have_count(1)
    desk.page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: false});"
        " document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(desk.page.locator(".entry")).to_have_count(2)
