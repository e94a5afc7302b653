"""`hotline backup` and `hotline restore`: everything into one sealed file, and from it into an empty place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from hotline.app import read_content, read_settings
from hotline.backup_file import appearing, opened
from hotline.errors import Stop
from hotline.paths import VAR, forgotten_path
from hotline.restoring import Restored, restore_into
from store import audit, backup
from store.audit import Actor
from store.backup import Contents
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database, check_key
from store.forgotten import Kind
from store.forgotten_file import ForgottenFile, WrongLine
from store.migrate import current_revision, newest_revision
from store.sealed_file import SealedWriter, read_header, unsealed
from store.settings import KEY_FILE, Settings
from store.tables import EncryptedText, installation

ACTOR = Actor("hotline backup")
FILE = click.Path(path_type=Path, dir_okay=False)
_DONE = {
    Kind.ERASURE: "lần xóa dữ liệu",
    Kind.OPT_OUT: "lần ngừng nhận tin",
    Kind.OPT_IN: "lần nhận tin trở lại",
    Kind.CONSENT_WITHDRAWN: "lần rút đồng ý",
    Kind.ACCESS: "lần khóa tài khoản, mã API",
}


class _BackupGroup(click.Group):
    """`hotline backup [FILE]` makes one, `hotline backup verify FILE` looks at one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group("backup", cls=_BackupGroup)
def backup_group() -> None:
    """Sao lưu: hotline backup [TỆP], trong lúc hotline đang chạy."""


@backup_group.command("make")
@click.argument("file", type=FILE, required=False)
def make(file: Path | None) -> None:
    """Sao lưu toàn bộ cơ sở dữ liệu vào một tệp đã mã hóa (không ghi tên thì vào var/backups). Khóa không nằm trong đó:
    hotline keys export."""
    settings = read_settings()
    clock, keyring = Clock(settings.timezone, settings.now), existing_keyring(settings)
    target = file or _fresh_name(clock)
    database = _opened(settings, keyring)
    try:
        is_newest = database.read_now(current_revision) == newest_revision()
        if is_newest:  # of an earlier version: as it is
            database.read_now(lambda connection: check_key(connection, keyring, clock))
        with appearing(target) as out:
            writer = SealedWriter(out, keyring, clock.now())
            contents = backup.dump(database, writer.write, clock.now())
            writer.close()
        if is_newest:
            detail = {"rows": contents.total, "revision": contents.revision}
            database.run_now(
                lambda c: audit.record(
                    c, keyring, clock.now(), ACTOR, "backup.made", f"backup {target.name}"[:80], detail
                )
            )
        _tell_made(target, contents, keyring, forgotten_path(settings))
        if is_newest:
            _copy_notes(settings, keyring, database)
    except SQLAlchemyError as error:
        raise Stop(f"Cơ sở dữ liệu không trả lời ({type(error).__name__}): chưa sao lưu xong. Hãy chạy lại.") from None
    finally:
        database.close()


@backup_group.command("verify")
@click.argument("file", type=FILE)
def verify(file: Path) -> None:
    """Đọc hết một bản sao lưu, kiểm tra từng phần; không cần cơ sở dữ liệu."""
    settings = read_settings()
    with opened(file) as content:
        made_at = read_header(content).made_at
        content.seek(0)
        contents = backup.verify(unsealed(content, existing_keyring(settings)))
    at = made_at.astimezone(Clock(settings.timezone).timezone)
    click.echo(f"Bản sao lưu nguyên vẹn, lúc {at:%H:%M %d/%m/%Y}, phiên bản dữ liệu {contents.revision}.")
    for table, rows in contents.rows.items():
        if rows:
            click.echo(f"  {table}: {rows}")


@click.command("restore")
@click.argument("file", type=FILE)
@click.option(
    "--forgotten", type=FILE, help="Tệp forgotten.jsonl mới nhất: làm lại những lần xóa, ngừng nhận tin sau đó."
)
@click.option(
    "--without-forgotten",
    is_flag=True,
    help="Tệp ấy đã mất: người đã xóa dữ liệu sau bản sao lưu sẽ có lại; mọi tài khoản và mã API bị khóa.",
)
def restore(file: Path, forgotten: Path | None, without_forgotten: bool) -> None:
    """Khôi phục một bản sao lưu vào cơ sở dữ liệu còn trống."""
    settings = read_settings()
    if (forgotten is None) is not without_forgotten:
        raise Stop(
            "Hãy ghi --forgotten TỆP (tệp forgotten.jsonl mới nhất): sau bản sao lưu có thể có người đã xóa dữ liệu,"
            " ngừng nhận tin; khôi phục mà không làm lại thì họ bị nhắn tin trở lại. Chỉ khi tệp đó đã mất mới dùng"
            " --without-forgotten."
        )
    if forgotten is not None and not forgotten.is_file():
        raise Stop(f"Không có tệp {forgotten}.")
    content, keyring = read_content(settings), existing_keyring(settings)
    done = restore_into(settings, content, keyring, file, forgotten)
    _tell(done)
    try:
        _copy_notes(settings, keyring, done.database)
    finally:
        done.database.close()


def existing_keyring(settings: Settings) -> Keyring:
    """The installation's key; none is made here. Raises Stop."""
    path = VAR / KEY_FILE
    if settings.secret_key is None and not path.exists():
        raise Stop(f"Chưa có khóa: hãy đặt HOTLINE_SECRET_KEY, hoặc chép khóa đã cất vào {path} (quyền 0600).")
    try:
        return Keyring(settings.secret_key.get_secret_value() if settings.secret_key else path.read_text().strip())
    except ValueError:
        raise Stop(f"Khóa trong {path} bị hỏng: hãy chép lại khóa cũ.") from None


def _copy_notes(settings: Settings, keyring: Keyring, database: Database) -> None:
    """What stands before is done already. Raises Stop."""
    path = forgotten_path(settings)
    try:
        ForgottenFile(path, keyring).follow_now(database)
    except WrongLine as line:
        raise Stop(
            f"Việc trên đã xong, nhưng dòng {line} của {path} là của nơi khác hoặc đã bị sửa. Hãy đổi tên tệp đó;"
            " hotline sẽ ghi lại từ cơ sở dữ liệu."
        ) from None
    except OSError as fault:
        raise Stop(f"Việc trên đã xong, nhưng không ghi được {path} ({fault.strerror}).") from None


def _fresh_name(clock: Clock) -> Path:
    folder = VAR / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"hotline-{clock.now().astimezone(clock.timezone):%Y%m%d-%H%M%S}.backup"


def _opened(settings: Settings, keyring: Keyring) -> Database:
    """The database as it is, not migrated: a backup changes nothing. Raises Stop."""
    url = settings.database_url.get_secret_value()
    EncryptedText.use(keyring)
    database = Database(url)

    def fingerprint(connection: Connection) -> Any:
        return connection.scalar(select(installation.c.key_fingerprint)) if current_revision(connection) else None

    try:
        known = database.read_now(fingerprint)
    except SQLAlchemyError as error:
        database.close()
        raise Stop(f"HOTLINE_DATABASE_URL: không mở được cơ sở dữ liệu ({type(error).__name__}).") from None
    if known != keyring.fingerprint:
        database.close()
        if known is None:
            raise Stop("Cơ sở dữ liệu còn trống, chưa có gì để sao lưu.")
        raise Stop("Khóa không phải là khóa của cơ sở dữ liệu này. Hãy đặt lại đúng HOTLINE_SECRET_KEY.")
    return database


def _tell_made(target: Path, contents: Contents, keyring: Keyring, notes: Path) -> None:
    size = target.stat().st_size
    click.echo(f"Đã sao lưu {contents.total} dòng của {len(contents.rows)} bảng vào {target} ({size / 1e6:.1f} MB).")
    click.echo(
        f"Chỉ mở được bằng khóa có mã nhận dạng {keyring.fingerprint}. Hãy chép tệp này, tệp {notes} và khóa (hotline"
        " keys export) sang nơi khác, khóa để riêng."
    )


def _tell(done: Restored) -> None:
    contents: Contents = done.contents
    click.echo(f"Đã khôi phục {contents.total} dòng của {len(contents.rows)} bảng, như lúc {done.said_at}.")
    for kind, words in _DONE.items():
        if done.replayed.get(kind):
            click.echo(f"  đã làm lại {done.replayed[kind]} {words}")
    click.echo(f"  nhật ký: {'nguyên vẹn' if done.audit_is_whole else 'CÓ DÒNG SAI, xem hotline audit verify'}")
    click.echo(
        f"Không có gì được gửi lại. Cần người xem: {done.settled.unsent} tin chưa rõ đã gửi hay chưa"
        f" (hotline dead-letters list), {done.settled.unanswered} cuộc trò chuyện đang chờ trả lời (hotline escalations"
        " list)."
    )
    click.echo(
        "Tiếp theo: đăng nhập lại; nối lại Zalo (hotline zalo connect). Tài khoản đã khóa: xem vai trò (hotline user"
        " list) rồi mở lại (hotline user reset); mã API đã khóa thì cấp mã mới. Các bước đầy đủ: docs/operate.md."
    )
