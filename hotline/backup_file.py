"""The file of a backup on the disk: it appears whole or not at all, and only its owner may read it."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hotline.errors import Stop
from store.sealed_file import Damaged, NotABackup, WrongBackupKey

WRITE_BYTES = 1024 * 1024


@contextmanager
def appearing(target: Path) -> Iterator[BinaryIO]:
    """Write a file that gets its name when everything is on the disk. What a killed command leaves, the next one for
    the same name writes over. Raises Stop."""
    if not target.parent.is_dir():
        raise Stop(f"Không có thư mục {target.parent}. Hãy tạo thư mục trước.")
    part = target.with_name(f".{target.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", WRITE_BYTES) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Stop(f"Một lệnh khác đang ghi {target}.") from None
            try:
                if target.exists():  # now that nobody else writes it: what was just finished is not emptied again
                    raise Stop(f"{target} đã có. Hãy chọn tên khác: bản sao lưu cũ không bị ghi đè.")
                file.truncate(0)
                yield file
                file.flush()
                os.fsync(file.fileno())
                part.rename(target)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        _sync_folder(target.parent)
    except OSError as fault:
        raise Stop(_said(fault, target)) from None


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Read a backup; what is wrong with it is said. Raises Stop."""
    try:
        with path.open("rb", WRITE_BYTES) as file:
            yield file
    except NotABackup:
        raise Stop(f"{path} không phải là bản sao lưu của hotline.") from None
    except WrongBackupKey as other:
        raise Stop(
            f"{path} được khóa bằng một HOTLINE_SECRET_KEY khác (mã nhận dạng {other}). Hãy đặt HOTLINE_SECRET_KEY là"
            f" khóa của lúc sao lưu rồi chạy lại; sau khi đổi khóa, khóa cũ nằm ở var/secret.key.{other}."
        ) from None
    except Damaged:
        raise Stop(f"{path} bị hỏng: đã bị sửa hoặc bị cắt cụt. Hãy dùng bản sao khác.") from None
    except OSError as fault:
        raise Stop(_said(fault, path)) from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _said(fault: OSError, path: Path) -> str:
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"Hết chỗ trên đĩa khi ghi {path}. Chưa có bản sao lưu nào được tạo."
    if isinstance(fault, FileNotFoundError):
        return f"Không có tệp {path}."
    return f"Không đọc hoặc ghi được {path} ({fault.strerror})."
