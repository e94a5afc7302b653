"""What is said to owners and what becomes of it, for tests of the sender."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot import outbox
from integrations.errors import Fate, ProviderError, SendFailed
from integrations.provider import Outgoing
from store.messages import InboundMessage, Reply
from store.tables import conversation
from tests.bot.conftest import Bot


def failing(fate: Fate, after: float | None = None, times: int = 10**9) -> Any:
    """An outcome that fails so the first `times` calls."""
    left = [times]

    async def outcome(_: Outgoing) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise SendFailed(ProviderError(f"test_{fate}", fate, "thử"), after)

    return outcome


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
