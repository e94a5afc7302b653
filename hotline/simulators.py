"""Loopback stand-ins for channels without an account, so that anybody can try the hotline "on Zalo",
"on Telegram" and by mail.

Never beside a public address unless HOTLINE_SIMULATORS asks for it: what they sign with is known to everybody.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import SecretStr

from hotline.channels import Channels
from store.settings import Settings

ZALO_PAGE, TELEGRAM_PAGE, MAIL_PAGE = "Zalo (mô phỏng)", "Telegram (mô phỏng)", "Thư điện tử (mô phỏng)"


@dataclass(frozen=True)
class Simulators:
    """`addresses`: of their pages, by a name for people. `zalo_tokens`: access and refresh, where Zalo is simulated."""

    addresses: dict[str, str] = field(default_factory=dict)
    zalo_tokens: tuple[str, str] | None = None


@contextlib.asynccontextmanager
async def simulated(settings: Settings, own_url: str) -> AsyncIterator[tuple[Settings, Simulators]]:
    """The settings with the account of a simulator for every channel that has none, while the simulators run.

    `own_url`: where this hotline takes webhooks.
    """
    async with contextlib.AsyncExitStack() as running:
        changes: dict[str, Any] = {}
        addresses, tokens = {}, None
        if not settings.has_zalo and settings.may_simulate:
            from integrations.zalo.simulator import ZaloSimulator

            zalo = ZaloSimulator(webhook=f"{own_url}/webhooks/zalo")
            addresses[ZALO_PAGE] = await running.enter_async_context(zalo.running())
            tokens = (zalo.tokens.access, zalo.tokens.refresh)
            changes |= _as_settings(zalo.account()) | {"zalo_per_minute": zalo.switches.per_minute}
        if not settings.has_telegram and settings.may_simulate:
            from integrations.telegram.simulator import TelegramSimulator

            telegram = TelegramSimulator()
            addresses[TELEGRAM_PAGE] = await running.enter_async_context(telegram.running())
            changes |= _as_settings(telegram.account())
        if not settings.has_email and settings.may_simulate:
            from integrations.email.simulator import MailSimulator

            mail = MailSimulator()
            addresses[MAIL_PAGE] = await running.enter_async_context(mail.running())
            changes |= _as_settings(mail.account())
        yield settings.model_copy(update=changes), Simulators(addresses, tokens)


def _as_settings(account: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of Settings for a simulator's account, whose keys are the names of variables."""
    fields = {}
    for name, field_ in Settings.model_fields.items():
        if (value := account.get(str(field_.validation_alias))) is not None:
            fields[name] = SecretStr(value) if SecretStr in get_args(field_.annotation) else value
    return fields


async def adopt_simulated_tokens(channels: Channels, simulators: Simulators) -> None:
    """A simulator begins anew at every start and knows nothing of the pair that the database has kept."""
    if channels.zalo is not None and simulators.zalo_tokens is not None:
        await channels.zalo.tokens.replace(*simulators.zalo_tokens)
