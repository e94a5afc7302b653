"""Signs of an invitation in a text of whatever kind, with or without accents. Which words are signs is content."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from store.text import fold

# So many words may stand between "mời" and what is invited to: "Mời cửa hàng {{ shop }} làm khảo sát"
_BETWEEN = 12
_SENTENCES = re.compile(r"[.!?:;\n]+")
_WORD = re.compile(r"\w+")


def invitation_in(text: str, calls: Sequence[str], to: Sequence[str], offers: Sequence[str]) -> str:
    """The words that invite; "" where none do.

    `calls` begin a sentence and are followed by one of `to` ("mời … khảo sát"); `offers` may stand anywhere. Accents
    are heard where the text has some ("mới" is not "mời"), and no case.
    """
    for sentence in _SENTENCES.split(unicodedata.normalize("NFC", text).lower()):
        words = _WORD.findall(sentence)
        for at in range(len(words)):
            if offered := next((one for one in offers if _stands(one, words, at)), None):
                return offered
        called = next((one for one in calls if _stands(one, words, 0)), None)
        if called is None:
            continue
        first = len(called.split())
        for at in range(first, min(len(words), first + _BETWEEN)):
            if wanted := next((one for one in to if _stands(one, words, at)), None):
                return f"{called} … {wanted}"
    return ""


def _stands(phrase: str, words: Sequence[str], at: int) -> bool:
    wanted = phrase.split()
    there = words[at : at + len(wanted)]
    return len(there) == len(wanted) and all(
        word == one or (word.isascii() and word == fold(one)) for word, one in zip(there, wanted, strict=True)
    )
