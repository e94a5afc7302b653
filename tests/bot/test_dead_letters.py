"""What went wrong is on one list until a person has looked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from bot import dead_letters, outbox
from bot.dead_letters import NotDead
from integrations.errors import Fate
from store.channel_tables import attachment
from store.events import Unread
from store.messages import Attachment, InboundMessage, Kind, Reply
from tests.bot.conftest import MOST_IN_A_MINUTE, Bot, StandInProvider
from tests.bot.sending import failing


async def listed(bot: Bot) -> list[Any]:
    return await bot.database.read(dead_letters.waiting)


async def fail_one(bot: Bot, fate: Fate = Fate.UNCERTAIN, channel: str = "telegram") -> StandInProvider:
    provider = bot.web.providers[channel]
    assert isinstance(provider, StandInProvider)
    provider.outcome = failing(fate)
    here = await bot.open(channel)
    await bot.database.run(lambda c: outbox.say(c, here, channel, [Reply("chào bác")], bot.clock.now()))
    await bot.deliver()
    provider.outcome = None
    return provider


async def test_every_kind_is_listed_and_leaves_the_list_once_it_is_settled(bot: Bot) -> None:
    await fail_one(bot)
    await bot.web.intake.take("zalo", [Unread("bad:1", "user_send_text", "{", "no_sender")])
    for number in range(MOST_IN_A_MINUTE + 1):
        written = InboundMessage("zalo", "u", f"m{number}", bot.clock.now(), f"tin {number}")
        await bot.web.intake.take("zalo", [written])
    letters = await listed(bot)
    assert sorted((one.ref.split("-")[0], one.code, one.words) for one in letters) == [
        ("event", "no_sender", "user_send_text"),
        ("inbound", "flood", f"tin {MOST_IN_A_MINUTE}"),
        ("outbound", "uncertain: test_uncertain", "chào bác"),
    ]
    for one in letters:
        await bot.database.run(lambda c, ref=one.ref: dead_letters.settle(c, ref, bot.clock.now()))  # type: ignore[misc]
    assert await listed(bot) == []


async def test_a_failed_attachment_is_listed(bot: Bot) -> None:
    sent = (Attachment(Kind.VOICE, source="https://zalo.example/1"),)
    await bot.web.intake.take("zalo", [InboundMessage("zalo", "u", "m1", bot.clock.now(), attachments=sent)])
    await bot.database.run(lambda c: c.execute(update(attachment).values(status="failed", error="gone")))
    assert [(one.code, one.words) for one in await listed(bot)] == [("gone", "voice")]


async def test_a_message_of_ours_is_said_again_only_by_a_person_and_once(bot: Bot) -> None:
    provider = await fail_one(bot)
    (letter,) = await listed(bot)
    await bot.database.run(lambda c: dead_letters.resend(c, letter.ref, bot.clock.now()))
    with pytest.raises(NotDead):
        await bot.database.run(lambda c: dead_letters.resend(c, letter.ref, bot.clock.now()))
    await bot.deliver()
    assert provider.texts == ["chào bác", "chào bác"] and await listed(bot) == []
    assert [row.status for row in await bot.sent("telegram")] == ["settled", "sent"]


async def test_whoever_blocked_us_is_tried_again_when_a_person_says_so(bot: Bot) -> None:
    provider = await fail_one(bot, Fate.UNREACHABLE)
    (letter,) = await listed(bot)
    await bot.database.run(lambda c: dead_letters.resend(c, letter.ref, bot.clock.now()))
    await bot.deliver()
    assert provider.texts == ["chào bác", "chào bác"]


async def test_what_waited_behind_a_held_message_goes_once_that_is_settled(bot: Bot) -> None:
    provider = await fail_one(bot, Fate.WINDOW_CLOSED)
    (letter,) = await listed(bot)
    here = letter.conversation_id
    await bot.database.run(lambda c: outbox.say(c, here, "telegram", [Reply("sau")], bot.clock.now()))
    await bot.deliver()
    assert provider.texts == ["chào bác"]
    await bot.database.run(lambda c: dead_letters.settle(c, letter.ref, bot.clock.now()))
    await bot.deliver()
    assert provider.texts == ["chào bác", "sau"]


async def test_what_still_waits_for_its_echo_is_no_dead_letter(bot: Bot) -> None:
    await fail_one(bot, channel="zalo")
    assert await listed(bot) == []


@pytest.mark.parametrize("ref", ["outbound-99", "event-1", "nothing-1", "outbound-x", "outbound", ""])
async def test_what_is_not_on_the_list_cannot_be_settled(bot: Bot, ref: str) -> None:
    with pytest.raises(NotDead):
        await bot.database.run(lambda c: dead_letters.settle(c, ref, bot.clock.now()))
