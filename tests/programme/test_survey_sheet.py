"""The page of a survey's result that an owner prints, looked at as text; and how its lines are broken."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
import zlib
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from programme.survey import fonts
from programme.survey.card import Card
from programme.survey.fonts import wrap
from programme.survey.sheet import sheet
from tests.programme.cards import CARD, INSUFFICIENT, LONGEST, UNBROKEN


@cache
def printed(card: Card) -> bytes:
    return sheet(card)


class Line(NamedTuple):
    """A run of the page's text in points, from the page's lower left corner."""

    x: float
    y: float
    width: float
    text: str


ADVANCES = {}
for number, weight in enumerate(("Regular", "Semibold"), start=1):
    with TTFont(fonts.font_path(weight)) as font:  # type: ignore[arg-type]
        cmap, metrics = font.getBestCmap(), font["hmtx"]
        ADVANCES[f"F{number}"] = {chr(code): metrics[name][0] / 1000 for code, name in cmap.items()}


@cache
def page_of(card: Card) -> bytes:
    """What is drawn on the page, as PDF operators."""
    (stream,) = re.findall(rb"/Filter /FlateDecode\n/Length \d+\n>>\nstream\n(.*?)\nendstream", printed(card), re.S)[:1]
    return zlib.decompress(stream)


def page_texts(card: Card) -> list[tuple[bytes, ...]]:
    pattern = rb"/(F\d) ([\d.]+) Tf|BT ([\d.]+) ([\d.]+) Td \(((?:\\.|[^\\()])*)\) Tj"
    return re.findall(pattern, page_of(card), re.S)


def unescape(string: bytes) -> bytes:
    escapes = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
    return re.sub(rb"\\(.)", lambda found: escapes.get(found[1], found[1]), string, flags=re.S)


@cache
def letters_of(card: Card) -> dict[str, dict[int, str]]:
    """By font and code, what the file says a reader is to copy."""
    maps = re.findall(rb"endcodespacerange(.*?)endcmap", printed(card), re.S)
    return {
        f"F{number}": {
            int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be")
            for code, text in re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>", one)
        }
        for number, one in enumerate(maps, start=1)
    }


@cache
def lines_of(card: Card) -> list[Line]:
    letters = letters_of(card)
    lines, font, size = [], "", 0.0
    for name, points, x, y, string in page_texts(card):
        if name:
            font, size = name.decode(), float(points)
            continue
        raw = unescape(string)
        text = "".join(letters[font][int.from_bytes(raw[at : at + 2])] for at in range(0, len(raw), 2))
        width = sum(ADVANCES[font][letter] for letter in text) * size
        lines.append(Line(float(x), float(y), width, text))
    return lines


def text_of(card: Card) -> str:
    return " ".join(line.text for line in lines_of(card))


@pytest.mark.parametrize("card", [CARD, LONGEST, UNBROKEN, INSUFFICIENT])
def test_the_sheet_is_one_page_of_a4(card: Card) -> None:
    pdf = printed(card)
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    assert b"/MediaBox [0 0 595.28 841.89]" in pdf


@pytest.mark.parametrize("card", [CARD, LONGEST])
def test_every_word_can_be_copied_out_of_the_sheet(card: Card) -> None:
    text = text_of(card)
    words = [card.title, card.shop, card.place, card.day, card.total, card.total_label, card.level_name]
    words += [*card.levels, *card.advice, card.steps_title, *card.steps, card.compared, card.note]
    words += [word for bar in card.bars for word in (bar.name, bar.points)]
    missing = [word for word in words if word not in text]
    assert missing == []


@pytest.mark.parametrize("card", [CARD, LONGEST, UNBROKEN, INSUFFICIENT])
def test_nothing_leaves_the_sheet_or_runs_into_its_note(card: Card) -> None:
    millimetre = 72 / 25.4
    lines = lines_of(card)
    assert min(line.x for line in lines) >= 17.9 * millimetre
    assert max(line.x + line.width for line in lines) <= (210 - 17.9) * millimetre
    assert max(line.y for line in lines) <= (297 - 12) * millimetre
    assert min(line.y for line in lines) >= 11 * millimetre
    texts = ["".join(line.text for line in lines[index:]).replace(" ", "") for index in range(len(lines))]
    note = texts.index(card.note.replace(" ", ""))
    assert min(line.y for line in lines[:note]) > lines[note].y + 5 * millimetre


def test_long_texts_are_set_smaller() -> None:
    sizes = [float(size) for size in re.findall(rb"/F\d ([\d.]+) Tf", page_of(LONGEST))]
    usual = [float(size) for size in re.findall(rb"/F\d ([\d.]+) Tf", page_of(CARD))]
    assert max(sizes) < max(usual)
    assert min(sizes) >= 7.5


def test_the_steps_are_numbered_in_their_order() -> None:
    text = text_of(CARD)
    places = [text.index(f"{number} {step[:20]}") for number, step in enumerate(CARD.steps, start=1)]
    assert places == sorted(places)


def test_the_sheets_bars_are_as_long_as_their_shares() -> None:
    widths = [float(width) for width in re.findall(rb" ([\d.]+) -[\d.]+ re f", page_of(CARD))]
    track = 174 * 72 / 25.4
    drawn = [(full, part) for full, part in pairwise(widths) if full == pytest.approx(track, abs=0.1)]
    shares = [part / full for full, part in drawn if part < track - 1]
    assert shares == pytest.approx([bar.share for bar in CARD.bars], abs=0.001)


def test_the_sheets_marker_moves_with_the_level() -> None:
    pages = {page_of(dataclasses.replace(CARD, level=level)) for level in (None, 0, 5)}
    assert len(pages) == 3


def test_a_card_without_result_has_neither_steps_nor_total() -> None:
    card = dataclasses.replace(INSUFFICIENT, steps=(), advice=(), compared="")
    text = text_of(card)
    assert card.level_name in text
    assert CARD.steps_title not in text


def test_the_sheet_tells_its_language_and_title_but_not_when_or_with_what_it_was_made() -> None:
    pdf = printed(CARD)
    assert b"/Lang (vi)" in pdf
    assert f"/Title <feff{CARD.title.encode('utf-16-be').hex()}>".encode() in pdf
    assert re.search(rb"/CreationDate \(D:20260101000000", pdf)
    assert not re.search(rb"/(Producer|Creator|Author|ModDate)\b", pdf)


def test_a_shops_name_is_written_in_composed_letters_without_emoji() -> None:
    typed = unicodedata.normalize("NFD", "Phở Bà Tư") + " 🍜\u200d\n ngon"
    text = text_of(dataclasses.replace(CARD, shop=typed))
    assert "Phở Bà Tư ngon" in text


# ---- lines ----


@given(st.text("aăâ bđ ", max_size=60).map(fonts.drawable), st.integers(1, 20))
def test_lines_keep_every_letter_and_their_width(text: str, width: int) -> None:
    lines = wrap(text, width, len)
    assert all(0 < len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    if all(len(word) <= width for word in text.split()):
        assert " ".join(lines) == text
        assert all(len(f"{upper} {lower.split()[0]}") > width for upper, lower in pairwise(lines))
