"""Every act on a conversation from every state: who holds it afterwards, or who is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import Connection

from actions.context import Why
from bot import baton, holding
from bot.baton import Holder, NotEscalated, NotHolder, Reason
from store.messages import Reply
from store.tables import escalation
from tests.bot.conftest import Bot
from tests.bot.officers import HOURS, act, escalated, officer, the_escalation, voice

# What becomes of a conversation that waits, that Lan holds, that Minh holds, that is finished.
WAITS, LANS, MINHS, FINISHED = range(4)
QUEUE, LAN, MINH, BOT, CLOSED = "queue", "Lan", "Minh", "bot", "closed"
ACTS: dict[str, Any] = {
    "take": lambda c, n, lan, minh, now: holding.take(c, n, lan, now),
    "answer": lambda c, n, lan, minh, now: holding.answer(c, n, lan, Reply("Dạ."), now),
    "transfer": lambda c, n, lan, minh, now: holding.transfer(c, n, lan, minh, now),
    "transfer, forced": lambda c, n, lan, minh, now: holding.transfer(c, n, None, lan, now),
    "release": lambda c, n, lan, minh, now: holding.release(c, n, lan, now),
    "release, forced": lambda c, n, lan, minh, now: holding.release(c, n, None, now),
    "snooze": lambda c, n, lan, minh, now: holding.snooze(c, n, lan, now + timedelta(hours=3), now),
    "return": lambda c, n, lan, minh, now: baton.return_to_bot(c, n, now, lan),
    "return, forced": lambda c, n, lan, minh, now: baton.return_to_bot(c, n, now),
    "close": lambda c, n, lan, minh, now: baton.close(c, n, now, lan),
    "close, forced": lambda c, n, lan, minh, now: baton.close(c, n, now),
}
TABLE: dict[str, tuple[Any, Any, Any, Any]] = {
    #                    waits      Lan holds  Minh holds  finished
    "take": (LAN, LAN, NotHolder, NotEscalated),
    "answer": (LAN, LAN, NotHolder, NotEscalated),
    "transfer": (NotHolder, MINH, NotHolder, NotEscalated),
    "transfer, forced": (LAN, LAN, LAN, NotEscalated),
    "release": (NotHolder, QUEUE, NotHolder, NotEscalated),
    "release, forced": (QUEUE, QUEUE, QUEUE, NotEscalated),
    "snooze": (NotHolder, LAN, NotHolder, NotEscalated),
    "return": (BOT, BOT, NotHolder, NotEscalated),
    "return, forced": (BOT, BOT, BOT, NotEscalated),
    "close": (CLOSED, CLOSED, NotHolder, NotEscalated),
    "close, forced": (CLOSED, CLOSED, CLOSED, NotEscalated),
}


def test_the_table_has_every_act() -> None:
    assert TABLE.keys() == ACTS.keys()


async def test_every_act_from_every_state(bot: Bot) -> None:
    lan, minh = await officer(bot, "Lan"), await officer(bot, "Minh")
    for what, outcomes in TABLE.items():
        for state, expected in enumerate(outcomes):
            bot.conversation_id = await bot.open()
            number = await escalated(bot)
            if state in (LANS, MINHS):
                await act(bot, holding.take, number, lan if state == LANS else minh, bot.clock.now())
            elif state == FINISHED:
                await act(bot, baton.return_to_bot, number, bot.clock.now())
            before = await bot.row()
            if isinstance(expected, type):
                with pytest.raises(expected):
                    await act(bot, ACTS[what], number, lan, minh, bot.clock.now())
                assert await bot.row() == before, (what, state)
                continue
            held = await act(bot, ACTS[what], number, lan, minh, bot.clock.now())
            row = await bot.row()
            named = {lan: LAN, minh: MINH, None: row.holder}[held.officer_id]
            assert (held.conversation_id, held.escalation_id, named) == (bot.conversation_id, number, expected)
            assert row.holder == held.holder == (Holder.OFFICER if named in (LAN, MINH) else named)
            assert row.version > before.version or (row.holder, row.last_seq) == (before.holder, before.last_seq)


async def test_an_officer_takes_over_what_nobody_handed_over_or_nobody_else_holds(bot: Bot) -> None:
    lan, minh = await officer(bot, "Lan"), await officer(bot, "Minh")
    held = await act(bot, holding.take_over, bot.conversation_id, lan, bot.clock.now(), HOURS)
    assert (held.holder, held.officer_id) == (Holder.OFFICER, lan)
    assert await bot.say("xin chào") == []
    with pytest.raises(NotHolder, match="Lan"):
        await act(bot, holding.take_over, bot.conversation_id, minh, bot.clock.now(), HOURS)
    await act(bot, baton.close, held.escalation_id, bot.clock.now())
    again = await act(bot, holding.take_over, bot.conversation_id, minh, bot.clock.now(), HOURS)
    assert (again.officer_id, again.escalation_id != held.escalation_id) == (minh, True)
    with pytest.raises(LookupError):
        await act(bot, holding.take_over, "unknown", lan, bot.clock.now(), HOURS)


async def test_what_waits_is_taken_by_whoever_takes_over(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    held = await act(bot, holding.take_over, bot.conversation_id, lan, bot.clock.now(), HOURS)
    assert held.escalation_id == number


async def test_all_that_an_officer_holds_goes_back_to_the_queue_when_the_account_ends(bot: Bot) -> None:
    lan, minh = await officer(bot, "Lan"), await officer(bot, "Minh")
    numbers, conversations = [], []
    for holder in (lan, minh, lan):
        bot.conversation_id = await bot.open()
        conversations.append(bot.conversation_id)
        numbers.append(await escalated(bot))
        await act(bot, holding.take, numbers[-1], holder, bot.clock.now())
    due = {one.id: one.due_at for one in await act(bot, all_escalations)}
    freed = await act(bot, holding.release_all_of, lan, bot.clock.now())
    assert {held.conversation_id for held in freed} == {conversations[0], conversations[2]}
    assert {held.holder for held in freed} == {Holder.QUEUE}
    rows = {one.id: one for one in await act(bot, all_escalations)}
    assert [rows[n].status for n in numbers] == ["open", "taken", "open"]
    assert {one.id: one.due_at for one in rows.values()} == due
    assert await act(bot, holding.release_all_of, lan, bot.clock.now()) == []


def all_escalations(connection: Connection) -> list[Any]:
    return list(connection.execute(escalation.select()).all())


@pytest.mark.parametrize("days", [-1, 0, 31])
async def test_nothing_is_put_off_to_the_past_or_for_ever(bot: Bot, days: int) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, holding.take, number, lan, bot.clock.now())
    with pytest.raises(ValueError, match="snoozed"):
        await act(bot, holding.snooze, number, lan, bot.clock.now() + timedelta(days=days), bot.clock.now())


async def test_what_is_put_off_stays_with_its_officer_until_its_time(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, holding.answer, number, lan, Reply("Mai em gọi lại ạ."), bot.clock.now())
    until = bot.clock.now() + timedelta(days=1)
    await act(bot, holding.snooze, number, lan, until, bot.clock.now())
    bot.clock.advance(timedelta(hours=23))
    assert await act(bot, holding.wake_snoozed, bot.clock.now()) == []
    assert await act(bot, baton.expire_leases, bot.clock.now()) == []
    bot.clock.advance(timedelta(hours=1))
    (woken,) = await act(bot, holding.wake_snoozed, bot.clock.now())
    assert (woken.conversation_id, woken.officer_id) == (bot.conversation_id, lan)
    assert await act(bot, holding.wake_snoozed, bot.clock.now()) == []
    bot.clock.advance(baton.OFFICER_LEASE - timedelta(seconds=1))
    assert await act(bot, baton.expire_leases, bot.clock.now()) == []
    bot.clock.advance(timedelta(seconds=1))
    assert await act(bot, baton.expire_leases, bot.clock.now()) == [bot.conversation_id]


async def test_the_owners_next_message_ends_the_putting_off_and_its_long_lease(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, holding.answer, number, lan, Reply("Tuần sau em gọi lại ạ."), bot.clock.now())
    await act(bot, holding.snooze, number, lan, bot.clock.now() + timedelta(days=7), bot.clock.now())
    accepted = await bot.receive("việc gấp lắm rồi cháu")
    assert accepted.moves_queue
    bot.clock.advance(baton.OFFICER_LEASE)
    assert await act(bot, holding.wake_snoozed, bot.clock.now()) == []
    assert await act(bot, baton.expire_leases, bot.clock.now()) == [bot.conversation_id]
    assert (await bot.row()).holder == Holder.QUEUE


async def test_the_reasons_of_actions_are_reasons_of_the_baton() -> None:
    assert {Reason(why) for why in get_args(Why)} <= set(Reason)


async def test_what_is_put_off_stays_so_when_a_person_writes_from_the_providers_app(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, holding.take, number, lan, bot.clock.now())
    until = bot.clock.now() + timedelta(days=10)
    await act(bot, holding.snooze, number, lan, until, bot.clock.now())
    await act(bot, holding.wrote_elsewhere, bot.conversation_id, "Zalo OA Manager", bot.clock.now(), HOURS)
    # Neither was it woken with a lease of ten days, in which nobody would get it from an officer who went home
    assert (await the_escalation(bot)).snoozed_until == until
    await bot.say("tôi hỏi thêm")
    bot.clock.advance(baton.OFFICER_LEASE)
    assert await act(bot, baton.expire_leases, bot.clock.now()) == [bot.conversation_id]
    assert (await bot.row()).holder == Holder.QUEUE


async def test_whoever_is_given_a_conversation_out_of_the_queue_is_announced_once(bot: Bot) -> None:
    number, lan, minh = await escalated(bot), await officer(bot, "Lan"), await officer(bot, "Minh")
    said = len(await bot.replies())
    await act(bot, holding.transfer, number, None, lan, bot.clock.now(), voice(bot))
    assert "Lan" in (await bot.replies())[-1] and len(await bot.replies()) == said + 1
    await act(bot, holding.take, number, lan, bot.clock.now(), voice(bot))
    await act(bot, holding.transfer, number, lan, minh, bot.clock.now(), voice(bot))
    assert len(await bot.replies()) == said + 1
