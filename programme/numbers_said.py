"""Numbers that are written as Vietnamese or English words, made digits: "hai mươi tư" → "24", "tháng tư" → "thang 4".

Only where the words can be nothing else: "năm" is five and year, "ba" three and grandmother, "sau" six and after.
"""

from __future__ import annotations

import re
import unicodedata

from store.text import fold

# Spelt out, these are surely not what they look like without their accents ("sau", "mươi", "tám", "ba").
_SPELT = {"sáu": "sauu", "mười": "muoif", "tầm": "khoang", "bà": "baf"}
_SPELT_WORD = re.compile(rf"\b({'|'.join(_SPELT)})\b")

_ONES = {"khong": 0, "mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "lam": 5, "nham": 5, "sau": 6, "sauu": 6}
_ONES |= {"bay": 7, "tam": 8, "chin": 9}


def _one_of(*left_out: str) -> str:
    return "|".join(word for word in _ONES if word not in left_out)


_ANY = _one_of()
_TENS = _one_of("khong", "mot", "tu", "lam", "nham")
_AFTER_TEN = _one_of("khong", "nam")  # "mười năm" is ten years; fifteen is "mười lăm"
_COUNTING = _one_of("khong", "tu", "lam", "nham")
_TEENS_AND_MORE = re.compile(
    rf"\b(?:(?P<tens>{_TENS}) )?muoi(?: (?P<ones>{_AFTER_TEN}))?\b"
    rf"|\bmuoif(?: (?P<teen>{_AFTER_TEN}))?\b|\bham (?P<twenty>{_AFTER_TEN})\b"
)
# "hai ba" for 23: with "tuổi" behind it, or as the whole message
_SHORT = re.compile(rf"(?:\b({_TENS}) ({_AFTER_TEN})(?= tuoi\b)|^({_TENS}) ({_AFTER_TEN})$)")
_YEAR_IN_THOUSANDS = re.compile(rf"\bhai (?:nghin|ngan)(?: khong tram)?(?: (?:linh|le))?(?: (\d\d?|{_ANY}))?\b")
_YEAR_DIGIT_BY_DIGIT = re.compile(rf"\b(hai khong|mot chin) (?:({_ANY}) ({_ANY})|(\d\d))\b")
_MONTH = re.compile(
    rf"(?<!ngay )\b(thang|quy) ({_one_of('khong', 'sau', 'lam', 'nham')})\b(?! (?:nay|ngoai|truoc|sau|toi|kia)\b)"
)
_DAY = re.compile(rf"\b(mung|mong|ngay) ({_COUNTING})\b")
_COUNT = re.compile(rf"\b({_COUNTING})(?= (?:nam|thang|tuan|ngay|tuoi)\b(?! \d))")

# without "ten": that is "tên"
_ENGLISH = {word: n for n, word in enumerate("one two three four five six seven eight nine".split(), 1)}
_ENGLISH |= {
    word: n
    for n, word in enumerate(
        "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split(), 11
    )
}
_ENGLISH |= {"thirty": 30, "forty": 40, "fifty": 50}
_ENGLISH_WORD = re.compile(rf"\b({'|'.join(_ENGLISH)})(?:[ -]({'|'.join(list(_ENGLISH)[:9])}))?\b")


def with_digits(text: str) -> str:
    """`text` folded (lower case, no accents) and single-spaced, with its number words as digits."""
    composed = unicodedata.normalize("NFC", text).lower()
    said = " ".join(fold(_SPELT_WORD.sub(lambda m: _SPELT[m[1]], composed)).split())
    said = _TEENS_AND_MORE.sub(_ten, said)
    said = _SHORT.sub(lambda m: str(_ONES[m[1] or m[3]] * 10 + _ONES[m[2] or m[4]]), said)
    said = _YEAR_IN_THOUSANDS.sub(lambda m: str(2000 + _value(m[1])), said)
    said = _YEAR_DIGIT_BY_DIGIT.sub(_year, said)
    for pattern in (_MONTH, _DAY):
        said = pattern.sub(lambda m: f"{m[1]} {_ONES[m[2]]}", said)
    said = _COUNT.sub(lambda m: str(_ONES[m[1]]), said)
    said = _ENGLISH_WORD.sub(lambda m: str(_ENGLISH[m[1]] + (_ENGLISH[m[2]] if m[2] else 0)), said)
    return said.replace("sauu", "sau")


def _value(word: str | None) -> int:
    if word is None:
        return 0
    return int(word) if word.isdecimal() else _ONES[word]


def _ten(match: re.Match[str]) -> str:
    if match["twenty"]:
        return str(20 + _ONES[match["twenty"]])
    tens = _ONES[match["tens"]] if match["tens"] else 1
    return str(tens * 10 + _value(match["ones"] or match["teen"]))


def _year(match: re.Match[str]) -> str:
    century = "20" if match[1] == "hai khong" else "19"
    return century + (match[4] or f"{_ONES[match[2]]}{_ONES[match[3]]}")
