"""The picture of a survey's result that an owner keeps in the chat, looked at as pixels."""

from __future__ import annotations

import dataclasses
import io
import unicodedata
from functools import cache
from itertools import pairwise

import pytest
from PIL import Image, ImageChops, ImageFont

from programme.survey import picture as pictures
from programme.survey.card import Bar, Card
from programme.survey.fonts import BARS, BRAND, BRAND_SOFT, INK, PASSED, TRACK, WHITE, Colour
from programme.survey.picture import picture
from programme.survey.sheet import sheet
from tests.programme.cards import CARD, INSUFFICIENT, LONGEST, UNBROKEN, long


@cache
def pixels(card: Card) -> Image.Image:
    with Image.open(io.BytesIO(picture(card))) as image:
        assert image.format == "PNG"
        return image.convert("RGB")


def changed(one: Card, other: Card) -> tuple[int, int, int, int]:
    box = ImageChops.difference(pixels(one), pixels(other)).getbbox()
    assert box is not None
    return box


def with_share(index: int, share: float) -> Card:
    bars = [*CARD.bars]
    bars[index] = dataclasses.replace(bars[index], share=share)
    return dataclasses.replace(CARD, bars=tuple(bars))


@pytest.mark.parametrize("card", [CARD, LONGEST, UNBROKEN, INSUFFICIENT])
def test_the_picture_is_portrait_or_square_and_1080_wide(card: Card) -> None:
    width, height = pixels(card).size
    assert width == 1080
    assert 1080 <= height <= 2400


def test_the_picture_is_light_enough_for_a_chat() -> None:
    assert len(picture(CARD)) <= 80_000


def test_the_same_card_is_the_same_file() -> None:
    again = dataclasses.replace(CARD)
    assert picture(again) == picture(CARD)
    assert sheet(again) == sheet(CARD)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_bar_is_as_long_as_its_share(index: int) -> None:
    full = changed(with_share(index, 0), with_share(index, 1))
    for share in (0.1, 0.6):
        left, _, right, _ = changed(with_share(index, 0), with_share(index, share))
        assert left == full[0]
        assert right - left == pytest.approx(share * (full[2] - full[0]), abs=1.5)


def test_a_share_out_of_bounds_stays_within_its_track() -> None:
    assert picture(with_share(0, 1.5)) == picture(with_share(0, 1))
    assert picture(with_share(0, -0.5)) == picture(with_share(0, 0))


def test_the_bars_stand_below_each_other_in_their_own_greens() -> None:
    boxes = [changed(with_share(index, 0), with_share(index, 1)) for index in range(3)]
    assert all(upper[3] < lower[1] for upper, lower in pairwise(boxes))
    image = pixels(dataclasses.replace(CARD, bars=tuple(dataclasses.replace(bar, share=0.5) for bar in CARD.bars)))
    for (left, top, right, bottom), colour in zip(boxes, BARS, strict=True):
        middle = (top + bottom) // 2
        assert image.getpixel((left + (right - left) // 4, middle)) == colour
        assert image.getpixel((right - (right - left) // 4, middle)) == TRACK


@pytest.mark.parametrize("level", range(6))
def test_the_marker_stands_on_the_reached_level(level: int) -> None:
    none, reached = dataclasses.replace(CARD, level=None), dataclasses.replace(CARD, level=level)
    _, top, right, _ = changed(none, reached)
    assert right == pytest.approx(64 + 952 * (level + 1) / 6, abs=12)
    # the marker alone is higher than the other levels' blocks: told apart without seeing its colour
    rows = [pixels(card).crop((0, top + 8, 1080, top + 9)) for card in (none, reached)]
    box = ImageChops.difference(*rows).getbbox()
    assert box is not None
    assert box[0] == pytest.approx(64 + 952 * level / 6, abs=12)
    assert box[2] == pytest.approx(right, abs=2)


def test_the_picture_may_be_forwarded_for_it_does_not_name_the_shop() -> None:
    other = dataclasses.replace(CARD, shop="Cửa hàng khác", place="Xã khác")
    assert picture(other) == picture(CARD)
    assert sheet(other) != sheet(CARD)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Kết quả"},
        {"day": "Ngày 1/1/2027"},
        {"total": "40,3"},
        {"total_label": "trên 100"},
        {"level_name": "Mức 2"},
        {"levels": ("Chưa", *CARD.levels[1:])},
        {"levels": (*CARD.levels[:5], "Đầu")},
        {"bars": (Bar("Ứng dụng", "46,2", 0.462), *CARD.bars[1:])},
        {"bars": (Bar("Ứng dụng công nghệ", "46,3", 0.462), *CARD.bars[1:])},
        {"compared": ""},
        {"note": "https://rdx.gov.vn"},
    ],
    ids=str,
)
def test_the_picture_shows(change: dict[str, object]) -> None:
    assert picture(dataclasses.replace(CARD, **change)) != picture(CARD)  # type: ignore[arg-type]


@pytest.mark.parametrize("card", [CARD, LONGEST, UNBROKEN, INSUFFICIENT])
def test_nothing_reaches_into_the_pictures_margins(card: Card) -> None:
    image = pixels(card)
    edge = image.crop((0, 0, 1, image.height))
    for x in (*range(0, 56, 5), *range(1025, 1080, 5)):
        assert ImageChops.difference(edge, image.crop((x, 0, x + 1, image.height))).getbbox() is None
    assert image.crop((0, image.height - 30, 1080, image.height)).getcolors() == [(30 * 1080, WHITE)]


@pytest.mark.parametrize("card", [CARD, LONGEST])
def test_no_type_is_too_small_for_a_phone(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[float] = []
    truetype = ImageFont.truetype

    def watched(font: object, size: float, **options: object) -> ImageFont.FreeTypeFont:
        sizes.append(size)
        return truetype(font, size, **options)  # type: ignore[arg-type]

    pictures._face.cache_clear()
    monkeypatch.setattr(ImageFont, "truetype", watched)
    picture(card)
    assert min(sizes) >= 40


@pytest.mark.parametrize("total", ["40,2", "100,0", "7,5"])
def test_the_total_starts_at_the_same_edge_as_all_else(total: str) -> None:
    image = pixels(dataclasses.replace(CARD, total=total, title="", day=""))
    ink = ImageChops.invert(image).crop((0, 100, 1080, 290)).getbbox()
    assert ink is not None
    assert ink[0] == pytest.approx(64, abs=1)


def test_longer_texts_make_a_higher_picture_instead_of_lost_words() -> None:
    heights = [pixels(dataclasses.replace(CARD, note=long(letters))).height for letters in (40, 120, 200)]
    assert heights == sorted(set(heights))


def test_letters_typed_in_parts_and_emoji_are_drawn_as_words() -> None:
    typed = dataclasses.replace(CARD, title=unicodedata.normalize("NFD", CARD.title) + " 🎉\ufe0f")
    assert picture(typed) == picture(CARD)


def luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_colours_are_told_apart_by_weak_eyes() -> None:
    for text, ground in [(INK, WHITE), (INK, TRACK), (INK, PASSED), (BRAND, WHITE), (BRAND, TRACK)]:
        assert contrast(text, ground) >= 4.5
    for text in (WHITE, BRAND_SOFT):
        assert contrast(text, BRAND) >= 4.5
    assert all(contrast(bar, TRACK) >= 3 for bar in BARS)
