"""The owner's chat page for everybody: small screens, large text, the keyboard, English, old or broken browsers."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from .chat_page import OpenBrowser, Owner, choices, new_owner, owner, reply, stub
from .stub_server import Refusal, StubServer

__all__ = ["new_owner", "owner", "stub"]  # fixtures

WORD_OF_300 = "ư" * 300


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
