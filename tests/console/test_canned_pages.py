"""Ready replies: everybody at the desk reads them, supervisors write, the conversation's box fills them in."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import Connection, insert, select

from console.context import ConsoleContext
from console.roles import DESK, LEADERS, Role
from store.console_tables import audit_log, canned_reply
from store.contacts import Contacts
from store.tables import conversation
from tests.console.conftest import Browser, MakePerson, OpenBrowser

HTMX = {"HX-Request": "true"}
OWN = {"shortcut": "gia", "title": "Về giá", "text": "Dạ {name} xem giúp em ạ."}


@pytest.fixture
def leader(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Lan", role=Role.SUPERVISOR))


async def test_everybody_at_the_desk_finds_them(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    browser = open_browser(make_person())
    page = (await browser.get("/console/canned")).text
    assert all(f"/{shortcut}</kbd>" in page for shortcut in context.content.canned_replies)
    assert "/console/canned/new" not in page
    found = (await browser.get("/console/canned?q=lua+dao", headers=HTMX)).text
    assert "/lua-dao</kbd>" in found and "/chao</kbd>" not in found and "<html" not in found


@pytest.mark.parametrize("role", list(Role))
async def test_only_leaders_write(open_browser: OpenBrowser, make_person: MakePerson, role: Role) -> None:
    browser = open_browser(make_person(role=role))
    assert (await browser.get("/console/canned")).status_code == (200 if role in DESK else 403)
    for answer in (await browser.get("/console/canned/new"), await browser.post("/console/canned", OWN)):
        assert answer.status_code in ((200, 303) if role in LEADERS else (403,))


async def test_an_own_reply_is_written_changed_and_removed(leader: Browser, context: ConsoleContext) -> None:
    assert (await leader.post("/console/canned", OWN)).headers["Location"] == "/console/canned"
    number = context.database.read_now(lambda c: c.scalar(select(canned_reply.c.id)))
    assert "Về giá" in (await leader.get(f"/console/canned/{number}")).text
    await leader.post(f"/console/canned/{number}", {**OWN, "title": "Giá <b>mới</b>"})
    page = (await leader.get("/console/canned")).text
    assert "Giá &lt;b&gt;mới&lt;/b&gt;" in page and "Lan" in page
    for _ in range(2):
        assert (await leader.post(f"/console/canned/{number}/delete")).status_code == 303
    assert "Giá" not in (await leader.get("/console/canned")).text
    assert (await leader.get(f"/console/canned/{number}")).status_code == 404
    assert (await leader.post(f"/console/canned/{number}", OWN)).status_code == 404
    actions = context.database.read_now(lambda c: c.scalars(select(audit_log.c.action)).all())
    assert actions == ["canned_reply.written", "canned_reply.written", "canned_reply.removed"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shortcut": "Giá"}, "Phím tắt gồm"),
        ({"shortcut": "a"}, "Phím tắt gồm"),
        ({"title": " "}, "Điền tên gọi"),
        ({"text": ""}, "Điền tên gọi"),
        ({"text": "Dạ {ten} ạ"}, "Không có biến {ten}"),
        ({"text": "Dạ {name ạ"}, "Không có biến {"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    leader: Browser, context: ConsoleContext, change: dict[str, str], says: str
) -> None:
    answer = await leader.post("/console/canned", {**OWN, **change})
    assert answer.status_code == 422
    assert says in html.unescape(answer.text)
    assert all(html.escape(value) in answer.text for value in ({**OWN, **change}).values() if value.strip())
    assert context.database.read_now(lambda c: c.scalar(select(canned_reply.c.id))) is None


async def test_a_shortcut_is_given_once(leader: Browser) -> None:
    await leader.post("/console/canned", OWN)
    again = await leader.post("/console/canned", OWN)
    assert (again.status_code, "đã có câu mẫu riêng khác" in again.text) == (422, True)


async def test_one_of_the_nations_is_written_anew_and_stands_in_front_of_it(leader: Browser) -> None:
    form = (await leader.get("/console/canned/new?from=chao")).text
    assert 'value="chao"' in form and "{officer}" in form
    await leader.post("/console/canned", {"shortcut": "chao", "title": "Chào", "text": "Dạ kiểu khác ạ."})
    assert (await leader.get("/console/canned")).text.count("/chao</kbd>") == 1


async def test_the_box_offers_them_filled_in_for_the_owner(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    def work(connection: Connection) -> None:
        now = context.clock.now()
        contact_id = Contacts(connection, context.keyring).add(now, 'Hồng "<i>')
        row = {"id": "c1", "channel": "zalo", "address": "a", "contact_id": contact_id, "province": "thai-nguyen"}
        row |= {"holder": "bot", "version": 0, "last_seq": 0, "created_at": now}
        connection.execute(insert(conversation).values(row))

    context.database.run_now(work)
    browser = open_browser(make_person("Minh"))
    answer = await browser.get("/console/conversations/c1/canned?q=chao", headers=HTMX)
    texts = [html.unescape(text) for text in re.findall(r'data-text="([^"]*)"', answer.text)]
    assert texts[0].startswith('Dạ em chào cô/bác Hồng "<i>, em là Minh,')
    assert "<i>" not in answer.text
    vendors = await browser.get("/console/conversations/c1/canned?q=doanh", headers=HTMX)
    assert "{vendor}" in vendors.text and "{commune}" in vendors.text
    assert (await browser.get("/console/conversations/other/canned?q=chao")).status_code == 404
