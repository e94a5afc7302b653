"""The baton: who owns a conversation, who may send, and what happens when nobody acts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot import baton
from bot.baton import OFFICER_LEASE, Holder, NotEscalated, NotHolder, Reason
from bot.escalations import waiting_escalations
from store.messages import Reply
from store.tables import escalation
from tests.bot.conftest import Bot


async def escalated(bot: Bot) -> int:
    await bot.say("xin chào")
    return await bot.database.run(
        lambda c: baton.escalate(c, bot.conversation_id, Reason.ASKED, bot.clock.now(), due_hours=24)
    )


async def act(bot: Bot, what: Any, *arguments: Any) -> Any:
    return await bot.database.run(lambda c: what(c, *arguments))


async def officer(bot: Bot, name: str) -> int:
    return int(await act(bot, baton.officer_named, name, bot.clock.now()))


async def test_only_the_holder_may_send(bot: Bot) -> None:
    number, lan, minh = await escalated(bot), await officer(bot, "Lan"), await officer(bot, "Minh")
    await act(bot, baton.answer, number, lan, Reply("Chào cô, em là Lan."), bot.clock.now())
    with pytest.raises(NotHolder, match="Lan"):
        await act(bot, baton.answer, number, minh, Reply("Chào cô."), bot.clock.now())
    assert (await bot.replies())[-1] == "Chào cô, em là Lan."
    assert (await bot.row()).holder == Holder.OFFICER


async def test_the_bot_is_silent_while_an_officer_holds_and_comes_back_with_an_event(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, baton.take, number, lan, bot.clock.now())
    assert await bot.say("còn đó không") == []
    await act(bot, baton.return_to_bot, number, bot.clock.now(), lan)
    await bot.work()
    assert (await bot.replies())[-1] == "echo payload event_person_finished"
    with pytest.raises(NotEscalated):
        await act(bot, baton.return_to_bot, number, bot.clock.now(), lan)


async def test_a_closed_conversation_is_silent_until_its_owner_writes(bot: Bot) -> None:
    number = await escalated(bot)
    await act(bot, baton.close, number, bot.clock.now())
    row = await bot.row()
    assert (row.holder, row.dialogue_state) == (Holder.CLOSED, None)
    assert await bot.say("cho hỏi thêm") == ["echo cho hỏi thêm"]
    assert (await bot.row()).holder == Holder.BOT


@pytest.mark.parametrize(("answers", "holder"), [(True, Holder.BOT), (False, Holder.QUEUE)])
async def test_a_lease_that_runs_out_frees_the_conversation(bot: Bot, answers: bool, holder: Holder) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    due = (await act(bot, waiting_escalations))[0].due_at
    if answers:
        await act(bot, baton.answer, number, lan, Reply("Dạ."), bot.clock.now())
    else:
        await act(bot, baton.take, number, lan, bot.clock.now())
    bot.clock.advance(OFFICER_LEASE - timedelta(seconds=1))
    assert await act(bot, baton.expire_leases, bot.clock.now()) == []
    bot.clock.advance(timedelta(seconds=2))
    assert await act(bot, baton.expire_leases, bot.clock.now()) == [bot.conversation_id]
    assert (await bot.row()).holder == holder
    waiting = await act(bot, waiting_escalations)
    assert [(one.officer, one.due_at) for one in waiting] == ([] if answers else [(None, due)])


async def test_a_question_after_the_officers_answer_waits_for_a_person(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, baton.answer, number, lan, Reply("Dạ."), bot.clock.now())
    await bot.say("thế còn giấy tờ thì sao")
    bot.clock.advance(OFFICER_LEASE)
    assert await act(bot, baton.expire_leases, bot.clock.now()) == [bot.conversation_id]
    assert (await bot.row()).holder == Holder.QUEUE
    (one,) = await act(bot, waiting_escalations)
    assert (one.id, one.officer) == (number, None)


async def test_an_act_renews_the_lease(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, baton.take, number, lan, bot.clock.now())
    bot.clock.advance(OFFICER_LEASE - timedelta(minutes=1))
    await act(bot, baton.answer, number, lan, Reply("Dạ."), bot.clock.now())
    bot.clock.advance(timedelta(minutes=2))
    assert await act(bot, baton.expire_leases, bot.clock.now()) == []


async def test_the_first_answer_is_kept_and_the_context_is_what_both_sides_said(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    first = bot.clock.now()
    await act(bot, baton.answer, number, lan, Reply("Một."), first)
    bot.clock.advance(timedelta(minutes=5))
    await act(bot, baton.answer, number, lan, Reply("Hai."), bot.clock.now())
    (one,) = await act(bot, waiting_escalations)
    assert (one.answered_at, one.officer) == (first, "Lan")
    assert [(said.sender, said.text) for said in one.context] == [
        ("owner", "xin chào"),
        ("bot", "echo xin chào"),
        ("officer", "Một."),
        ("officer", "Hai."),
    ]


async def test_an_escalation_is_opened_once(bot: Bot) -> None:
    number = await escalated(bot)

    def again(connection: Connection) -> tuple[int, int]:
        same = baton.escalate(connection, bot.conversation_id, Reason.COMPLAINT, bot.clock.now(), 24)
        return same, len(connection.execute(select(escalation)).all())

    assert await bot.database.run(again) == (number, 1)
