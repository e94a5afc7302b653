"""A number in an answer: the place of an option, how many of something, or several choices."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from programme.numbers_said import with_digits
from programme.survey.definition import Item, Option
from programme.survey.said import (
    DIGITS,
    EDGES,
    EMPTY,
    NEGATIONS,
    Between,
    Chosen,
    NoSuchNumber,
    Said,
    TooMany,
    at_place,
    chosen,
    one_or_between,
)
from store.text import folded_words

NUMBERS = DIGITS | {"tu": 4, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
MOST_DIGITS = 3  # more are a phone number, a year, a sum of money

# Around a number these say that it is the option's place; that it is about how many; that it is more than that.
_AROUND_PLACE = frozenset("so chon cau muc y nut dap an phuong option number".split())
_AROUND_AMOUNT = EMPTY | frozenset("khoang tam chung duoc co chac con trong about phai ra roi may".split())
_MORE_THAN = frozenset("hon tren qua".split())
_JOINED = frozenset("va voi hoac hay roi ca or and".split())
_OF_A_SCALE = _AROUND_PLACE | _AROUND_AMOUNT | {"sao", "diem", "cham", "cho"}
_NO_NUMBER = re.compile(r"\b(?:bà|bá|bả|từ|tự|tạm|tầm|bày|sâu|nấm|nằm|mốt|hài)\b")  # "tạm" is no "tám"
_OUT_OF = re.compile(r"(\d{1,3}) ?(?:/|tren|trong) ?(\d{1,3})\b")
_PERCENT = re.compile(r"(\d{1,2})0 ?(?:%|phan tram)")


def by_number(item: Item, options: Sequence[Option], text: str, words_of: Callable[[str], list[str]]) -> Said | None:
    """What the numbers of `text` choose of `options`; None where they are no answer, as in a date or a sum."""
    said = _OUT_OF.sub(lambda m: m[1] if m[2] == _whole(item) else m[0], with_digits(text))
    if _whole(item) == "10":
        said = _PERCENT.sub(r"\1", said)
    words = words_of(said)
    numbers = re.findall(r"\d+", said)
    rest = {word for word in words if not word.isdigit() and word not in EDGES}
    if not numbers:
        numbers = [str(NUMBERS[word]) for word in words if word in NUMBERS]
        rest -= NUMBERS.keys()
        if _NO_NUMBER.search(unicodedata.normalize("NFC", text).lower()):
            return None
    if not numbers or any(len(number) > MOST_DIGITS for number in numbers) or re.search(r"\d ?/ ?\d", said):
        return None
    is_scale = item.kind == "scale"
    if len(numbers) == 1 and rest <= (_OF_A_SCALE if is_scale else _AROUND_PLACE):
        return _number_alone(item, options, numbers[0], is_place=bool(rest) or is_scale)
    if len(numbers) > 1 and item.kind == "multi_choice":
        return _several(item, options, numbers) if rest <= _AROUND_PLACE | _JOINED | EMPTY else None
    if item.unit and len(numbers) <= 2 and (amount := _amount(item, options, rest, [int(n) for n in numbers])):
        return amount
    return TooMany() if len(numbers) > 1 and rest <= _AROUND_PLACE | _JOINED else None


def _whole(item: Item) -> str:
    """Of how many an amount is a part: "3/10" of ten customers, "4/5" of a scale."""
    return "5" if item.kind == "scale" else "10" if "10" in folded_words(item.text.vi) else ""


def _number_alone(item: Item, options: Sequence[Option], written: str, is_place: bool) -> Said:
    number = int(written)
    amounts = [option for option in options if option.amount and number in option.amount]
    if is_place or not amounts:
        return at_place(item, options, number, written)
    if not 1 <= number <= len(options) or options[number - 1] == amounts[0]:
        return Chosen(amounts[0].value)
    return Between((options[number - 1], amounts[0]))


def _amount(item: Item, options: Sequence[Option], rest: set[str], numbers: Sequence[int]) -> Said | None:
    more = bool(rest & _MORE_THAN)
    allowed = {word for unit in item.unit for word in folded_words(unit)} | _AROUND_AMOUNT
    if len(numbers) == 1:
        allowed |= set(folded_words(item.text.vi)) - NEGATIONS
    if not rest - _MORE_THAN <= allowed:
        return None
    either = [o for o in options if o.amount and any(number + more in o.amount for number in numbers)]
    return one_or_between(item, either)


def _several(item: Item, options: Sequence[Option], numbers: Sequence[str]) -> Said:
    for number in numbers:
        if not 1 <= int(number) <= len(options):
            return NoSuchNumber(number, len(options))
    return chosen(item, [options[int(number) - 1] for number in numbers])
