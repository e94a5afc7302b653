from __future__ import annotations

import asyncio

from tests.bot.conftest import Bot


async def test_messages_are_numbered_in_their_order(bot: Bot) -> None:
    accepted = [await bot.receive(f"câu {n}") for n in range(3)]
    assert [one.seq for one in accepted] == [1, 2, 3]
    await bot.work()
    assert await bot.replies() == ["echo câu 0", "echo câu 1", "echo câu 2"]


async def test_the_same_provider_message_is_stored_once_however_often_it_comes(bot: Bot) -> None:
    first = await bot.receive("có", id_="zalo-1")
    await bot.work()
    again = await bot.receive("có", id_="zalo-1")
    await bot.work()
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.seq == first.seq
    assert await bot.replies() == ["echo có"]


async def test_simultaneous_deliveries_of_one_message_are_one_message(bot: Bot) -> None:
    accepted = await asyncio.gather(*(bot.receive("có", id_="zalo-1") for _ in range(8)))
    assert sum(not one.duplicate for one in accepted) == 1
    await bot.work()
    assert await bot.replies() == ["echo có"]


async def test_simultaneous_messages_get_different_numbers_and_all_are_answered(bot: Bot) -> None:
    accepted = await asyncio.gather(*(bot.receive(f"câu {n}") for n in range(20)))
    assert len({one.seq for one in accepted}) == 20
    await bot.work()
    by_seq = sorted(zip(accepted, range(20), strict=True), key=lambda pair: pair[0].seq)
    assert await bot.replies() == [f"echo câu {n}" for _, n in by_seq]


async def test_the_same_id_on_another_conversation_of_the_channel_is_still_the_same_message(bot: Bot) -> None:
    await bot.receive("có", id_="m-1")
    assert (await bot.receive("có", id_="m-1", to=await bot.open())).duplicate
