"""The files Telegram keeps: found by file_id, had at a path that expires."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.simulation.people import Upload
from integrations.telegram.sim_parameters import bad_request

MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
# "At least one hour" is promised; nobody may count on more.
PATH_LIFE = timedelta(hours=1)


@dataclass(frozen=True)
class Stored:
    """`file_id` opens it, `unique_id` only tells whether two are the same. `path`: below /file/bot<token>/."""

    file_id: str
    unique_id: str
    path: str
    upload: Upload

    def as_json(self) -> dict[str, Any]:
        """The fields that every kind of file has."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.upload.content),
        }


class Files:
    """Kept as long as the simulator lives."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._stored: dict[str, Stored] = {}
        self._open_until: dict[str, tuple[Stored, datetime]] = {}

    def put(self, folder: str, upload: Upload) -> Stored:
        """`folder`: photos, voice, documents or videos, as Telegram names them."""
        number = next(self._numbers)
        ending = upload.name.rpartition(".")[2] if "." in upload.name else "bin"
        stored = Stored(f"AgACAgUAAx{number:012}", f"AQAD{number:08}", f"{folder}/file_{number}.{ending}", upload)
        self._stored[stored.file_id] = stored
        return stored

    def find(self, file_id: str) -> Stored:
        """Raises Refused."""
        stored = self._stored.get(file_id)
        if stored is None:
            raise bad_request("invalid file_id" if file_id else "file_id not specified")
        return stored

    def describe(self, file_id: str, now: datetime) -> dict[str, Any]:
        """What getFile answers; the path works for PATH_LIFE from now. Raises Refused."""
        stored = self.find(file_id)
        if len(stored.upload.content) > MAX_DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        self._open_until[stored.path] = (stored, now + PATH_LIFE)
        return {**stored.as_json(), "file_path": stored.path}

    def open(self, path: str, now: datetime) -> Upload | None:
        """The file behind a path that getFile gave; None when it has expired or never was."""
        stored, until = self._open_until.get(path, (None, now))
        return stored.upload if stored is not None and now < until else None
