"""`hotline channel check telegram`: from the settings to what Telegram says of the bot and its webhook."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import tzinfo

import aiohttp
from telegram import Bot, WebhookInfo

from hotline.channel_check import Finding, check_public_url, check_webhook, note, right, wrong
from integrations.errors import SendFailed
from integrations.telegram.provider import WEBHOOK_PATH
from integrations.telegram.transport import Transport, outcome
from store.clock import Clock
from store.settings import Settings

PORTS = (443, 80, 88, 8443)  # those Telegram calls
MANY_PENDING = 100


async def check_telegram(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    """Each step as it is done; changes nothing at Telegram and sends nothing to anybody."""
    if settings.telegram_bot_token is None:
        simulated = " Hotline đang dùng trình mô phỏng." if settings.may_simulate else ""
        yield wrong(f"Chưa có bot Telegram.{simulated}", "Tạo bot bằng @BotFather rồi đặt TELEGRAM_BOT_TOKEN.")
        return
    yield right("Có TELEGRAM_BOT_TOKEN.")
    transport = Transport()
    bot = Bot(
        settings.telegram_bot_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        request=transport,
        get_updates_request=transport,
    )
    try:
        async for finding in _account(bot, settings):
            yield finding
        async for finding in _way_in(bot, settings, clock.timezone):
            yield finding
    finally:
        await transport.shutdown()


async def _account(bot: Bot, settings: Settings) -> AsyncIterator[Finding]:
    try:
        yield right(f"Telegram nhận mã của bot: @{(await outcome(bot.get_me())).username}")
    except SendFailed as refusal:
        yield wrong(f"Telegram không nhận lời gọi ({refusal.error.code}).", refusal.error.detail)
        return
    if settings.telegram_alarm_chat is None:
        yield note("Không đặt TELEGRAM_ALARM_CHAT: báo động chỉ có trong nhật ký.")
        return
    try:
        await outcome(bot.get_chat(settings.telegram_alarm_chat))
        yield right("Bot ở trong nhóm nhận báo động.")
    except SendFailed as refusal:
        yield wrong(
            f"Bot không gửi được vào nhóm nhận báo động ({refusal.error.code}).",
            "Thêm bot vào nhóm và xem lại TELEGRAM_ALARM_CHAT.",
        )


async def _way_in(bot: Bot, settings: Settings, timezone: tzinfo) -> AsyncIterator[Finding]:
    try:
        info = await outcome(bot.get_webhook_info())
    except SendFailed:
        return  # the account's step has said why
    if settings.public_url is None:
        yield note("Không có HOTLINE_PUBLIC_URL: hotline tự hỏi Telegram.")
        if info.url:
            yield wrong("Bot còn một webhook nên không hỏi được.", "Chạy lại hotline: lúc bắt đầu nó xóa webhook.")
        return
    yield check_public_url(settings.public_url, PORTS)
    expected = settings.public_url + WEBHOOK_PATH
    if info.url == expected:
        yield right("Telegram gọi đúng địa chỉ webhook.")
    else:
        yield wrong("Telegram chưa gọi địa chỉ webhook này.", "Chạy lại hotline: lúc bắt đầu nó đăng ký webhook.")
    for finding in _deliveries(info, timezone):
        yield finding
    async with aiohttp.ClientSession() as http:
        yield await check_webhook(http, expected)


def _deliveries(info: WebhookInfo, timezone: tzinfo) -> list[Finding]:
    pending = info.pending_update_count
    findings = [
        note(f"{pending} tin đang chờ ở Telegram.")
        if pending < MANY_PENDING
        else wrong(f"{pending} tin đang chờ ở Telegram.", "Xem hotline có đang chạy và trả lời webhook không.")
    ]
    if info.last_error_date is not None:
        at = info.last_error_date.astimezone(timezone)
        findings.append(note(f"Lỗi gần nhất Telegram gặp khi gọi: {at:%H:%M ngày %d/%m}, {info.last_error_message}"))
    return findings
