"""A typed text as words with their places, and the everyday phrases in it.

Pure; shared by the rules of the commune finder. Nothing here knows a commune.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, NamedTuple, Sequence, Set, Tuple

from nlu.components.text import compose, fold, is_syllable, syllable

# How typed words agree with an accented spelling, from worst to best.
CONTRADICTS, LEAVES_OUT, SAME = 0, 1, 2
Syllables = Tuple[Tuple[str, str], ...]

_WORD = re.compile(r"[^\W_]+")
_ONE_NAME = re.compile(r"[\s\u200b]*[-–_]?[\s\u200b]*")
_I_OR_Y = re.compile(r"(?<=[bcdđghklmnpqrstvx])y$")
_RIGHT_AFTER = re.compile(r"[\s\u200b:]+")
_POLITE = frozenset({"da", "vang", "a", "ah", "oi", "em", "nhe", "nha", "ne", "day", "ak"})


def key_of(name: str) -> str:
    """ "Văn Lăng" → "van lang": the folded words with one space between them."""
    return " ".join(i_for_y(word) for word in fold(name).lower().split())


def i_for_y(word: str) -> str:
    """ "Hỷ" and "Hỉ" are one syllable in two spellings: a last "y" behind a consonant becomes "i".

    `word`: letters without a tone, in lower case. The same rule is in the app's `programme/place_names.py`.
    """
    return _I_OR_Y.sub("i", word)


def syllables_of(name: str) -> Syllables:
    """The accented syllables of a name or phrase, for `agreement`."""
    return tuple(_in_one_spelling(*syllable(word)) for word in compose(name).text.lower().split())


def _in_one_spelling(letters: str, tone: str) -> Tuple[str, str]:
    return i_for_y(letters), tone


def agreement(typed: Sequence[str], wanted: Syllables) -> int:
    """How lower-case words agree with syllables of the same folded letters: CONTRADICTS, LEAVES_OUT or SAME."""
    worst = SAME
    for word, (letters, tone) in zip(typed, wanted, strict=True):
        if word.isascii():
            if tone or not letters.isascii():
                worst = LEAVES_OUT
            continue
        typed_letters, typed_tone = _in_one_spelling(*syllable(word))
        if (typed_letters, typed_tone) == (letters, tone):
            continue
        worst = LEAVES_OUT
        choices = zip(typed_letters, letters, fold(letters), strict=True)
        fits = all(have in (want, plain) for have, want, plain in choices)
        if not fits or typed_tone not in ("", tone):
            return CONTRADICTS
    return worst


class Word(NamedTuple):
    """A word at text[start:end] of the composed text; `typed` is in lower case, `folded` as in a key, too.

    `odd`: it cannot be a Vietnamese syllable.
    """

    folded: str
    typed: str
    start: int
    end: int
    capital: bool
    odd: bool


class Sentence:
    """The words of a composed text. Word spans are [first, last) as in slices."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: List[Word] = []
        for match in _WORD.finditer(text):
            word = match.group()
            typed = word.lower()
            folded = typed if typed.isascii() else fold(typed)
            odd = not is_syllable(folded)
            self.words.append(Word(i_for_y(folded), typed, match.start(), match.end(), word[0].isupper(), odd))
        self.shouted = text.isupper()
        self.place_end = 0
        self.phrases: List[Tuple[int, int]] = []
        self._in_phrase: Set[int] = set()
        # How many of the first n gaps are more than spaces or a hyphen.
        self._breaks = [0]
        for at in range(len(self.words) - 1):
            gap = self.gap(at)
            self._breaks.append(self._breaks[-1] + (gap != " " and not _ONE_NAME.fullmatch(gap)))

    def mark(self, phrases: Sequence[Tuple[int, int]]) -> None:
        """Note which words belong to everyday phrases."""
        self.phrases = list(phrases)
        self._in_phrase = {at for first, last in phrases for at in range(first, last)}

    def gap(self, at: int) -> str:
        """What stands between word `at` and the next one."""
        return self.text[self.words[at].end : self.words[at + 1].start]

    def one_name(self, first: int, last: int) -> bool:
        """Whether there are so many words, and nothing but spaces or a hyphen between them."""
        return last <= len(self.words) and self._breaks[first] == self._breaks[last - 1]

    def before(self, at: int) -> str:
        """The word right before word `at`, as typed; "" at the beginning and after punctuation."""
        return self.words[at - 1].typed if at and _RIGHT_AFTER.fullmatch(self.gap(at - 1)) else ""

    def after(self, last: int) -> str:
        """The word after the span, as typed; "" at the end."""
        return self.words[last].typed if last < len(self.words) else ""

    def typed(self, first: int, last: int) -> List[str]:
        """The words of a span in lower case, with their accents."""
        return [word.typed for word in self.words[first:last]]

    def key(self, first: int, last: int) -> str:
        """The folded words of a span, one space between them."""
        return " ".join([word.folded for word in self.words[first:last]])

    def letters(self, first: int, last: int) -> str:
        """The folded letters of a span without spaces."""
        return "".join([word.folded for word in self.words[first:last]])

    def plain(self, first: int, last: int) -> bool:
        """Whether the span was typed without any accent."""
        return all(word.typed.isascii() for word in self.words[first:last])

    def capitals(self, first: int, last: int) -> bool:
        """Whether the words are written as a name is; in a text of capitals only that says nothing."""
        return not self.shouted and all(word.capital for word in self.words[first:last])

    def ends(self, last: int) -> bool:
        """Whether nothing follows the span, politeness aside."""
        return all(word.folded in _POLITE for word in self.words[last:])

    def is_all(self, first: int, last: int) -> bool:
        """Whether the text says nothing else, politeness aside."""
        return all(word.folded in _POLITE for word in (*self.words[:first], *self.words[last:]))

    def touches_phrase(self, first: int, last: int) -> bool:
        """Whether the span shares a word with an everyday phrase."""
        return any(at in self._in_phrase for at in range(first, last))

    def inside_phrase(self, first: int, last: int) -> bool:
        """Whether an everyday phrase contains the span and more."""
        return any(begin <= first and last <= end and end - begin > last - first for begin, end in self.phrases)


class Phrases:
    """Everyday phrases, written with accents; a text agrees with one also when it leaves accents out."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._spellings: Dict[str, Set[Syllables]] = {}
        self._lengths: Dict[str, Set[int]] = {}
        for phrase in phrases:
            key = key_of(phrase)
            self._spellings.setdefault(key, set()).add(syllables_of(phrase))
            self._lengths.setdefault(key.split(" ")[0], set()).add(key.count(" ") + 1)

    def __contains__(self, key: str) -> bool:
        return key in self._spellings

    def find(self, sentence: Sentence) -> List[Tuple[int, int]]:
        """The spans of all phrases in a sentence, overlapping ones included."""
        found = []
        for first, word in enumerate(sentence.words):
            for size in self._lengths.get(word.folded, ()):
                last = first + size
                if not sentence.one_name(first, last) or sentence.key(first, last) not in self._spellings:
                    continue
                typed, spellings = sentence.typed(first, last), self._spellings[sentence.key(first, last)]
                if any(agreement(typed, spelling) != CONTRADICTS for spelling in spellings):
                    found.append((first, last))
        return found
