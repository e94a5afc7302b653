"""What a call of the Bot API says: query, form, multipart or JSON. On the platform every value is a text in the end;
so it is here, and a nested object may come as JSON or as a string of JSON (python-telegram-bot sends the latter).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField


class Refused(Exception):
    """An answer that is not ok. `description` with its prefix, e.g. "Bad Request: chat not found"; `parameters`:
    `retry_after` in seconds, or `migrate_to_chat_id`.
    """

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


def bad_request(description: str) -> Refused:
    return Refused(400, f"Bad Request: {description}")


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Parameters:
    """The parameters of one call, by name."""

    values: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """ "" when it is missing: the platform does not distinguish the two."""
        return self.values.get(name, "")

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A number, brought into its bounds; what is no number is 0, as on the platform."""
        value = self.values.get(name)
        return min(max(default if value is None else _whole(value), low), high)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "yes", "1")

    def structure(self, name: str, complaint: str) -> Any:
        """A nested object or list, None when missing. Raises Refused with `complaint` when it is no JSON."""
        value = self.text(name)
        if not value:
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise bad_request(complaint) from None


def as_parameters(values: Mapping[str, Any], files: Mapping[str, Upload] | None = None) -> Parameters:
    """Parameters from JSON values. Raises Refused for a text with half a character in it."""
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
        if value is not None
    }
    try:
        "".join(texts.values()).encode()
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    return Parameters(texts, files or {})


async def read_parameters(request: web.Request) -> Parameters:
    """From wherever they are; the body goes before the query. Raises Refused for a body that cannot be read."""
    values: dict[str, Any] = dict(request.query)
    files = {}
    if request.content_type == "application/json":
        values |= await _read_json(request)
    elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, value in (await request.post()).items():
            if isinstance(value, FileField):
                files[name] = Upload(value.filename, value.content_type, value.file.read())
            else:
                values[name] = value if isinstance(value, str) else bytes(value).decode(errors="replace")
    return as_parameters(values, files)


async def _read_json(request: web.Request) -> dict[str, Any]:
    body = await request.read()
    try:
        values = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        raise bad_request("can't parse request JSON object") from None
    if not isinstance(values, dict):
        raise bad_request("request JSON must be an object")
    return values


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0
