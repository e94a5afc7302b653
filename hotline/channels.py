"""The channels that push, as the settings have them: which there are, and how they begin and end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.email.provider import EmailProvider
from integrations.errors import SendFailed
from integrations.provider import CalledProvider, Provider
from integrations.zalo.provider import ZaloProvider
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.logs import get_logger
from store.mail_threads import CHANNEL as MAIL
from store.settings import Settings

if TYPE_CHECKING:
    from integrations.telegram.provider import TelegramProvider

log = get_logger("hotline.channels")

# Between attempts to register with Telegram; the last one repeats.
REGISTRATION_WAITS = (2, 5, 15, 60)


@dataclass(frozen=True)
class Channels:
    """`providers`: by channel."""

    providers: Mapping[str, Provider]
    zalo: ZaloProvider | None
    telegram: TelegramProvider | None
    email: EmailProvider | None = None

    @property
    def called(self) -> Mapping[str, CalledProvider]:
        """Those whose platforms call a webhook."""
        named = {"zalo": self.zalo, "telegram": self.telegram}
        return {channel: provider for channel, provider in named.items() if provider is not None}

    async def register_webhook(self) -> None:
        """Tell Telegram where to bring updates, until it has heard; then there is nothing left to do."""
        failures = 0
        while self.telegram is not None:
            try:
                await self.telegram.set_up()
                break
            except SendFailed as failure:
                log.warning("telegram_not_registered", code=failure.error.code)
                wait = REGISTRATION_WAITS[min(failures, len(REGISTRATION_WAITS) - 1)]
                failures += 1
                await asyncio.sleep(max(wait, failure.after_seconds or 0))
        await asyncio.Event().wait()  # a part that ended would end the process

    async def close(self) -> None:
        for provider in self.providers.values():
            await provider.close()


def open_channels(settings: Settings, database: Database, keyring: Keyring, clock: Clock) -> Channels:
    """Those with an account. Nothing is called yet."""
    providers: dict[str, Provider] = {}
    zalo = telegram = email = None
    if settings.has_zalo:
        zalo = providers["zalo"] = ZaloProvider.from_settings(settings, database, clock)
    if settings.has_telegram:
        # Its library weighs some 15 MB in memory: only who has an account loads it
        from integrations.telegram.provider import TelegramProvider

        telegram = providers["telegram"] = TelegramProvider.from_settings(settings)
    if settings.has_email:
        email = providers[MAIL] = EmailProvider.from_settings(settings, database, keyring)
    return Channels(providers, zalo, telegram, email)
