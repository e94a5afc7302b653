"""`hotline user`: the console's accounts from the command line, for the first administrator and for emergencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from sqlalchemy import Connection

from console import accounts, invitations
from console.accounts import LOGIN, Account, NoAccount, Refused, Rights, rights_fault
from console.invitations import VALID, Purpose
from console.roles import Role
from console.words import load_words
from hotline.app import read_content
from hotline.command_desk import CommandDesk, command_desk
from hotline.errors import Stop
from hotline.options import PersonName
from programme.content import Content

NAME = "hotline user"
LOCAL = "http://127.0.0.1:8000"


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
    with command_desk(NAME) as desk:
        _check(read_content(desk.settings), desk.settings.province, rights)

        def work(connection: Connection) -> str:
            now = desk.clock.now()
            account_id = accounts.create(connection, login, name, rights, now)
            path = invitations.issue(connection, desk.keyring, account_id, Purpose.INVITE, now)
            detail = {"role": role, "communes": list(communes), "vendor": vendor}
            desk.record(connection, "account.invited", f"account {account_id}", detail)
            return path

        _print_link(desk, _refusing(desk, work), Purpose.INVITE)


@user_group.command("list")
def list_users() -> None:
    """Mọi tài khoản, theo tên."""
    with command_desk(NAME) as desk:
        everybody = desk.database.read_now(accounts.every)
        for one in everybody:
            click.echo(_line(desk, one))
        if not everybody:
            click.echo("Chưa có tài khoản nào; tạo bằng: hotline user add")


@user_group.command("disable")
@click.argument("login")
def disable(login: str) -> None:
    """Khóa tài khoản: đăng xuất ngay, cuộc trò chuyện đang giữ trở về hàng chờ."""
    with command_desk(NAME) as desk:

        def work(connection: Connection) -> None:
            one = _find(connection, login)
            accounts.disable(connection, one.id, desk.clock.now())
            desk.record(connection, "account.disabled", f"account {one.id}")

        _refusing(desk, work)
    click.echo(f"Đã khóa {login}.")


@user_group.command("reset")
@click.argument("login")
@click.option("--second-factor", is_flag=True, help="Bỏ cả mã xác nhận, khi người đó mất điện thoại.")
def reset(login: str, second_factor: bool) -> None:
    """Mật khẩu cũ hết hiệu lực; in địa chỉ để đặt mật khẩu mới. Tài khoản bị khóa thì mở lại."""
    with command_desk(NAME) as desk:

        def work(connection: Connection) -> str:
            one = _find(connection, login)
            accounts.enable(connection, one.id)
            accounts.forget_password(connection, one.id, desk.clock.now())
            if second_factor:
                accounts.set_second_factor(connection, one.id, None, desk.clock.now())
            path = invitations.issue(connection, desk.keyring, one.id, Purpose.RESET, desk.clock.now())
            detail = {"purpose": Purpose.RESET, "second_factor_removed": second_factor}
            desk.record(connection, "account.reset", f"account {one.id}", detail)
            return path

        _print_link(desk, _refusing(desk, work), Purpose.RESET)


def _refusing(desk: CommandDesk, work: Callable[[Connection], Any]) -> Any:
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


def _print_link(desk: CommandDesk, path: str, purpose: Purpose) -> None:
    hours = int(VALID[purpose].total_seconds() // 3600)
    click.echo(f"{desk.settings.public_url or LOCAL}{path}")
    click.echo(f"Gửi địa chỉ này cho đúng người: dùng được một lần, trong {hours} giờ.", err=True)


def _line(desk: CommandDesk, one: Account) -> str:
    place = one.vendor or " ".join(one.communes or ())
    state = "đã khóa" if one.disabled_at else "đang dùng" if one.has_password else "chưa đặt mật khẩu"
    last = one.last_login_at
    seen = f"đăng nhập lần cuối {desk.here(last):%H:%M %d/%m/%Y}" if last else "chưa đăng nhập"
    return "  ".join(part for part in (one.login, one.name, _say(f"role.{one.role}"), place, state, seen) if part)


def _say(key: str) -> str:
    return load_words().say(key, "vi")
