"""Links of messages: what is opened and counted, by whom; the page whose button alone ends messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select

from bot.web.app import public_app
from programme import short_links
from store.campaign_tables import link_click
from store.contacts import Contacts
from store.forgotten import phone_key
from store.tables import contact, opt_out
from tests.bot.acting import rows
from tests.bot.conftest import Bot, turn_answer
from tests.programme.campaigning import PHONE, new_recipient, new_run

PERSON = "Mozilla/5.0 (Linux; Android 13; CUBOT X70) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 Zalo/23.10"


@pytest.fixture
async def phone(bot: Bot) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(public_app(bot.web))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://hotline.example", headers={"User-Agent": PERSON}
    ) as client:
        yield client


async def code_of(bot: Bot, target: str | None = "https://khaosat.example/a", **changes: Any) -> str:
    """A code of a message that went to somebody with PHONE."""

    def work(connection: Connection) -> int:
        contacts = Contacts(connection, bot.keyring)
        contact_id = contacts.add(bot.clock.now())
        contacts.set_phone(contact_id, PHONE)
        run_id = new_run(connection, bot.clock.now(), target)
        return new_recipient(connection, run_id, contact_id, phone_key(bot.keyring, PHONE), **changes)

    return short_links.code_of(bot.keyring, await bot.database.run(work))


async def test_a_click_leads_to_the_campaigns_target_and_is_one_row(bot: Bot, phone: httpx.AsyncClient) -> None:
    code = await code_of(bot)
    answer = await phone.get(f"/r/{code}")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://khaosat.example/a")
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex, nofollow")
    (click,) = await rows(bot, link_click)
    assert (click.link, click.channel, click.province) == ("campaign", "sms", "thai-nguyen")
    assert click.recipient_id == short_links.recipient_of(bot.keyring, code) and click.run_id is not None


async def test_a_named_link_counts_its_channel_also_from_a_campaign(bot: Bot, phone: httpx.AsyncClient) -> None:
    for path in ("/r/rdx-zalo", "/r/RDX-poster", f"/r/{await code_of(bot, 'rdx')}"):
        assert (await phone.get(path)).headers["location"] == "https://rdx.gov.vn"
    clicks = [(one.link, one.channel, one.run_id is not None) for one in await rows(bot, link_click)]
    assert clicks == [("rdx", "zalo", False), ("rdx", "poster", False), ("rdx", "sms", True)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"Sec-Fetch-Mode": "no-cors"},
        {"User-Agent": ""},
        {"User-Agent": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"},
        {"User-Agent": "TelegramBot (like TwitterBot)"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "WhatsApp/2.23.20.0"},
        {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) BingPreview/1.0b"},
        {"User-Agent": "curl/8.5.0"},
    ],
)
async def test_programs_are_led_on_and_not_counted(bot: Bot, phone: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await phone.get(f"/r/{await code_of(bot)}", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://khaosat.example/a")
    assert await rows(bot, link_click) == []


async def test_a_head_request_counts_nothing(bot: Bot, phone: httpx.AsyncClient) -> None:
    code = await code_of(bot)
    assert [(await phone.head(f"/{door}/{code}")).status_code for door in ("r", "tc")] == [302, 200]
    assert await rows(bot, link_click) == [] and await rows(bot, opt_out) == []


@pytest.mark.parametrize("code", ["rdx-nowhere", "evil.example", "zzzzzzzz", "0" * 60])
async def test_a_wrong_code_gets_a_page_and_leads_nowhere(bot: Bot, phone: httpx.AsyncClient, code: str) -> None:
    pages = [
        await phone.get(f"/r/{code}?next=https://evil.example"),
        await phone.get(f"/tc/{code}"),
        await phone.post(f"/tc/{code}"),
    ]
    for page in pages:
        assert page.status_code == 404 and "location" not in page.headers and "bị cắt mất một đoạn" in page.text
    assert await rows(bot, opt_out) == [] and await rows(bot, link_click) == []


@pytest.mark.parametrize("target", [None, "javascript:alert(1)", "//evil.example", "file:///etc/passwd"])
async def test_a_target_that_is_no_address_leads_to_our_own_chat(
    bot: Bot, phone: httpx.AsyncClient, target: str | None
) -> None:
    assert (await phone.get(f"/r/{await code_of(bot, target)}")).headers["location"] == "/"


async def test_only_the_button_ends_messages_and_it_is_said_once(bot: Bot, phone: httpx.AsyncClient) -> None:
    path = f"/tc/{await code_of(bot)}"
    page = await phone.get(path)
    assert page.status_code == 200 and '<form method="post">' in page.text and "<script" not in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert (page.headers["cache-control"], page.headers["x-robots-tag"]) == ("no-store", "noindex, nofollow")
    assert await rows(bot, opt_out) == []
    done = await phone.post(path)
    assert done.status_code == 200 and "đã nhận lời từ chối của cô/bác lúc" in done.text
    (row,) = await rows(bot, opt_out)
    assert (row.channel, row.at) == ("link", bot.clock.now())
    bot.clock.advance(timedelta(hours=1))
    again = await phone.post(path)
    assert "từ trước" in again.text and "đã nhận lời" not in again.text
    assert len(await rows(bot, opt_out)) == 1


@pytest.mark.parametrize(("channel", "stops_person"), [("sms", False), ("zalo", True)])
async def test_the_link_of_an_sms_speaks_for_the_number_that_got_it(
    bot: Bot, phone: httpx.AsyncClient, channel: str, stops_person: bool
) -> None:
    code = await code_of(bot, channel=channel)

    def work(connection: Connection) -> int:
        moved = int(connection.scalars(select(contact.c.id).order_by(contact.c.id.desc())).first() or 0)
        Contacts(connection, bot.keyring).set_phone(moved, "+84987654321")
        return moved

    moved = await bot.database.run(work)
    assert "đã nhận lời" in (await phone.post(f"/tc/{code}")).text
    assert ([row.contact_id for row in await rows(bot, opt_out)] == [moved]) is stops_person


@pytest.mark.parametrize(
    ("public_url", "shown"),
    [("", "https://rdx.gov.vn"), ("https://h.example", "rdx.gov.vn (https://h.example/r/rdx-webchat)")],
)
async def test_what_the_bot_answers_leads_through_a_counted_link(bot: Bot, public_url: str, shown: str) -> None:
    async def answer(_: Any) -> Any:
        return turn_answer("Dạ khảo sát làm ở https://rdx.gov.vn ạ.")

    bot.rasa.answer, bot.runner.answerer.public_url = answer, public_url
    assert await bot.say("khảo sát ở đâu") == [f"Dạ khảo sát làm ở {shown} ạ."]


async def test_whoever_tries_codes_is_slowed_down(bot: Bot, phone: httpx.AsyncClient) -> None:
    for _ in range(300):
        assert (await phone.get("/r/wrong")).status_code == 404
    page = await phone.get("/r/wrong")
    assert page.status_code == 429 and int(page.headers["retry-after"]) >= 1 and "đợi một phút" in page.text
