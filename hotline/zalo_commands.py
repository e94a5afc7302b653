"""`hotline zalo tokens`: how the pair of tokens is, and a new one pasted by a person."""

from __future__ import annotations

from datetime import datetime

import click

from hotline.app import open_migrated_database, read_settings
from hotline.errors import Stop
from integrations.zalo.oauth import Pair
from integrations.zalo.token_state import LOST, REFUSED, TokenState
from integrations.zalo.tokens import read_state, replace_pair
from store.clock import Clock

SHORTEST_TOKEN = 20  # fewer characters are a slip of the hand
_TROUBLE = {
    LOST: "không nhận được trả lời của Zalo ở lần đổi mã gần nhất; hotline đang thử lại",
    REFUSED: "Zalo không nhận mã làm mới nữa; cần dán cặp mã mới",
}


@click.command("tokens")
@click.option("--access", help="Access token mới; không ghi ở đây thì dùng --paste để nhập mà không hiện ra.")
@click.option("--refresh", help="Refresh token đi cùng.")
@click.option("--paste", is_flag=True, help="Hỏi cặp mã mới; mã không hiện ra khi gõ.")
def tokens(access: str | None, refresh: str | None, paste: bool) -> None:
    """Xem cặp mã truy cập Zalo còn dùng được không, hoặc dán cặp mã mới lấy ở API Explorer."""
    settings = read_settings()
    clock = Clock(settings.timezone, settings.now)
    pair = _asked(access, refresh) if paste or access or refresh else None
    database, _ = open_migrated_database(settings, clock)
    try:
        if pair is not None:
            database.run_now(lambda c: replace_pair(c, pair, clock.now()))
            click.echo("Đã lưu cặp mã mới.")
        state = database.read_now(read_state)
    finally:
        database.close()
    if state is None:
        raise Stop("Chưa có cặp mã Zalo nào. Lấy ở API Explorer rồi chạy: hotline zalo tokens --paste")
    for line in _described(state, clock):
        click.echo(line)


def _asked(access: str | None, refresh: str | None) -> Pair:
    """What was not given is asked for. Raises Stop for what is no pair."""
    access = (access or click.prompt("Access token", hide_input=True)).strip()
    refresh = (refresh or click.prompt("Refresh token", hide_input=True)).strip()
    if min(len(access), len(refresh)) < SHORTEST_TOKEN or access == refresh:
        raise Stop("Mã quá ngắn hoặc hai mã giống nhau. Hãy chép lại cả hai ở API Explorer.")
    return Pair(access, refresh)


def _described(state: TokenState, clock: Clock) -> list[str]:
    now = clock.now()
    days = max(0, (now - state.issued_at).days)
    ended = " (đã hết hạn)" if state.is_expired(now) else ""
    ageing = "; đã lâu không đổi, cần xem lại (mã sống 3 tháng)" if state.is_ageing(now) else ""
    return [
        f"Mã truy cập dùng được đến {_moment(state.expires_at, clock)}{ended}.",
        f"Mã làm mới cấp lúc {_moment(state.issued_at, clock)}, {days} ngày tuổi{ageing}.",
        f"Trục trặc: {_TROUBLE.get(state.trouble, state.trouble) if state.trouble else 'không có'}.",
    ]


def _moment(at: datetime, clock: Clock) -> str:
    return at.astimezone(clock.timezone).strftime("%H:%M ngày %d/%m/%Y")
