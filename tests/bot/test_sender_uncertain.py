"""Whether a message went out is not known, or whoever sent it is slow, stopped or dead: nothing is sent twice."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.deliveries import LEASE
from bot.files import Files
from bot.pace import Pace
from bot.retry import ECHO_WAIT
from bot.sender import Sender
from integrations.errors import Fate
from integrations.provider import Outgoing
from store.events import Echo, Receipt
from store.tables import conversation
from tests.bot.conftest import Bot, StandInProvider
from tests.bot.sending import address_of, failing, say, statuses


class Died(BaseException):
    """The process ends here: nothing after it happens."""


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
    claim = bot.sender._deliveries.claim

    def claim_slowly(connection: Connection, limit: int) -> list[Any]:
        calls = claim(connection, limit)
        marked.set()
        stopped.wait(10)
        return calls

    monkeypatch.setattr(bot.sender._deliveries, "claim", claim_slowly)
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
