"""How fast is sent: replies before bulk, no chat and no channel faster than it bears."""

from __future__ import annotations

from datetime import timedelta

from bot.sender import MANY_TROUBLES, PARALLEL_SENDS
from integrations.errors import Fate
from integrations.provider import Rate
from tests.bot.conftest import Bot, StandInProvider
from tests.bot.sending import failing, say


async def test_replies_go_before_bulk_and_bulk_leaves_room_for_them(bot: Bot, zalo: StandInProvider) -> None:
    zalo.rate = Rate(per_second=10, burst=10)
    many = [await bot.open("zalo") for _ in range(12)]
    for one in many:
        await say(bot, one, "nhắc", bulk=True)
    await bot.deliver()
    assert zalo.texts == ["nhắc"] * 8
    reply = await bot.open("zalo")
    await say(bot, reply, "trả lời")
    await bot.deliver()
    assert zalo.texts[8:] == ["trả lời"]
    bot.clock.advance(timedelta(seconds=2))
    await bot.deliver()
    assert sorted(zalo.texts) == sorted(["nhắc"] * 12 + ["trả lời"])


async def test_a_message_that_waits_for_its_turn_is_no_attempt(bot: Bot, telegram: StandInProvider) -> None:
    telegram.rate = Rate(per_second=30, burst=30, chat_seconds=1, chat_burst=3)
    here = await bot.open("telegram")
    await say(bot, here, *"12345", channel="telegram")
    await bot.deliver()
    assert telegram.texts == ["1", "2", "3"]
    assert [(row.status, row.attempts) for row in await bot.sent("telegram")][3:] == [("waiting", 0)] * 2
    bot.clock.advance(timedelta(seconds=2))
    await bot.deliver()
    assert telegram.texts == list("12345")


async def test_after_many_troubles_the_channel_is_left_alone_for_a_moment(bot: Bot, zalo: StandInProvider) -> None:
    zalo.outcome = failing(Fate.UNCERTAIN)
    for _ in range(MANY_TROUBLES):
        await say(bot, await bot.open("zalo"), "chào")
        await bot.deliver()
    await say(bot, await bot.open("zalo"), "sau")
    await bot.deliver()
    assert "sau" not in zalo.texts
    bot.clock.advance(timedelta(seconds=2))
    await bot.deliver()
    assert "sau" in zalo.texts


async def test_more_conversations_than_places_are_all_served(bot: Bot, zalo: StandInProvider) -> None:
    for _ in range(PARALLEL_SENDS + 5):
        await say(bot, await bot.open("zalo"), "chào")
    await bot.deliver()
    assert len(zalo.sent) == PARALLEL_SENDS + 5
