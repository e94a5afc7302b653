"""The owner's chat page in a real browser: talking, choices, what was said before, and what other people write."""

from playwright.sync_api import expect

from .chat_page import OpenBrowser, Owner, choices, new_owner, owner, reply, stub
from .stub_server import StubServer

__all__ = ["new_owner", "owner", "stub"]  # fixtures

HOSTILE = [
    "<img src=x onerror=\"window.hacked='img'\">",
    "<script>window.hacked='script'</script>",
    "<a href=\"javascript:window.hacked='link'\">bấm vào đây</a>",
    "{{ province }} ${window.hacked='template'}",
    "\u202egnol txet\u202c và \u2067đảo chiều",
    "\u202eKhông đóng dấu đảo chiều",
]


# ---- talking ------------------------------------------------------------------------------------------------------


def test_a_message_is_sent_and_its_answer_appears_below_it(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply("Dạ, em chào cô/bác ạ.\nCô/bác cần hỏi gì ạ?")
    owner.box.fill("xin chao")
    owner.box.press("Enter")

    expect(owner.bubbles).to_have_text(["xin chao", "Dạ, em chào cô/bác ạ.\nCô/bác cần hỏi gì ạ?"])
    expect(owner.note_of("xin chao")).to_contain_text("Đã gửi")
    expect(owner.box).to_have_value("")
    expect(owner.box).to_be_focused()
    expect(owner.page.locator("#typing")).to_be_hidden()
    assert stub.accepted == ["xin chao"]


def test_looking_at_the_page_makes_no_conversation(owner: Owner, stub: StubServer) -> None:
    expect(owner.page.get_by_role("button", name="Gặp cán bộ")).to_be_visible()
    assert stub.conversations == {}


def test_an_empty_page_on_a_small_phone_begins_with_its_greeting(new_owner: OpenBrowser, stub: StubServer) -> None:
    owner = new_owner(viewport={"width": 360, "height": 480})
    owner.open(stub)
    owner.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(owner.page.get_by_role("heading", name="Em chào cô/bác ạ!")).to_be_in_viewport(ratio=1)


def test_an_example_question_is_asked_and_the_examples_leave(owner: Owner, stub: StubServer) -> None:
    owner.page.get_by_role("button", name="Tên miền .biz.vn là gì?").click()
    expect(owner.note_of("Tên miền .biz.vn là gì?")).to_contain_text("Đã gửi")
    expect(owner.page.locator("#examples")).to_be_hidden()
    assert stub.accepted == ["Tên miền .biz.vn là gì?"]


def test_shift_enter_breaks_the_line_and_enter_sends_both_lines(owner: Owner, stub: StubServer) -> None:
    owner.box.press_sequentially("dòng một")
    owner.box.press("Shift+Enter")
    owner.box.press_sequentially("dòng hai")
    owner.box.press("Enter")
    expect(owner.note_of("dòng một")).to_contain_text("Đã gửi")
    assert stub.accepted == ["dòng một\ndòng hai"]


def test_enter_that_ends_a_composed_letter_sends_nothing(owner: Owner, stub: StubServer) -> None:
    owner.box.fill("tiếng việt")
    owner.box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(owner.box).to_have_value("tiếng việt")
    assert stub.conversations == {}


def test_on_a_phone_enter_breaks_the_line_and_the_button_sends(new_owner: OpenBrowser, stub: StubServer) -> None:
    owner = new_owner(has_touch=True, is_mobile=True)
    owner.open(stub)
    owner.box.press_sequentially("một")
    owner.box.press("Enter")
    owner.box.press_sequentially("hai")
    expect(owner.box).to_have_value("một\nhai")
    owner.page.get_by_role("button", name="Gửi", exact=True).tap()
    expect(owner.note_of("một")).to_contain_text("Đã gửi")
    assert stub.accepted == ["một\nhai"]


def test_nothing_but_spaces_cannot_be_sent(owner: Owner) -> None:
    send = owner.page.get_by_role("button", name="Gửi", exact=True)
    expect(send).to_be_disabled()
    owner.box.fill("  \n ")
    expect(send).to_be_disabled()
    owner.box.fill("a")
    expect(send).to_be_enabled()


def test_text_over_the_limit_is_kept_counted_and_not_sent(owner: Owner, stub: StubServer) -> None:
    counter = owner.page.locator("#counter")
    owner.box.fill("a" * 3685)
    expect(counter).to_be_hidden()
    owner.box.fill("😀" * 4096)
    expect(counter).to_have_text("4096/4096")
    expect(owner.page.get_by_role("button", name="Gửi", exact=True)).to_be_enabled()
    owner.box.fill("a" * 4099)
    expect(counter).to_contain_text("Dài quá 3 ký tự")
    owner.box.press("Enter")
    expect(owner.box).to_have_value("a" * 4099)
    assert stub.conversations == {}


def test_asking_for_a_person_takes_one_press_and_a_second_one_adds_nothing(owner: Owner, stub: StubServer) -> None:
    person = owner.page.get_by_role("button", name="Gặp cán bộ")
    person.dblclick()
    expect(owner.note_of("Gặp cán bộ")).to_contain_text("Đã gửi")
    expect(owner.bubbles).to_have_text(["Gặp cán bộ"])
    assert stub.accepted == ["/request_person"]


def test_the_page_shows_that_an_answer_is_on_its_way_for_ten_seconds(owner: Owner, stub: StubServer) -> None:
    owner.page.clock.install()
    owner.write("có ai không")
    expect(owner.page.locator("#typing")).to_be_visible()
    owner.page.clock.fast_forward(10_100)
    expect(owner.page.locator("#typing")).to_be_hidden()


def test_no_machine_seems_to_type_while_an_officer_is_answering(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply("Tôi là cán bộ trực.", by="officer")
    owner.write("chào")
    expect(owner.log.get_by_text("Cán bộ", exact=True)).to_be_visible()
    stub.answer = lambda message: []
    owner.write("cảm ơn")
    expect(owner.note_of("cảm ơn")).to_contain_text("Đã gửi")
    assert owner.page.locator("#typing").is_hidden()


# ---- choices and sources ------------------------------------------------------------------------------------------


def test_a_choice_is_pressed_with_the_keyboard_alone(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply("Mình bán gì ạ?", buttons=choices("Tạp hóa", "Quần áo"))
    owner.write("khảo sát")
    expect(owner.log.get_by_role("button", name="Tạp hóa")).to_be_enabled()
    stub.answer = lambda message: []

    owner.page.keyboard.press("Shift+Tab")  # from the composer back into the conversation
    expect(owner.log.get_by_role("button", name="Quần áo")).to_be_focused()
    owner.page.keyboard.press("Enter")

    expect(owner.note_of("Quần áo")).to_contain_text("Đã gửi")
    expect(owner.box).to_be_focused()
    assert stub.accepted == ["khảo sát", "/choice_1"]


def test_used_choices_stay_readable_and_cannot_be_pressed_again(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply("Mình bán gì ạ?", buttons=choices("Tạp hóa", "Quần áo"))
    owner.write("khảo sát")
    owner.log.get_by_role("button", name="Tạp hóa").click()
    expect(owner.log.get_by_role("button")).to_have_count(4)

    first, second = owner.log.locator(".buttons").all()
    for choice in first.get_by_role("button").all():
        expect(choice).to_be_visible()
        expect(choice).to_be_disabled()
    expect(first.locator(".chosen")).to_have_text("Tạp hóa")
    expect(second.get_by_role("button", name="Tạp hóa")).to_be_enabled()


def test_the_server_repeating_a_payload_is_shown_as_the_button_that_was_pressed(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply("Mình bán gì ạ?", buttons=choices("Tạp hóa"))
    owner.write("khảo sát")
    owner.log.get_by_role("button", name="Tạp hóa").click()
    expect(owner.bubbles).to_have_count(4)
    owner.page.reload()
    expect(owner.bubbles).to_have_text(["khảo sát", "Mình bán gì ạ?", "Tạp hóa", "Mình bán gì ạ?"])


def test_sources_are_folded_away_and_name_document_and_article(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply(
        "Dạ, miễn phí ạ.",
        sources=[
            {"document": "Kế hoạch 148", "article": "mục III", "url": "https://example.vn/148"},
            {"document": "Kế hoạch 103", "article": "mục II", "url": "javascript:alert(1)"},
        ],
    )
    owner.write("có mất tiền không")
    source = owner.log.get_by_role("listitem").first
    expect(source).to_be_hidden()
    owner.log.get_by_text("Nguồn").click()
    expect(source).to_have_text("Kế hoạch 148 (mở trang mới), mục III")
    expect(owner.log.get_by_role("listitem").nth(1)).to_have_text("Kế hoạch 103, mục II")
    assert [link.get_attribute("href") for link in owner.log.get_by_role("link").all()] == ["https://example.vn/148"]


# ---- what was said before -------------------------------------------------------------------------------------------


def test_a_reload_draws_the_whole_conversation_once(owner: Owner, stub: StubServer) -> None:
    stub.answer = lambda message: [{"text": f"trả lời: {message['text']}"}]
    for text in ["một", "hai"]:
        owner.write(text)
        expect(owner.bubbles.last).to_have_text(f"trả lời: {text}")
    owner.page.reload()
    expect(owner.bubbles).to_have_text(["một", "trả lời: một", "hai", "trả lời: hai"])
    expect(owner.log.locator(".day")).to_have_text(["Thứ Hai, 23/11/2026"])
    assert stub.accepted == ["một", "hai"]
    assert len(stub.conversations) == 1


def test_a_half_written_message_survives_a_reload(owner: Owner) -> None:
    owner.box.fill("tôi đang viết dở")
    owner.page.reload()
    expect(owner.box).to_have_value("tôi đang viết dở")


def test_a_new_message_does_not_move_what_is_being_read(owner: Owner, stub: StubServer) -> None:
    stub.answer = lambda message: [{"text": f"{number}\n" * 12} for number in range(4)]
    owner.write("kể dài đi")
    expect(owner.bubbles).to_have_count(5)
    scroll = owner.page.locator("#scroll")
    scroll.evaluate("(box) => { box.scrollTop = 40; }")
    expect(owner.page.get_by_role("button", name="Tin mới")).to_be_hidden()
    owner.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    stub.say("Tin sau cùng ạ.")
    expect(owner.page.get_by_role("button", name="Tin mới")).to_be_visible()
    assert scroll.evaluate("(box) => box.scrollTop") == 40

    owner.page.get_by_role("button", name="Tin mới").click()
    expect(owner.bubbles.last).to_be_in_viewport()
    expect(owner.page.get_by_role("button", name="Tin mới")).to_be_hidden()


def test_a_long_answer_is_shown_from_its_first_line(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply("đầu\n" + "dòng\n" * 60 + "cuối")
    owner.write("kể dài đi")
    expect(owner.bubbles).to_have_count(2)
    top = "(node) => node.getBoundingClientRect().top - document.getElementById('scroll').getBoundingClientRect().top"
    assert 0 <= owner.log.locator(".out").evaluate(top) < 60


def test_two_tabs_show_the_same_conversation(owner: Owner, new_owner: OpenBrowser, stub: StubServer) -> None:
    stub.answer = reply("Dạ ạ.")
    other = new_owner(context=owner.page.context)
    other.open(stub)
    owner.write("từ thẻ một")
    expect(other.bubbles).to_have_text(["từ thẻ một", "Dạ ạ."])
    other.write("từ thẻ hai")
    expect(owner.bubbles).to_have_text(["từ thẻ một", "Dạ ạ.", "từ thẻ hai", "Dạ ạ."])
    assert stub.accepted == ["từ thẻ một", "từ thẻ hai"]
    assert len(stub.conversations) == 1


# ---- what other people write ----------------------------------------------------------------------------------------


def test_hostile_text_is_only_text(owner: Owner, stub: StubServer) -> None:
    buttons = [{"title": text, "payload": f"/p{number}"} for number, text in enumerate(HOSTILE)]
    sources = [{"document": text, "article": text, "url": "javascript:window.hacked='source'"} for text in HOSTILE]
    stub.answer = lambda message: [
        {"text": message["text"], "buttons": buttons, "sources": sources, "image": HOSTILE[0]}
    ]
    for text in HOSTILE:
        owner.write(text)
        expect(owner.bubbles.last).to_have_text(text)
    owner.page.reload()
    expect(owner.bubbles).to_have_text([text for text in HOSTILE for _ in range(2)])
    assert owner.page.evaluate("window.hacked") is None
    assert owner.log.locator("script, iframe, a, style, img:not(.picture)").count() == 0
    assert owner.bubbles.first.evaluate("(node) => getComputedStyle(node).unicodeBidi") == "plaintext"
    owner.network_is_bad = True  # the "picture" was asked of our own server, and is not there


def test_only_plain_https_addresses_become_links(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply(
        "Xem https://rdx.gov.vn. (Hoặc https://vi.example.org/wiki/Chợ_(Việt) nhé) "
        "https://rdx.gov.vn@lua-dao.example http://khong-ma-hoa.example javascript:alert(1) "
        "https://a.example/\u202egpj.exe"
    )
    owner.write("khảo sát ở đâu")
    links = owner.log.get_by_role("link")
    expect(links).to_have_count(3)
    assert [link.evaluate("(node) => node.firstChild.data") for link in links.all()] == [
        "https://rdx.gov.vn",
        "https://vi.example.org/wiki/Chợ_(Việt)",
        "https://a.example/",
    ]
    assert {link.get_attribute("rel") for link in links.all()} == {"noopener noreferrer"}


def test_a_picture_of_another_server_becomes_a_link(owner: Owner, stub: StubServer) -> None:
    stub.answer = lambda message: [
        {"text": "của mình", "image": "/webchat/icon.svg"},
        {"text": "của người khác", "image": "https://elsewhere.example/anh.png"},
    ]
    owner.write("cho xem ảnh")
    expect(owner.log.get_by_role("img", name="Hình kèm tin nhắn")).to_have_count(1)
    expect(owner.log.get_by_role("link", name="Xem hình")).to_have_attribute(
        "href", "https://elsewhere.example/anh.png"
    )


def test_the_province_is_named_and_its_name_is_only_text(new_owner: OpenBrowser) -> None:
    stub = StubServer(province='Thanh Hóa "><b>đậm</b>')
    stub.start()
    owner = new_owner()
    owner.open(stub)
    expect(owner.page.locator("[data-province]")).to_have_text('Thanh Hóa "><b>đậm</b>')
    stub.stop()
