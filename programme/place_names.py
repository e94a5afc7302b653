"""How a Vietnamese place name is compared: without accents, with accents, and with or without its unit word.

Responsible for spelling only. Not responsible for which places exist (`communes.py`) or for finding them in a sentence,
which is the gazetteer's work (`nlu/components/gazetteer.py`; its accent-free keys are the same as here).
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

UNKNOWN_NAME_CHARACTERS = 40


class Unit(StrEnum):
    """The kinds of administrative unit, in Vietnamese as a sentence says them; the first three are of commune level."""

    COMMUNE = "xã"
    WARD = "phường"
    TOWNSHIP = "thị trấn"
    DISTRICT = "huyện"
    CITY = "thành phố"
    TOWN = "thị xã"


COMMUNE_LEVEL = frozenset({Unit.COMMUNE, Unit.WARD, Unit.TOWNSHIP})
DISTRICT_LEVEL = frozenset({Unit.DISTRICT, Unit.CITY, Unit.TOWN})

# Longest first, so that "thị xã" is not read as "thị" and "xã".
_WRITTEN_UNITS: tuple[tuple[tuple[str, ...], Unit], ...] = (
    (("thi", "tran"), Unit.TOWNSHIP),
    (("thanh", "pho"), Unit.CITY),
    (("thi", "xa"), Unit.TOWN),
    (("xa",), Unit.COMMUNE),
    (("x",), Unit.COMMUNE),
    (("phuong",), Unit.WARD),
    (("p",), Unit.WARD),
    (("phg",), Unit.WARD),
    (("tt",), Unit.TOWNSHIP),
    (("huyen",), Unit.DISTRICT),
    (("h",), Unit.DISTRICT),
    (("tp",), Unit.CITY),
    (("tx",), Unit.TOWN),
)
_WORD = re.compile(r"[^\W_]+")
_I_OR_Y = re.compile(r"(?<=[bcdđghklmnpqrstvx])y$")
_TONES = "\u0300\u0301\u0303\u0309\u0323"  # grave, acute, tilde, hook above, dot below


def fold(text: str) -> str:
    """Without accents, "đ" as "d", in lower case; every other character stays."""
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def words(text: str) -> list[str]:
    """The words of `text` (letters and digits) in composed form, as they are written."""
    return _WORD.findall(unicodedata.normalize("NFC", text))


def i_for_y(word: str) -> str:
    """ "Hỷ" and "Hỉ", "Kỳ" and "Kì" are one syllable in two spellings: a last "y" behind a consonant becomes "i".

    `word`: letters without a tone, in lower case.
    """
    return _I_OR_Y.sub("i", word)


def name_key(name: str) -> str:
    """ "Văn-Lăng" → "van lang": what two spellings of a name share when nobody types accents."""
    return " ".join(i_for_y(word) for word in words(fold(name)))


def spelling(name: str) -> str:
    """A form in which "Hòa" equals "hoà" but not "Hoa": each word's letters, then its tone."""
    return " ".join(_letters_then_tone(word) for word in words(name.lower()))


def split_full_name(full_name: str) -> tuple[Unit, str]:
    """ "Thị trấn Hùng Sơn" → (Unit.TOWNSHIP, "Hùng Sơn"). Raises ValueError when no unit stands before the name."""
    for unit in Unit:
        start = unit.value.capitalize() + " "
        if full_name.startswith(start) and full_name.removeprefix(start).strip():
            return unit, full_name.removeprefix(start)
    raise ValueError(full_name)


def typed_unit(surface: str, name: str) -> Unit | None:
    """The unit that was typed before `name` in `surface` ("p.bắc kạn" → WARD), None when there was none.

    "xã/phường Tân Thành" says two units and therefore none.
    """
    units = _take_units_off(surface, name)[0]
    return units[0] if len(units) == 1 else None


def without_unit(surface: str, name: str) -> str:
    """What was typed for `name` itself, its unit left out: words as they were written, one space between them."""
    left = len(_take_units_off(surface, name)[1])
    return " ".join(words(surface)[-left:]) if left else ""


def _take_units_off(surface: str, name: str) -> tuple[list[Unit], list[str]]:
    typed, name_words = words(fold(surface)), words(fold(name))
    units: list[Unit] = []
    while typed and (split := _unit_at_start(typed, name_words)):
        units.append(split[0])
        typed = split[1]
    return units, typed


def _unit_at_start(typed: list[str], name_words: list[str]) -> tuple[Unit, list[str]] | None:
    for written, unit in _WRITTEN_UNITS:
        rest: list[str] = []
        if tuple(typed[: len(written)]) == written:
            rest = typed[len(written) :]
        elif len(written) == 1 and len(written[0]) > 1 and typed[0].startswith(written[0]):
            rest = [typed[0].removeprefix(written[0]), *typed[1:]]  # "xãtân cương"
        if rest and not _unit_belongs_to_name(written[0], typed, rest, name_words):
            return unit, rest
    return None


def _unit_belongs_to_name(unit_word: str, typed: list[str], rest: list[str], name_words: list[str]) -> bool:
    """ "Phượng Tiến" and "Huyền Tụng" begin like a unit: then the split must come closer to the name's length."""
    if not name_words or not name_words[0].startswith(unit_word):
        return False
    whole, left, wanted = (len("".join(part)) for part in (typed, rest, name_words))
    return abs(whole - wanted) <= abs(left - wanted)


def _letters_then_tone(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    tone = "".join(c for c in decomposed if c in _TONES)
    return i_for_y(unicodedata.normalize("NFC", "".join(c for c in decomposed if c not in _TONES))) + tone


def says(text: str, name: str) -> bool:
    """Whether the words of `name` stand in `text`, with their accents or with none at all."""
    typed = [spelling(word) for word in words(text)]
    for wanted in (spelling(name).split(), name_key(name).split()):
        for at in range(len(typed) - len(wanted) + 1):
            # "hoan thanh hoa don" does not name Thanh Hóa
            if typed[at : at + len(wanted)] == wanted and typed[at + len(wanted) : at + len(wanted) + 1] != ["don"]:
                return True
    return False


# Accent-free words that cannot belong to a name typed after "xã": the question goes on, or there is no name at all.
_NOT_A_NAME = frozenset(
    """a ai anh ay bac ban bao ben ca chau chi cho chu chua chung co con cong cu cua cung da dang day de den di do
    doanh dung duoc em gi gan ghe ha han hay ho hoac hoi huyen khac khong kia la lam len loai may minh moi mot muon
    na nao nay neu ngay nha nhe nhi nhieu nhu nhung o oi phai phuong ra roi sang sao sap sau se tai tao ta the thi
    thuoc tinh toi tp tren trong truoc tu tui va vay ve voi vung xa xin""".split()
)
_UNIT_WORD = re.compile(
    r"(?<![^\W_])(?:xã|xa|phường|phuong|thị trấn|thi tran|[xp]\.)(?![^\W_])[\s:\"“'-]*", re.IGNORECASE
)


def unknown_name(text: str) -> str | None:
    """The name a person typed after "xã" or "phường", to quote it back; None when no name follows.

    At most 40 characters, whole words only, and nothing but the letters and digits of the name. For texts in which the
    gazetteer found nothing: which words end the name is a guess (a capital letter or an everyday word).
    """
    composed = unicodedata.normalize("NFC", text)
    for match in _UNIT_WORD.finditer(composed):
        before = words(fold(composed[: match.start()]))
        if before[-1:] == ["tac"]:  # hợp tác xã
            continue
        name = _leading_name(composed[match.end() :])
        if name:
            return name
    return None


def _leading_name(text: str) -> str:
    taken: list[str] = []
    end = 0
    for match in _WORD.finditer(text):
        gap, word = text[end : match.start()], match.group()
        capital_ended = bool(taken) and taken[0][0].isupper() and not word[0].isupper()
        if (taken and gap.strip(" -")) or (not taken and gap) or capital_ended or len(taken) == 4:
            break
        if fold(word) in _NOT_A_NAME and not word[0].isupper():
            break
        if len(" ".join([*taken, word])) > UNKNOWN_NAME_CHARACTERS:
            break
        taken.append(word)
        end = match.end()
    return " ".join(taken)
