"""Reading the JSON that a provider sent, damaged or not."""

from __future__ import annotations

import json
from typing import Any

import orjson


def read_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`; None when there is none."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = _leniently(body)
    return data if isinstance(data, dict) else None


def _leniently(body: bytes) -> Any:
    """orjson refuses half of a surrogate pair, which a cut emoji leaves behind: no reason to lose a message."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
