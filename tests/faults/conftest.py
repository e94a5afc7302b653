"""The street that the fault tests share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from bot.intake import Intake
from bot.pace import Pace
from bot.sender import Sender
from bot.web.app import public_app
from hotline.serve import LOOPBACK, bind, server_for
from integrations.telegram.provider import TelegramProvider
from integrations.telegram.simulator import TelegramSimulator
from integrations.zalo.provider import ZaloProvider
from integrations.zalo.simulator import ZaloSimulator
from store.settings import Settings
from tests.bot.conftest import Bot, bot  # noqa: F401 - the fixture
from tests.conftest import NOW
from tests.faults.street import Street, say_back


@pytest.fixture
async def street(bot: Bot) -> AsyncIterator[Street]:  # noqa: F811 - the fixture
    bot.rasa.answer = say_back
    zalo = ZaloSimulator(webhook="http://127.0.0.1:1/", retry_scale=0.02)
    telegram = TelegramSimulator()
    for simulator in (zalo, telegram):
        simulator.clock.set(NOW)
    async with zalo.running() as zalo_url, telegram.running() as telegram_url:
        settings = Settings(
            **{
                "zalo_app_id": zalo.account()["ZALO_APP_ID"],
                "zalo_app_secret": SecretStr(zalo.account()["ZALO_APP_SECRET"]),
                "zalo_oa_secret": SecretStr(zalo.account()["ZALO_OA_SECRET"]),
                "zalo_oa_id": zalo.account()["ZALO_OA_ID"],
                "zalo_access_token": SecretStr(zalo.tokens.access),
                "zalo_refresh_token": SecretStr(zalo.tokens.refresh),
                "zalo_per_minute": 4000,
                "zalo_oauth_url": zalo_url,
                "zalo_openapi_url": zalo_url,
                "zalo_business_url": zalo_url,
                "telegram_bot_token": SecretStr(telegram.account()["TELEGRAM_BOT_TOKEN"]),
                "telegram_api_url": telegram_url,
            }
        )
        providers: dict[str, Any] = {
            "zalo": ZaloProvider.from_settings(settings, bot.database, bot.clock),
            "telegram": TelegramProvider.from_settings(settings),
        }
        w = bot.web
        intake = Intake(
            bot.database, bot.keyring, bot.clock, w.worker, w.wakeups, w.content, w.province, providers, 999
        )
        sender = Sender(bot.database, bot.clock, providers, Pace(bot.clock), w.files, w.wakeups)
        listener = bind(LOOPBACK, 0)
        server = server_for(public_app(replace(w, intake=intake, providers=providers)))
        serving = asyncio.create_task(server.serve([listener]))
        zalo.deliverer.url = f"http://{LOOPBACK}:{listener.getsockname()[1]}/webhooks/zalo"
        yield Street(bot, sender, intake, zalo, telegram, providers["telegram"], zalo.deliverer.url)
        server.should_exit = True
        await serving
        await intake.finish()
        for provider in providers.values():
            await provider.close()
