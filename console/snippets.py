"""The part of a message around the words that were looked for, in pieces of which some are to be marked."""

from __future__ import annotations

import re

from store.search import Words
from store.text import fold

BEFORE, AFTER = 60, 200  # characters around the first hit
_WORD = re.compile(r"[^\W_]+")


def snippet(text: str, words: Words) -> list[tuple[str, bool]]:
    """Pieces of `text` in their order, each with whether it is one of the words; "…" where something is left out."""
    hits = [match.span() for match in _WORD.finditer(text) if words.is_hit(fold(match[0]))]
    first = hits[0][0] if hits else 0
    begin, end = _cut(text, first)
    pieces: list[tuple[str, bool]] = [("…", False)] if begin else []
    at = begin
    for start, stop in hits:
        if stop > end:
            break
        pieces += [(text[at:start], False), (text[start:stop], True)]
        at = stop
    pieces.append((text[at:end] + ("…" if end < len(text) else ""), False))
    return [piece for piece in pieces if piece[0]]


def _cut(text: str, first: int) -> tuple[int, int]:
    """Where the snippet begins and ends: between words where there are any near."""
    begin = max(first - BEFORE, 0)
    if begin:
        gap = text.find(" ", begin, first)
        begin = gap + 1 if gap >= 0 else begin
    end = min(first + AFTER, len(text))
    if end < len(text):
        gap = text.rfind(" ", first + AFTER // 2, end)
        end = gap if gap >= 0 else end
    return begin, end
