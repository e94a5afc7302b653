"""What a cell of a typed-in paper form means: a place among the printed options, never a score. Pure.

Paper prints the options of an item in their order, "not applicable" apart from them. Nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from programme.survey.definition import NA, REFUSED, Answer, Item, Option
from store.text import folded_words

_NOT_APPLICABLE = (["na"], ["n", "a"], ["khong", "ap", "dung"])
_NOT_SAID = (["refused"], ["bo", "qua"], ["tu", "choi"], ["khong", "tra", "loi"])
_PLACES = re.compile(r"\d+(?:[\s,;+&.]+\d+)*")
_SHOWN_CHARACTERS = 30


class CellInvalid(ValueError):
    """Not an answer to this item. `code` for programs; `words` (Vietnamese) say why."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


def printed_options(item: Item) -> list[Option]:
    """The options that paper numbers from 1."""
    return [option for option in item.options if option.value != NA]


def read_choice(item: Item, text: str) -> Answer:
    """The answer that a filled cell gives to an item with options. Raises CellInvalid."""
    if item.kind == "multi_choice":
        return _several(item, text)
    return _one(item, text)


def _one(item: Item, text: str) -> int | str:
    if text.isdecimal():
        return _at_place(item, text)
    words = folded_words(text)
    if item.section == "question" and words in _NOT_APPLICABLE:
        if item.option(NA) is None:
            raise CellInvalid("not_applicable", "câu này không có lựa chọn “không áp dụng”")
        return NA
    exact = [option for option in item.options if text.casefold() in (phrase.casefold() for phrase in _phrases(option))]
    found = exact or [o for o in item.options if words and words in (folded_words(phrase) for phrase in _phrases(o))]
    if len(found) == 1:
        return found[0].value
    if not found and words in _NOT_SAID:
        return REFUSED
    raise CellInvalid("unknown_option", f"không có lựa chọn “{text[:_SHOWN_CHARACTERS]}” (chỉ {_places(item)})")


def _several(item: Item, text: str) -> Answer:
    if _PLACES.fullmatch(text):
        # "." too: a spreadsheet with decimal commas makes the number 1.3 of "1,3"
        values = [_at_place(item, place) for place in re.findall(r"\d+", text)]
    else:
        try:
            values = [_one(item, text)]
        except CellInvalid:
            parts = [part.strip() for part in text.split(";" if ";" in text else ",")]
            if len(parts) == 1:
                raise
            values = [_one(item, part) for part in parts if part]
    if REFUSED in values:
        if len(values) > 1:
            raise CellInvalid("unknown_option", "vừa có lựa chọn vừa ghi bỏ qua")
        return REFUSED
    # "none" beside something else was said about the rest
    chosen = [str(value) for value in values if value != "none" or len(values) == 1]
    return list(dict.fromkeys(chosen))


def _at_place(item: Item, place: str) -> int | str:
    options = printed_options(item)
    if not 1 <= int(place[:4]) <= len(options):
        raise CellInvalid("unknown_option", f"không có lựa chọn {place[:4]} (chỉ {_places(item)})")
    return options[int(place[:4]) - 1].value


def _places(item: Item) -> str:
    return f"1–{len(printed_options(item))}"


def _phrases(option: Option) -> Iterator[str]:
    yield from (str(option.value), option.button.vi, option.words.vi, option.button.en, option.words.en, *option.also)
