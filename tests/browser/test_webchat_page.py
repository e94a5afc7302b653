"""The owner's chat page in a real browser, against the stand-in server of this folder.

What the page must never do (lose or repeat a message, run what somebody wrote) and what an owner must be able to do
with a keyboard, a small phone, large text and a bad network. The server's own behaviour is tested elsewhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    expect,
)

from .stub_server import Message, Refusal, StubServer

WORD_OF_300 = "ư" * 300
HOSTILE = [
    "<img src=x onerror=\"window.hacked='img'\">",
    "<script>window.hacked='script'</script>",
    "<a href=\"javascript:window.hacked='link'\">bấm vào đây</a>",
    "{{ province }} ${window.hacked='template'}",
    "\u202egnol txet\u202c và \u2067đảo chiều",
    "\u202eKhông đóng dấu đảo chiều",
]
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
def new_owner(browser: Browser) -> Iterator[OpenBrowser]:
    """Makes owners with a browser of their own; afterwards none of them may have seen an error."""
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


# ---- a bad network --------------------------------------------------------------------------------------------------


def test_what_is_written_while_the_server_is_gone_is_sent_once_and_in_order(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    owner.write("trước")
    expect(owner.note_of("trước")).to_contain_text("Đã gửi")
    stub.stop()
    owner.write("lúc mất mạng")
    owner.write("vẫn mất mạng")
    expect(owner.connection_line).to_have_text("Mất kết nối, đang thử lại… Tin nhắn của cô/bác vẫn được giữ.")
    expect(owner.note_of("lúc mất mạng")).to_contain_text("Chưa gửi được")
    expect(owner.note_of("vẫn mất mạng")).to_have_text("Đang chờ gửi…")

    stub.start()
    stub.say("Em đây ạ.")

    expect(owner.note_of("vẫn mất mạng")).to_contain_text("Đã gửi")
    expect(owner.log.get_by_text("Em đây ạ.")).to_have_count(1)
    expect(owner.connection_line).to_have_text("")
    assert stub.accepted == ["trước", "lúc mất mạng", "vẫn mất mạng"]
    assert len({message_id for message_id, _ in stub.posts}) == 3


def test_an_unsent_message_survives_a_reload_with_its_id(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.extend(Refusal(503, headers={"Retry-After": "600"}) for _ in range(2))
    owner.write("giữ giúp tôi")
    expect(owner.note_of("giữ giúp tôi")).to_contain_text("Chưa gửi được")
    owner.page.reload()
    expect(owner.note_of("giữ giúp tôi")).to_contain_text("Chưa gửi được")
    stub.refusals.clear()
    owner.page.get_by_role("button", name="Gửi lại").click()
    expect(owner.note_of("giữ giúp tôi")).to_contain_text("Đã gửi")
    expect(owner.bubbles).to_have_text(["giữ giúp tôi"])
    assert stub.accepted == ["giữ giúp tôi"]
    assert [status for _, status in stub.posts] == [503, 503, 202]
    assert len({message_id for message_id, _ in stub.posts}) == 1


def test_a_failure_is_tried_again_by_itself(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    owner.page.clock.install()
    stub.refusals.append(Refusal(500, detail=None))
    owner.write("thử lại đi")
    expect(owner.note_of("thử lại đi")).to_contain_text("Chưa gửi được")
    owner.page.clock.fast_forward(1_300)
    expect(owner.note_of("thử lại đi")).to_contain_text("Đã gửi")
    assert stub.accepted == ["thử lại đi"]


def test_an_answer_lost_on_the_way_back_does_not_repeat_the_message(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(502, detail=None, loses_answer=True))
    stub.answer = reply("Dạ, em nhận được rồi ạ.")
    owner.write("chỉ một lần")
    expect(owner.note_of("chỉ một lần")).to_contain_text("Đã gửi")
    expect(owner.bubbles).to_have_text(["chỉ một lần", "Dạ, em nhận được rồi ạ."])
    expect(owner.connection_line).to_have_text("")
    assert stub.accepted == ["chỉ một lần"]


def test_a_log_in_page_of_somebody_elses_wifi_is_not_taken_for_an_answer(owner: Owner, stub: StubServer) -> None:
    stub.refusals.append(Refusal(200, detail=None))
    owner.write("qua wifi chợ")
    expect(owner.note_of("qua wifi chợ")).to_contain_text("Đã gửi")
    assert [status for _, status in stub.posts] == [200, 202]


def test_a_server_that_asks_to_wait_is_given_its_time(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    owner.page.clock.install()
    stub.refusals.append(Refusal(429, headers={"Retry-After": "30"}))
    owner.write("hơi nhanh")
    expect(owner.note_of("hơi nhanh")).to_have_text("Đang chờ gửi…")
    owner.page.clock.fast_forward(25_000)
    expect(owner.connection_line).to_have_text("")
    owner.page.evaluate("window.dispatchEvent(new Event('online'))")
    owner.page.evaluate("fetch('/webchat/icon.svg').then((answer) => answer.text())")
    assert [status for _, status in stub.posts] == [429]
    owner.page.clock.fast_forward(6_000)
    expect(owner.note_of("hơi nhanh")).to_contain_text("Đã gửi")
    assert [status for _, status in stub.posts] == [429, 202]


def test_a_stream_without_a_sign_of_life_is_opened_again(owner: Owner, stub: StubServer) -> None:
    owner.page.clock.install()
    owner.page.reload()  # so that every timer of the page is on this clock
    owner.write("chào")
    expect(owner.note_of("chào")).to_contain_text("Đã gửi")
    stub.silent = True
    stub.say("Tin này kẹt trên đường ạ.")
    owner.page.clock.run_for(30_000)
    assert len(stub.stream_starts) == 1
    stub.silent = False
    owner.page.clock.run_for(16_000)
    expect(owner.log.get_by_text("Tin này kẹt trên đường ạ.")).to_have_count(1)
    assert stub.stream_starts == [0, 1]


def test_a_network_that_comes_back_is_used_at_once(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(503, headers={"Retry-After": "600"}))
    owner.write("trong hầm")
    expect(owner.note_of("trong hầm")).to_contain_text("Chưa gửi được")
    owner.page.context.set_offline(True)
    expect(owner.connection_line).to_contain_text("Mất kết nối")
    owner.page.context.set_offline(False)
    expect(owner.note_of("trong hầm")).to_contain_text("Đã gửi")
    expect(owner.connection_line).to_have_text("")
    assert stub.accepted == ["trong hầm"]


def test_being_offline_is_said_before_anything_was_written(owner: Owner) -> None:
    owner.page.context.set_offline(True)
    expect(owner.connection_line).to_contain_text("Mất kết nối")
    owner.page.context.set_offline(False)
    expect(owner.connection_line).to_have_text("")


# ---- what the server refuses ----------------------------------------------------------------------------------------


def test_a_forgotten_conversation_is_replaced_and_the_message_kept(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.answer = reply("Dạ, hẹn cô/bác ạ.")
    owner.write("ngày trước")
    expect(owner.bubbles).to_have_text(["ngày trước", "Dạ, hẹn cô/bác ạ."])
    stub.answer = lambda message: []
    owner.page.context.set_offline(True)
    stub.forget_tokens()
    owner.write("hôm nay")
    expect(owner.note_of("hôm nay")).to_contain_text("Chưa gửi được")
    owner.page.context.set_offline(False)
    expect(owner.note_of("hôm nay")).to_contain_text("Đã gửi")
    expect(owner.log).to_contain_text("Cuộc trò chuyện trước đã đóng")
    assert stub.accepted == ["ngày trước", "hôm nay"]
    assert len(stub.conversations) == 2
    stub.say("Dạ, em nghe ạ.")
    expect(owner.bubbles).to_have_text(["ngày trước", "Dạ, hẹn cô/bác ạ.", "hôm nay", "Dạ, em nghe ạ."])


def test_a_stream_that_is_refused_leads_to_a_new_conversation(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    owner.write("chào")
    expect(owner.note_of("chào")).to_contain_text("Đã gửi")
    owner.page.goto("about:blank")
    stub.forget_tokens()
    owner.page.goto(stub.url)
    expect(owner.page.get_by_role("button", name="Tên miền .biz.vn là gì?")).to_be_visible()
    stub.say("Dạ, mình bắt đầu lại ạ.")
    expect(owner.bubbles).to_have_text(["Dạ, mình bắt đầu lại ạ."])
    assert len(stub.conversations) == 2


@pytest.mark.parametrize("status", [413, 422])
def test_a_refused_message_says_why_is_not_tried_again_and_can_be_edited(
    owner: Owner, stub: StubServer, status: int
) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(status, detail="Tin có ký tự không đọc được ạ."))
    owner.write("tin lạ")
    expect(owner.note_of("tin lạ")).to_contain_text("Tin có ký tự không đọc được ạ.")
    owner.write("tin sau")
    expect(owner.note_of("tin sau")).to_contain_text("Đã gửi")
    owner.page.reload()
    expect(owner.note_of("tin lạ")).to_contain_text("Tin có ký tự không đọc được ạ.")
    assert stub.accepted == ["tin sau"]
    assert [answered for _, answered in stub.posts] == [status, 202]

    owner.page.get_by_role("button", name="Sửa lại").click()
    expect(owner.box).to_have_value("tin lạ")
    expect(owner.box).to_be_focused()
    expect(owner.bubbles).to_have_text(["tin sau"])


def test_a_message_refused_in_one_tab_is_shown_as_refused_in_the_other(
    owner: Owner, new_owner: OpenBrowser, stub: StubServer
) -> None:
    owner.network_is_bad = True
    other = new_owner(context=owner.page.context)
    other.open(stub)
    stub.refusals.append(Refusal(422, detail="Tin có ký tự không đọc được ạ."))
    owner.write("tin lạ")
    expect(other.note_of("tin lạ")).to_contain_text("Tin có ký tự không đọc được ạ.")

    owner.page.get_by_role("button", name="Sửa lại").click()
    expect(owner.box).to_have_value("tin lạ")
    expect(other.bubbles).to_have_count(0)


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


# ---- for everybody --------------------------------------------------------------------------------------------------


def fill_with_long_words(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply(
        f"{WORD_OF_300} https://example.vn/{'a' * 200}",
        buttons=choices("Có ạ", WORD_OF_300),
        sources=[{"document": WORD_OF_300, "article": WORD_OF_300, "url": "https://example.vn/"}],
    )
    owner.write(WORD_OF_300)
    expect(owner.bubbles).to_have_count(2)
    owner.log.get_by_text("Nguồn").click()


NO_SIDEWAYS = """
() => [document.documentElement, document.getElementById('scroll')].every((box) => box.scrollWidth <= box.clientWidth)
  && [...document.querySelectorAll('body *')].every((node) => {
    const style = getComputedStyle(node);
    const right = node.getBoundingClientRect().right;
    return style.clipPath !== 'none' || right <= innerWidth + 0.5;
  })
"""


@pytest.mark.parametrize("width", [320, 360, 1440])
def test_nothing_scrolls_sideways(new_owner: OpenBrowser, stub: StubServer, tmp_path: Path, width: int) -> None:
    owner = new_owner(viewport={"width": width, "height": 640})
    owner.open(stub)
    assert owner.page.evaluate(NO_SIDEWAYS)
    fill_with_long_words(owner, stub)
    owner.page.screenshot(path=tmp_path / f"long-words-{width}.png")
    assert owner.page.evaluate(NO_SIDEWAYS)


def test_text_twice_as_large_leaves_everything_usable(new_owner: OpenBrowser, stub: StubServer) -> None:
    owner = new_owner(viewport={"width": 360, "height": 640})
    session = owner.page.context.new_cdp_session(owner.page)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 32}})
    owner.open(stub)
    fill_with_long_words(owner, stub)
    assert owner.page.evaluate("getComputedStyle(document.querySelector('.text')).fontSize") == "36px"
    assert owner.page.evaluate(NO_SIDEWAYS)
    for name in ["Gặp cán bộ", "English", "Có ạ"]:
        button = owner.page.get_by_role("button", name=name)
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport(ratio=0.95)


SMALL_OR_PALE = """
() => {
  const luminance = (colour) => {
    const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const backOf = (node) => {
    for (let up = node; up; up = up.parentElement) {
      const colour = parse(getComputedStyle(up).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  let seen = 0;
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.closest('.unseen, noscript')) continue;
    const style = getComputedStyle(node);
    const [light, dark] = [luminance(parse(style.color).slice(0, 3)), luminance(backOf(node))].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    seen += 1;
    const isSmall = parseFloat(style.fontSize) < 17;
    if (isSmall || contrast < 4.5) found.push([texts.currentNode.data, style.fontSize, contrast]);
  }
  return [seen > 20, found];
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_large_and_stands_out(new_owner: OpenBrowser, stub: StubServer, scheme: str) -> None:
    owner = new_owner(color_scheme=scheme)
    owner.network_is_bad = True
    owner.open(stub)
    stub.answer = lambda message: [
        {"text": "Dạ ạ. https://rdx.gov.vn", "buttons": choices("Có", "Không")},
        {
            "text": "Tôi là cán bộ.",
            "by": "officer",
            "sources": [{"document": "Kế hoạch 148", "article": "III", "url": None}],
        },
    ]
    owner.write("một")
    owner.log.get_by_role("button", name="Có").click()
    expect(owner.bubbles).to_have_count(6)
    owner.log.get_by_text("Nguồn").last.click()
    stub.refusals.append(Refusal(422))
    owner.write("tin lạ")
    expect(owner.page.get_by_role("button", name="Sửa lại")).to_be_visible()
    stub.stop()
    owner.write("tin chờ")
    expect(owner.connection_line).to_contain_text("Mất kết nối")
    owner.box.fill("a" * 2001)
    owner.page.mouse.move(0, 0)
    stub.start()
    assert owner.page.evaluate(SMALL_OR_PALE) == [True, []]


def test_the_keyboard_reaches_everything_and_shows_where_it_is(owner: Owner, stub: StubServer) -> None:
    reached = []
    for _ in range(9):
        owner.page.keyboard.press("Tab")
        focused = owner.page.locator(":focus")
        assert focused.evaluate("(node) => getComputedStyle(node).outlineStyle") != "none"
        reached.append(focused.get_attribute("id") or focused.inner_text())
    assert reached == [
        "Tới ô nhập tin nhắn",
        "language",
        "person",
        "scroll",
        "Công ty nào hỗ trợ xã tôi?",
        "Chương trình chuyển đổi số là gì?",
        "Tên miền .biz.vn là gì?",
        "message",
        "photo",
    ]


def test_the_skip_link_leads_to_the_composer(owner: Owner) -> None:
    owner.page.keyboard.press("Tab")
    expect(owner.page.get_by_role("link", name="Tới ô nhập tin nhắn")).to_be_in_viewport()
    owner.page.keyboard.press("Enter")
    expect(owner.box).to_be_focused()


def test_the_english_switch_changes_the_page_words_only_and_is_remembered(owner: Owner, stub: StubServer) -> None:
    stub.answer = reply("Dạ, em chào cô/bác ạ.")
    owner.write("chào")
    expect(owner.bubbles).to_have_text(["chào", "Dạ, em chào cô/bác ạ."])
    owner.page.get_by_role("button", name="English").click()
    expect(owner.note_of("chào")).to_contain_text("Sent")
    owner.page.reload()
    expect(owner.page.get_by_role("button", name="Talk to an officer")).to_be_visible()
    expect(owner.page.locator("html")).to_have_attribute("lang", "en")
    expect(owner.bubbles).to_have_text(["chào", "Dạ, em chào cô/bác ạ."])
    owner.page.get_by_role("button", name="Tiếng Việt").click()
    expect(owner.page.get_by_role("button", name="Gặp cán bộ")).to_be_visible()


def test_the_words_in_the_page_are_the_words_of_the_script(new_owner: OpenBrowser, stub: StubServer) -> None:
    """What stands in the HTML before the script runs must not change under the reader's eyes when it does."""
    read = "(nodes) => nodes.map((node) => [node.dataset.words, node.textContent])"
    still = new_owner(java_script_enabled=True)
    still.page.route("**/chat.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    still.page.goto(stub.url)
    running = new_owner()
    running.open(stub)
    assert still.page.locator("[data-words]").evaluate_all(read) == running.page.locator("[data-words]").evaluate_all(
        read
    )


def test_motion_stops_for_those_who_asked_for_it(new_owner: OpenBrowser, stub: StubServer) -> None:
    animation = "(node) => getComputedStyle(node).animationName"
    for wish, name in [("reduce", "none"), ("no-preference", "breathe")]:
        owner = new_owner(reduced_motion=wish)
        owner.open(stub)
        assert owner.page.locator(".dots i").first.evaluate(animation) == name


def test_without_javascript_the_page_says_what_to_do(new_owner: OpenBrowser, stub: StubServer) -> None:
    owner = new_owner(java_script_enabled=False)
    owner.page.goto(stub.url)
    expect(owner.page.locator("noscript p")).to_be_visible()
    expect(owner.page.locator("noscript p")).to_contain_text("Trang này cần JavaScript")
    expect(owner.page.get_by_role("textbox")).to_have_count(0)


@pytest.mark.parametrize("name", ["chat.js", "words.js"])
def test_a_page_whose_script_never_came_says_what_to_do(new_owner: OpenBrowser, stub: StubServer, name: str) -> None:
    owner = new_owner()
    owner.network_is_bad = True
    owner.page.route(f"**/{name}", lambda route: route.abort())
    owner.page.goto(stub.url)
    line = owner.page.get_by_text("Trang tải chưa xong.")
    expect(line).to_be_hidden()
    owner.page.locator("#stuck").evaluate("(node) => node.getAnimations()[0].finish()")
    expect(line).to_be_visible()


def test_a_browser_that_stores_nothing_can_still_talk(new_owner: OpenBrowser, stub: StubServer) -> None:
    owner = new_owner()
    owner.page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new Error('refused'); } });"
    )
    stub.answer = reply("Dạ ạ.")
    owner.open(stub)
    owner.write("một")
    owner.write("hai")
    expect(owner.bubbles).to_have_text(["một", "Dạ ạ.", "hai", "Dạ ạ."])
    assert stub.accepted == ["một", "hai"]
