"""Reading values out of a provider's JSON whose types cannot be relied on."""

from __future__ import annotations

import math
from typing import Any


class Unfit(Exception):
    """A genuine event cannot be read; the argument says what is wrong: names of fields, never their values."""


def object_of(holder: dict[str, Any], key: str) -> dict[str, Any]:
    value = holder.get(key)
    if not isinstance(value, dict):
        raise Unfit(key)
    return value


def number_text(value: Any) -> str | None:
    """A text as it is, a whole number in digits; None for everything else.

    Broken numbers are refused: JSON readers round what is beyond 64 bits, and a rounded id is somebody else's.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 2**64 else None
    return value if isinstance(value, str) else None


def text_of(holder: dict[str, Any], key: str) -> str:
    text = number_text(holder.get(key))
    if text is None:
        raise Unfit(key)
    return text


def optional_text(holder: dict[str, Any], key: str) -> str | None:
    return None if holder.get(key) is None else text_of(holder, key)


def optional_count(holder: dict[str, Any], key: str) -> int | None:
    """A size or duration that only informs: what is no number from 0 to 2³¹ is left out."""
    try:
        number = float(holder.get(key) or 0)
    except (TypeError, ValueError, OverflowError):
        return None
    return round(number) if 0 < number < 2**31 else None


def degrees(holder: dict[str, Any], key: str, most: int) -> float:
    """A latitude or longitude, as text or number."""
    value = holder.get(key)
    try:
        angle = math.nan if isinstance(value, bool | None) else float(value)
    except (TypeError, ValueError, OverflowError):
        angle = math.nan
    if not abs(angle) <= most:
        raise Unfit(key)
    return angle
