"""The question of awareness through the whole bot: pressed, in words, when nobody has asked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from hotline.conversing import Terminal
from programme.awareness_question import payload
from programme.awareness_rounds import Size
from store.campaign_tables import awareness_answer, recipient
from store.clock import ManualClock
from store.contacts import Contacts
from store.tables import conversation, shop
from tests.conftest import NOW
from tests.hotline.test_survey_follow import press, said
from tests.programme.asking import PROVINCE, TAN_CUONG, Asking

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def asked(terminal: Terminal, phone: str) -> str:
    """A conversation whose owner was asked just now."""
    hotline = terminal.hotline
    assert isinstance(hotline.clock, ManualClock)
    hotline.clock.set(NOW)
    talk = await terminal.open()
    question = hotline.content.awareness.variant().chat
    assert question is not None
    offered = [{**one, "asked": "yes"} for one in question["vi"]["buttons"]]

    def work(connection: Connection) -> None:
        town = Asking(connection, hotline.content, hotline.keyring, hotline.clock)
        mine = conversation.c.id == talk
        who = connection.execute(select(conversation.c.contact_id).where(mine)).scalar_one()
        Contacts(connection, hotline.keyring).set_phone(who, phone)
        place = {"contact_id": who, "province": PROVINCE, "commune": TAN_CUONG, "created_at": hotline.clock.now()}
        connection.execute(insert(shop).values(**place))
        town.send(town.begin(Size(people=1_000)))  # other tests have shops here too
        connection.execute(update(conversation).where(mine).values(offered=offered))

    await hotline.database.run(work)
    return talk


async def answers(terminal: Terminal, talk: str) -> list[Any]:
    rows = (
        select(awareness_answer.c.answer)
        .join(recipient, recipient.c.id == awareness_answer.c.recipient_id)
        .join(conversation, conversation.c.contact_id == recipient.c.contact_id)
        .where(conversation.c.id == talk)
    )
    return await terminal.hotline.database.read(lambda c: list(c.scalars(rows)))


async def test_words_and_buttons_answer_and_are_thanked_for(terminal: Terminal) -> None:
    talk = await asked(terminal, "+84915550001")
    assert "cảm ơn cô/bác đã trả lời" in said(await terminal.say(talk, "co roi"))
    assert await answers(terminal, talk) == ["yes"]
    assert "hỗ trợ những gì" in said(await press(terminal, talk, payload("no")))
    assert await answers(terminal, talk) == ["no"]
    clock = terminal.hotline.clock
    assert isinstance(clock, ManualClock)
    clock.advance(terminal.hotline.content.awareness.correct_within)
    assert "giữ nguyên câu trả lời trước" in said(await press(terminal, talk, payload("yes")))
    assert await answers(terminal, talk) == ["no"]


async def test_a_button_that_nobody_was_offered_says_so(terminal: Terminal) -> None:
    talk = await terminal.open()
    assert "hết thời gian trả lời" in said(await press(terminal, talk, payload("yes")))
    assert "hết thời gian trả lời" in said(await press(terminal, talk, '/answer_awareness{"heard":"maybe"}'))
    assert await answers(terminal, talk) == []
