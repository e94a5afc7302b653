"""`hotline channel check zalo`: from the settings to a call that Zalo answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import aiohttp

from bot.web.verification import file_path
from hotline.channel_check import Finding, check_contains, check_public_url, check_webhook, note, right, wrong
from integrations.errors import SendFailed
from integrations.zalo.provider import ZaloProvider
from integrations.zalo.token_state import TokenState
from integrations.zalo.tokens import read_state
from store.clock import Clock
from store.database import Database
from store.settings import Settings

WEBHOOK_PATH = "/webhooks/zalo"
_NEW_PAIR = "Chạy: hotline zalo connect (hoặc dán cặp mã lấy ở API Explorer: hotline zalo tokens --paste)"


async def check_zalo(settings: Settings, database: Database, clock: Clock) -> AsyncIterator[Finding]:
    """Each step as it is done. Renews the access token when that is due; sends nothing to anybody."""
    if not settings.has_zalo:
        simulated = " Hotline đang dùng trình mô phỏng." if settings.may_simulate else ""
        yield wrong(
            f"Chưa có tài khoản Zalo.{simulated}", "Đặt ZALO_APP_ID, ZALO_APP_SECRET và ZALO_OA_ID (docs/operate.md)."
        )
        return
    yield right("Có đủ ZALO_APP_ID, ZALO_APP_SECRET, ZALO_OA_ID.")
    awaits_secret = settings.zalo_signing_secret == "oa" and settings.zalo_oa_secret is None  # noqa: S105 - a choice
    if awaits_secret:
        yield wrong(
            "Chưa có ZALO_OA_SECRET: webhook trả lời 200 và bỏ qua mọi tin.",
            "Lưu địa chỉ webhook trong trang quản lý ứng dụng Zalo, chép OA secret key hiện ra, chạy lại hotline.",
        )
    async with aiohttp.ClientSession() as http:
        async for finding in _outside(http, settings, awaits_secret):
            yield finding
    state = await database.read(read_state)
    yield _pair(state, settings, clock.now())
    yield await _call(settings, database, clock)


async def _outside(http: aiohttp.ClientSession, settings: Settings, awaits_secret: bool) -> AsyncIterator[Finding]:
    yield check_public_url(settings.public_url)
    if settings.public_url is None:
        return
    if settings.zalo_verification is None:
        yield note("Không đặt ZALO_VERIFICATION: tên miền phải được xác thực bằng bản ghi DNS.")
    else:
        proof = settings.public_url + file_path(settings.zalo_verification)
        yield await check_contains(http, proof, settings.zalo_verification, "Chạy lại hotline sau khi đổi cấu hình.")
    yield await check_webhook(http, settings.public_url + WEBHOOK_PATH, awaits_secret)


def _pair(state: TokenState | None, settings: Settings, now: datetime) -> Finding:
    if state is None and settings.zalo_access_token and settings.zalo_refresh_token:
        return note("Kho mã còn trống; cặp mã trong cấu hình sẽ được dùng.")
    if state is None:
        return wrong("Chưa có cặp mã truy cập.", _NEW_PAIR)
    if state.trouble is not None:
        return wrong(f"Lần đổi mã gần nhất không thành ({state.trouble}).", _NEW_PAIR)
    if state.is_ageing(now):
        return wrong(f"Mã làm mới đã {(now - state.issued_at).days} ngày chưa được đổi; nó sống 3 tháng.", _NEW_PAIR)
    left = max(timedelta(0), state.expires_at - now)
    return right(f"Có cặp mã, mã truy cập còn {left // timedelta(hours=1)} giờ.")


async def _call(settings: Settings, database: Database, clock: Clock) -> Finding:
    provider = ZaloProvider.from_settings(settings, database, clock)
    try:
        account = await provider.api.account()
    except SendFailed as failure:
        return wrong(f"Zalo không nhận lời gọi ({failure.error.code}).", failure.error.detail)
    finally:
        await provider.close()
    if str(account.get("oa_id")) != settings.zalo_oa_id:
        return wrong("Cặp mã thuộc về một Official Account khác với ZALO_OA_ID.", _NEW_PAIR)
    return right(f"Zalo nhận lời gọi; Official Account: {account.get('name', '')}")
