"""The question of awareness: the page behind its link, the buttons in a conversation, and whose answer counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, insert, update

from bot import outbox
from bot.reading import heard_said, read
from bot.web.app import public_app
from programme import short_links
from programme.awareness_question import payload
from programme.awareness_rounds import Size
from store.campaign_tables import awareness_answer, link_click, recipient
from store.contacts import Contacts
from store.messages import Button, Reply
from store.tables import conversation, shop
from tests.bot.acting import rows
from tests.bot.conftest import Bot
from tests.bot.test_short_links import PERSON, code_of
from tests.programme.asking import PROVINCE, TAN_CUONG, Asking

BUTTONS = [
    {"title": "Có, tôi nghe rồi", "payload": payload("yes")},
    {"title": "Tôi chưa nghe", "payload": payload("no")},
]


@pytest.fixture
async def phone(bot: Bot) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(public_app(bot.web))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://hotline.example", headers={"User-Agent": PERSON}
    ) as client:
        yield client


async def asked(bot: Bot, **changes: Any) -> int:
    """A recipient of a round, by SMS; their row of the ledger."""

    def work(connection: Connection) -> int:
        town = Asking(connection, bot.web.content, bot.keyring, bot.clock)
        town.shops(1)
        (row,) = town.send(town.begin(Size(people=1)))
        if changes:
            connection.execute(update(recipient).where(recipient.c.id == row).values(**changes))
        return row

    return await bot.database.run(work)


async def asked_here(bot: Bot) -> None:
    """The owner of the conversation is asked in it."""

    def work(connection: Connection) -> None:
        town = Asking(connection, bot.web.content, bot.keyring, bot.clock)
        who = connection.scalar(conversation.select().with_only_columns(conversation.c.contact_id)) or 0
        place = {"contact_id": who, "province": PROVINCE, "commune": TAN_CUONG, "created_at": bot.clock.now()}
        connection.execute(insert(shop).values(**place))
        Contacts(connection, bot.keyring).set_phone(who, "+84912345678")
        town.send(town.begin(Size(people=1)))
        reply = Reply("Đã nghe nói chưa ạ?", tuple(Button(**one) for one in BUTTONS))
        offered = outbox.offered_by([reply])
        outbox.say(connection, bot.conversation_id, "webchat", [reply], bot.clock.now(), offered=offered)

    await bot.database.run(work)


async def said(bot: Bot) -> list[tuple[str, str]]:
    return [(row.answer, row.channel) for row in await rows(bot, awareness_answer)]


async def test_the_link_leads_to_a_page_whose_buttons_alone_answer(bot: Bot, phone: httpx.AsyncClient) -> None:
    code = short_links.code_of(bot.keyring, await asked(bot))
    led = await phone.get(f"/r/{code}")
    assert (led.status_code, led.headers["location"]) == (302, f"/hoi/{code}")
    assert len(await rows(bot, link_click)) == 1
    for _ in range(2):
        page = await phone.get(f"/hoi/{code}")
        assert page.status_code == 200 and page.text.count('<form method="post"') == 2 and "<script" not in page.text
        assert "Dạ, cô/bác đã nghe nói về chương trình" in page.text and f'href="/tc/{code}"' in page.text
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert (await phone.head(f"/hoi/{code}")).status_code == 200
    assert (await phone.get(f"/hoi/{code}/yes")).status_code == 405
    assert await said(bot) == []
    done = await phone.post(f"/hoi/{code}/no")
    assert done.status_code == 200 and "đã ghi nhận câu trả lời" in done.text and "khung chat ạ" in done.text
    assert await said(bot) == [("no", "web")]


async def test_a_second_answer_corrects_for_an_hour_and_then_changes_nothing(
    bot: Bot, phone: httpx.AsyncClient
) -> None:
    code = short_links.code_of(bot.keyring, await asked(bot))
    await phone.post(f"/hoi/{code}/no")
    assert "đã ghi nhận" in (await phone.post(f"/hoi/{code}/yes")).text
    bot.clock.advance(timedelta(hours=1))
    assert "vẫn giữ nguyên" in (await phone.post(f"/hoi/{code}/no")).text
    assert await said(bot) == [("yes", "web")]


async def test_a_stranger_to_the_code_answers_nothing(bot: Bot, phone: httpx.AsyncClient) -> None:
    row = await asked(bot)
    code, other = short_links.code_of(bot.keyring, row), await code_of(bot)
    wrong = [other, "zzzzzzzz", "rdx-zalo", code[:-1], f"{code[0]}{code}", str(row), "0" * 60]
    for one in wrong:
        pages = [await phone.get(f"/hoi/{one}"), await phone.post(f"/hoi/{one}/yes")]
        assert [page.status_code for page in pages] == [404, 404], one
    assert (await phone.post(f"/hoi/{code}/maybe")).status_code == 422
    assert await said(bot) == []


async def test_when_its_time_is_over_the_page_says_so(bot: Bot, phone: httpx.AsyncClient) -> None:
    code = short_links.code_of(bot.keyring, await asked(bot))
    bot.clock.advance(bot.web.content.awareness.answer_within)
    assert "không nhận trả lời nữa" in (await phone.get(f"/hoi/{code}")).text
    assert "không nhận trả lời nữa" in (await phone.post(f"/hoi/{code}/yes")).text
    assert await said(bot) == []


@pytest.mark.parametrize(("text", "heard"), [("1", "yes"), ("2", "no"), ("co roi", "yes"), ("ko biết", "no")])
def test_numbers_titles_and_words_are_answers_once_they_were_asked(text: str, heard: Any) -> None:
    chosen = read(text, None, BUTTONS)
    assert chosen is not None and (chosen.intent, chosen.entities) == ("answer_awareness", (("heard", heard),))
    assert heard_said(text, None, BUTTONS) == heard
    assert heard_said(text, None, []) is None and heard_said("từ chối", None, BUTTONS) is None


async def test_an_answer_counts_while_a_person_has_the_conversation(bot: Bot) -> None:
    await asked_here(bot)
    held = update(conversation).values(holder="queue")
    await bot.database.run(lambda c: c.execute(held))
    assert await bot.say("dạ chưa ạ") == []
    assert await said(bot) == [("no", "webchat")]


async def test_whoever_was_not_asked_answers_nothing(bot: Bot) -> None:
    await asked(bot)
    held = update(conversation).values(holder="queue", offered=BUTTONS)
    await bot.database.run(lambda c: c.execute(held))
    await bot.say("chưa")
    assert await said(bot) == []
