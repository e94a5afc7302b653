"""Vietnamese text folded to its plain letters without losing its place: every folded character knows its origin.

Pure functions, shared by the components. What a folded word means is not decided here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Dict, List, Sequence, Tuple

_TONES = "\u0300\u0301\u0303\u0309\u0323"  # grave, acute, tilde, hook above, dot below


class _PlainLetters(Dict[int, str]):
    """For str.translate: one character to one character, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = {"đ": "d", "Đ": "D"}.get(character) or unicodedata.normalize("NFD", character)[0]
        # Only letters that are Latin underneath: a Korean syllable must not become its first sound.
        self[code] = plain if plain.isascii() else character
        return self[code]


_PLAIN = _PlainLetters()


@dataclass(frozen=True)
class Composed:
    """A text in composed form (NFC), and where its characters came from.

    `starts` has one entry more than `text` has characters: the character i was `original[starts[i] : starts[i + 1]]`.
    A letter and its combining marks are one origin: where they compose to several characters, these share it.
    """

    text: str
    starts: Sequence[int]


def compose(text: str) -> Composed:
    """`text` in composed form; a phone may send "â" as one character or as two."""
    if unicodedata.is_normalized("NFC", text):
        return Composed(text, range(len(text) + 1))
    composed: List[str] = []
    starts: List[int] = []
    begin, at = 0, 1
    while begin < len(text):
        piece = text[begin:at]
        while at < len(text) and _belongs_to(piece, text[at]):
            at += 1
            piece = text[begin:at]
        characters = unicodedata.normalize("NFC", piece)
        composed.append(characters)
        starts.extend([begin] * len(characters))
        begin, at = at, at + 1
    return Composed("".join(composed), [*starts, len(text)])


def _belongs_to(piece: str, following: str) -> bool:
    if unicodedata.combining(following):
        return True
    if following.isascii():
        return False
    together = unicodedata.normalize("NFC", piece + following)
    return together != unicodedata.normalize("NFC", piece) + unicodedata.normalize("NFC", following)


def fold(text: str) -> str:
    """Without accents, "đ" as "d", case kept. As long as `compose(text).text`, character for character."""
    return compose(text).text.translate(_PLAIN)


def syllable(word: str) -> Tuple[str, str]:
    """(letters, tone) of a composed lower-case word: "hòa" and "hoà" are the same syllable, "hóa" and "hoa" are not.

    Letters keep breve, circumflex, horn and bar ("ă", "â", "ơ", "đ"); the tone is a combining mark or "".
    """
    decomposed = unicodedata.normalize("NFD", word)
    tone = "".join(character for character in decomposed if character in _TONES)
    letters = "".join(character for character in decomposed if character not in _TONES)
    return unicodedata.normalize("NFC", letters), tone


_INITIALS = "ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnpqrstvx]"
_RHYMES = (
    "a ac ach ai am an ang anh ao ap at au ay e ec ech em en eng enh eo ep et eu i ia ich iec iem ien ieng iep iet"
    " ieu im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oap oat oay oc oe oen oeo oet oi om on ong oong"
    " op ot u ua uan uang uat uay uc ue uech uenh ui um un ung uo uoc uoi uom uon uong uop uot uou up ut uu uy uya"
    " uych uyen uyet uynh uyt uyu y yem yen yet yeu"
)
_SYLLABLE = re.compile(f"(?:{_INITIALS})?(?:{_RHYMES.replace(' ', '|')})")


@lru_cache(maxsize=4096)
def is_syllable(folded: str) -> bool:
    """Whether a folded lower-case word could be a Vietnamese syllable ("cuong", not "cuomg"); typos often could not."""
    return _SYLLABLE.fullmatch(folded) is not None
