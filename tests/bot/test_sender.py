"""What was said reaches the provider once, in order, whatever it answers and whoever dies."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot import outbox
from bot.files import Files
from bot.pace import Pace
from bot.retry import ECHO_WAIT, GIVE_UP_AFTER, WAITS
from bot.sender import INVITE_AGAIN, LEASE, MANY_TROUBLES, PARALLEL_SENDS, Sender
from integrations.errors import Fate, ProviderError, SendFailed
from integrations.provider import Outgoing, Rate
from store.events import Echo, Receipt
from store.messages import Button, InboundMessage, Reply
from store.tables import conversation, outbound
from tests.bot.conftest import Bot, StandInProvider


class Died(BaseException):
    """The process ends here: nothing after it happens."""


def failing(fate: Fate, after: float | None = None, times: int = 10**9) -> Any:
    """An outcome that fails so the first `times` calls."""
    left = [times]

    async def outcome(_: Outgoing) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise SendFailed(ProviderError(f"test_{fate}", fate, "thử"), after)

    return outcome


@pytest.fixture
def zalo(bot: Bot) -> StandInProvider:
    provider = bot.web.providers["zalo"]
    assert isinstance(provider, StandInProvider)
    return provider


@pytest.fixture
def telegram(bot: Bot) -> StandInProvider:
    provider = bot.web.providers["telegram"]
    assert isinstance(provider, StandInProvider)
    return provider


async def say(bot: Bot, to: str, *texts: str, channel: str = "zalo", bulk: bool = False) -> None:
    replies = [Reply(text) for text in texts]
    await bot.database.run(lambda c: outbox.say(c, to, channel, replies, bot.clock.now(), bulk=bulk))


async def statuses(bot: Bot, channel: str = "zalo") -> list[str]:
    return [row.status for row in await bot.sent(channel)]


async def writes(bot: Bot, text: str) -> None:
    """The owner of the bot's conversation, by the webhook."""
    message = InboundMessage("zalo", await address_of(bot, bot.conversation_id), text, bot.clock.now(), text)
    await bot.web.intake.take("zalo", [message])


async def address_of(bot: Bot, conversation_id: str) -> str:
    rows = select(conversation.c.address).filter_by(id=conversation_id)
    return str(await bot.database.read(lambda c: c.scalar(rows)))


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


# --- uncertain


async def test_without_an_echo_an_open_outcome_stays_uncertain_and_the_rest_goes_on(
    bot: Bot, telegram: StandInProvider
) -> None:
    here = await bot.open("telegram")
    telegram.outcome = failing(Fate.UNCERTAIN, times=1)
    await say(bot, here, "một", "hai", channel="telegram")
    await bot.deliver()
    bot.clock.advance(timedelta(days=2))
    await bot.deliver()
    assert await statuses(bot, "telegram") == ["uncertain", "sent"]
    assert telegram.texts == ["một", "hai"]


async def test_an_echo_decides_and_what_waited_goes_on(bot: Bot, zalo: StandInProvider) -> None:
    here = await bot.open("zalo")
    zalo.outcome = failing(Fate.UNCERTAIN, times=1)
    await say(bot, here, "một\n hai", "ba")
    await bot.deliver()
    assert await statuses(bot) == ["uncertain", "waiting"]
    echo = Echo(await address_of(bot, here), "z-1", "một  hai", bot.clock.now())
    await bot.web.intake.take("zalo", [echo, echo])
    await bot.deliver()
    assert [(row.status, row.provider_message_id) for row in await bot.sent()] == [("sent", "z-1"), ("sent", "zalo-2")]
    assert (await bot.database.read(lambda c: c.scalar(select(conversation.c.holder).filter_by(id=here)))) == "bot"


async def test_no_echo_within_its_time_leaves_it_uncertain_for_a_person(bot: Bot, zalo: StandInProvider) -> None:
    here = await bot.open("zalo")
    zalo.outcome = failing(Fate.UNCERTAIN, times=1)
    await say(bot, here, "một", "hai")
    await bot.deliver()
    bot.clock.advance(ECHO_WAIT - timedelta(seconds=1))
    await bot.deliver()
    assert zalo.texts == ["một"]
    bot.clock.advance(timedelta(seconds=1))
    await bot.deliver()
    assert await statuses(bot) == ["uncertain", "sent"] and zalo.texts == ["một", "hai"]


async def test_a_receipt_proves_that_an_uncertain_message_went_out(bot: Bot, zalo: StandInProvider) -> None:
    here = await bot.open("zalo")
    await say(bot, here, "một")
    await bot.deliver()
    (row,) = await bot.sent()
    address = await address_of(bot, here)
    seen = Receipt(address, (row.provider_message_id,), True, bot.clock.now())
    delivered = Receipt(address, (row.provider_message_id,), False, bot.clock.now())
    await bot.web.intake.take("zalo", [seen])
    await bot.web.intake.take("zalo", [delivered])
    assert await statuses(bot) == ["seen"]  # receipts come in any order; it does not go back


@pytest.mark.parametrize("channel", ["zalo", "telegram"])
async def test_killed_between_the_providers_yes_and_our_commit_nothing_is_sent_twice(bot: Bot, channel: str) -> None:
    here, provider = await bot.open(channel), bot.web.providers[channel]
    assert isinstance(provider, StandInProvider)

    async def die(_: Outgoing) -> None:
        raise Died

    provider.outcome = die
    await say(bot, here, "một", "hai", channel=channel)
    await bot.deliver()
    assert await statuses(bot, channel) == ["sending", "waiting"]
    provider.outcome = None
    await bot.deliver()
    assert provider.texts == ["một"]  # its lease still runs
    bot.clock.advance(LEASE)
    await bot.deliver()
    bot.clock.advance(ECHO_WAIT)
    await bot.deliver()
    assert provider.texts == ["một", "hai"]
    assert await statuses(bot, channel) == ["uncertain", "sent"]


async def test_who_was_only_slow_still_counts(bot: Bot, telegram: StandInProvider) -> None:
    here, begun, go_on = await bot.open("telegram"), asyncio.Event(), asyncio.Event()

    async def slow(_: Outgoing) -> None:
        begun.set()
        await go_on.wait()

    telegram.outcome = slow
    await say(bot, here, "một", channel="telegram")
    delivery = asyncio.create_task(bot.deliver())
    await begun.wait()
    bot.clock.advance(LEASE)
    files = Files(bot.database, bot.web.content, bot.clock)
    second = Sender(bot.database, bot.clock, bot.web.providers, Pace(bot.clock), files, bot.web.wakeups)
    await second.deliver_due()
    assert await statuses(bot, "telegram") == ["uncertain"]
    go_on.set()
    await delivery
    assert await statuses(bot, "telegram") == ["sent"] and telegram.texts == ["một"]


async def test_who_was_too_slow_leaves_the_rest_to_whoever_took_over(bot: Bot, telegram: StandInProvider) -> None:
    here = await bot.open("telegram")
    begun, go_on = [asyncio.Event(), asyncio.Event()], [asyncio.Event(), asyncio.Event()]

    async def slow(_: Outgoing) -> None:
        number = len(telegram.sent) - 1
        if number < len(begun):
            begun[number].set()
            await go_on[number].wait()

    telegram.outcome = slow
    await say(bot, here, *"123", channel="telegram")
    first = asyncio.create_task(bot.deliver())
    await begun[0].wait()
    bot.clock.advance(LEASE)
    files = Files(bot.database, bot.web.content, bot.clock)
    other = Sender(bot.database, bot.clock, bot.web.providers, Pace(bot.clock), files, bot.web.wakeups)
    second = asyncio.create_task(other.deliver_due())
    await begun[1].wait()
    go_on[0].set()
    await first
    assert await statuses(bot, "telegram") == ["sent", "sending", "waiting"]
    go_on[1].set()
    await second
    assert await statuses(bot, "telegram") == ["sent"] * 3 and telegram.texts == list("123")


async def test_a_sender_that_is_stopped_calls_whatever_it_has_marked_and_no_more(
    bot: Bot, telegram: StandInProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, marked, stopped = await bot.open("telegram"), threading.Event(), threading.Event()
    await say(bot, here, "một", "hai", channel="telegram")
    claim = bot.sender._claim

    def claim_slowly(connection: Connection, limit: int) -> list[Any]:
        calls = claim(connection, limit)
        marked.set()
        stopped.wait(10)
        return calls

    monkeypatch.setattr(bot.sender, "_claim", claim_slowly)
    running = asyncio.create_task(bot.sender.run())
    await asyncio.to_thread(marked.wait, 10)
    running.cancel()
    await asyncio.sleep(0)
    stopped.set()
    await asyncio.wait([running])
    assert telegram.texts == ["một"] and await statuses(bot, "telegram") == ["sent", "waiting"]
    files = Files(bot.database, bot.web.content, bot.clock)
    await Sender(bot.database, bot.clock, bot.web.providers, Pace(bot.clock), files, bot.web.wakeups).deliver_due()
    assert telegram.texts == ["một", "hai"]


async def test_an_echo_belongs_to_the_call_that_is_open_and_not_to_the_same_words_of_long_ago(
    bot: Bot, zalo: StandInProvider
) -> None:
    here = await bot.open("zalo")
    zalo.outcome = failing(Fate.UNCERTAIN, times=2)
    await say(bot, here, "chào bác")
    await bot.deliver()
    bot.clock.advance(ECHO_WAIT)
    await bot.deliver()
    await say(bot, here, "chào bác")
    await bot.deliver()
    await bot.web.intake.take("zalo", [Echo(await address_of(bot, here), "z-2", "chào bác", bot.clock.now())])
    assert [(row.status, row.provider_message_id) for row in await bot.sent()] == [("uncertain", None), ("sent", "z-2")]


async def test_an_error_of_our_own_is_uncertain_and_does_not_stop_the_sender(bot: Bot, zalo: StandInProvider) -> None:
    broken, other = await bot.open("zalo"), await bot.open("zalo")

    async def breaks(message: Outgoing) -> None:
        if message.reply.text == "một":
            raise ZeroDivisionError

    zalo.outcome = breaks
    await say(bot, broken, "một")
    await say(bot, other, "hai")
    await bot.deliver()
    assert sorted(await statuses(bot)) == ["sent", "uncertain"]


# --- pace


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
