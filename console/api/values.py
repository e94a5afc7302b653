"""The values that calls bring and answers hold: numbers, texts, times, places in a list; each with its JSON schema."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from console.api.problems import ApiProblem
from store.crypto import Keyring

LARGEST = 2**53 - 1  # what every JSON reader keeps exactly
# RFC 3339, section 5.6: a leap second is one, letters may be small
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}):(\d{2})(\.\d+)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_MARK_BYTES = 8
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class Strict(BaseModel):
    """A body or a query: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """What an answer holds: a reader must bear further fields, we promise these."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"additionalProperties": True})


def read_moment(value: Any) -> datetime:
    """A time with its offset, in UTC; what is beyond the calendar is its end. Raises ValueError."""
    if isinstance(value, datetime):  # ours: JSON has none
        return value
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("phải là thời điểm có múi giờ, như 2026-12-05T08:30:00+07:00")
    day, time, seconds, fraction, offset = match.groups()
    try:
        kept = "59" if seconds == "60" else seconds
        at = datetime.fromisoformat(f"{day}T{time}:{kept}{(fraction or '')[:7]}{offset.upper()}")
        return at.astimezone(UTC)
    except OverflowError:
        return _FIRST if day.startswith("0001") else _LAST
    except ValueError:
        raise ValueError("không có thời điểm này trong lịch") from None


def say_moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_digits(value: Any) -> int:
    """A number of an address: nothing but digits. Raises ValueError."""
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(LARGEST))):
        raise ValueError("phải là số nguyên dương")
    return int(value)


def read_whole(value: Any) -> int:
    """A JSON number without a fraction: to JSON 30.0 is 30 (RFC 8259), true is none. Raises ValueError."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("phải là số nguyên")
    return value


Moment = Annotated[
    datetime,
    BeforeValidator(read_moment, json_schema_input_type=str),
    PlainSerializer(say_moment, return_type=str, when_used="json"),
    Field(json_schema_extra={"type": "string", "format": "date-time"}),
]
WHOLE = BeforeValidator(read_whole)
Number = Annotated[int, Field(ge=1, le=LARGEST), BeforeValidator(read_digits), Path(examples=[1])]
# Control characters are refused, not dropped: what is kept is what was sent, but for spaces around it.
LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
CommuneCode = Annotated[str, Field(pattern=r"^[0-9]{5}$", description="A code of GET /communes.", examples=["05503"])]
Cursor = Annotated[
    str | None, Query(pattern=r"^[A-Za-z0-9_-]{22}$", description="`next` of the page before; leave it out at first.")
]


class Named(Shown):
    """Something of a list, with what people call it."""

    code: str
    name: str


def cursor_of(keyring: Keyring, kind: str, number: int) -> str:
    """Where the next page of a list begins; `kind` of list and `number` cannot be read or made up."""
    return urlsafe_b64encode(number.to_bytes(8, "big") + _mark(keyring, kind, number)).decode().rstrip("=")


def read_cursor(keyring: Keyring, kind: str, cursor: str | None) -> int | None:
    """The number behind which the page begins. Raises ApiProblem 422 cursor_unknown."""
    if cursor is None:
        return None
    brought = urlsafe_b64decode(cursor + "==")
    number = int.from_bytes(brought[:8], "big")
    if brought[8:] != _mark(keyring, kind, number):
        words = "Cursor này không phải của danh sách này. Anh/chị lấy next của trang trước, hoặc đọc lại từ đầu."
        raise ApiProblem(422, "cursor_unknown", words)
    return number


def _mark(keyring: Keyring, kind: str, number: int) -> bytes:
    return keyring.hash(f"{kind} {number}", "api_cursor")[:_MARK_BYTES]
