"""Pictures in the owner's chat page: chosen, made small, sent once and in order, shown, never lost."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, expect

from .chat_page import OpenBrowser, Owner, new_owner, owner, reply, stub
from .stub_server import Refusal, StubServer

__all__ = ["new_owner", "owner", "stub"]  # fixtures


def photo(width: int = 60, height: int = 40, form: str = "PNG") -> FilePayload:
    made = io.BytesIO()
    picture = Image.effect_noise((width, height), 90) if width > 1000 else Image.new("RGB", (width, height), "teal")
    picture.save(made, form)
    return {"name": "Nhà tôi.png", "mimeType": f"image/{form.lower()}", "buffer": made.getvalue()}


def choose(owner: Owner, file: FilePayload | None = None) -> None:
    """What a phone does after "Gửi ảnh": its camera or gallery gives a file."""
    with owner.page.expect_file_chooser() as chooser:
        owner.page.get_by_role("button", name="Gửi ảnh").click()
    chooser.value.set_files([file or photo()])


def pictures(owner: Owner) -> Locator:
    return owner.log.get_by_role("img", name="Ảnh cô/bác gửi")


def is_drawn(picture: Locator) -> None:
    expect(picture).to_have_js_property("complete", True)
    expect(picture).not_to_have_js_property("naturalWidth", 0)


def last_note(owner: Owner) -> Locator:
    return owner.log.locator(".own").last.locator(".note")


def test_a_picture_is_sent_shown_at_once_and_found_again_after_a_reload(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply("Dạ, em nhận được ảnh rồi ạ.")
    choose(owner)
    expect(last_note(owner)).to_contain_text("Đã gửi")
    is_drawn(pictures(owner))
    expect(owner.log.get_by_text("Dạ, em nhận được ảnh rồi ạ.")).to_be_visible()
    assert stub.conversation.pictures == [photo()["buffer"]]
    owner.page.reload()
    expect(pictures(owner)).to_have_count(1)
    is_drawn(pictures(owner))
    assert owner.page.evaluate("indexedDB.databases().then((all) => all.length)") == 1
    assert owner.page.evaluate("Object.keys(localStorage).filter((key) => key.includes('unsent'))") == []


def test_the_chooser_offers_pictures_and_so_the_phones_camera(owner: Owner) -> None:
    assert owner.page.locator("#picture").get_attribute("accept") == "image/*"


def test_the_same_picture_can_be_chosen_twice(owner: Owner, stub: StubServer) -> None:
    for count in (1, 2):
        choose(owner)
        expect(pictures(owner)).to_have_count(count)
        expect(last_note(owner)).to_contain_text("Đã gửi")
    assert len(stub.conversation.pictures) == 2


def test_a_large_photo_is_made_small_before_it_is_sent(owner: Owner, stub: StubServer) -> None:
    large = photo(3000, 2400)
    assert len(large["buffer"]) > 5_000_000
    choose(owner, large)
    expect(last_note(owner)).to_contain_text("Đã gửi", timeout=30_000)
    [sent] = stub.conversation.pictures
    assert len(sent) < 5_000_000
    assert Image.open(io.BytesIO(sent)).size == (2048, 1638)


def test_pictures_and_words_arrive_in_the_order_in_which_they_were_sent(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(503, detail=None))
    owner.write("trước")
    choose(owner)
    expect(pictures(owner)).to_have_count(1)
    owner.write("sau")
    expect(owner.note_of("sau")).to_contain_text("Đã gửi")
    assert [message["text"] for message in stub.conversation.messages] == ["trước", "", "sau"]


def test_an_unsent_picture_survives_a_reload_and_is_sent_once(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.extend(Refusal(503, headers={"Retry-After": "600"}) for _ in range(2))
    choose(owner)
    expect(last_note(owner)).to_contain_text("Chưa gửi được")
    owner.page.reload()
    expect(last_note(owner)).to_contain_text("Chưa gửi được")
    is_drawn(pictures(owner))
    stub.refusals.clear()
    owner.page.get_by_role("button", name="Gửi lại").click()
    expect(last_note(owner)).to_contain_text("Đã gửi")
    expect(pictures(owner)).to_have_count(1)
    assert len({message_id for message_id, _ in stub.posts}) == 1
    assert stub.conversation.pictures == [photo()["buffer"]]


def test_an_answer_lost_on_the_way_back_does_not_repeat_the_picture(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(502, detail=None, loses_answer=True))
    choose(owner)
    expect(last_note(owner)).to_contain_text("Đã gửi")
    expect(pictures(owner)).to_have_count(1)
    assert len(stub.conversation.pictures) == 1


def test_a_server_that_asks_to_wait_gets_the_picture_later(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(429, headers={"Retry-After": "1"}))
    choose(owner)
    expect(last_note(owner)).to_have_text("Đang chờ gửi…")
    expect(owner.connection_line).to_have_text("")
    expect(last_note(owner)).to_contain_text("Đã gửi")
    assert [status for _, status in stub.posts] == [429, 202]


@pytest.mark.parametrize("status", [413, 415, 422])
def test_a_refused_picture_says_why_and_can_be_removed(owner: Owner, stub: StubServer, status: int) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(status, detail="Em chỉ nhận được ảnh ạ."))
    choose(owner)
    expect(last_note(owner)).to_contain_text("Em chỉ nhận được ảnh ạ.")
    owner.page.get_by_role("button", name="Bỏ tin này").click()
    expect(pictures(owner)).to_have_count(0)
    assert [answered for _, answered in stub.posts] == [status]


def test_how_much_of_a_picture_has_gone_is_told(owner: Owner, stub: StubServer) -> None:
    session = owner.page.context.new_cdp_session(owner.page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    owner.write("chào")
    expect(last_note(owner)).to_contain_text("Đã gửi")
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", slow)
    choose(owner, photo(1400, 1000))
    expect(last_note(owner)).to_have_text(re.compile(r"^Đang gửi… [1-9]\d?%$"))
    session.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    expect(last_note(owner)).to_contain_text("Đã gửi", timeout=30_000)


def test_a_browser_that_stores_nothing_can_still_send_a_picture(new_owner: OpenBrowser, stub: StubServer) -> None:
    owner = new_owner()
    owner.page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])"
        " Object.defineProperty(window, name, { get() { throw new Error('refused'); } });"
    )
    owner.open(stub)
    choose(owner)
    expect(last_note(owner)).to_contain_text("Đã gửi")
    is_drawn(pictures(owner))


def test_a_picture_that_cannot_be_shown_says_so(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    choose(owner)
    expect(last_note(owner)).to_contain_text("Đã gửi")
    owner.page.route("**/webchat/attachments/0", lambda route: route.fulfill(status=404))
    owner.page.reload()
    expect(owner.log.get_by_text("Chưa xem được ảnh này.")).to_be_visible()
