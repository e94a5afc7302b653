"""What was said reaches the provider in order and once, whatever it answers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, RowMapping, select
from sqlalchemy.exc import OperationalError

from bot import outbox
from bot.deliveries import Call
from bot.pace import Pace
from bot.retry import GIVE_UP_AFTER, WAITS
from bot.sender import INVITE_AGAIN, Sender
from integrations.errors import Fate
from integrations.provider import Outgoing
from store.messages import Button, Reply
from store.tables import conversation, outbound
from tests.bot.conftest import Bot, StandInProvider
from tests.bot.sending import address_of, failing, say, statuses, writes


async def test_what_is_said_is_sent_in_order_and_once(bot: Bot, zalo: StandInProvider) -> None:
    first, second = await bot.open("zalo"), await bot.open("zalo")
    await say(bot, first, "một", "hai")
    await say(bot, second, "ba")
    await say(bot, first, "bốn")

    await bot.deliver()
    await bot.deliver()

    assert [text for text in zalo.texts if text != "ba"] == ["một", "hai", "bốn"]
    assert sorted(zalo.texts) == sorted(["một", "hai", "ba", "bốn"])
    assert {(row.status, row.attempts, row.error) for row in await bot.sent()} == {("sent", 1, None)}
    assert len({row.provider_message_id for row in await bot.sent()}) == 4
    resting = select(conversation.c.send_at).filter_by(channel="zalo")
    assert await bot.database.read(lambda c: list(c.scalars(resting))) == [None, None]


async def test_a_turn_on_a_pushed_channel_is_delivered_and_on_the_web_chat_is_not(
    bot: Bot, zalo: StandInProvider
) -> None:
    await bot.say("xin chào")
    bot.conversation_id = await bot.open("zalo")
    await bot.say("xin chào")
    await bot.deliver()
    assert zalo.texts == ["echo xin chào"]
    assert await statuses(bot, "webchat") == ["sent"]


async def test_while_the_sender_runs_a_reply_is_taken_by_the_turn_that_says_it(
    bot: Bot, zalo: StandInProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed, claim = list[Call](), bot.sender._deliveries.claim

    def claim_and_note(connection: Connection, limit: int) -> list[Call]:
        claimed.extend(calls := claim(connection, limit))
        return calls

    monkeypatch.setattr(bot.sender._deliveries, "claim", claim_and_note)
    bot.conversation_id = await bot.open("zalo")
    running = asyncio.create_task(bot.sender.run())
    await asyncio.sleep(0.05)
    await bot.say("xin chào")
    await bot.say("tên miền")
    async with asyncio.timeout(10):
        while await statuses(bot) != ["sent", "sent"]:
            await bot.work()  # who claims passes by what the sender has locked just then
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    assert zalo.texts == ["echo xin chào", "echo tên miền"] and not claimed
    await bot.say("khảo sát")
    assert await statuses(bot) == ["sent", "sent", "waiting"]  # who has ended takes nothing


async def test_what_was_taken_by_a_commit_that_nobody_knows_of_goes_back_into_the_queue(
    bot: Bot, zalo: StandInProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot.conversation_id = await bot.open("zalo")
    running, run = asyncio.create_task(bot.sender.run()), bot.database.run
    await asyncio.sleep(0.05)

    async def lost(work: Any, urgent: bool = False) -> Any:
        result = await run(work, urgent)
        if work.__name__ == "commit_and_look":
            monkeypatch.setattr(bot.database, "run", run)
            raise OperationalError("COMMIT", {}, Exception("connection lost"))
        return result

    monkeypatch.setattr(bot.database, "run", lost)
    await bot.receive("xin chào")
    with pytest.raises(OperationalError):
        await bot.work()
    async with asyncio.timeout(10):
        while await statuses(bot) != ["sent"]:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    assert zalo.texts == ["echo xin chào"]


async def test_a_turn_that_cannot_be_written_has_called_nobody(
    bot: Bot, zalo: StandInProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot.conversation_id = await bot.open("zalo")
    take, taken = bot.sender.take, list[Call | None]()

    def take_and_break(connection: Connection, row: RowMapping) -> None:
        taken.append(take(connection, row))
        raise ZeroDivisionError

    monkeypatch.setattr(bot.sender, "take", take_and_break)
    running = asyncio.create_task(bot.sender.run())
    await asyncio.sleep(0.05)
    await bot.say("xin chào")
    running.cancel()
    await asyncio.wait([running])
    assert len(taken) == 1 and taken[0] is not None
    assert not zalo.sent and await statuses(bot) == []


async def test_a_failure_that_was_certainly_not_taken_is_tried_again_later_and_later(
    bot: Bot, zalo: StandInProvider
) -> None:
    here = await bot.open("zalo")
    zalo.outcome = failing(Fate.RETRY, times=2)
    await say(bot, here, "một", "hai")
    await bot.deliver()
    assert await statuses(bot) == ["waiting", "waiting"] and len(zalo.sent) == 1  # nothing overtakes
    bot.clock.advance(timedelta(seconds=1))
    await bot.deliver()
    assert len(zalo.sent) == 2
    bot.clock.advance(timedelta(seconds=1))
    await bot.deliver()
    assert len(zalo.sent) == 2  # the second wait is longer
    bot.clock.advance(timedelta(seconds=1))
    await bot.deliver()
    assert zalo.texts == ["một", "một", "một", "hai"] and await statuses(bot) == ["sent", "sent"]


async def test_after_a_day_a_message_is_given_up_and_the_next_one_goes(bot: Bot, zalo: StandInProvider) -> None:
    here = await bot.open("zalo")
    await say(bot, here, "một", "hai")
    zalo.outcome = failing(Fate.RETRY, times=len(WAITS) + 1)
    for wait in WAITS:
        await bot.deliver()
        bot.clock.advance(wait)
    bot.clock.advance(GIVE_UP_AFTER)
    await bot.deliver()
    bot.clock.advance(timedelta(minutes=1))  # so many troubles have made the channel pause
    await bot.deliver()
    assert await statuses(bot) == ["failed", "sent"]


async def test_what_was_held_for_days_is_not_given_up_at_its_first_trouble(bot: Bot, zalo: StandInProvider) -> None:
    bot.conversation_id = await bot.open("zalo")
    zalo.outcome = failing(Fate.WINDOW_CLOSED)
    await say(bot, bot.conversation_id, "một")
    await bot.deliver()
    bot.clock.advance(2 * GIVE_UP_AFTER)
    zalo.outcome = failing(Fate.BACK_OFF, after=2, times=1)
    await writes(bot, "em đây")
    await bot.work()
    await bot.deliver()
    bot.clock.advance(timedelta(seconds=2))
    await bot.deliver()
    assert zalo.texts == ["một", "một", "một", "echo em đây"] and await statuses(bot) == ["sent", "sent"]


async def test_told_to_slow_down_the_chat_waits_and_others_go_on(bot: Bot, telegram: StandInProvider) -> None:
    slow, other = await bot.open("telegram"), await bot.open("telegram")
    telegram.outcome = failing(Fate.BACK_OFF, after=7, times=1)
    await say(bot, slow, "một", channel="telegram")
    await bot.deliver()
    await say(bot, other, "hai", channel="telegram")
    await bot.deliver()
    assert telegram.texts == ["một", "hai"]
    bot.clock.advance(timedelta(seconds=6.5))
    await bot.deliver()
    assert len(telegram.sent) == 2
    bot.clock.advance(timedelta(seconds=1))
    await bot.deliver()
    assert telegram.texts == ["một", "hai", "một"]


async def test_when_several_are_told_to_slow_down_the_whole_channel_does(bot: Bot, telegram: StandInProvider) -> None:
    telegram.outcome = failing(Fate.BACK_OFF, after=7, times=2)
    for number in range(3):
        await say(bot, await bot.open("telegram"), str(number), channel="telegram")
        await bot.deliver()
    assert telegram.texts == ["0", "1"]
    bot.clock.advance(timedelta(seconds=7))
    await bot.deliver()
    assert sorted(telegram.texts) == ["0", "0", "1", "1", "2"]


async def test_what_will_never_be_taken_fails_and_does_not_block(bot: Bot, zalo: StandInProvider) -> None:
    here = await bot.open("zalo")
    zalo.outcome = failing(Fate.REFUSED, times=1)
    await say(bot, here, "một", "hai")
    await bot.deliver()
    assert [(row.status, row.error) for row in await bot.sent()] == [("failed", "test_refused"), ("sent", None)]


async def test_who_blocked_us_is_not_called_again_until_they_write(bot: Bot, telegram: StandInProvider) -> None:
    bot.conversation_id = await bot.open("telegram")
    telegram.outcome = failing(Fate.UNREACHABLE, times=1)
    await say(bot, bot.conversation_id, "một", "hai", channel="telegram")
    await bot.deliver()
    await say(bot, bot.conversation_id, "ba", channel="telegram")
    await bot.deliver()
    assert await statuses(bot, "telegram") == ["failed"] * 3 and len(telegram.sent) == 1
    await bot.say("em đây")
    await bot.deliver()
    assert telegram.texts[-1] == "echo em đây"


async def test_a_closed_window_holds_what_is_said_until_the_owner_writes(bot: Bot, zalo: StandInProvider) -> None:
    bot.conversation_id = await bot.open("zalo")
    zalo.outcome = failing(Fate.WINDOW_CLOSED, times=1)
    await say(bot, bot.conversation_id, "một", "hai")
    await bot.deliver()
    bot.clock.advance(timedelta(days=1))
    await bot.deliver()
    assert await statuses(bot) == ["held", "waiting"] and len(zalo.sent) == 1
    assert zalo.invited == [await address_of(bot, bot.conversation_id)]


async def test_an_invitation_that_cannot_go_at_night_goes_later(bot: Bot, zalo: StandInProvider) -> None:
    here = await bot.open("zalo")
    zalo.outcome, zalo.refuses_invitations = failing(Fate.WINDOW_CLOSED), 1
    await say(bot, here, "một")
    await bot.deliver()
    assert await statuses(bot) == ["held"] and zalo.invited == []
    bot.clock.advance(INVITE_AGAIN)
    await bot.deliver()
    assert await statuses(bot) == ["held"] and zalo.invited == [await address_of(bot, here)]
    bot.clock.advance(INVITE_AGAIN)
    await bot.deliver()
    assert len(zalo.sent) == 2  # invited once, it waits for the owner


async def test_who_writes_before_the_invitation_goes_is_answered_at_once(bot: Bot, zalo: StandInProvider) -> None:
    bot.conversation_id = await bot.open("zalo")
    zalo.outcome, zalo.refuses_invitations = failing(Fate.WINDOW_CLOSED, times=1), 1
    await say(bot, bot.conversation_id, "một")
    await bot.deliver()
    await writes(bot, "em đây")
    await bot.work()
    await bot.deliver()
    assert zalo.texts == ["một", "một", "echo em đây"] and await statuses(bot) == ["sent", "sent"]


@pytest.mark.parametrize("fate", [Fate.WINDOW_CLOSED, Fate.UNREACHABLE])
async def test_who_writes_while_the_provider_says_no_is_answered(bot: Bot, zalo: StandInProvider, fate: Fate) -> None:
    bot.conversation_id = await bot.open("zalo")
    refuse = failing(fate, times=1)

    async def refuse_late(message: Outgoing) -> None:
        if len(zalo.sent) == 1:
            bot.clock.advance(timedelta(seconds=1))
            await writes(bot, "em đây")
        await refuse(message)

    zalo.outcome = refuse_late
    await say(bot, bot.conversation_id, "một")
    await bot.deliver()
    await bot.work()
    await bot.deliver()
    assert zalo.texts == ["một", "một", "echo em đây"] and await statuses(bot) == ["sent", "sent"]


async def test_a_wait_that_the_provider_names_is_kept(bot: Bot, zalo: StandInProvider) -> None:
    zalo.outcome = failing(Fate.RETRY, after=600, times=1)
    await say(bot, await bot.open("zalo"), "một")
    await bot.deliver()
    bot.clock.advance(timedelta(seconds=599))
    await bot.deliver()
    assert len(zalo.sent) == 1
    bot.clock.advance(timedelta(seconds=1))
    await bot.deliver()
    assert await statuses(bot) == ["sent"]


async def test_a_channel_that_was_switched_off_keeps_its_messages(bot: Bot) -> None:
    here = await bot.open("zalo")
    await say(bot, here, "chào")
    off = Sender(bot.database, bot.clock, {}, Pace(bot.clock), bot.sender.files, bot.web.wakeups)
    await off.deliver_due()
    assert await statuses(bot) == ["waiting"]
    bot.clock.advance(timedelta(minutes=1))
    await bot.deliver()
    assert await statuses(bot) == ["sent"]


async def test_more_buttons_than_the_channel_shows_become_a_list(bot: Bot, zalo: StandInProvider) -> None:
    here = await bot.open("zalo")
    buttons = tuple(Button(f"Nút {n}", f"/b{n}") for n in range(1, 8))
    await bot.database.run(lambda c: outbox.say(c, here, "zalo", [Reply("Chọn giúp em:", buttons)], bot.clock.now()))
    await bot.deliver()
    assert zalo.texts == ["Chọn giúp em:\n" + "\n".join(f"{n}. Nút {n}" for n in range(1, 8))]


async def test_a_picture_that_is_gone_fails_and_the_words_are_sent(bot: Bot, zalo: StandInProvider) -> None:
    here = await bot.open("zalo")
    reply = Reply("Kết quả đây ạ", image="/survey/gone.png")
    await bot.database.run(lambda c: outbox.say(c, here, "zalo", [reply], bot.clock.now()))
    await bot.deliver()
    assert [(row.status, row.error) for row in await bot.sent()] == [("failed", "file_gone"), ("sent", None)]
    assert zalo.texts == ["Kết quả đây ạ"]
    rows = select(outbound.c.reply).order_by(outbound.c.seq)
    assert [row["image"] for row in await bot.database.read(lambda c: list(c.scalars(rows)))] == [reply.image, None]
