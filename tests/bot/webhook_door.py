"""The public app with webhooks that read as in service, for tests of what comes in there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.web.app import public_app
from bot.worker import Worker
from integrations.errors import Fate, ProviderError, SendFailed
from integrations.provider import Provider
from integrations.registry import CHANNELS, Specimen, settings_for, specimen
from store.channel_tables import channel_event
from store.tables import conversation, inbound
from tests.bot.conftest import Bot, StandInProvider

NOBODY = "http://127.0.0.1:1"
WRITER = "5012345678"
WORDS = "Cửa hàng bà Lan ở Đồng Hỷ mở cửa đến mấy giờ ạ?"


class Unmanned(Worker):
    """Leaves what comes in to the test's own `work`."""

    def lease(self) -> None:
        return None


@dataclass
class Door:
    """The public app of a bot whose channels read with their real providers, and send with stand-ins."""

    bot: Bot
    http: httpx.AsyncClient
    specimens: Mapping[str, Specimen]

    async def post(self, channel: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return await self.http.post(f"/webhooks/{channel}", content=body, headers=headers)

    async def genuine(self, channel: str, body: bytes) -> int:
        return (await self.post(channel, body, self.specimens[channel].seal(body))).status_code

    def words(self, channel: str, text: str = WORDS, number: int = 1, address: str = WRITER) -> bytes:
        return self.specimens[channel].words(text, address, number, self.bot.clock.now())

    def fixture(self, channel: str, name: str) -> bytes:
        return self.specimens[channel].fixtures[name]

    async def rows(self, table: Any, **filters: Any) -> list[Any]:
        return await self.bot.database.read(lambda c: list(c.execute(select(table).filter_by(**filters)).all()))

    async def kept(self, channel: str) -> int:
        """How many rows there are of what the channel reported."""
        return sum([len(await self.rows(table, channel=channel)) for table in (inbound, conversation, channel_event)])

    async def settle(self) -> None:
        await self.bot.work()
        await self.bot.deliver()
        await self.bot.web.intake.finish()

    def refuse(self, channel: str, fate: Fate | None) -> None:
        """From now on the platform refuses messages so; None: it takes them again."""
        stand_in = self.bot.sender.providers[channel]
        assert isinstance(stand_in, StandInProvider)

        async def refuses(_: Any) -> None:
            raise SendFailed(ProviderError("test", fate or Fate.RETRY, "thử"))

        stand_in.outcome = refuses if fate else None

    def answers(self, channel: str) -> list[str]:
        stand_in = self.bot.sender.providers[channel]
        assert isinstance(stand_in, StandInProvider)
        return stand_in.texts


def reading(bot: Bot, channel: str, **settings: Any) -> Provider:
    """The real provider with the account of its simulator, which is not there."""
    one = specimen(channel)
    simulator = one.simulator()
    simulator.url = NOBODY
    return one.open(settings_for(simulator.account(), **settings), bot.database, bot.clock)


async def opened(bot: Bot, **settings: Any) -> Door:
    bot.web.intake.worker = Unmanned(bot.database, bot.runner, bot.clock, bot.web.wakeups)
    providers = {channel: reading(bot, channel, **settings) for channel in CHANNELS}
    app = public_app(replace(bot.web, providers=providers))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hotline")
    return Door(bot, client, {channel: specimen(channel) for channel in CHANNELS})


@pytest.fixture
async def door(bot: Bot) -> AsyncIterator[Door]:
    made = await opened(bot)
    yield made
    await made.http.aclose()


def is_silent(logs: list[Any]) -> bool:
    """Whether nothing of a person stands in the log."""
    return not any(part in repr(logs) for part in ("bà Lan", "Đồng Hỷ", WRITER, "Hoa", "84900000001"))
