"""Consoles hear of what changes in the queue; and what a hand-over says of its matter."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import update

from bot import baton, holding
from bot.baton import OFFICER_LEASE, Reason
from bot.keeper import Keeper
from bot.matters import matter_of
from bot.wakeups import QUEUE
from store.tables import conversation
from tests.bot.conftest import STATE, Bot, turn_answer
from tests.bot.officers import HOURS, act, answers, escalated, later, officer, the_escalation


class News:
    """Whether the queue had news since it was asked last."""

    def __init__(self, bot: Bot) -> None:
        self.wakeups = bot.runner.wakeups
        self.waiter = self.wakeups.listen(QUEUE)

    def came(self) -> bool:
        done = self.waiter.done()
        self.waiter = self.wakeups.listen(QUEUE)
        return done


async def test_a_hand_over_by_a_turn_is_news_and_an_answer_of_the_bot_is_none(bot: Bot) -> None:
    news = News(bot)
    await bot.say("xin chào")
    assert not news.came()
    await bot.say("mấy người làm ăn tồi tệ, bực quá")
    assert news.came()
    escalation = await the_escalation(bot)
    assert (escalation.reason, escalation.channel, escalation.province) == (Reason.ANGER, "webchat", "thai-nguyen")
    assert "24 giờ" in (await bot.replies())[-1]


async def test_what_the_keeper_ends_is_news(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, holding.take, number, lan, bot.clock.now())
    keeper = Keeper(bot.database, bot.clock, bot.web.content.answers, bot.runner.wakeups)
    news = News(bot)
    await keeper.look()
    assert not news.came()
    bot.clock.advance(OFFICER_LEASE)
    await keeper.look()
    assert news.came()


async def test_an_owner_who_waits_again_is_news_and_whoever_goes_on_waiting_is_none(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    assert not (await bot.receive("alo")).moves_queue
    await answers(bot, number, lan)
    later(bot, minutes=1)
    assert (await bot.receive("còn câu này nữa")).moves_queue
    assert not (await bot.receive("và câu này")).moves_queue
    assert not (await bot.receive("cảm ơn em")).moves_queue


@pytest.mark.parametrize(("code", "vendor"), [("05503", True), (None, False), ("99999", False)])
async def test_the_matter_is_the_commune_its_vendor_and_what_was_understood_last(
    bot: Bot, code: str | None, vendor: bool
) -> None:
    async def asks_tax(request: dict[str, Any]) -> web.Response:
        return turn_answer("Dạ.", intent="ask_tax_threshold" if "thuế" in request["text"] else "greet")

    bot.rasa.answer = asks_tax
    for text in ("thuế bao nhiêu", "chào em"):
        await bot.say(text)
    state = {**STATE, "slots": {"commune_code": code}}
    here = update(conversation).filter_by(id=bot.conversation_id)
    await bot.database.run(lambda c: c.execute(here.values(dialogue_state=state)))
    about = partial(matter_of, bot.web.content)
    await act(bot, baton.escalate, bot.conversation_id, Reason.ASKED, bot.clock.now(), HOURS, matter_of=about)
    row = await the_escalation(bot)
    assert (row.commune, row.topic) == (code if vendor else None, "tax")
    assert (row.vendor is not None) is vendor
