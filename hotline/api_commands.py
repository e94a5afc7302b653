"""`hotline api token`: the tokens of partners' programs from the command line."""

from __future__ import annotations

import click
from sqlalchemy import Connection

from console import api_tokens
from console.api_tokens import LONGEST_DAYS, LONGEST_NAME, USUAL_DAYS, ApiScope, ApiToken, Grant
from console.words import load_words
from hotline.app import read_content
from hotline.command_desk import CommandDesk, command_desk
from hotline.errors import Stop
from hotline.options import NUMBER, PersonName

NAME = "hotline api token"


@click.group("api")
def api_group() -> None:
    """Giao diện lập trình (API) cho đối tác."""


@api_group.group("token")
def token_group() -> None:
    """Mã truy cập của phần mềm đối tác."""


@token_group.command("add")
@click.argument("name", type=PersonName())
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in ApiScope]),
    help="Quyền; ghi nhiều lần được.",
)
@click.option("--vendor", help="Mã doanh nghiệp; bắt buộc với quyền leads:….")
@click.option("--commune", "communes", multiple=True, help="Mã xã/phường; không ghi thì mọi nơi.")
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), default=USUAL_DAYS, show_default=True)
def add(name: str, scopes: tuple[str, ...], vendor: str | None, communes: tuple[str, ...], days: int) -> None:
    """Cấp mã cho một phần mềm và in mã ra, một lần duy nhất."""
    if len(name) > LONGEST_NAME:
        raise Stop(f"Tên đối tác dài quá {LONGEST_NAME} ký tự.")
    grant = Grant(name, tuple(ApiScope(one) for one in scopes), vendor, communes or None)
    with command_desk(NAME) as desk:
        content, province = read_content(desk.settings), desk.settings.province
        vendors = [one.id for one in content.packs.province(province).vendors]
        known = [one.code for one in content.communes.communes(province)]
        fault = api_tokens.fault_of(grant, days, known, vendors)
        if fault is not None:
            raise Stop(f"{load_words().say(fault, 'vi')} Các doanh nghiệp: {', '.join(vendors) or 'chưa có'}.")

        def work(connection: Connection) -> str:
            token_id, token = api_tokens.make(connection, desk.keyring, grant, days, desk.clock.now())
            desk.record(connection, "api_token.made", f"api_token {token_id}", api_tokens.said(grant, days))
            return token

        click.echo(desk.database.run_now(work))
    click.echo("Mã chỉ hiện một lần; gửi cho đối tác qua kênh kín.", err=True)


@token_group.command("list")
def list_tokens() -> None:
    """Mọi mã đã cấp, mới nhất trước."""
    with command_desk(NAME) as desk:
        tokens = desk.database.read_now(api_tokens.every)
        for one in tokens:
            click.echo(_line(desk, one))
        if not tokens:
            click.echo("Chưa cấp mã nào; cấp bằng: hotline api token add")


@token_group.command("revoke")
@click.argument("number", type=NUMBER)
def revoke(number: int) -> None:
    """Thu hồi một mã, theo số của mã trong danh sách; phần mềm dùng mã ấy dừng ngay."""
    with command_desk(NAME) as desk:

        def work(connection: Connection) -> bool:
            if api_tokens.revoke(connection, number, desk.clock.now()):
                desk.record(connection, "api_token.revoked", f"api_token {number}")
                return True
            return api_tokens.one(connection, number) is not None

        if not desk.database.run_now(work):
            raise Stop(f"Không có mã số {number}; xem: hotline api token list")
    click.echo(f"Đã thu hồi mã số {number}.")


def _line(desk: CommandDesk, one: ApiToken) -> str:
    now = desk.clock.now()
    state = "đã thu hồi" if one.revoked_at else "hết hạn" if not one.opens(now) else "đang dùng"
    used = f"dùng lần cuối {desk.here(one.used_at):%d/%m/%Y}" if one.used_at else "chưa dùng"
    whose = " ".join([*([one.grant.vendor] if one.grant.vendor else []), *(one.grant.communes or ())])
    until = f"đến {desk.here(one.expires_at):%d/%m/%Y}"
    parts = (str(one.id), one.grant.name, f"{one.hint}…", " ".join(one.grant.scopes), whose, state, until, used)
    return "  ".join(part for part in parts if part)
