"""When a name without its unit is meant as a place: "ở thành công" is, "chúc thành công" is not.

Pure rules. The words they weigh are data: `nlu/data/everyday_words.yml` says which and why.
"""

from __future__ import annotations

from typing import AbstractSet, Optional

from nlu.components.commune_names import COMMUNE_UNITS, DISTRICT_UNITS, CommuneNames
from nlu.components.sentence import CONTRADICTS, SAME, Sentence

_PROVINCE_WORDS = frozenset({"tỉnh", "tinh"})
_FORMER_WORDS = frozenset({"cũ", "cu"})
LOCATIVES = frozenset({"ở", "ơ", "o", "tại", "quê", "que"})
# Also prepositions of place, but too common to lift an everyday word ("tải thành công" without accents).
_WEAK_LOCATIVES = LOCATIVES | frozenset(
    {"tai", "thuộc", "thuoc", "trên", "tren", "về", "ve", "bên", "ben", "dưới", "duoi", "gần", "gan", "từ", "tu"}
)
_NAMING = frozenset({"là", "la", "tên", "ten"})
_COMMUNE_WORDS = frozenset({"xa", "phuong"})
_DISTRICT_WORDS = frozenset({"huyện", "huyen", "h", "tp", "tx"})


# "thành công ai hỗ trợ", "em ơi la hiên thì bên nào": a name in front of the question who helps is a place.
_WHO = (
    ("ai", "ho"),
    ("ai", "giup"),
    ("ai", "phu"),
    ("ben", "nao"),
    ("ben", "mo"),
    ("cong", "ti"),
    ("cti",),
    ("don", "vi"),
    ("doanh", "nghiep"),
)
_LINKS = frozenset({"thi", "do"})
_AND = frozenset({"và", "va", "với", "voi", "hay", "hoặc", "hoac"})
_LIST_MARKS = frozenset({",", "/", "+", ";", "&"})
_ADDRESSING = frozenset({"oi", "hoi", "chao", "a"})


class AloneRules:
    """`provinces`: keys of province names; `before_other_names`: words as typed, lower case."""

    def __init__(self, names: CommuneNames, provinces: AbstractSet[str], before_other_names: AbstractSet[str]) -> None:
        self._names = names
        self._provinces = provinces
        self._before_other_names = before_other_names

    def counts_as_place(self, sentence: Sentence, first: int, last: int, key: str) -> bool:
        """Whether the words [first, last), whose key is a known name, mention a place."""
        if self.is_another_name(sentence, first) or sentence.inside_phrase(first, last):
            return False
        as_province = self._read_as_province(sentence, first, last, key)
        if as_province is not None:
            return as_province
        agrees = self._names.value(key, sentence.typed(first, last), None)[1]
        if sentence.touches_phrase(first, last):
            return agrees != CONTRADICTS and self._lifted(sentence, first, last, agrees)
        if agrees == SAME or sentence.plain(first, last):
            return True
        # Accents that are wrong, or half left out among others: a word-by-word accident unless something says place.
        before = sentence.before(first)
        return before in _WEAK_LOCATIVES or sentence.is_all(first, last) or sentence.capitals(first, last)

    def is_another_name(self, sentence: Sentence, first: int) -> bool:
        """Whether a street, a product or a person is named: "đường Phan Đình Phùng"."""
        return sentence.before(first) in self._before_other_names

    def is_province(self, key: str) -> bool:
        """Whether a province has, or had, a name with this key."""
        return key in self._provinces

    def _read_as_province(self, sentence: Sentence, first: int, last: int, key: str) -> Optional[bool]:
        """Whether a name that a province also has is a place below it; None for names that no province has."""
        units = self._names.units(key)
        said_province = sentence.before(first) in _PROVINCE_WORDS
        if key not in self._provinces:
            return False if said_province and units & DISTRICT_UNITS else None
        if said_province or sentence.after(last) in _FORMER_WORDS:
            return False
        if not units & COMMUNE_UNITS:
            return False  # "Thái Nguyên" alone is the province; the old city is "thành phố Thái Nguyên"
        # A ward that was also the city of this name is meant (Bắc Kạn); a commune like Quảng Ninh hardly ever is.
        return bool(units & DISTRICT_UNITS) or sentence.is_all(first, last)

    def _lifted(self, sentence: Sentence, first: int, last: int, agrees: int) -> bool:
        """Whether something lifts a name out of the everyday words it looks like."""
        before = sentence.before(first)
        if before in LOCATIVES or sentence.is_all(first, last) or self._in_district(sentence, last):
            return True
        if is_asked_about(sentence, first, last) or self._in_list(sentence, first, last):
            return True
        nearby = {word.folded for word in sentence.words[max(0, first - 5) : first]}
        named = before in _NAMING and bool(nearby & _COMMUNE_WORDS)  # "xã mình là Thành Công"
        return named or (agrees == SAME and sentence.capitals(first, last))

    def _in_list(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a list of places goes on or begins here: "đại phúc và quyết thắng", "quyết thắng, đại phúc"."""
        place_end = sentence.place_end
        if place_end and _joined(sentence, place_end, first) and (sentence.ends(last) or _who_follows(sentence, last)):
            return True
        start = last + (sentence.after(last) in _AND)
        if (first and sentence.words[first - 1].folded not in _ADDRESSING) or start >= len(sentence.words):
            return False
        if start == last and sentence.gap(last - 1).strip() not in _LIST_MARKS:
            return False
        sizes = self._names.lengths(sentence.words[start].folded)
        ends = [start + size for size in sizes if size > 1 and sentence.one_name(start, start + size)]
        return any(sentence.key(start, end) in self._names and not sentence.touches_phrase(start, end) for end in ends)

    def _in_district(self, sentence: Sentence, last: int) -> bool:
        """Whether an old district follows: "trung thành phổ yên", "trung thành, huyện phổ yên"."""
        if last >= len(sentence.words) or sentence.gap(last - 1).strip() not in ("", ","):
            return False
        start = last + (sentence.words[last].typed in _DISTRICT_WORDS)
        if start >= len(sentence.words):
            return False
        for size in self._names.lengths(sentence.words[start].folded):
            end = start + size
            key = sentence.key(start, end) if sentence.one_name(start, end) else ""
            if key in self._names and self._names.units(key) & DISTRICT_UNITS:
                return self._names.value(key, sentence.typed(start, end), None)[1] != CONTRADICTS
        return False


def is_asked_about(sentence: Sentence, first: int, last: int) -> bool:
    """Whether the name begins the sentence, and who helps there is asked right behind it."""
    if first > 0 and sentence.words[first - 1].folded not in _ADDRESSING:
        return False
    return _who_follows(sentence, last)


def _who_follows(sentence: Sentence, last: int) -> bool:
    behind = [word.folded for word in sentence.words[last : last + 3]]
    if behind and behind[0] in _LINKS:
        behind = behind[1:]
    return any(tuple(behind[: len(words)]) == words for words in _WHO)


def _joined(sentence: Sentence, end: int, first: int) -> bool:
    """Whether nothing but "và" or a mark stands between a place that ends at word `end` and the word `first`."""
    if first == end:
        return sentence.gap(end - 1).strip() in ("", *_LIST_MARKS)
    return first == end + 1 and sentence.words[end].typed in _AND
