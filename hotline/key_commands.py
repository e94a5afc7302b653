"""`hotline keys`: the secret, taken out for keeping elsewhere, and changed.

The new secret is on the disk before anything is written with it, and takes its place after everything is: a command
that is killed in between is run again and finds out how far it came, by the fingerprint in the database.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from hotline.app import open_migrated_database, read_settings
from hotline.backup_commands import existing_keyring
from hotline.errors import Stop
from hotline.paths import VAR
from programme.erasure import ask_for_purge
from store.clock import Clock
from store.crypto import DecryptionError, Keyring
from store.database import Database, check_key
from store.rotation import InUse, alone, database_alone, rotate
from store.settings import KEY_FILE, Settings
from store.tables import installation

_IN_USE = (
    "Một tiến trình hotline đang mở cơ sở dữ liệu này. Hãy dừng tất cả (hotline up, serve, các lệnh khác), chờ nửa phút"
    " rồi chạy lại."
)


@click.group("keys")
def keys_group() -> None:
    """Khóa mã hóa: cất riêng, đổi."""


@keys_group.command("export")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="Tệp mới để ghi (quyền 0600).")
def export(to: Path | None) -> None:
    """In khóa, hoặc ghi vào một tệp. Ai có khóa và một bản sao lưu thì đọc được mọi dữ liệu cá nhân."""
    settings = read_settings()
    fingerprint, secret = existing_keyring(settings).fingerprint, _secret(settings)
    click.echo(
        f"Khóa có mã nhận dạng {fingerprint}. Ai có khóa này và một bản sao lưu thì đọc được tất cả: hãy cất riêng,"
        " không cùng chỗ với bản sao lưu, không gửi qua thư hay tin nhắn. Mất khóa là mất mọi bản sao lưu.",
        err=True,
    )
    if to is None:
        click.echo(secret)
        return
    if to.exists():
        raise Stop(f"{to} đã có. Hãy chọn tên khác.")
    _write(to, secret)
    click.echo(f"Đã ghi vào {to}.", err=True)


@keys_group.command("rotate")
@click.option(
    "--new-key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Tệp chứa khóa mới; không ghi thì hotline tạo khóa.",
)
def rotate_command(new_key_file: Path | None) -> None:
    """Đổi khóa: mã hóa lại mọi dữ liệu cá nhân. Dừng hotline trước; bị ngắt giữa chừng thì chạy lại."""
    settings = read_settings()
    old, pending = existing_keyring(settings), VAR / f"{KEY_FILE}.new"
    is_done = pending.exists() and _is_key_of_database(settings, _keyring(pending))
    if not is_done or _keyring(pending).fingerprint == old.fingerprint:
        new = _prepared(old, pending, new_key_file)
        _rotate(settings, new)
    _take_into_use(settings, old, _keyring(pending), pending)


def _prepared(old: Keyring, pending: Path, given: Path | None) -> Keyring:
    """The new secret, on the disk. One that is there already was left by a command that was killed."""
    if given is not None:
        _keyring(given)
        pending.unlink(missing_ok=True)
        _write(pending, given.read_text().strip())
    elif not pending.exists() or _keyring(pending).fingerprint == old.fingerprint:
        pending.unlink(missing_ok=True)
        _write(pending, secrets.token_urlsafe(48))
    new = _keyring(pending)
    if new.fingerprint == old.fingerprint:
        pending.unlink()
        raise Stop("Khóa mới giống hệt khóa cũ. Hãy chọn khóa khác.")
    return new


def _rotate(settings: Settings, new: Keyring) -> None:
    clock = Clock(settings.timezone, settings.now)
    database, old = open_migrated_database(settings, clock)
    database.close()
    database = database_alone(settings.database_url.get_secret_value())
    now = clock.now()

    def work(connection: Connection) -> dict[str, int]:
        alone(connection, now)
        check_key(connection, old, clock)
        done = rotate(connection, old, new, now)
        ask_for_purge(connection, "rotation", now)  # what stood there with the old key leaves the disk as well
        return done

    try:
        done = database.run_now(work)
    except InUse:
        raise Stop(_IN_USE) from None
    except OperationalError as error:
        raise Stop(_IN_USE if "locked" in str(error) else f"Chưa đổi được khóa ({type(error).__name__}).") from None
    except DecryptionError:
        raise Stop(
            "Có dữ liệu không đọc được bằng khóa hiện nay; chưa có gì bị đổi. Hãy báo người phụ trách kỹ thuật."
        ) from None
    finally:
        database.close()
    click.echo("Đã mã hóa lại: " + ", ".join(f"{table} {rows}" for table, rows in done.items() if rows) + ".")


def _take_into_use(settings: Settings, old: Keyring, new: Keyring, pending: Path) -> None:
    if settings.secret_key is not None:
        click.echo(
            f"Khóa mới (mã nhận dạng {new.fingerprint}) nằm ở {pending}. Hãy đặt HOTLINE_SECRET_KEY bằng nội dung tệp"
            " đó rồi khởi động lại; với khóa cũ hotline không chạy nữa. Đặt xong thì xóa tệp."
        )
    else:
        current, kept = VAR / KEY_FILE, VAR / f"{KEY_FILE}.{old.fingerprint}"
        if not kept.exists():
            os.link(current, kept)
        os.replace(pending, current)
        click.echo(f"Khóa mới (mã nhận dạng {new.fingerprint}) đã nằm ở {current}; khóa cũ còn ở {kept}.")
    click.echo(
        "Giữ khóa cũ ở nơi khác chừng nào còn bản sao lưu làm trước lúc này; nếu đổi vì lộ khóa thì làm bản sao lưu mới"
        " rồi hủy bản cũ. Mọi người phải đăng nhập lại; lời mời, địa chỉ xem dữ liệu đã gửi không còn dùng được."
    )
    if settings.has_esms or settings.has_speedsms:
        click.echo(
            "Địa chỉ bí mật mà cổng SMS gọi đến đã đổi theo khóa: chạy hotline channel check sms rồi nhập ngay địa chỉ"
            " mới ở trang của cổng. Chưa nhập thì tin từ chối (TC) của người dân không đến được."
        )


def _is_key_of_database(settings: Settings, keyring: Keyring) -> bool:
    database = Database(settings.database_url.get_secret_value())
    try:
        known = database.read_now(lambda connection: connection.scalar(select(installation.c.key_fingerprint)))
    except SQLAlchemyError as error:
        raise Stop(f"HOTLINE_DATABASE_URL: không mở được cơ sở dữ liệu ({type(error).__name__}).") from None
    finally:
        database.close()
    return bool(known == keyring.fingerprint)


def _keyring(path: Path) -> Keyring:
    try:
        return Keyring(path.read_text().strip())
    except ValueError:
        raise Stop(f"Khóa trong {path} cần ít nhất 32 ký tự.") from None


def _secret(settings: Settings) -> str:
    return settings.secret_key.get_secret_value() if settings.secret_key else (VAR / KEY_FILE).read_text().strip()


def _write(path: Path, secret: str) -> None:
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as fault:
        raise Stop(f"Không ghi được {path} ({fault.strerror}).") from None
