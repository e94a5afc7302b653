"""The SMS gateways by name, and those of a hotline that have an account. A gateway is its folder and its line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from integrations.sms.esms.client import EsmsGateway
from integrations.sms.gateway import Gateway
from integrations.sms.speedsms.client import SpeedSmsGateway
from store.settings import Settings

GATEWAYS: Mapping[str, Callable[[Settings], Gateway]] = {
    "esms": EsmsGateway.from_settings,
    "speedsms": SpeedSmsGateway.from_settings,
}


def open_gateways(settings: Settings) -> dict[str, Gateway]:
    """Those with an account, the one of SMS_GATEWAY first. Nothing is called yet."""
    names = sorted(GATEWAYS, key=lambda name: name != settings.sms_gateway)
    return {name: GATEWAYS[name](settings) for name in names if getattr(settings, f"has_{name}")}
