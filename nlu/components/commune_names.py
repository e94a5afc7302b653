"""The names the gazetteer knows, indexed for search: by folded words, by joined letters, by one-letter typos.

Pure data structure. Where in a sentence a name counts as a place is decided by `commune_finder.py`.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable, List, Optional, Sequence, Set, Tuple

from rapidfuzz.distance import OSA

from nlu.components.sentence import CONTRADICTS, agreement, key_of, syllables_of
from nlu.components.text import compose

COMMUNE_UNITS = frozenset({"xã", "phường", "thị trấn"})
DISTRICT_UNITS = frozenset({"huyện", "thành phố", "thị xã"})
UNITS = COMMUNE_UNITS | DISTRICT_UNITS


class Spelling:
    """One accented name with the units that bear it ("Tân Thành": xã, phường)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.units: Set[str] = set()
        self.syllables = syllables_of(name)

    def agreement(self, typed: Sequence[str]) -> int:
        """CONTRADICTS, LEAVES_OUT or SAME for lower-case words whose folded forms are those of the name."""
        return agreement(typed, self.syllables)


def split_full_name(full_name: str) -> Tuple[str, str]:
    """ "Thị trấn Hùng Sơn" → ("thị trấn", "Hùng Sơn"). Raises ValueError for a name without its unit."""
    words = compose(full_name).text.split()
    for size in (2, 1):
        unit = " ".join(words[:size]).lower()
        if unit in UNITS and len(words) > size:
            return unit, " ".join(words[size:])
    raise ValueError(full_name)


class CommuneNames:
    """An index over full names ("Xã Tân Cương", "Huyện Phú Bình").

    A key is a name's folded words with one space between them; joined, the same without spaces.
    """

    def __init__(self, full_names: Iterable[str]) -> None:
        self._spellings: Dict[str, List[Spelling]] = {}
        self._keys_of_joined: Dict[str, List[str]] = {}
        self._lengths: Dict[str, List[int]] = {}
        # A name and what is left of it without one letter: two words one typo apart have such a remainder in common.
        self._remains: Dict[str, Set[str]] = {}
        for full_name in full_names:
            unit, name = split_full_name(full_name)
            self._add(unit, name)
        for key in self._spellings:
            first, size = key.split(" ")[0], key.count(" ") + 1
            sizes = self._lengths.setdefault(first, [])
            if size not in sizes:
                self._lengths[first] = sorted([*sizes, size], reverse=True)
            joined = key.replace(" ", "")
            self._keys_of_joined.setdefault(joined, []).append(key)
            for remains in _remains_of(joined):
                self._remains.setdefault(remains, set()).add(joined)
        self.most_words = max((key.count(" ") + 1 for key in self._spellings), default=1)

    def _add(self, unit: str, name: str) -> None:
        spellings = self._spellings.setdefault(key_of(name), [])
        for spelling in spellings:
            if spelling.name == name:
                break
        else:
            spelling = Spelling(name)
            spellings.append(spelling)
        spelling.units.add(unit)

    def __contains__(self, key: str) -> bool:
        return key in self._spellings

    def lengths(self, first_word: str) -> Sequence[int]:
        """How many words the names that begin with a folded word have, longest first."""
        return self._lengths.get(first_word, ())

    def units(self, key: str) -> FrozenSet[str]:
        """The units of everything with this key."""
        return frozenset(unit for spelling in self._spellings[key] for unit in spelling.units)

    def spellings(self, key: str) -> Sequence[Spelling]:
        """All accented names with this key."""
        return self._spellings[key]

    def joined(self, letters: str) -> Sequence[str]:
        """The keys that are `letters` once their spaces are taken out."""
        return self._keys_of_joined.get(letters, ())

    def one_typo_from(self, letters: str) -> List[str]:
        """The keys one insertion, deletion, replacement or swap of neighbours away from `letters`, but not `letters`.

        "i" and "y" count as one letter.
        """
        candidates: Set[str] = set()
        for remains in _remains_of(letters):
            candidates.update(self._remains.get(remains, ()))
        candidates.discard(letters)
        # A misplaced "y" is not always a last one: "Lam ỹV", "Đồng ỷ".
        wanted = _without_y(letters)
        near = sorted(joined for joined in candidates if OSA.distance(wanted, _without_y(joined), score_cutoff=1) <= 1)
        return [key for joined in near for key in self._keys_of_joined[joined]]

    def value(self, key: str, typed: Optional[Sequence[str]], unit: Optional[str]) -> Tuple[str, int]:
        """(value, agreement) of a found key: the one spelling that what was typed leaves, else the key itself.

        `typed`: the lower-case words if there are as many as in the name, else None (letters and spaces differ).
        `unit` decides between spellings that agree equally ("thị trấn yen lac" was Yến Lạc, "xã yen lac" Yên Lạc).
        """
        spellings = self._spellings[key]
        best = CONTRADICTS if typed is None else max(spelling.agreement(typed) for spelling in spellings)
        left = spellings
        if typed is not None:
            left = [spelling for spelling in spellings if spelling.agreement(typed) == best]
        if len(left) > 1 and unit is not None:
            left = [spelling for spelling in left if unit in spelling.units] or left
        return (left[0].name if len(left) == 1 else key), best


def _without_y(letters: str) -> str:
    return letters.replace("y", "i")


def _remains_of(letters: str) -> Set[str]:
    return {_without_y(letters), *_with_one_letter_less(_without_y(letters))}


def _with_one_letter_less(letters: str) -> Set[str]:
    return {letters[:at] + letters[at + 1 :] for at in range(len(letters))}
