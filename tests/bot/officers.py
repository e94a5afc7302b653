"""What officers do in the tests' conversation, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot import baton, holding
from bot.baton import Reason
from bot.officer_voice import OfficerVoice
from store.console_tables import request
from store.messages import Reply
from store.tables import escalation
from tests.bot.conftest import Bot

HOURS = 24


async def act(bot: Bot, what: Any, *arguments: Any, **named: Any) -> Any:
    return await bot.database.run(lambda c: what(c, *arguments, **named))


async def escalated(bot: Bot) -> int:
    await bot.say("xin chào")
    return int(await act(bot, baton.escalate, bot.conversation_id, Reason.ASKED, bot.clock.now(), due_hours=HOURS))


async def officer(bot: Bot, name: str) -> int:
    return int(await act(bot, baton.officer_named, name, bot.clock.now()))


async def answers(bot: Bot, number: int, officer_id: int, words: str = "Dạ.") -> Any:
    return await act(bot, holding.answer, number, officer_id, Reply(words), bot.clock.now())


async def requests(bot: Bot) -> list[Any]:
    """The rows of `request` of the conversation, the oldest first."""
    of = select(request).filter_by(conversation_id=bot.conversation_id).order_by(request.c.id)
    return await bot.database.read(lambda c: list(c.execute(of).all()))


async def the_escalation(bot: Bot) -> Any:
    """The newest of the conversation."""
    of = select(escalation).filter_by(conversation_id=bot.conversation_id).order_by(escalation.c.id.desc())
    return await bot.database.read(lambda c: c.execute(of.limit(1)).one())


def voice(bot: Bot) -> OfficerVoice:
    return OfficerVoice(bot.web.content.phrases, bot.clock.timezone, bot.web.content.bulk_law)


def later(bot: Bot, **much: float) -> None:
    bot.clock.advance(timedelta(**much))
