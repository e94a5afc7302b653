"""The notes of store/forgotten.py, copied out of the database into a file that only grows: a backup that is restored
knows nothing of what came after it, so they must be kept elsewhere.

The table decides, the file follows it: whatever of the table is not in the file yet is added, at the start and then
every few seconds, so that a process which died in between is made up for by the next. A line is JSON and carries a
keyed hash of itself: one that was written or changed by somebody else is found. A last line without its end, left by a
crash, is cut off and written anew. Nothing in it says who somebody is; keep a copy of it on another machine.
"""

from __future__ import annotations

import asyncio
import fcntl
import hmac
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from store import forgotten
from store.crypto import Keyring
from store.database import Database
from store.forgotten import Kind, Note
from store.logs import get_logger

log = get_logger("store.forgotten_file")

LOOK_SECONDS = 10.0
_MARK_BYTES = 16


class WrongLine(ValueError):
    """A line that was not written with this key, or was changed; the argument is its number."""


class ForgottenFile:
    """One per process; several may write to one file."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self.path, self.keyring = path, keyring
        self._written: set[str] | None = None  # names in the file, as far as we know
        self._compared = 0  # so many rows the table had when the file was found to have them all

    async def run(self, database: Database) -> None:
        """Follow the table until cancelled. A disk that is full or away is said in the log, and tried again."""
        while True:
            try:
                await self.follow(database)
            except (SQLAlchemyError, OSError, WrongLine) as error:
                log.error("forgotten_not_copied", fault=type(error).__name__, detail=str(error)[:200])
                self._written, self._compared = None, 0
            await asyncio.sleep(LOOK_SECONDS)

    async def follow(self, database: Database) -> int:
        """Add what the file has not; how many notes."""
        if self._written is None:
            self._written = await asyncio.to_thread(self._names)
        count, missing = await database.read(partial(self._missing, self._written))
        added = await asyncio.to_thread(self._add, missing) if missing else 0
        self._compared = 0 if added else count  # a file that was lost lacks more than what is new: the next look tells
        return added

    def follow_now(self, database: Database) -> int:
        """`follow` for callers without an event loop."""
        self._written, self._compared = self._names(), 0
        _, missing = database.read_now(partial(self._missing, self._written))
        return self._add(missing) if missing else 0

    def read(self) -> list[Note]:
        """Every note of the file. Raises WrongLine, OSError."""
        lines = self.path.read_bytes().split(b"\n")
        return [self._note(number, line) for number, line in enumerate(lines[:-1], 1)]

    def _missing(self, written: set[str], connection: Connection) -> tuple[int, list[Note]]:
        """How many notes there are, and which of them the file has not."""
        count = forgotten.count(connection)
        if count == self._compared:
            return count, []  # rows are only added
        return count, forgotten.notes(connection, forgotten.uids(connection) - written)

    def _add(self, notes: list[Note]) -> int:
        with self._opened() as file:
            known = {note.uid for note in self._read_on(file)}  # another process may have been here
            new = [note for note in notes if note.uid not in known]
            lines = b"".join(self._line(note) for note in new)
            while lines:  # on a disk that is nearly full a part is written, and then nothing
                lines = lines[os.write(file, lines) :]
            os.fsync(file)
            self._written = known | {note.uid for note in new}
            return len(new)

    def _names(self) -> set[str]:
        """What is in the file, which is there from now on, if without a line: a restore asks for it."""
        with self._opened() as file:
            return {note.uid for note in self._read_on(file)}

    @contextmanager
    def _opened(self) -> Iterator[int]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _read_on(self, file: int) -> list[Note]:
        """What the locked file holds; a line that a crash has left unfinished is cut off."""
        content = os.pread(file, os.fstat(file).st_size, 0)
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.ftruncate(file, whole)
        return [self._note(number, line) for number, line in enumerate(content[:whole].split(b"\n")[:-1], 1)]

    def _line(self, note: Note) -> bytes:
        said = {
            "uid": note.uid,
            "kind": note.kind.value,
            "detail": note.detail,
            "at": note.at.astimezone(UTC).isoformat(),
            "keys": [key.hex() for key in note.keys],
        }
        return orjson.dumps({**said, "mark": self._mark(said)}) + b"\n"

    def _note(self, number: int, line: bytes) -> Note:
        try:
            said = orjson.loads(line)
            mark = said.pop("mark")
            keys = tuple(bytes.fromhex(key) for key in said["keys"])
            note = Note(said["uid"], Kind(said["kind"]), said["detail"], datetime.fromisoformat(said["at"]), keys)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise WrongLine(number) from None
        if not hmac.compare_digest(str(mark).encode(), self._mark(said).encode()):
            raise WrongLine(number)
        return note

    def _mark(self, said: Mapping[str, Any]) -> str:
        words = orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()
        return self.keyring.lasting_hash(words, "forgotten_line")[:_MARK_BYTES].hex()
