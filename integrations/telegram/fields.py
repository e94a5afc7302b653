"""Values as Telegram promises them, checked: the library takes whatever stands in the JSON."""

from __future__ import annotations

from typing import Any

from store.text import clean

_MOST_ID = 2**63 - 1
_MOST_COUNT = 2**31 - 1  # what a column holds


class Malformed(ValueError):
    """A value that Telegram never sends; the argument says which, without repeating it."""


def number(value: Any) -> int:
    """An id of a private chat, a user or an update: up to 52 bits today, 64 promised. Raises Malformed."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_ID:
        return value
    raise Malformed("id")


def words(value: Any) -> str:
    """A text, clean. Raises Malformed."""
    if isinstance(value, str):
        return clean(value)
    raise Malformed("text")


def count(value: Any) -> int | None:
    """Bytes or seconds as the sender's phone says; None when that is nonsense."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_COUNT:
        return value
    return None


def short_words(value: Any, most: int) -> str | None:
    """A text of at most `most` characters, cut; None when there is none."""
    return (clean(value)[:most] or None) if isinstance(value, str) else None
