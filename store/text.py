"""Vietnamese text as it is stored and compared: cleaning what arrives, folding accents away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_WORD = re.compile(r"[^\W_]+")
# Sorting a run of combining marks takes quadratic time; no writing stacks more than a few (UAX #15, stream-safe text).
MOST_MARKS = 30


def clean(text: str) -> str:
    """NFC, without control and invisible characters (tab and line break stay), without surrounding space.

    PostgreSQL cannot store NUL, and bidirectional overrides can make a text read as what it is not.
    """
    unbroken = text.replace("\r\n", "\n").replace("\r", "\n")
    # First, since an invisible character may stand between a letter and its accent
    kept = (c for c in unbroken if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c == "\u200d")
    return unicodedata.normalize("NFC", "".join(_stream_safe(kept))).strip()


def _stream_safe(text: Iterable[str]) -> Iterator[str]:
    run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= MOST_MARKS:
            yield character


def fold(text: str) -> str:
    """Lower case without accents: "Đồng Hỷ" → "dong hy"."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def folded_words(text: str) -> list[str]:
    """The accent-free words of `text`, without punctuation."""
    return _WORD.findall(fold(text))
