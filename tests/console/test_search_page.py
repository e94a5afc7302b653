"""The search page: owners, messages and notes; nothing that an owner wrote becomes part of the page."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, insert, select, update

from console.context import ConsoleContext
from console.roles import DESK, Role
from console.snippets import snippet
from store.console_tables import audit_log, note
from store.contacts import Contacts
from store.database import insert_returning_id
from store.search import read_words
from store.tables import conversation, inbound, outbound
from tests.console.conftest import MakePerson, OpenBrowser

HTMX = {"HX-Request": "true"}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def talk(context: ConsoleContext, make_person: MakePerson) -> None:
    """A conversation on Zalo: two messages, an answer of the bot, a note."""
    colleague = make_person("Minh")

    def work(connection: Connection) -> None:
        now = context.clock.now()
        contacts = Contacts(connection, context.keyring)
        contact_id = contacts.add(now, f"Hồng {SCRIPT}")
        contacts.set_phone(contact_id, "+84912345678")
        row = {"id": "c1", "channel": "zalo", "address": "a", "contact_id": contact_id, "province": "thai-nguyen"}
        row |= {"holder": "bot", "version": 0, "last_seq": 3, "created_at": now, "last_heard_at": now}
        connection.execute(insert(conversation).values(row))
        for seq, text in ((1, f'hóa đơn {SCRIPT} & “nháy"'), (2, "chuyện khác")):
            said = {"conversation_id": "c1", "seq": seq, "channel": "zalo", "provider_message_id": f"m{seq}"}
            said |= {"kind": "message", "text": text, "status": "answered", "attempts": 0, "received_at": now}
            connection.execute(insert(inbound).values(said))
        reply = {"conversation_id": "c1", "seq": 3, "sender": "bot", "reply": {"text": "Dạ hóa đơn điện tử ạ"}}
        connection.execute(insert(outbound).values(**reply, created_at=now))
        written = {"conversation_id": "c1", "officer_id": colleague.officer_id, "after_seq": 3, "text": "xem hoá đơn"}
        insert_returning_id(connection, note, {**written, "created_at": now})

    context.database.run_now(work)


async def test_messages_are_shown_with_who_said_them_and_lead_to_their_place(
    open_browser: OpenBrowser, make_person: MakePerson, talk: None
) -> None:
    answer = await open_browser(make_person()).get("/console/search?q=hoa+don")
    assert answer.status_code == 200
    assert answer.text.count('class="hit ') == 3
    assert 'href="/console/conversations/c1?at=3#m3"' in answer.text
    assert 'href="/console/conversations/c1?at=3#n1"' in answer.text
    assert "<mark>hóa</mark> <mark>đơn</mark>" in answer.text
    assert "Minh" in answer.text and "Trợ lý ảo" in answer.text
    assert 'value="hoa don"' in answer.text


async def test_nothing_that_an_owner_wrote_becomes_part_of_the_page(
    open_browser: OpenBrowser, make_person: MakePerson, talk: None
) -> None:
    browser = open_browser(make_person())
    for typed in ("script", "0912345678", "hong", f'"{SCRIPT}', "hoa don"):
        answer = await browser.get("/console/search", params={"q": typed})
        assert answer.status_code == 200
        assert "alert" in answer.text
        assert SCRIPT not in answer.text and "<script>" not in answer.text


async def test_owners_are_found_with_their_conversations(
    open_browser: OpenBrowser, make_person: MakePerson, talk: None
) -> None:
    browser = open_browser(make_person())
    for typed in ("0912 345 678", "hồng"):
        answer = await browser.get("/console/search", params={"q": typed}, headers=HTMX)
        assert "+84912345678" in answer.text and 'href="/console/conversations/c1"' in answer.text
        assert "<html" not in answer.text  # as somebody types, the results alone


async def test_it_is_narrowed_by_channel_and_period(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, talk: None
) -> None:
    browser = open_browser(make_person())
    assert "Không tìm thấy gì" in (await browser.get("/console/search?q=hoa+don&channel=webchat")).text
    assert (await browser.get("/console/search?q=hoa+don&channel=zalo&period=7")).text.count('class="hit ') == 3
    assert (await browser.get("/console/search?q=hoa+don&period=8")).status_code == 422
    assert (await browser.get("/console/search?q=" + "x" * 201)).status_code == 422
    context.database.run_now(lambda c: c.execute(update(inbound).values(text="[đã xóa]")))
    assert (await browser.get("/console/search?q=hoa+don")).text.count('class="hit ') == 2


async def test_that_somebody_searched_is_recorded_but_not_for_what(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, talk: None
) -> None:
    browser = open_browser(make_person("Lan"))
    for typed in ("", " !?", "hóa đơn"):
        await browser.get("/console/search", params={"q": typed})
    rows = context.database.read_now(lambda c: c.execute(select(audit_log).filter_by(action="search")).all())
    assert [(row.actor, row.detail) for row in rows] == [("Lan", {"length": 7, "owners": 0, "messages": 3})]


@pytest.mark.parametrize("role", list(Role))
async def test_only_the_desk_searches(open_browser: OpenBrowser, make_person: MakePerson, role: Role) -> None:
    answer = await open_browser(make_person(role=role)).get("/console/search?q=a")
    assert answer.status_code == (200 if role in DESK else 403)


def test_a_snippet_is_cut_around_the_first_word_and_loses_nothing_within() -> None:
    words = read_words("đơn điện")
    assert words is not None
    text = "x " * 100 + "Hoá ĐƠN, điện tử" + " y" * 300
    pieces = snippet(text, words)
    assert [piece for piece, is_hit in pieces if is_hit] == ["ĐƠN", "điện"]
    shown = "".join(piece for piece, _ in pieces)
    assert shown[0] == shown[-1] == "…" and shown.strip("…") in text
    assert len(shown) < 300
    assert "".join(piece for piece, _ in snippet("đơn" * 500, words)).strip("…") in "đơn" * 500
