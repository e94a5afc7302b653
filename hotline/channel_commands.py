"""`hotline channel check …` and `hotline zalo …`: whether a channel works, and what only a person can give it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import click

from hotline.app import open_migrated_database, read_settings
from hotline.channel_check import Finding
from hotline.errors import Stop
from hotline.mail_check import check_email
from hotline.sms_check import check_sms
from hotline.zalo_check import check_zalo
from hotline.zalo_commands import tokens
from integrations.errors import SendFailed
from integrations.zalo.consent import LIFE, Consent
from integrations.zalo.provider import ZaloProvider
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.logs import configure_logs
from store.settings import Settings

T = TypeVar("T")


@click.group("channel")
def channel_group() -> None:
    """Các kênh: Zalo, Telegram, thư điện tử, SMS."""


@channel_group.command("check")
@click.argument("channel", type=click.Choice(["zalo", "telegram", "email", "sms"]))
def check(channel: str) -> None:
    """Kiểm tra từng bước một kênh có chạy được không, và cách sửa. Có bước sai thì mã thoát là 1."""
    configure_logs(logging.ERROR)
    settings = read_settings()
    clock = Clock(settings.timezone, settings.now)
    if channel == "zalo":
        is_ready = _with_database(settings, clock, lambda database, _: _print(check_zalo(settings, database, clock)))
    elif channel == "sms":
        is_ready = _with_database(settings, clock, lambda _, keyring: _print(check_sms(settings, keyring)))
    elif channel == "email":
        is_ready = asyncio.run(_print(check_email(settings)))
    else:
        from hotline.telegram_check import check_telegram  # loads python-telegram-bot, half a second

        is_ready = asyncio.run(_print(check_telegram(settings, clock)))
    if not is_ready:
        raise click.exceptions.Exit(1)


@click.group("zalo")
def zalo_group() -> None:
    """Quyền nhắn tin thay Official Account."""


@zalo_group.command("connect")
@click.option("--code", help="Mã code trong địa chỉ mà trang cấp quyền của Zalo Developers chuyển về.")
def connect(code: str | None) -> None:
    """In địa chỉ để quản trị viên OA cấp quyền cho hotline; có --code thì đổi mã đó lấy cặp mã truy cập."""

    settings = read_settings()
    if settings.zalo_oa_id is None:
        raise Stop("Chưa có tài khoản Zalo: đặt ZALO_APP_ID, ZALO_APP_SECRET và ZALO_OA_ID.")
    if settings.public_url is None and code is None:
        raise Stop("Zalo cần địa chỉ để quay về: đặt HOTLINE_PUBLIC_URL. Chưa có thì: hotline zalo tokens --paste")

    async def work(consent: Consent) -> None:
        if code is None:
            click.echo(
                f"Mở địa chỉ này bằng trình duyệt trong {LIFE.seconds // 60} phút, đăng nhập Zalo của quản trị viên"
                f" OA và bấm đồng ý:\n{consent.begin()}"
            )
            return
        await consent.finish_by_hand(code.strip())
        click.echo("Đã kết nối. Kiểm tra lại: hotline channel check zalo")

    _with_zalo(settings, work)


zalo_group.add_command(tokens)


def _with_zalo(settings: Settings, work: Callable[[Consent], Awaitable[None]]) -> None:
    """Raises Stop when Zalo refuses."""
    configure_logs(logging.ERROR)
    clock = Clock(settings.timezone, settings.now)

    async def run(database: Database, keyring: Keyring) -> None:
        provider = ZaloProvider.from_settings(settings, database, clock)
        try:
            await work(Consent(keyring, clock, provider.oauth, provider.tokens, settings.zalo_oa_id or ""))
        finally:
            await provider.close()

    try:
        _with_database(settings, clock, run)
    except SendFailed as failure:
        raise Stop(f"Zalo không cấp mã ({failure.error.code}): {failure.error.detail}") from None


def _with_database(settings: Settings, clock: Clock, work: Callable[[Database, Keyring], Coroutine[Any, Any, T]]) -> T:
    database, keyring = open_migrated_database(settings, clock)
    try:
        return asyncio.run(work(database, keyring))
    finally:
        database.close()


async def _print(findings: AsyncIterator[Finding]) -> bool:
    """Print each step as it is done; whether none is wrong."""
    wrong = 0
    async for finding in findings:
        click.echo(str(finding))
        wrong += finding.is_right is False
    click.echo(f"\n{wrong} bước chưa đúng." if wrong else "\nKênh sẵn sàng.")
    return not wrong
