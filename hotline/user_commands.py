"""`hotline user`: the console's accounts from the command line, for the first administrator and for emergencies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Connection

from console import accounts, invitations
from console.accounts import LOGIN, Account, NoAccount, Refused, Rights, rights_fault
from console.invitations import VALID, Purpose
from console.roles import Role
from console.words import load_words
from hotline.app import open_migrated_database, read_content, read_settings
from hotline.errors import Stop
from hotline.options import PersonName
from programme.content import Content
from store import audit
from store.audit import Actor
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.settings import Settings

COMMAND_LINE = Actor("hotline user")
LOCAL = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Desk:
    """What every command here works with."""

    settings: Settings
    database: Database
    keyring: Keyring
    clock: Clock

    def record(self, connection: Connection, act: str, account_id: int, detail: dict[str, Any] | None = None) -> None:
        now, object_ = self.clock.now(), f"account {account_id}"
        audit.record(connection, self.keyring, now, COMMAND_LINE, f"account.{act}", object_, detail)

    def moment(self, at: datetime) -> str:
        return f"{at.astimezone(self.clock.timezone):%H:%M %d/%m/%Y}"


@click.group("user")
def user_group() -> None:
    """Tài khoản của trang cán bộ."""


@user_group.command("add")
@click.argument("login")
@click.option("--name", type=PersonName(), required=True, help="Họ tên, như chủ cửa hàng và đồng nghiệp sẽ thấy.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--commune", "communes", multiple=True, help="Mã xã/phường phụ trách; ghi nhiều lần được.")
@click.option("--vendor", help="Mã doanh nghiệp, chỉ cho vai trò vendor.")
def add(login: str, name: str, role: str, communes: tuple[str, ...], vendor: str | None) -> None:
    """Tạo tài khoản và in địa chỉ để người đó tự đặt mật khẩu."""
    login, rights = login.strip().lower(), Rights(Role(role), communes or None, vendor)
    if not LOGIN.fullmatch(login):
        raise Stop(_say("people.login_wrong"))
    with _desk() as desk:
        _check(read_content(desk.settings), desk.settings.province, rights)

        def work(connection: Connection) -> str:
            now = desk.clock.now()
            account_id = accounts.create(connection, login, name, rights, now)
            path = invitations.issue(connection, desk.keyring, account_id, Purpose.INVITE, now)
            desk.record(connection, "invited", account_id, {"role": role, "communes": list(communes), "vendor": vendor})
            return path

        _print_link(desk, _refusing(desk, work), Purpose.INVITE)


@user_group.command("list")
def list_users() -> None:
    """Mọi tài khoản, theo tên."""
    with _desk() as desk:
        everybody = desk.database.read_now(accounts.every)
        for one in everybody:
            click.echo(_line(desk, one))
        if not everybody:
            click.echo("Chưa có tài khoản nào; tạo bằng: hotline user add")


@user_group.command("disable")
@click.argument("login")
def disable(login: str) -> None:
    """Khóa tài khoản: đăng xuất ngay, cuộc trò chuyện đang giữ trở về hàng chờ."""
    with _desk() as desk:

        def work(connection: Connection) -> None:
            one = _find(connection, login)
            accounts.disable(connection, one.id, desk.clock.now())
            desk.record(connection, "disabled", one.id)

        _refusing(desk, work)
    click.echo(f"Đã khóa {login}.")


@user_group.command("reset")
@click.argument("login")
@click.option("--second-factor", is_flag=True, help="Bỏ cả mã xác nhận, khi người đó mất điện thoại.")
def reset(login: str, second_factor: bool) -> None:
    """Mật khẩu cũ hết hiệu lực; in địa chỉ để đặt mật khẩu mới. Tài khoản bị khóa thì mở lại."""
    with _desk() as desk:

        def work(connection: Connection) -> str:
            one = _find(connection, login)
            accounts.enable(connection, one.id)
            accounts.forget_password(connection, one.id)
            if second_factor:
                accounts.set_second_factor(connection, one.id, None)
            path = invitations.issue(connection, desk.keyring, one.id, Purpose.RESET, desk.clock.now())
            desk.record(connection, "reset", one.id, {"purpose": Purpose.RESET, "second_factor_removed": second_factor})
            return path

        _print_link(desk, _refusing(desk, work), Purpose.RESET)


def _refusing(desk: Desk, work: Callable[[Connection], Any]) -> Any:
    try:
        return desk.database.run_now(work)
    except Refused as refused:
        raise Stop(_say(refused.refusal)) from None


def _find(connection: Connection, login: str) -> Account:
    try:
        return accounts.with_login(connection, login.strip().lower())
    except NoAccount:
        raise Stop(f"Không có tài khoản “{login}”; xem: hotline user list") from None


def _check(content: Content, province: str, rights: Rights) -> None:
    vendors = [one.id for one in content.packs.province(province).vendors]
    fault = rights_fault(rights, [one.code for one in content.communes.communes(province)], vendors)
    if fault is not None:
        known = f" Các doanh nghiệp: {', '.join(vendors) or 'chưa có'}." if fault == "people.vendor_needed" else ""
        raise Stop(_say(fault) + known)


def _print_link(desk: Desk, path: str, purpose: Purpose) -> None:
    hours = int(VALID[purpose].total_seconds() // 3600)
    click.echo(f"{desk.settings.public_url or LOCAL}{path}")
    click.echo(f"Gửi địa chỉ này cho đúng người: dùng được một lần, trong {hours} giờ.", err=True)


def _line(desk: Desk, one: Account) -> str:
    place = one.vendor or " ".join(one.communes or ())
    state = "đã khóa" if one.disabled_at else "đang dùng" if one.has_password else "chưa đặt mật khẩu"
    seen = f"đăng nhập lần cuối {desk.moment(one.last_login_at)}" if one.last_login_at else "chưa đăng nhập"
    return "  ".join(part for part in (one.login, one.name, _say(f"role.{one.role}"), place, state, seen) if part)


def _say(key: str) -> str:
    return load_words().say(key, "vi")


@contextmanager
def _desk() -> Iterator[Desk]:
    settings = read_settings()
    clock = Clock(settings.timezone, settings.now)
    database, keyring = open_migrated_database(settings, clock)
    try:
        yield Desk(settings, database, keyring, clock)
    finally:
        database.close()
