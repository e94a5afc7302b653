"""A restore from its beginning to its end: all of it in one transaction, so that being killed leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError

from bot import restored
from bot.restored import Settled
from hotline.backup_file import opened
from hotline.errors import Stop
from programme import remembering
from programme.content import Content
from store import audit
from store.audit import Actor
from store.backup import Contents
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database, check_key
from store.forgotten import Kind
from store.forgotten_file import ForgottenFile, WrongLine
from store.restore import LaterVersion, NotEmpty, is_empty, load
from store.sealed_file import read_header, unsealed
from store.settings import Settings
from store.tables import EncryptedText

ACTOR = Actor("hotline restore")
_NOT_EMPTY = (
    "Chỉ khôi phục vào chỗ còn trống, mà HOTLINE_DATABASE_URL đã có dữ liệu. Hãy dừng hotline, đổi tên tệp cũ (cả"
    " -wal và -shm) hoặc tạo cơ sở dữ liệu PostgreSQL mới, rồi chạy lại."
)


@dataclass(frozen=True)
class Restored:
    """`database`: open; the caller closes it. `replayed`: acts that were done again for somebody."""

    database: Database
    contents: Contents
    settled: Settled
    replayed: Mapping[Kind, int]
    audit_is_whole: bool
    said_at: str


def restore_into(
    settings: Settings, content: Content, keyring: Keyring, file: Path, forgotten: Path | None
) -> Restored:
    """Put the backup into the configured database, which must be empty. Raises Stop; then it is as before."""
    url, clock = settings.database_url.get_secret_value(), Clock(settings.timezone, settings.now)
    path = _sqlite_path(url)
    beside = None if path is None else path.with_name(f"{path.name}.restoring")
    if path is not None and beside is not None:
        _refuse_existing(path, url)
        _remove(beside)
    database = Database(url if beside is None else f"sqlite:///{beside}")
    EncryptedText.use(keyring)
    is_done = False
    try:
        with opened(file) as backup, database.engine.begin() as connection:
            said_at = read_header(backup).made_at.astimezone(clock.timezone)
            backup.seek(0)
            contents = load(connection, unsealed(backup, keyring))
            check_key(connection, keyring, clock)
            settled, replayed, is_whole = _bring_to_rest(connection, content, keyring, clock, forgotten)
            detail = {"rows": contents.total, "revision": contents.revision, "unsent": settled.unsent}
            detail["again"] = {kind.value: times for kind, times in replayed.items() if times}
            audit.record(connection, keyring, clock.now(), ACTOR, "backup.restored", f"backup {file.name}"[:80], detail)
        if path is not None and beside is not None:
            database = _moved(database, beside, path, url)
        is_done = True
    except (NotEmpty, LaterVersion, WrongLine, SQLAlchemyError, psycopg.Error) as fault:
        raise _said(fault) from None
    finally:
        if not is_done:
            database.close()
            if beside is not None:
                _remove(beside)
    return Restored(database, contents, settled, replayed, is_whole, f"{said_at:%H:%M %d/%m/%Y}")


def _bring_to_rest(
    connection: Connection, content: Content, keyring: Keyring, clock: Clock, forgotten: Path | None
) -> tuple[Settled, Mapping[Kind, int], bool]:
    is_whole, now = audit.verify(connection, keyring).finding is None, clock.now()
    if forgotten is None:  # nobody knows which were closed since
        replayed: Mapping[Kind, int] = {Kind.ACCESS: remembering.close_access(connection, now)}
    else:
        replayed = remembering.replay(connection, keyring, ForgottenFile(forgotten, keyring).read(), now)
    return restored.settle(connection, content, now), replayed, is_whole


def _said(fault: Exception) -> Stop:
    match fault:
        case NotEmpty():
            return Stop(_NOT_EMPTY)
        case LaterVersion():
            return Stop(f"Bản sao lưu là của phiên bản mới hơn ({fault}). Hãy cập nhật hotline rồi khôi phục.")
        case WrongLine():
            return Stop(
                f"Dòng {fault} của tệp --forgotten không đúng: tệp của nơi khác, hoặc đã bị sửa. Hãy dùng bản sao khác."
            )
    reason = str(getattr(fault, "orig", None) or fault).strip().split("\n")[0]
    return Stop(f"Cơ sở dữ liệu không nhận bản sao lưu ({reason}). Chưa có gì được khôi phục.")


def _sqlite_path(url: str) -> Path | None:
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.drivername == "sqlite" else None


def _refuse_existing(path: Path, url: str) -> None:
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise Stop(_NOT_EMPTY)
    if path.exists() and path.stat().st_size:
        existing = Database(url)
        try:
            empty = existing.read_now(is_empty)
        except SQLAlchemyError:
            empty = False
        finally:
            existing.close()
        if not empty:
            raise Stop(_NOT_EMPTY)


def _moved(database: Database, beside: Path, path: Path, url: str) -> Database:
    """The finished file gets the name that the hotline opens."""
    database.outside_now(lambda connection: connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close())
    database.close()
    beside.chmod(0o600)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    _remove(path)
    beside.rename(path)
    return Database(url)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
