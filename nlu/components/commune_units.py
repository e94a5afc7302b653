"""The unit words before a place name, in full and abbreviated: "xã", "x.", "thị trấn", "tt".

Pure; whether such a word is a unit where it stands is decided in `commune_finder.py`.
"""

from __future__ import annotations

from typing import List, Tuple

from nlu.components.sentence import CONTRADICTS, Sentence, Syllables, agreement, key_of, syllables_of

# (the unit's words, the unit); abbreviations are weaker: "h" is also "giờ", "tt" also "thanh toán".
_FULL_UNITS: Tuple[Tuple[Tuple[str, ...], Syllables, str], ...] = tuple(
    (tuple(key_of(unit).split(" ")), syllables_of(unit), unit)
    for unit in ("thị trấn", "thành phố", "thị xã", "xã", "phường", "huyện")
)
ONE_WORD_UNITS = frozenset({"xã", "phường", "huyện"})
_FIRST_WORDS = frozenset(words[0] for words, _, _ in _FULL_UNITS)
_SHORT_UNITS = {"x": "xã", "p": "phường", "phg": "phường", "tt": "thị trấn"}
_SHORT_UNITS |= {"h": "huyện", "tp": "thành phố", "tx": "thị xã"}
GLUED_UNITS = {"xa": "xã", "phuong": "phường", "huyen": "huyện"}


def units_at(sentence: Sentence, at: int) -> List[Tuple[str, int, bool]]:
    """(unit, number of its words, written in full) of the units that may begin at a word."""
    units: List[Tuple[str, int, bool]] = []
    if sentence.words[at].folded in _FIRST_WORDS:
        for words, syllables, unit in _FULL_UNITS:
            last = at + len(words)
            same = tuple(word.folded for word in sentence.words[at:last]) == words and sentence.one_name(at, last)
            if same and agreement(sentence.typed(at, last), syllables) != CONTRADICTS:
                units.append((unit, len(words), True))
    short = _SHORT_UNITS.get(sentence.words[at].typed)
    return [*units, (short, 1, False)] if short else units
