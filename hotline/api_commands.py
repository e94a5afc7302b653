"""`hotline api token`: the tokens of partners' programs from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
from sqlalchemy import Connection

from console import api_tokens
from console.api_tokens import LONGEST_DAYS, LONGEST_NAME, USUAL_DAYS, ApiScope, ApiToken, Grant
from console.words import load_words
from hotline.app import open_migrated_database, read_content, read_settings
from hotline.errors import Stop
from hotline.options import NUMBER, PersonName
from store import audit
from store.audit import Actor
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.settings import Settings

COMMAND_LINE = Actor("hotline api token")


@dataclass(frozen=True)
class Desk:
    """What every command here works with."""

    settings: Settings
    database: Database
    keyring: Keyring
    clock: Clock

    def record(self, connection: Connection, act: str, token_id: int, detail: dict[str, object] | None = None) -> None:
        now, object_ = self.clock.now(), f"api_token {token_id}"
        audit.record(connection, self.keyring, now, COMMAND_LINE, f"api_token.{act}", object_, detail)


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
    with _desk() as desk:
        content, province = read_content(desk.settings), desk.settings.province
        vendors = [one.id for one in content.packs.province(province).vendors]
        known = [one.code for one in content.communes.communes(province)]
        fault = api_tokens.fault_of(grant, days, known, vendors)
        if fault is not None:
            raise Stop(f"{load_words().say(fault, 'vi')} Các doanh nghiệp: {', '.join(vendors) or 'chưa có'}.")

        def work(connection: Connection) -> str:
            token_id, token = api_tokens.make(connection, desk.keyring, grant, days, desk.clock.now())
            desk.record(connection, "made", token_id, api_tokens.said(grant, days))
            return token

        click.echo(desk.database.run_now(work))
    click.echo("Mã chỉ hiện một lần; gửi cho đối tác qua kênh kín.", err=True)


@token_group.command("list")
def list_tokens() -> None:
    """Mọi mã đã cấp, mới nhất trước."""
    with _desk() as desk:
        tokens = desk.database.read_now(api_tokens.every)
        for one in tokens:
            click.echo(_line(desk, one))
        if not tokens:
            click.echo("Chưa cấp mã nào; cấp bằng: hotline api token add")


@token_group.command("revoke")
@click.argument("number", type=NUMBER)
def revoke(number: int) -> None:
    """Thu hồi một mã, theo số của mã trong danh sách; phần mềm dùng mã ấy dừng ngay."""
    with _desk() as desk:

        def work(connection: Connection) -> bool:
            if api_tokens.revoke(connection, number, desk.clock.now()):
                desk.record(connection, "revoked", number)
                return True
            return api_tokens.one(connection, number) is not None

        if not desk.database.run_now(work):
            raise Stop(f"Không có mã số {number}; xem: hotline api token list")
    click.echo(f"Đã thu hồi mã số {number}.")


def _line(desk: Desk, one: ApiToken) -> str:
    def day(at: object) -> str:
        return f"{at:%d/%m/%Y}"

    zone, now = desk.clock.timezone, desk.clock.now()
    state = "đã thu hồi" if one.revoked_at else "hết hạn" if not one.opens(now) else "đang dùng"
    used = f"dùng lần cuối {day(one.used_at.astimezone(zone))}" if one.used_at else "chưa dùng"
    whose = " ".join([*([one.grant.vendor] if one.grant.vendor else []), *(one.grant.communes or ())])
    until = f"đến {day(one.expires_at.astimezone(zone))}"
    parts = (str(one.id), one.grant.name, f"{one.hint}…", " ".join(one.grant.scopes), whose, state, until, used)
    return "  ".join(part for part in parts if part)


@contextmanager
def _desk() -> Iterator[Desk]:
    settings = read_settings()
    clock = Clock(settings.timezone, settings.now)
    database, keyring = open_migrated_database(settings, clock)
    try:
        yield Desk(settings, database, keyring, clock)
    finally:
        database.close()
