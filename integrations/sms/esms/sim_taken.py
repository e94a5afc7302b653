"""What the simulated eSMS has taken: each message, how often per number and per RequestId. The witness of tests.

With a file it is known to the next simulator too, whatever ended this one: a line stands there before the answer is
given.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

REMEMBERED = timedelta(hours=24)
SAME_TEXT = timedelta(minutes=5)


@dataclass(slots=True)
class Message:
    """`phone` in E.164, `at` in seconds since 1970 by the simulated clock. `fate`: what becomes of it: "delivered",
    "failed", "silent" (nobody ever says), "approval" (advertising, waits for a person). `text`: as it arrives.
    """

    id: str
    request_id: str
    phone: str
    text: str
    at: float
    fate: str
    parts: int
    price: int
    callback: str
    campaign: str = ""


class Taken:
    """All of them, in the order in which they were taken."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.by_phone: Counter[str] = Counter()
        self.by_request: Counter[str] = Counter()
        self.reported: set[str] = set()  # ids whose final report somebody has taken
        self._last: dict[str, float] = {}
        self._texts: dict[tuple[str, str], float] = {}
        self._file: int | None = None

    def keep_in(self, path: Path) -> None:
        """Begin with what an earlier simulator took, and write down each message."""
        self._read(path)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def remembers(self, request_id: str, now: datetime) -> bool:
        """Whether a message with it was taken in the last 24 hours."""
        at = self._last.get(request_id) if request_id else None
        return at is not None and now.timestamp() - at < REMEMBERED.total_seconds()

    def is_repeated(self, phone: str, text: str, now: datetime) -> bool:
        """Whether the number had the same words in the last 5 minutes."""
        at = self._texts.get((phone, text))
        return at is not None and now.timestamp() - at < SAME_TEXT.total_seconds()

    def add(self, message: Message) -> None:
        """Before the answer is given: a simulator that is killed in between has taken it all the same."""
        if self._file is not None:
            self._write(["taken", *astuple(message)])
        self._note(message)

    def note_reported(self, message_id: str) -> None:
        self.reported.add(message_id)
        self._write(["reported", message_id])

    def unreported(self) -> Iterator[Message]:
        """Whose final report nobody has taken yet."""
        return (one for one in self.messages.values() if one.callback and one.id not in self.reported)

    def as_json(self, phone: str | None) -> dict[str, Any]:
        """How often a message was taken per number and per RequestId; of one number also the messages."""
        if phone is not None:
            found = [one for one in self.messages.values() if one.phone == phone]
            shown = [{"id": one.id, "request_id": one.request_id, "text": one.text, "fate": one.fate} for one in found]
            return {"phone": phone, "count": self.by_phone[phone], "messages": shown}
        return {"total": len(self.messages), "phones": self.by_phone, "requests": self.by_request}

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _note(self, message: Message) -> None:
        self.messages[message.id] = message
        self.by_phone[message.phone] += 1
        if message.request_id:
            self.by_request[message.request_id] += 1
            self._last[message.request_id] = message.at
        self._texts[message.phone, message.text] = message.at

    def _write(self, line: list[Any]) -> None:
        if self._file is not None:
            os.write(self._file, orjson.dumps(line) + b"\n")

    def _read(self, file: Path) -> None:
        if not file.exists():
            return
        content = file.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]  # a line that was cut off was never answered for
        if len(whole) < len(content):
            os.truncate(file, len(whole))
        for line in whole.splitlines():
            kind, *fields = orjson.loads(line)
            if kind == "taken":
                self._note(Message(*fields))
            else:
                self.reported.add(fields[0])
