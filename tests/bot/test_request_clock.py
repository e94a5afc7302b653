"""The clock of a request: what starts it, what ends it, what leaves it alone, in every order of events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot import baton, holding
from bot.baton import OFFICER_LEASE, Holder, Reason
from store.messages import Reply
from tests.bot.conftest import Bot
from tests.bot.officers import HOURS, act, answers, escalated, later, officer, requests, the_escalation, voice

# After a hand-over, ten minutes apart: what happens, and the outcomes of the requests there are then (None: it runs).
# a: the officer answers, w: the owner writes, t: thanks, r: returned, c: closed, q: given back to the queue,
# p: passed on to somebody else, l: the lease ends, x: the owner withdraws, e: an officer writes in Zalo OA Manager
ORDERS: dict[str, list[str | None]] = {
    "": [None],
    "a": ["answered"],
    "w": [None],
    "r": ["unanswered"],
    "c": ["unanswered"],
    "x": ["withdrawn"],
    "e": ["answered"],
    "wa": ["answered"],
    "aa": ["answered"],
    "ar": ["answered"],
    "ac": ["answered"],
    "at": ["answered"],
    "atr": ["answered"],
    "aw": ["answered", None],
    "aww": ["answered", None],
    "awa": ["answered", "answered"],
    "awe": ["answered", "answered"],
    "awr": ["answered", "unanswered"],
    "awc": ["answered", "unanswered"],
    "awl": ["answered", None],
    "awla": ["answered", "answered"],
    "awp": ["answered", None],
    "awq": ["answered", None],
    "aq": ["answered"],
    "aqw": ["answered", None],
    "aqwa": ["answered", "answered"],
    "al": ["answered"],
    "alw": ["answered"],
    "acw": ["answered"],
    "ew": ["answered", None],
    "ewqa": ["answered", "answered"],
    "awawa": ["answered", "answered", "answered"],
}


@pytest.mark.parametrize("order", ORDERS)
async def test_the_clock_in_every_order(bot: Bot, order: str) -> None:
    lan, minh = await officer(bot, "Lan"), await officer(bot, "Minh")
    number = await escalated(bot)
    for event in order:
        later(bot, minutes=10)
        await _happens(bot, event, number, lan, minh)
    rows = await requests(bot)
    assert [row.outcome for row in rows] == ORDERS[order]
    assert [row.is_first for row in rows] == [True] + [False] * (len(rows) - 1)
    assert all((row.ended_at is None) is (row.outcome is None) for row in rows)
    assert all(row.due_at - row.opened_at == timedelta(hours=HOURS) for row in rows)
    escalation = await the_escalation(bot)
    running = rows[-1] if rows[-1].outcome is None else None
    assert escalation.waiting_since == (running.opened_at if running else None)
    assert escalation.due_at == rows[-1].due_at


async def _happens(bot: Bot, event: str, number: int, lan: int, minh: int) -> None:
    now = bot.clock.now()
    match event:
        case "a":
            await answers(bot, number, lan)
        case "w":
            await bot.say("thế còn giấy tờ thì sao")
        case "t":
            await bot.say("cảm ơn em nhiều nhé")
        case "r":
            await act(bot, baton.return_to_bot, number, now)
        case "c":
            await act(bot, baton.close, number, now)
        case "q":
            await act(bot, holding.release, number, None, now)
        case "p":
            await act(bot, holding.transfer, number, None, minh, now)
        case "l":
            bot.clock.advance(OFFICER_LEASE)
            await act(bot, baton.expire_leases, bot.clock.now())
        case "x":
            assert await act(bot, baton.withdraw, bot.conversation_id, now)
        case "e":
            await act(bot, holding.wrote_elsewhere, bot.conversation_id, "Zalo OA Manager", now, HOURS)


async def test_the_clock_begins_when_the_message_came_and_not_when_its_turn_did(bot: Bot) -> None:
    received = bot.clock.now()
    await bot.receive("gặp cán bộ")
    later(bot, minutes=4)
    await act(bot, baton.escalate, bot.conversation_id, Reason.ASKED, bot.clock.now(), HOURS, since=received)
    (row,) = await requests(bot)
    assert (row.opened_at, row.due_at) == (received, received + timedelta(hours=HOURS))


async def test_a_person_who_answers_is_the_one_who_is_counted(bot: Bot) -> None:
    number, lan, minh = await escalated(bot), await officer(bot, "Lan"), await officer(bot, "Minh")
    await act(bot, holding.take, number, lan, bot.clock.now())
    await act(bot, holding.transfer, number, lan, minh, bot.clock.now())
    later(bot, hours=2)
    await answers(bot, number, minh)
    (row,) = await requests(bot)
    assert (row.officer_id, row.ended_at) == (minh, bot.clock.now())


async def test_the_same_message_twice_starts_one_clock(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await answers(bot, number, lan)
    for _ in range(2):
        await bot.receive("còn câu này nữa", id_="m1")
    assert len(await requests(bot)) == 2


async def test_a_message_that_was_answered_before_its_turn_came_is_neither_waited_for_nor_handed_over(
    bot: Bot,
) -> None:
    lan = await officer(bot, "Lan")
    await bot.receive("gặp cán bộ")
    held = await act(bot, holding.take_over, bot.conversation_id, lan, bot.clock.now(), HOURS)
    await answers(bot, held.escalation_id, lan)
    await act(bot, baton.return_to_bot, held.escalation_id, bot.clock.now())
    await bot.work()
    assert await bot.statuses() == ["with_person", "answered"]
    assert (await bot.row()).holder == Holder.BOT
    assert [row.outcome for row in await requests(bot)] == ["answered"]


async def test_whoever_takes_over_what_the_bot_has_answered_starts_no_clock(bot: Bot) -> None:
    lan = await officer(bot, "Lan")
    await bot.say("xin chào")
    await act(bot, holding.take_over, bot.conversation_id, lan, bot.clock.now(), HOURS)
    assert await requests(bot) == []
    assert (await the_escalation(bot)).reason == Reason.OFFICER
    later(bot, minutes=5)
    await bot.say("thế còn giấy tờ thì sao")
    (row,) = await requests(bot)
    assert (row.opened_at, row.is_first) == (bot.clock.now(), True)


async def test_what_is_written_between_the_officers_last_word_and_the_closing_is_the_bots(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await answers(bot, number, lan)
    await bot.receive("còn câu này nữa")
    await act(bot, baton.close, number, bot.clock.now(), voice=voice(bot))
    await bot.work()
    assert (await bot.replies())[-1] == "echo còn câu này nữa"


async def test_the_owner_is_told_once_who_answers_and_by_when(bot: Bot) -> None:
    number, lan, minh = await escalated(bot), await officer(bot, "Lan"), await officer(bot, "Minh")
    before = len(await bot.replies())
    await act(bot, holding.take, number, lan, bot.clock.now(), voice(bot))
    await act(bot, holding.release, number, lan, bot.clock.now())
    await act(bot, holding.take, number, minh, bot.clock.now(), voice(bot))
    (told,) = (await bot.replies())[before:]
    assert told == "Dạ, cán bộ Lan đã nhận yêu cầu của cô/bác và sẽ trả lời trước 09:00 24/11/2026 ạ."


async def test_no_time_is_promised_that_has_passed_and_nothing_is_said_when_nobody_waits(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    later(bot, hours=HOURS + 1)
    await act(bot, holding.take, number, lan, bot.clock.now(), voice(bot))
    assert "trước" not in (await bot.replies())[-1] and "Lan" in (await bot.replies())[-1]
    bot.conversation_id = await bot.open()
    held = await act(bot, holding.take_over, bot.conversation_id, lan, bot.clock.now(), HOURS)
    await act(bot, holding.release, held.escalation_id, lan, bot.clock.now())
    await act(bot, holding.take, held.escalation_id, lan, bot.clock.now(), voice(bot))
    assert await bot.replies() == []


async def test_an_officer_who_answers_at_once_is_not_announced(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    before = len(await bot.replies())
    await act(bot, holding.answer, number, lan, Reply("Chào bác."), bot.clock.now())
    await act(bot, holding.take, number, lan, bot.clock.now(), voice(bot))
    assert (await bot.replies())[before:] == ["Chào bác."]


async def test_the_apology_comes_once_and_only_while_the_owner_still_waits(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    (row,) = await requests(bot)

    async def told() -> Any:
        return await act(bot, holding.owner_told_late, row.id, voice(bot), bot.clock.now())

    assert await told() is None
    later(bot, hours=HOURS)
    held = await told()
    assert (held.conversation_id, held.holder) == (bot.conversation_id, Holder.QUEUE)
    assert "xin lỗi" in (await bot.replies())[-1]
    assert (await requests(bot))[0].owner_told_at == bot.clock.now()
    assert await told() is None
    await answers(bot, number, lan)
    await bot.say("thế còn giấy tờ thì sao")
    later(bot, hours=HOURS)
    await answers(bot, number, lan)
    (_, second) = await requests(bot)
    assert await act(bot, holding.owner_told_late, second.id, voice(bot), bot.clock.now()) is None
    assert await act(bot, holding.owner_told_late, 999_999, voice(bot), bot.clock.now()) is None
