"""The SMS gateways by name, and those of a hotline that have an account. A gateway is its folder and its line here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from integrations.errors import ProviderError
from integrations.sms.esms import errors as esms
from integrations.sms.esms.client import EsmsGateway
from integrations.sms.gateway import Gateway
from integrations.sms.speedsms import errors as speedsms
from integrations.sms.speedsms.client import SpeedSmsGateway
from integrations.zalo.provider import ZaloProvider
from integrations.zalo.zbs import NAME as ZBS
from integrations.zalo.zbs import ZbsGateway
from store.settings import Settings

GATEWAYS: Mapping[str, Callable[[Settings], Gateway]] = {
    "esms": EsmsGateway.from_settings,
    "speedsms": SpeedSmsGateway.from_settings,
}


# What is said of them, by code; of codes that nobody has described yet `error_of` says so. Those of "zbs" are Zalo's.
ERRORS: Mapping[str, Mapping[str, ProviderError]] = {"esms": esms.ERRORS, "speedsms": speedsms.ERRORS}
_BY_NUMBER: Mapping[str, Callable[[int], ProviderError]] = {"esms": esms.error, "speedsms": speedsms.error}
_NUMBERED = re.compile(rf"({'|'.join(_BY_NUMBER)})_(\d{{1,6}})")
# The account has nothing left to send with; the account, its keys or our address are not accepted
BALANCE = esms.BALANCE | speedsms.BALANCE
KEYS = esms.KEYS | speedsms.KEYS
TITLES: Mapping[str, str] = {"esms": "eSMS", "speedsms": "SpeedSMS", ZBS: "ZBS (Zalo)"}
# Every name that a campaign may give: the account of "zbs" is that of the Official Account
NAMES = (*GATEWAYS, ZBS)


def error_of(code: str) -> ProviderError | None:
    """The entry of an SMS gateway's error; None for every other code."""
    known = next((table[code] for table in ERRORS.values() if code in table), None)
    numbered = _NUMBERED.fullmatch(code)
    return known if known or not numbered else _BY_NUMBER[numbered[1]](int(numbered[2]))


def open_gateways(settings: Settings, zalo: ZaloProvider | None = None) -> dict[str, Gateway]:
    """Those with an account, the one of SMS_GATEWAY first. `zalo`: the provider of the OA, whose calls and tokens its
    templates by number share; None: none of those. Nothing is called yet."""
    names = sorted(GATEWAYS, key=lambda name: name != settings.sms_gateway)
    opened = {name: GATEWAYS[name](settings) for name in names if getattr(settings, f"has_{name}")}
    return opened if zalo is None else {**opened, ZBS: ZbsGateway(zalo.api, zalo.rate.per_second)}
