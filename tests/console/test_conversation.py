from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, update

from bot import attachments
from console import notes, thread
from console.context import ConsoleContext
from console.thread import PAGE_ENTRIES
from store.messages import Attachment, Kind
from store.tables import contact, inbound
from tests.console.conftest import MakePerson, OpenBrowser
from tests.console.owners import Street


def _shown(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'class="entry \w+" id="m(\d+)"', html)]


async def test_a_long_conversation_opens_at_its_end_and_is_read_backwards(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    count = 2 * PAGE_ENTRIES + 7
    id_ = street.owner(*(f"tin {number}" for number in range(1, count + 1)))
    browser = open_browser(make_person())
    page = (await browser.get(f"/console/conversations/{id_}")).text
    seen = _shown(page)
    assert seen == list(range(count - PAGE_ENTRIES + 1, count + 1))
    while more := re.search(r'hx-get="([^"]+/earlier[^"]+)"', page):
        page = (await browser.get(more[1].replace("&amp;", "&"))).text
        seen = _shown(page) + seen
    assert seen == list(range(1, count + 1))


async def test_a_search_leads_to_the_message_itself_and_on_to_the_newest(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    count = 3 * PAGE_ENTRIES
    id_ = street.owner(*(f"tin {number}" for number in range(1, count + 1)))
    browser = open_browser(make_person())
    await browser.post(f"/console/conversations/{id_}/note", {"text": "ghi ở cuối"})
    page = (await browser.get(f"/console/conversations/{id_}?at=40")).text
    assert _shown(page) == list(range(40 - PAGE_ENTRIES // 2, 40 + PAGE_ENTRIES))
    assert f'data-later="/console/conversations/{id_}"' in page and "ghi ở cuối" not in page
    page = (await browser.get(f"/console/conversations/{id_}?at={count - 3}")).text
    assert _shown(page)[-1] == count
    assert "data-later" not in page and "ghi ở cuối" in page


async def test_the_bot_and_the_owner_and_officers_are_told_apart(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    id_ = street.owner("tôi hỏi")
    street.bot_says(id_, "Dạ, em trả lời")
    browser = open_browser(make_person())
    await browser.post(f"/console/conversations/{id_}/answer", {"text": "Cán bộ trả lời"})
    await browser.post(f"/console/conversations/{id_}/note", {"text": "nhớ gọi lại"})
    page = (await browser.get(f"/console/conversations/{id_}")).text
    kinds = re.findall(r'class="entry (\w+)"', page)
    assert kinds == ["owner", "bot", "officer", "note"]


async def test_the_card_says_what_is_known_of_the_owner(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("alo", name="Cô Lan", commune="05443")
    context.database.run_now(lambda c: c.execute(update(contact).values(phone="+84912345678")))
    page = (await open_browser(make_person()).get(f"/console/conversations/{id_}")).text
    about = page.split("<aside")[1]
    for words in (">0912345678<", "phường Phan Đình Phùng", "VNPT", "chưa làm"):
        assert words in about, words


async def test_an_attachment_is_opened_by_a_signed_address_and_its_name_cannot_run(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    id_ = street.owner("xem ảnh")
    name = "../../etc/<img src=x>.png"

    def attach(connection: object) -> None:
        number = connection.scalar(inbound.select().with_only_columns(inbound.c.id))  # type: ignore[attr-defined]
        attachments.keep(connection, number, [Attachment(Kind.IMAGE, "https://x/y", name=name)], context.clock.now())  # type: ignore[arg-type]
        connection.execute(update(inbound).values(attached=["image"]))  # type: ignore[attr-defined]

    context.database.run_now(attach)
    page = (await open_browser(make_person()).get(f"/console/conversations/{id_}")).text
    assert "<img src=x" not in page
    assert re.search(r'href="/attachments/\d+\?expires=\d+&amp;key=[0-9a-f]+"', page)
    assert "đang tải về" in page


@pytest.mark.parametrize("id_", ["nobody", "x" * 33, "a.b", "%2e%2e"])
async def test_a_conversation_that_is_none_is_a_clear_page(
    open_browser: OpenBrowser, make_person: MakePerson, id_: str
) -> None:
    answer = await open_browser(make_person(f"Hà {id_}")).get(f"/console/conversations/{id_}")
    assert answer.status_code in (404, 422)
    assert "Chưa làm được" in answer.text


async def test_a_ready_reply_has_the_owner_filled_in_and_shows_what_is_not_known(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    browser = open_browser(make_person("Hà"))
    known, not_known = street.owner("a", name="Cô <i>Lan", commune="05443"), street.owner("b")
    everything = "".join(
        [
            (await browser.get(f"/console/conversations/{known}/canned?q={letter}")).text
            for letter in "abcdeghiklmnopstuvx"
        ]
    )
    assert "Hà" in everything and "VNPT" in everything
    assert "<i>Lan" not in everything
    assert "{commune}" not in everything
    nothing = "".join(
        [
            (await browser.get(f"/console/conversations/{not_known}/canned?q={letter}")).text
            for letter in "abcdeghiklmnopstuvx"
        ]
    )
    assert "{commune}" in nothing


async def test_earlier_requests_are_on_the_card(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    id_, browser = street.owner("alo"), open_browser(make_person("Hà"))
    await browser.post(f"/console/conversations/{id_}/answer", {"text": "Dạ"})
    await browser.post(f"/console/conversations/{id_}/close", {"topic": "tax"})
    street.later(timedelta(hours=1))
    about = (await browser.get(f"/console/conversations/{id_}")).text.split("<aside")[1]
    assert "Thuế, đã khép, Hà" in about


def test_what_comes_between_two_looks_is_not_passed_over(street: Street, context: ConsoleContext) -> None:
    id_ = street.owner("một")
    written: list[str] = []

    def meanwhile(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if "FROM inbound" in statement and not written:
            written.append("hai")
            street.writes(id_, "hai")
            street.bot_says(id_, "ba")

    with context.database.engine.connect().execution_options(hotline_read_only=True) as connection:
        event.listen(connection, "after_cursor_execute", meanwhile)
        first = [entry.seq for entry in thread.after(connection, id_, 0, 0)]
    assert written
    behind = context.database.read_now(lambda c: thread.after(c, id_, max(first), 0))
    assert [*first, *(entry.seq for entry in behind)] == [1, 2, 3]


async def test_a_note_that_is_written_while_the_page_opens_is_said_by_its_stream(
    open_browser: OpenBrowser,
    make_person: MakePerson,
    street: Street,
    context: ConsoleContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    id_, person = street.owner("alo"), make_person()
    newest = thread.newest

    def slow(connection: Connection, conversation_id: str) -> thread.Page:
        page = newest(connection, conversation_id)
        notes.write(connection, conversation_id, person.officer_id, "vừa viết", context.clock.now())
        return page

    monkeypatch.setattr("console.thread.newest", slow)
    page = (await open_browser(person).get(f"/console/conversations/{id_}")).text
    assert "vừa viết" not in page and 'data-note="0"' in page


def test_notes_are_numbered_one_after_the_other(
    make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    """On PostgreSQL a number given first could else be committed last, behind what open pages have seen."""
    id_, person = street.owner("alo"), make_person()
    locks: list[str] = []

    def write(connection: Connection) -> None:
        event.listen(connection, "before_cursor_execute", lambda *call: locks.append(call[2]))
        notes.write(connection, id_, person.officer_id, "ghi", context.clock.now())

    context.database.run_now(write)
    if not context.database.is_sqlite:
        assert "FROM conversation" in locks[0] and locks[0].rstrip().endswith("FOR UPDATE")
