"""An owner's words as an answer: "3", "ba", "c", "b)", the words of an option, or a sentence that means one option.

Never a guess: where two options fit, both are handed back to be asked about. A bare number is the option's place,
except where it is also an amount of another option ("5" of 10 customers): then it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from programme.survey.definition import Answer, Item, Option
from programme.yes_or_no import asks
from store.text import fold, folded_words

Words = Callable[[str], list[str]]
MOST_ASKED_BACK = 3
# A longer text tells a story; only what it names by itself is read in it.
LONGEST_SENTENCE_WORDS = 30
_NUMBERS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9}
_NUMBERS |= {"muoi": 10, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_LETTER = re.compile(r"[\s(]*([a-i])\s*[).:]?\s*(?:ạ|nhé|nha|em|đi)?\s*", re.IGNORECASE)
_LETTER_BEHIND = re.compile(r"\b(?:câu|cau|chọn|chon|đáp án|dap an|ý|option)\s+([a-i])\b", re.IGNORECASE)
_EDGES = frozenset("da a ah vang em oi nhe nha nhi chu luon please".split())
# Around a number these say that it is the option's place; the second line that it is about how many.
_AROUND_PLACE = frozenset("so chon cau muc y nut dap an phuong option number".split())
_AROUND_AMOUNT = frozenset("khoang tam chung duoc co chac con trong about toi phai do".split())
_NEGATIONS = frozenset("khong chua chang cha dau no not".split())
_EMPTY = frozenset(
    "toi minh em bac chu co chi anh thi la ma cung van con dang hay cua hang nha tui ta i my we the a an".split()
)


@dataclass(frozen=True)
class Chosen:
    answer: Answer


@dataclass(frozen=True)
class Between:
    """More than one option fits."""

    options: tuple[Option, ...]


@dataclass(frozen=True)
class NoSuchNumber:
    """The options are numbered from 1 to `most`."""

    number: str
    most: int


@dataclass(frozen=True)
class TooMany:
    """Several answers where one is wanted."""


Said = Chosen | Between | NoSuchNumber | TooMany


def read_option(item: Item, values: Sequence[int | str], text: str, words_of: Words) -> Said | None:
    """What `text` chooses of an item with options, of which `values` may be chosen now; None when it is no answer."""
    options = [option for option in item.options if option.value in values]
    words = _without_edges(words_of(text))
    if exact := _exact(options, text, words, words_of):
        return _chosen(item, [exact])
    if letter := _LETTER.fullmatch(text):
        return _at_place(item, options, ord(letter[1].lower()) - ord("a") + 1, letter[1])
    numbers = list(_numbers(text, words))
    if item.kind == "multi_choice" and len(numbers) > 1:
        return _several(item, options, numbers)
    if numbers and (said := _by_number(item, options, words, numbers)):
        return said
    if item.kind == "scale" or asks(text):
        return None
    named = _named(options, words, words_of)
    if item.kind == "multi_choice" and named:
        return _chosen(item, named)
    if not named and len(words) <= LONGEST_SENTENCE_WORDS:
        named = _within(options, words, words_of)
    if len(named) == 1:
        return _chosen(item, named)
    if named and len(named) <= MOST_ASKED_BACK:
        return Between(tuple(named))
    return TooMany() if _only_numbers(words) and len(numbers) > 1 else None


def _chosen(item: Item, options: Sequence[Option]) -> Chosen:
    if item.kind != "multi_choice":
        return Chosen(options[0].value)
    # "none" beside something else was said about the rest
    values = [str(option.value) for option in options if option.value != "none" or len(options) == 1]
    return Chosen(list(dict.fromkeys(values)))


def _exact(options: Sequence[Option], text: str, words: Sequence[str], words_of: Words) -> Option | None:
    whole = " ".join(folded_words(text))
    for option in options:
        for phrase in _phrases(option):
            if " ".join(folded_words(phrase)) == whole:
                return option
    said = list(words)
    found = [o for o in options if any(_without_edges(words_of(phrase)) == said for phrase in _phrases(o))]
    return found[0] if said and len(found) == 1 else None


def _without_edges(words: Sequence[str]) -> list[str]:
    """Without the words of politeness around what is said."""
    first, last = 0, len(words)
    while first < last and words[first] in _EDGES:
        first += 1
    while last > first and words[last - 1] in _EDGES:
        last -= 1
    return list(words[first:last])


def _phrases(option: Option) -> Iterator[str]:
    yield from (option.button.vi, option.words.vi, option.button.en, option.words.en, *option.also)


def _numbers(text: str, words: Sequence[str]) -> Iterator[str]:
    """The numbers as they are written; a number word only where hardly anything else is said ("số ba")."""
    digits = re.findall(r"\d+", text)
    if digits:
        yield from digits
    elif letter := _LETTER_BEHIND.search(text):
        yield str(ord(letter[1].lower()) - ord("a") + 1)
    else:
        rest = [word for word in words if word not in _AROUND_PLACE]
        if len(rest) == 1 and rest[0] in _NUMBERS:
            yield str(_NUMBERS[rest[0]])


def _by_number(item: Item, options: Sequence[Option], words: Sequence[str], numbers: Sequence[str]) -> Said | None:
    units = {word for unit in item.unit for word in folded_words(unit)}
    rest = {word for word in words if word not in numbers and word not in _NUMBERS}
    if len(numbers) == 1 and rest <= _AROUND_PLACE:
        if rest:
            return _at_place(item, options, int(numbers[0][:4]), numbers[0])
        return _bare(item, options, int(numbers[0][:4]), numbers[0])
    if item.unit and rest <= units | _AROUND_AMOUNT and len(numbers) <= 2:
        of_amount = [o for o in options if o.amount and all(int(n[:4]) in o.amount for n in numbers)]
        if len(of_amount) == 1 and (rest or len(numbers) == 2):
            return Chosen(of_amount[0].value)
        either = [o for o in options if o.amount and any(int(n[:4]) in o.amount for n in numbers)]
        if 1 < len(either) <= MOST_ASKED_BACK:
            return Between(tuple(either))
    return None


def _bare(item: Item, options: Sequence[Option], number: int, written: str) -> Said:
    """A number by itself: a place, an amount, or one that may be either."""
    amounts = [option for option in options if option.amount and number in option.amount]
    if item.kind == "scale" or not amounts:
        return _at_place(item, options, number, written)
    if not 1 <= number <= len(options) or options[number - 1] == amounts[0]:
        return Chosen(amounts[0].value)
    return Between((options[number - 1], amounts[0]))


def _at_place(item: Item, options: Sequence[Option], place: int, written: str) -> Said:
    if not 1 <= place <= len(options):
        return NoSuchNumber(written, len(options))
    return _chosen(item, [options[place - 1]])


def _several(item: Item, options: Sequence[Option], numbers: Sequence[str]) -> Said:
    for number in numbers:
        if not 1 <= int(number[:4]) <= len(options):
            return NoSuchNumber(number, len(options))
    return _chosen(item, [options[int(number) - 1] for number in numbers])


def _named(options: Sequence[Option], words: Sequence[str], words_of: Words) -> list[Option]:
    """The options one of whose phrases stands in the sentence as it is; a phrase inside a longer one is not meant."""
    found: list[tuple[int, int, Option]] = []
    for option in options:
        for phrase in _phrases(option):
            sought = words_of(phrase)
            for start in range(len(words) - len(sought) + 1):
                end = start + len(sought)
                if list(words[start:end]) == sought and not _is_negated(words, start, sought):
                    found.append((start, end, option))
    outer = [one for one in found if not any(_inside(one, other) for other in found)]
    return [option for option in options if any(option is one[2] for one in outer)]


def _inside(one: tuple[int, int, Option], other: tuple[int, int, Option]) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and (other[1] - other[0]) > (one[1] - one[0])


def _is_negated(words: Sequence[str], start: int, phrase: Sequence[str]) -> bool:
    """ "không dùng phần mềm" is not "dùng phần mềm"."""
    before = words[max(0, start - 2) : start]
    return not _NEGATIONS.isdisjoint(before) and phrase[0] not in _NEGATIONS


def _within(options: Sequence[Option], words: Sequence[str], words_of: Words) -> list[Option]:
    """The options one of whose phrases has all that was said, a "không" only where it says "không" itself."""
    said = {word for word in words if word not in _EMPTY}
    if not said:
        return []
    negative = not said.isdisjoint(_NEGATIONS)
    if said <= _NEGATIONS:
        starting = [o for o in options if words_of(o.button.vi)[:1] and words_of(o.button.vi)[0] in _NEGATIONS]
        return starting
    fitting = []
    for option in options:
        for phrase in _phrases(option):
            known = set(words_of(phrase))
            if said <= known and negative is (not known.isdisjoint(_NEGATIONS)):
                fitting.append(option)
                break
    return fitting


def _only_numbers(words: Sequence[str]) -> bool:
    return all(word.isdigit() or word in _NUMBERS or word in ("va", "hoac", "hay") for word in words)


def is_spelt(text: str, phrases: frozenset[str]) -> bool:
    """Whether the text is one of `phrases`, written without accents, whatever stands politely around it."""
    words = _without_edges(folded_words(text[:80]))
    return " ".join(words) in phrases or fold(text).strip() in phrases
