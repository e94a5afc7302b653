"""Loopback stand-ins for channels without an account, so that anybody can try the hotline "on Zalo",
"on Telegram", by mail and by SMS.

Never beside a public address unless HOTLINE_SIMULATORS asks for it: what they sign with is known to everybody.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import SecretStr

from bot.web.sms_door import address
from hotline.channels import Channels
from hotline.errors import Stop
from hotline.paths import VAR
from store.crypto import Keyring
from store.settings import Settings, secret_key

ZALO_PAGE, TELEGRAM_PAGE, MAIL_PAGE = "Zalo (mô phỏng)", "Telegram (mô phỏng)", "Thư điện tử (mô phỏng)"
SMS_PAGE = "SMS (mô phỏng)"


@dataclass(frozen=True)
class Simulators:
    """`addresses`: of their pages, by a name for people. `zalo_tokens`: access and refresh, where Zalo is simulated."""

    addresses: dict[str, str] = field(default_factory=dict)
    zalo_tokens: tuple[str, str] | None = None


@contextlib.asynccontextmanager
async def simulated(settings: Settings, own_url: str) -> AsyncIterator[tuple[Settings, Simulators]]:
    """The settings with the account of a simulator for every channel that has none, while the simulators run.

    `own_url`: where this hotline takes webhooks. SMS_GATEWAY=simulator takes the place of an account. Raises Stop.
    """
    if settings.sms_gateway == "simulator" and not settings.may_simulate:
        raise Stop("SMS_GATEWAY=simulator không chạy cạnh một địa chỉ công khai, trừ khi đặt HOTLINE_SIMULATORS=true.")
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
        has_sms = settings.has_esms or settings.has_speedsms
        if settings.may_simulate and (settings.sms_gateway == "simulator" or not has_sms):
            from integrations.sms.esms.sim_account import EsmsSwitches
            from integrations.sms.esms.simulator import EsmsSimulator

            # What a pack's campaigns say is registered with nobody here
            esms = EsmsSimulator(EsmsSwitches(template_check=False))
            with contextlib.suppress(ValueError):  # a damaged key stops the start later, with its reason
                esms.callbacks.url = address(own_url, Keyring(secret_key(settings, VAR)), "esms")
            addresses[SMS_PAGE] = await running.enter_async_context(esms.running())
            changes |= _as_settings(esms.account()) | {"sms_gateway": "esms"}
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
