from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from bot import holding
from console.context import ConsoleContext
from console.queue import PAGE_ROWS
from store.console_tables import audit_log
from tests.console.conftest import MakePerson, OpenBrowser
from tests.console.owners import Street


def _conversations(html: str) -> list[str]:
    return re.findall(r'class="request" href="/console/conversations/([^"#]+)"', html)


async def test_who_is_due_first_stands_first(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    first = street.owner("tôi hỏi trước")
    street.later(timedelta(minutes=1))
    second = street.owner("tôi hỏi sau")
    answer = await open_browser(make_person()).get("/console/queue")
    assert answer.status_code == 200
    assert _conversations(answer.text) == [first, second]


async def test_an_overdue_request_says_so(open_browser: OpenBrowser, make_person: MakePerson, street: Street) -> None:
    street.owner("ai trả lời tôi")
    street.later(timedelta(hours=25))
    answer = await open_browser(make_person()).get("/console/queue")
    assert "Quá hạn từ" in answer.text
    assert "1 yêu cầu quá hạn" in answer.text


async def test_each_part_shows_what_belongs_to_it(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    me, other = make_person("Hà"), make_person("Bình")
    waiting, mine, held, with_bot = (street.owner("alo"), street.owner("a"), street.owner("b"), street.owner("c"))
    for id_, officer in ((mine, me), (held, other)):
        context.database.run_now(
            lambda c, id_=id_, officer=officer: holding.take(
                c, street.row(id_)["id"], officer.officer_id, context.clock.now()
            )
        )
    context.database.run_now(lambda c: holding.take(c, street.row(with_bot)["id"], me.officer_id, context.clock.now()))
    browser = open_browser(me)
    assert _conversations((await browser.get("/console/queue")).text) == [waiting]
    assert _conversations((await browser.get("/console/queue?view=mine")).text) == [mine, with_bot]
    in_others_hands = await browser.get("/console/queue?view=held")
    assert _conversations(in_others_hands.text) == [held]
    assert "Bình đang giữ" in in_others_hands.text


async def test_the_queue_is_filtered(open_browser: OpenBrowser, make_person: MakePerson, street: Street) -> None:
    tax = street.owner("thuế", topic="tax", commune="05443", vendor="VNPT")
    zalo = street.owner("zalo", channel="zalo")
    browser = open_browser(make_person())
    for query in ("topic=tax", "commune=05443", "vendor=VNPT", "channel=webchat"):
        assert _conversations((await browser.get(f"/console/queue?{query}")).text) == [tax], query
    assert _conversations((await browser.get("/console/queue?channel=zalo")).text) == [zalo]


async def test_a_long_queue_comes_in_pages_that_leave_nobody_out(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    owners = [street.owner(f"người thứ {number}") for number in range(PAGE_ROWS + 3)]  # all due at the same moment
    browser = open_browser(make_person())
    page = (await browser.get("/console/queue")).text
    more = re.search(r'href="(/console/queue\?[^"]*after=[^"]+)"', page)
    assert more is not None
    rest = (await browser.get(more[1].replace("&amp;", "&"))).text
    assert _conversations(page) + _conversations(rest) == owners
    assert "after=" not in rest


async def test_a_damaged_place_in_the_list_is_refused(open_browser: OpenBrowser, make_person: MakePerson) -> None:
    for after in ("x", "2026-11-23,1", "2026-11-23T02:00:00+00:00,x"):
        answer = await open_browser(make_person(f"Hà {after}")).get("/console/queue", params={"after": after})
        assert answer.status_code == 422


async def test_htmx_gets_the_list_alone(open_browser: OpenBrowser, make_person: MakePerson, street: Street) -> None:
    street.owner("alo")
    answer = await open_browser(make_person()).get("/console/queue", headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert 'class="request"' in answer.text


async def test_what_owners_write_never_runs(open_browser: OpenBrowser, make_person: MakePerson, street: Street) -> None:
    attack = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    id_ = street.owner(attack, name=attack)
    browser = open_browser(make_person())
    for path in ("/console/queue", f"/console/conversations/{id_}"):
        page = (await browser.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page


async def test_the_most_urgent_is_one_press_away(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    browser = open_browser(make_person())
    assert (await browser.get("/console/queue/next")).headers["Location"] == "/console/queue"
    first = street.owner("gấp")
    street.later(timedelta(minutes=1))
    street.owner("không gấp")
    assert (await browser.get("/console/queue/next")).headers["Location"] == f"/console/conversations/{first}"


async def test_the_page_speaks_english_to_whoever_wants_it(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    street.owner("alo")
    answer = await open_browser(make_person(language="en")).get("/console/queue")
    assert '<html lang="en">' in answer.text
    assert "Asked for a person" in answer.text


async def test_only_an_owner_who_waits_is_late(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street
) -> None:
    id_, person = street.owner("alo"), make_person()
    browser = open_browser(person)
    for act, form in (("answer", {"text": "Dạ."}), ("release", {})):
        await browser.post(f"/console/conversations/{id_}/{act}", form)
    street.later(timedelta(hours=25))
    page = (await open_browser(person).get("/console/queue")).text
    assert id_ in page and "quá hạn" not in page.lower()


async def test_that_the_queue_was_seen_is_recorded_once_in_a_while(
    open_browser: OpenBrowser, make_person: MakePerson, street: Street, context: ConsoleContext
) -> None:
    person = make_person()
    browser = open_browser(person)
    for _ in range(3):
        await browser.get("/console/queue")
        await browser.get("/console/queue", headers={"HX-Request": "true"})
    street.later(timedelta(minutes=31))
    await browser.get("/console/queue", headers={"HX-Request": "true"})
    seen = context.database.read_now(
        lambda c: c.execute(select(audit_log.c.account_id).filter_by(action="queue.viewed")).scalars().all()
    )
    assert seen == [person.account_id, person.account_id]
