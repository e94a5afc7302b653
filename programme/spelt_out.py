"""Everyday spellings written out: "ko", "dt", "fb" become the words they stand for, accent-free."""

from __future__ import annotations

from programme.packs import Lexicon
from store.text import folded_words


class SpeltOut:
    """Texts to accent-free words, by the lexicon's rows that can mean nothing else (risk: low)."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._expansions = {
            tuple(folded_words(form)): folded_words(row.means)
            for row in lexicon.expansions
            if row.risk == "low"
            for form in row.forms
        }
        self._longest = max(len(form) for form in self._expansions)

    def __call__(self, text: str) -> list[str]:
        words, said, at = folded_words(text), [], 0
        while at < len(words):
            for size in range(min(self._longest, len(words) - at), 0, -1):
                meaning = self._expansions.get(tuple(words[at : at + size]))
                if meaning is not None:
                    said += meaning
                    at += size
                    break
            else:
                said.append(words[at])
                at += 1
        return said
