"""Which province of Vietnam a text says its place lies in ("xã Hải Hậu, tỉnh Nam Định", "ở Hà Nội ai hỗ trợ").

Spelling and position only. Not responsible for communes, nor for which provinces have a pack (`communes.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from programme.place_names import fold, name_key, spelling

_WORD = re.compile(r"[^\W_]+")
_PREFIX = re.compile(r"(?:^|.*[^\w])(?:tỉnh|tinh|thành phố|thanh pho|tp)[\s.]*$", re.DOTALL)
_LOCATIVE = re.compile(r"(?:^|.*[^\w])(?:ở|o|tại|tai|trong|ngoài)(?: (?:tận|mãi|tan|mai))?\s*$", re.DOTALL)
_UNIT = re.compile(
    r"(?:^|.*[^\w])(?:xã|xa|phường|phuong|thị trấn|thi tran|huyện|huyen|đường|duong|phố|x|p|tt|h)[\s.:]*$", re.DOTALL
)
_DISTRICT = r"(?:[\s,]*(?:huyện|huyen|quận|quan|thị xã|thi xa|thành phố|thanh pho|h|q|tx|tp)[\s.]+\w+(?:\s+\w+){0,2}?)?"
_PREFIXED = r"(?:(?:tỉnh|tinh|thành phố|thanh pho|tp)[\s.]*)?"
# What may stand between a place and the province it lies in: "xã Hải Hậu, huyện Hải Hậu, tỉnh Nam Định".
_LIES_IN = re.compile(
    rf"{_DISTRICT}[\s,.(\-–/]*(?:(?:ở|o|tại|tai|thuộc|thuoc|của|cua|bên|ben)\s+)?{_PREFIXED}", re.IGNORECASE
)
_BEFORE_PLACE = re.compile(rf"[\s,.:\-–]*{_DISTRICT}[\s,]*", re.IGNORECASE)
# A place that the gazetteer does not know: a unit and up to four words.
_UNKNOWN_PLACE = re.compile(
    r"(?:^|.*[^\w])(?:xã|xa|phường|phuong|thị trấn|thi tran|huyện|huyen|quận|quan|thị xã|thi xa)\s+\w+(?:\s\w+){0,3}$",
    re.DOTALL,
)
_POLITE = frozenset("da vang a em oi chao cho hoi minh toi chau bac co chu anh chi nhe nha".split())


class ProvinceLike(Protocol):
    """`former`: the names of provinces merged into it; `also`: everyday names."""

    @property
    def name(self) -> str: ...
    @property
    def former(self) -> Sequence[str]: ...
    @property
    def also(self) -> Sequence[str]: ...


class ProvincesNamed:
    """Some provinces, with their former and everyday names."""

    def __init__(self, provinces: Iterable[ProvinceLike]) -> None:
        self._shown: dict[str, str] = {}
        self._spelt: dict[str, str] = {}
        for province in provinces:
            for name in (province.name, *province.also, *province.former):
                merged = name in province.former
                shown = f"{name} (nay thuộc {province.name})" if merged else province.name
                self._shown[name_key(name)] = shown
                self._spelt[name_key(name)] = spelling(name)
        self._longest = max((key.count(" ") + 1 for key in self._shown), default=0)

    def where(self, text: str, places: Sequence[tuple[int, int]], known: Collection[str]) -> str | None:
        """The province, as it is to be said, that the text puts its place in; None when it names none in that way.

        `places`: the spans of the communes and districts found in it; `known`: keys of names that are also such a
        place, and therefore count as a province only behind "tỉnh" or a place.
        """
        composed = unicodedata.normalize("NFC", text)
        text = composed if len(composed) == len(text) else text
        for start, end, key in self._names_in(text):
            if self._counts(text, (start, end), places, key in known):
                return self._shown[key]
        return None

    def _names_in(self, text: str) -> Iterable[tuple[int, int, str]]:
        typed = list(_WORD.finditer(text))
        for first in range(len(typed)):
            for size in range(min(self._longest, len(typed) - first), 0, -1):
                start, end = typed[first].start(), typed[first + size - 1].end()
                written = unicodedata.normalize("NFC", text[start:end])
                key = name_key(written)
                if key not in self._shown or "," in written or "\n" in written:
                    continue
                if spelling(written) in (self._spelt[key], key):
                    yield start, end, key
                    break

    def _counts(self, text: str, span: tuple[int, int], places: Sequence[tuple[int, int]], is_place_too: bool) -> bool:
        start, end = span
        lower = text.lower()
        before = lower[:start]
        prefixed = _PREFIX.match(before) is not None
        if not prefixed and (_UNIT.match(before) or any(a < end and start < b for a, b in places)):
            return False
        others = [(a, b) for a, b in places if b <= start or a >= end]
        if others:
            return any(
                _LIES_IN.fullmatch(text[b:start])
                if b <= start
                else prefixed and _BEFORE_PLACE.fullmatch(text[end:a]) is not None
                for a, b in others
            )
        if prefixed:
            return True
        if is_place_too:
            return False
        behind_place = _UNKNOWN_PLACE.match(re.sub(r"[\s,.(\-–/]+$", "", before))
        leads = all(word in _POLITE for word in _WORD.findall(fold(before)))
        return bool(behind_place or leads or _LOCATIVE.match(before))
