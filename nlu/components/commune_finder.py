"""Finds the names of communes, old units and old districts in what a person typed, and leaves ordinary words alone.

Pure rules, no Rasa. What a found name means (which commune of today, what to ask back) is decided in the app, by
`programme/communes.py`.
"""

from __future__ import annotations

import re
from typing import Iterable, List, NamedTuple, Optional, Sequence, Tuple

from nlu.components.commune_alone import LOCATIVES, AloneRules, is_asked_about
from nlu.components.commune_names import CommuneNames
from nlu.components.commune_typos import (
    LEAST_ACROSS_SPACES,
    LEAST_AFTER_UNIT,
    LEAST_ALONE,
    LEAST_BEHIND_LOCATIVE,
    LEAST_GLUED,
    TypoRules,
)
from nlu.components.commune_units import GLUED_UNITS, ONE_WORD_UNITS, units_at
from nlu.components.sentence import (
    CONTRADICTS,
    LEAVES_OUT,
    SAME,
    Phrases,
    Sentence,
    key_of,
)
from nlu.components.text import compose

# Between the names when a typo leaves several; programme/communes.py asks which one is meant.
ALTERNATIVES = " / "

AS_TYPED, ACCENTS_CORRECTED, TYPO_CORRECTED, UNDECIDED = 1.0, 0.9, 0.8, 0.5

_AFTER_UNIT = re.compile(r"[\s\u200b.:\-–_\"'“”‘’(]{0,4}")
_RIGHT_AFTER_UNIT = re.compile(r"[ \u00a0]{0,3}|[.:\-]|: ")  # no new sentence, no new line
_AFTER_SHORT_UNIT = re.compile(r"[ \u00a0]{0,3}|\. {0,2}|[:\-]")

_MOST_ALTERNATIVES = 4


class Found(NamedTuple):
    """A mention: text[start:end] of the text as given, its unit included; `confidence` < 1.0 if it was corrected."""

    start: int
    end: int
    value: str
    confidence: float


class _Match(NamedTuple):
    """Words [first, last) are a mention whose name begins at `name`; the greatest match is preferred."""

    exact: bool
    last: int
    name: int
    first: int
    value: str
    confidence: float


class CommuneFinder:
    """`communes`: full names ("Xã Tân Cương"); `provinces`: names; the other two are tables of everyday_words.yml."""

    def __init__(
        self,
        communes: Iterable[str],
        provinces: Iterable[str] = (),
        everyday: Iterable[str] = (),
        before_other_names: Iterable[str] = (),
    ) -> None:
        province_keys = {key_of(name) for name in provinces}
        self._names = CommuneNames(communes)
        self._typos = TypoRules(self._names)
        self._phrases = Phrases(everyday)
        self._alone_rules = AloneRules(
            self._names, province_keys, {compose(word).text.lower() for word in before_other_names}
        )

    def find(self, text: str) -> List[Found]:
        """The mentions in `text`, from left to right, none overlapping another; the longest name wins."""
        composed = compose(text)
        sentence = Sentence(composed.text)
        sentence.mark(self._phrases.find(sentence))
        found: List[Found] = []
        at = 0
        while at < len(sentence.words):
            match = self._at(sentence, at)
            if match is None:
                at += 1
                continue
            match = self._or_exact_later(sentence, match)
            first = _first_of_two_units(sentence, match)
            start = composed.starts[sentence.words[first].start]
            end = composed.starts[sentence.words[match.last - 1].end]
            found.append(Found(start, end, match.value, match.confidence))
            at = sentence.place_end = match.last
        return found

    def _at(self, sentence: Sentence, at: int) -> Optional[_Match]:
        matches = (self._after_unit(sentence, at), self._alone(sentence, at))
        return max((match for match in matches if match), default=None)

    def _or_exact_later(self, sentence: Sentence, match: _Match) -> _Match:
        """A typo must not swallow the beginning of a name that is right: "ữhường Quan Triều" is no Thượng Quan."""
        if not match.exact:
            for at in range(match.first + 1, match.last):
                later = self._at(sentence, at)
                if later and later.exact and later.last > match.last:
                    return later
        return match

    def _after_unit(self, sentence: Sentence, at: int) -> Optional[_Match]:
        matches = [self._glued_to_unit(sentence, at)]
        if not any(begin < at < end for begin, end in sentence.phrases):  # "hợp tác xã", "địa phương"
            for unit, size, in_full in units_at(sentence, at):
                name = at + size
                if name < len(sentence.words) and _AFTER_UNIT.fullmatch(sentence.gap(name - 1)):
                    exact = self._exact_after_unit(sentence, at, name, unit, in_full)
                    matches.append(exact or self._mistyped_after_unit(sentence, at, name, unit, in_full))
        return max((match for match in matches if match), default=None)

    def _exact_after_unit(self, sentence: Sentence, at: int, name: int, unit: str, in_full: bool) -> Optional[_Match]:
        for size in self._names.lengths(sentence.words[name].folded):
            last = name + size
            key = self._key_at(sentence, name, last)
            if key is None or any(begin == at and end >= last for begin, end in sentence.phrases):
                continue  # "phương tiện" is not the ward Tiện
            if self._is_everyday(sentence, name, last, key):
                continue  # "mấy phường hả cháu" is not Hà Châu
            if self._unit_holds(sentence, (at, name, last), key, unit, in_full):
                value, confidence = self._read(key, sentence, name, last, unit)
                return _Match(True, last, name, at, value, confidence)
        return None

    def _is_everyday(self, sentence: Sentence, first: int, last: int, key: str) -> bool:
        """Whether the accents are those of everyday words and not of the name."""
        if not sentence.touches_phrase(first, last) or sentence.capitals(first, last):
            return False
        return self._names.value(key, sentence.typed(first, last), None)[1] == CONTRADICTS

    def _unit_holds(self, sentence: Sentence, span: Tuple[int, int, int], key: str, unit: str, in_full: bool) -> bool:
        """Whether what looks like a unit is one before this name."""
        at, name, last = span
        units = self._names.units(key)
        agrees = self._names.value(key, sentence.typed(name, last), unit)[1]
        of_a_place = unit == "thị trấn" and self._says_township(sentence, at, last)
        if last - name == 1:  # thị trấn Đu
            least = LEAVES_OUT if in_full else SAME
            return (in_full or of_a_place) and unit in units and agrees >= least
        if of_a_place and agrees != CONTRADICTS:
            return True
        if unit == "thị xã" and sentence.words[at].typed == "thi":
            return bool(units & {"thành phố", "thị xã"})  # else it is "thì xã"
        if in_full or sentence.gap(name - 1).startswith("."):
            return True
        return unit in units or not sentence.touches_phrase(name, last)

    @staticmethod
    def _says_township(sentence: Sentence, at: int, last: int) -> bool:
        """Whether "tt" stands for a place: by itself, behind "ở", or asked about; else it is also "thanh toán"."""
        if sentence.before(at) in LOCATIVES or sentence.is_all(at, last):
            return True
        return is_asked_about(sentence, at, last)

    def _mistyped_after_unit(
        self, sentence: Sentence, at: int, name: int, unit: str, in_full: bool
    ) -> Optional[_Match]:
        """A name with a typo, or with its spaces elsewhere; the most words that make one win."""
        gap = sentence.gap(name - 1)
        if not (_RIGHT_AFTER_UNIT if in_full else _AFTER_SHORT_UNIT).fullmatch(gap):
            return None
        sure = in_full or gap.startswith(".")
        for size in range(self._names.most_words + 1, 0, -1):
            last = name + size
            if not sentence.one_name(name, last):
                continue
            if self._key_at(sentence, name, last):
                return None  # a name as it is, which this unit does not fit
            letters = sentence.letters(name, last)
            if len(letters) < (LEAST_AFTER_UNIT if sure else LEAST_ACROSS_SPACES):
                return None  # fewer words have fewer letters still
            keys = self._typos.after_unit(sentence, name, last)
            if not keys or (sentence.touches_phrase(at, last) and not sentence.capitals(name, last)):
                continue
            of_this_unit = [key for key in keys if unit in self._names.units(key)]
            if not sure and not of_this_unit:
                continue
            match = self._corrected((at, name, last), of_this_unit or keys, unit, sentence.typed(name, last))
            if match:
                return match
        return None

    def _glued_to_unit(self, sentence: Sentence, at: int) -> Optional[_Match]:
        """ "xãTân Cương": the space after the unit is missing, or became a letter."""
        word = sentence.words[at]
        for written, unit in GLUED_UNITS.items():
            rest = word.folded[len(written) :]
            if len(rest) < 2 or not word.folded.startswith(written):
                continue
            for size in range(self._names.most_words, 0, -1):
                last = at + size
                keys = self._typos.glued(sentence, at, last, rest) if sentence.one_name(at, last) else []
                if keys:
                    typed = [word.typed[len(written) :], *sentence.typed(at + 1, last)]
                    return self._corrected((at, at, last), keys, unit, typed)
        return None

    def _alone(self, sentence: Sentence, at: int) -> Optional[_Match]:
        for size in self._names.lengths(sentence.words[at].folded):
            last = at + size
            key = self._key_at(sentence, at, last)
            if key is None or size == 1:
                continue
            if sentence.words[at].typed in ONE_WORD_UNITS and not self._spelt(sentence, at, last):
                continue  # "phường Giao…" is not Phương Giao
            if self._alone_rules.counts_as_place(sentence, at, last, key):
                value, confidence = self._read(key, sentence, at, last, None)
                return _Match(True, last, at, at, value, confidence)
        return self._glued_alone(sentence, at) or self._mistyped_alone(sentence, at)

    def _glued_alone(self, sentence: Sentence, at: int) -> Optional[_Match]:
        """ "tancuong": a name in one word."""
        letters = sentence.words[at].folded
        keys = [key for key in self._names.joined(letters) if " " in key] if len(letters) >= LEAST_GLUED else []
        if not keys or keys[0] in self._phrases or self._alone_rules.is_province(keys[0]):
            return None
        return self._corrected((at, at, at + 1), keys, None, sentence.typed(at, at + 1))

    def _mistyped_alone(self, sentence: Sentence, at: int) -> Optional[_Match]:
        if not any(word.odd for word in sentence.words[at : at + self._names.most_words]):
            return None
        least = LEAST_BEHIND_LOCATIVE if sentence.before(at) in LOCATIVES else LEAST_ALONE
        for size in range(self._names.most_words, 1, -1):
            last = at + size
            if not sentence.one_name(at, last) or sentence.touches_phrase(at, last):
                continue
            keys = self._typos.alone(sentence, at, last, least)
            other = self._alone_rules.is_another_name(sentence, at)
            if keys and not other and not self._alone_rules.is_province(keys[0]):
                return self._corrected((at, at, last), keys, None, sentence.typed(at, last))
        return None

    def _spelt(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether the words are a name with its very accents."""
        return self._names.value(sentence.key(first, last), sentence.typed(first, last), None)[1] == SAME

    def _key_at(self, sentence: Sentence, first: int, last: int) -> Optional[str]:
        key = sentence.key(first, last)
        return key if key in self._names and sentence.one_name(first, last) else None

    def _corrected(
        self, span: Tuple[int, int, int], keys: Sequence[str], unit: Optional[str], typed: Sequence[str]
    ) -> Optional[_Match]:
        """The match of a name that is not among the names as it was typed; several keys are alternatives."""
        first, name, last = span
        values = [self._names.value(key, None, unit)[0] for key in keys]
        same_letters = keys[0].replace(" ", "") == key_of(" ".join(typed)).replace(" ", "")
        if same_letters and not all(word.isascii() for word in typed):
            values += self._typos.neighbours(typed, values[0])
        if len(values) > _MOST_ALTERNATIVES:
            return None
        if len(values) > 1:
            return _Match(False, last, name, first, ALTERNATIVES.join(values), UNDECIDED)
        return _Match(False, last, name, first, values[0], ACCENTS_CORRECTED if same_letters else TYPO_CORRECTED)

    def _read(self, key: str, sentence: Sentence, first: int, last: int, unit: Optional[str]) -> Tuple[str, float]:
        """(value, confidence) of a name whose letters are right; wrong accents may still point to a neighbour.

        "Tan Khánh" is Tân Khánh with an accent missing, or An Khánh with a letter too many: then both are the value.
        """
        typed = sentence.typed(first, last)
        value, agrees = self._names.value(key, typed, unit)
        if agrees == SAME or sentence.plain(first, last):
            return value, AS_TYPED
        neighbours = self._typos.neighbours(typed, value)
        if neighbours and value != key:
            return ALTERNATIVES.join([value, *neighbours]), UNDECIDED
        return value, ACCENTS_CORRECTED if agrees == CONTRADICTS else AS_TYPED


def _first_of_two_units(sentence: Sentence, match: _Match) -> int:
    """Where the mention begins: "xã/phường Tân Thành" says two units, and the span shows that neither is sure."""
    first = match.first
    if first == match.name or not first or sentence.gap(first - 1).strip() != "/":
        return first
    return first - (sentence.words[first - 1].typed in ("xã", "xa", "phường", "phuong", "x", "p", "phg"))
