"""Somebody who asks about their data in a conversation, for tests."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from actions.context import TurnContext, enter
from actions.desk import Desk
from actions.personal_data import ActionDataRequest, ActionProveIdentity
from bot.wakeups import Wakeups
from bot.web.app import public_app
from programme.content import Content
from programme.responses import Origin
from scheduler.erasures import carry_out
from scheduler.kinds import JobContext
from store.contacts import Contacts
from store.tables import data_request
from tests.bot.acting import apply, rows
from tests.bot.conftest import Bot

SITE = "https://hotline.example"


class Owner:
    """Somebody who writes to the bot; `act` is a turn whose intent was read as that of the action."""

    def __init__(self, bot: Bot, content: Content) -> None:
        self.bot, self.content = bot, content

    async def act(self, action: Action, text: str, intent: str = "", **entities: str) -> list[dict[str, Any]]:
        known = await self.bot.row()
        origin = Origin(known.contact_id, known.channel, known.province, known.id)
        clock = self.bot.clock
        desk = Desk(self.bot.database.read, self.content.surveys, origin, clock.now(), clock.timezone, SITE)
        context = TurnContext(known.province, clock.today(), self.content, text, desk=desk)
        enter(context)
        dispatcher = CollectingDispatcher()
        said = [{"entity": name, "value": value} for name, value in entities.items()]
        tracker = Tracker("1", {}, {"intent": {"name": intent}, "entities": said}, [], False, None, {}, "")
        await action.run(dispatcher, tracker, {})
        await apply(self.bot, *context.effects)
        return list(dispatcher.messages)

    async def access(self) -> list[str]:
        return [one["custom"]["entry"] for one in await self.act(ActionDataRequest(), "dữ liệu của tôi", "my_data")]

    async def erasure(self) -> list[str]:
        return [one["custom"]["entry"] for one in await self.act(ActionDataRequest(), "xóa dữ liệu", "delete_data")]

    async def prove(self, text: str, by: str = "phone_digits") -> list[dict[str, Any]]:
        return await self.act(ActionProveIdentity(), text, "prove_identity", by=by)

    async def has_phone(self, phone: str = "+84912345678") -> None:
        known = await self.bot.row()
        await self.bot.database.run(lambda c: Contacts(c, self.bot.keyring).set_phone(known.contact_id, phone))

    async def requests(self) -> list[tuple[str, str, str, str | None]]:
        found = sorted(await rows(self.bot, data_request), key=lambda row: row.id)
        return [(row.kind, row.status, row.stage, row.identity) for row in found]

    async def job(self) -> None:
        bot = self.bot
        await carry_out(JobContext(bot.database, bot.clock, self.content, Wakeups(), bot.keyring))


@pytest.fixture
async def owner(bot: Bot, content: Content) -> Owner:
    await bot.say("xin chào")
    return Owner(bot, content)


@pytest.fixture
async def browser(bot: Bot) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(public_app(bot.web)), base_url=SITE) as client:
        yield client


def token_of(messages: list[dict[str, Any]]) -> str:
    (found,) = [match[1] for one in messages if (match := re.search(r"/my-data#(\S+)", one["text"]))]
    return found
