"""`hotline channel check sms`: from the settings to what each gateway says of its account, and what to enter there."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.web.sms_door import address
from hotline.channel_check import Finding, check_public_url, note, right, wrong
from integrations.errors import SendFailed
from integrations.sms.esms.client import EsmsGateway
from integrations.sms.registry import BALANCE, KEYS, TITLES, open_gateways
from integrations.sms.speedsms.client import SpeedSmsGateway
from programme.thousands import grouped
from store.crypto import Keyring
from store.settings import Settings


async def check_sms(settings: Settings, keyring: Keyring) -> AsyncIterator[Finding]:
    """Each step as it is done; sends nothing to anybody. ZBS is the Zalo account's: `check_zalo`."""
    gateways = open_gateways(settings)
    if not gateways:
        remedy = "Đặt ESMS_API_KEY, ESMS_SECRET_KEY, ESMS_BRANDNAME, hoặc SPEEDSMS_ACCESS_TOKEN, SPEEDSMS_SENDER."
        yield wrong("Chưa có tài khoản SMS.", remedy)
        return
    yield check_public_url(settings.public_url)
    for name, gateway in gateways.items():
        try:
            if isinstance(gateway, EsmsGateway | SpeedSmsGateway):
                yield await _account(TITLES[name], gateway)
        finally:
            await gateway.close()
        if settings.public_url is not None:
            for finding in _addresses(name, address(settings.public_url, keyring, name), settings):
                yield finding


async def _account(title: str, gateway: EsmsGateway | SpeedSmsGateway) -> Finding:
    brandname = gateway.brandname if isinstance(gateway, EsmsGateway) else gateway.sender
    try:
        left = await gateway.balance()
    except SendFailed as failed:
        remedy = "Chạy lại lệnh này sau ít phút; máy này phải ra được máy chủ của nhà cung cấp."
        if failed.error.code in KEYS:
            remedy = "Xem lại khóa trong cấu hình và địa chỉ IP của máy này ở trang của nhà cung cấp."
        elif failed.error.code in BALANCE:
            remedy = "Nạp tiền hoặc hỏi bảng giá ở nhà cung cấp."
        return wrong(f"{title} không nhận lời gọi ({failed.error.code}): {failed.error.detail}", remedy)
    if left <= 0:
        return wrong(f"{title} nhận khóa nhưng tài khoản hết tiền.", "Nạp tiền ở nhà cung cấp.")
    return right(f"{title} nhận khóa; còn {grouped(left)} đồng; brandname trong cấu hình: {brandname}")


def _addresses(name: str, reports: str, settings: Settings) -> list[Finding]:
    """What is to be entered at the provider. The addresses are secret: whoever knows one may report."""
    title = TITLES[name]
    if name != "esms":
        return [note(f"Địa chỉ báo kết quả và tin đến, nhập ở {title} (giữ kín): {reports}")]
    found = [note(f"Địa chỉ báo kết quả, hotline tự gửi {title} theo từng tin (giữ kín): {reports}")]
    if settings.esms_mo_key is None:
        return [*found, note("Chưa có ESMS_MO_KEY: không nhận tin nhắn đến đầu số ngắn.")]
    return [*found, note(f"Địa chỉ nhận tin đến đầu số ngắn, nhập ở {title} (giữ kín): {reports}/inbound")]
