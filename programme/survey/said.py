"""What can come of reading an answer, and the words that every way of reading it knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from programme.survey.definition import Answer, Item, Option

MOST_ASKED_BACK = 3
DIGITS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10}

EDGES = frozenset("da a ah vang em oi nhe nha nhi chu luon di please".split())
# Who speaks, and what adds nothing
EMPTY = EDGES | frozenset(
    """toi tui minh bac anh chi chau thi la van cung ta thoi cai day do nay ay kia nhi ha i we my the an
    u um ok oke bao gio""".split()
)
NEGATIONS = frozenset("khong chua chang cha not never kg kh hong hok hem".split())


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


def one_or_between(item: Item, options: Sequence[Option]) -> Said | None:
    """What it means that these options fit; None for none of them, and for too many to ask about."""
    if len(options) == 1:
        return chosen(item, options)
    return Between(tuple(options)) if options and len(options) <= MOST_ASKED_BACK else None


def chosen(item: Item, options: Sequence[Option]) -> Chosen:
    """The answer that these options are: the first, or where several may be chosen all of them."""
    if item.kind != "multi_choice":
        return Chosen(options[0].value)
    # "none" beside something else was said about the rest
    values = [str(option.value) for option in options if option.value != "none" or len(options) == 1]
    return Chosen(list(dict.fromkeys(values)))


def at_place(item: Item, options: Sequence[Option], place: int, written: str) -> Said:
    """The option at `place`, counted from 1. `written`: how the owner wrote it."""
    if not 1 <= place <= len(options):
        return NoSuchNumber(written, len(options))
    return chosen(item, [options[place - 1]])
