"""The SMS gateways by name, and those of a hotline that have an account. A gateway is its folder and its line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from integrations.sms.esms.client import EsmsGateway
from integrations.sms.gateway import Gateway
from integrations.sms.speedsms.client import SpeedSmsGateway
from integrations.zalo.provider import ZaloProvider
from integrations.zalo.zbs import NAME as ZBS
from integrations.zalo.zbs import ZbsGateway
from store.settings import Settings

GATEWAYS: Mapping[str, Callable[[Settings], Gateway]] = {
    "esms": EsmsGateway.from_settings,
    "speedsms": SpeedSmsGateway.from_settings,
}


# Every name that a campaign may give: the account of "zbs" is that of the Official Account
NAMES = (*GATEWAYS, ZBS)


def open_gateways(settings: Settings, zalo: ZaloProvider | None = None) -> dict[str, Gateway]:
    """Those with an account, the one of SMS_GATEWAY first. `zalo`: the provider of the OA, whose calls and tokens its
    templates by number share; None: none of those. Nothing is called yet."""
    names = sorted(GATEWAYS, key=lambda name: name != settings.sms_gateway)
    opened = {name: GATEWAYS[name](settings) for name in names if getattr(settings, f"has_{name}")}
    return opened if zalo is None else {**opened, ZBS: ZbsGateway(zalo.api, zalo.rate.per_second)}
