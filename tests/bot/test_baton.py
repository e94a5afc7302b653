"""The baton: who owns a conversation, who may send, and what happens when nobody acts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import Connection, select

from bot import baton, holding
from bot.baton import OFFICER_LEASE, Holder, NotEscalated, NotHolder, Reason
from bot.escalations import CONTEXT_MESSAGES, waiting_escalations
from store.messages import Reply
from store.tables import escalation, inbound
from tests.bot.conftest import Bot, turn_answer
from tests.bot.officers import act, escalated, officer


async def test_only_the_holder_may_send(bot: Bot) -> None:
    number, lan, minh = await escalated(bot), await officer(bot, "Lan"), await officer(bot, "Minh")
    await act(bot, holding.answer, number, lan, Reply("Chào cô, em là Lan."), bot.clock.now())
    with pytest.raises(NotHolder, match="Lan"):
        await act(bot, holding.answer, number, minh, Reply("Chào cô."), bot.clock.now())
    assert (await bot.replies())[-1] == "Chào cô, em là Lan."
    assert (await bot.row()).holder == Holder.OFFICER


async def test_the_bot_is_silent_while_an_officer_holds_and_comes_back_with_an_event(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, holding.take, number, lan, bot.clock.now())
    assert await bot.say("còn đó không") == []
    await act(bot, baton.return_to_bot, number, bot.clock.now(), lan)
    await bot.work()
    assert (await bot.replies())[-1] == "echo payload event_person_finished"
    with pytest.raises(NotEscalated):
        await act(bot, baton.return_to_bot, number, bot.clock.now(), lan)


@pytest.mark.parametrize(
    ("course", "event"),
    [
        ((), baton.PERSON_GONE),
        (("officer",), baton.PERSON_FINISHED),
        (("officer", "owner"), baton.PERSON_GONE),
        (("owner", "officer"), baton.PERSON_FINISHED),
    ],
)
async def test_the_event_says_whether_the_owner_was_answered(bot: Bot, course: tuple[str, ...], event: str) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    for who in course:
        if who == "owner":
            await bot.say("thế còn giấy tờ thì sao")
        else:
            await act(bot, holding.answer, number, lan, Reply("Dạ."), bot.clock.now())
    waits = await act(bot, baton.owner_waits, number)
    await act(bot, baton.return_to_bot, number, bot.clock.now())
    events = select(inbound.c.payload).filter_by(kind="event")
    assert await bot.database.read(lambda c: list(c.scalars(events))) == [event]
    assert waits is (event == baton.PERSON_GONE)
    await bot.work()
    assert bot.rasa.requests[-1]["payload"]["intent"] == "event_person_finished"


async def test_the_owner_leaves_the_queue_and_the_bot_goes_on_where_it_was(bot: Bot) -> None:
    number = await escalated(bot)
    before = await bot.row()
    assert await act(bot, baton.withdraw, bot.conversation_id, bot.clock.now())
    row = await bot.row()
    assert (row.holder, row.dialogue_state, row.version) == (Holder.BOT, before.dialogue_state, before.version + 1)
    kept = select(escalation.c.status, escalation.c.closed_at).filter_by(id=number)
    assert (await act(bot, lambda c: c.execute(kept).one())) == ("withdrawn", bot.clock.now())
    assert await bot.say("còn đó không") == ["echo còn đó không"]
    assert await act(bot, waiting_escalations) == []
    assert not await act(bot, baton.withdraw, bot.conversation_id, bot.clock.now())
    again = await act(bot, baton.escalate, bot.conversation_id, Reason.ASKED, bot.clock.now(), 24)
    assert again != number


async def test_what_an_officer_holds_is_not_withdrawn(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, holding.take, number, lan, bot.clock.now())
    assert await act(bot, baton.holding_officer, number) == "Lan"
    assert not await act(bot, baton.withdraw, bot.conversation_id, bot.clock.now())
    assert (await bot.row()).holder == Holder.OFFICER


async def test_a_conversation_that_the_bot_cannot_read_is_not_withdrawn(bot: Bot) -> None:
    await act(bot, baton.escalate, bot.conversation_id, Reason.STATE_UNREADABLE, bot.clock.now(), 24)
    assert not await act(bot, baton.withdraw, bot.conversation_id, bot.clock.now())
    assert (await bot.row()).holder == Holder.QUEUE


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
        await act(bot, holding.answer, number, lan, Reply("Dạ."), bot.clock.now())
    else:
        await act(bot, holding.take, number, lan, bot.clock.now())
    bot.clock.advance(OFFICER_LEASE - timedelta(seconds=1))
    assert await act(bot, baton.expire_leases, bot.clock.now()) == []
    bot.clock.advance(timedelta(seconds=2))
    assert await act(bot, baton.expire_leases, bot.clock.now()) == [bot.conversation_id]
    assert (await bot.row()).holder == holder
    waiting = await act(bot, waiting_escalations)
    assert [(one.officer, one.due_at) for one in waiting] == ([] if answers else [(None, due)])


async def test_a_question_after_the_officers_answer_waits_for_a_person(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, holding.answer, number, lan, Reply("Dạ."), bot.clock.now())
    await bot.say("thế còn giấy tờ thì sao")
    bot.clock.advance(OFFICER_LEASE)
    assert await act(bot, baton.expire_leases, bot.clock.now()) == [bot.conversation_id]
    assert (await bot.row()).holder == Holder.QUEUE
    (one,) = await act(bot, waiting_escalations)
    assert (one.id, one.officer) == (number, None)


async def test_an_act_renews_the_lease(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    await act(bot, holding.take, number, lan, bot.clock.now())
    bot.clock.advance(OFFICER_LEASE - timedelta(minutes=1))
    await act(bot, holding.answer, number, lan, Reply("Dạ."), bot.clock.now())
    bot.clock.advance(timedelta(minutes=2))
    assert await act(bot, baton.expire_leases, bot.clock.now()) == []


async def test_the_first_answer_is_kept_and_the_context_is_what_both_sides_said(bot: Bot) -> None:
    number, lan = await escalated(bot), await officer(bot, "Lan")
    first = bot.clock.now()
    await act(bot, holding.answer, number, lan, Reply("Một."), first)
    bot.clock.advance(timedelta(minutes=5))
    await act(bot, holding.answer, number, lan, Reply("Hai."), bot.clock.now())
    (one,) = await act(bot, waiting_escalations)
    assert (one.answered_at, one.officer) == (first, "Lan")
    assert [(said.sender, said.text) for said in one.context] == [
        ("owner", "xin chào"),
        ("bot", "echo xin chào"),
        ("officer", "Một."),
        ("officer", "Hai."),
    ]


async def test_the_context_leaves_out_what_the_bot_says_of_itself_and_of_the_hand_over(bot: Bot) -> None:
    async def answers(request: dict[str, Any]) -> web.Response:
        entry = "ask_tax_threshold" if "thuế" in request["text"] else "request_person"
        return turn_answer("Dạ.", entry=entry)

    bot.rasa.answer = answers
    for text in ("thuế bao nhiêu", "gặp cán bộ"):
        await bot.say(text)
    await act(bot, baton.escalate, bot.conversation_id, Reason.ASKED, bot.clock.now(), 24)
    for number in range(CONTEXT_MESSAGES - 3):
        await bot.say(f"tin {number}")
    (one,) = await act(bot, waiting_escalations)
    said = [(said.sender, said.text) for said in one.context]
    assert said[:3] == [("owner", "thuế bao nhiêu"), ("bot", "Dạ."), ("owner", "gặp cán bộ")]
    assert [text for _, text in said[3:]] == [f"tin {number}" for number in range(CONTEXT_MESSAGES - 3)]
    assert one.tried == ("ask_tax_threshold",)


async def test_an_escalation_is_opened_once(bot: Bot) -> None:
    number = await escalated(bot)

    def again(connection: Connection) -> tuple[int, int]:
        same = baton.escalate(connection, bot.conversation_id, Reason.COMPLAINT, bot.clock.now(), 24)
        return same, len(connection.execute(select(escalation)).all())

    assert await bot.database.run(again) == (number, 1)
