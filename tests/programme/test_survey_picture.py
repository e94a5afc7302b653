"""What an owner keeps of a survey: the picture in the chat and the printed page, looked at as pixels and as text."""

from __future__ import annotations

import dataclasses
import io
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
from PIL import Image, ImageChops, ImageFont

from programme.survey import fonts
from programme.survey import picture as pictures
from programme.survey.card import Bar, Card
from programme.survey.fonts import BARS, BRAND, BRAND_SOFT, INK, PASSED, TRACK, WHITE, Colour, wrap
from programme.survey.picture import picture
from programme.survey.sheet import sheet

CARD = Card(
    title="Mức độ chuyển đổi số của cửa hàng",
    shop="Tạp hóa Bà Tư Hường",
    place="Phường Phan Đình Phùng, tỉnh Thái Nguyên",
    day="Ngày 23/11/2026",
    total="40,2",
    total_label="điểm trên 100",
    level=2,
    level_name="Mức 2: Bắt đầu dùng",
    levels=("Chưa bắt đầu", "Làm quen", "Bắt đầu dùng", "Dùng đều", "Thành thạo", "Dẫn đầu"),
    bars=(
        Bar("Ứng dụng công nghệ", "46,2", 0.462),
        Bar("Con người và kỹ năng", "25,0", 0.25),
        Bar("Dữ liệu số", "43,4", 0.434),
    ),
    advice=(
        "Công nghệ: đã dùng được. Nên nối bán hàng, thanh toán và hóa đơn vào cùng một phần mềm.",
        "Kỹ năng: nên đi lớp cơ bản và có một người quen việc ở bên hướng dẫn.",
        "Dữ liệu: khá. Nên xem báo cáo hàng tuần và lưu khách quen có xin phép.",
    ),
    steps_title="Việc nên làm trước",
    steps=(
        "Ưu tiên số một: học lớp cơ bản trước rồi mới mua máy, khỏi phí tiền.",
        "Nên dán mã QR nhận tiền ở quầy. BIDV hỗ trợ mở tài khoản và hướng dẫn thanh toán trên toàn tỉnh.",
        "Nhớ 3 điều: không đọc mã OTP, không cài ứng dụng từ đường link, cúp máy rồi gọi số chính thức.",
    ),
    compared="Tăng 12,4 điểm so với ngày 15/3/2026.",
    note="Đây là kết quả tham khảo, không phải khảo sát của Bộ. Khảo sát chính thức: https://rdx.gov.vn",
)


def long(letters: int) -> str:
    return ("Trường Thuyền Ưỡn Ẩm Quỳnh Hương " * letters)[:letters].strip()


LONGEST = dataclasses.replace(
    CARD,
    title=long(80),
    shop=long(80),
    place=long(80),
    total="100,0",
    total_label=long(40),
    level=5,
    level_name=long(60),
    levels=(long(30),) * 6,
    bars=(Bar(long(60), "100,0", 1.0),) * 3,
    advice=(long(150),) * 3,
    steps=(long(200),) * 3,
    compared=long(150),
    note=f"{long(200)} https://rdx.gov.vn",
)
UNBROKEN = dataclasses.replace(
    CARD, title="Ư" * 80, shop="W" * 80, level_name="M" * 60, steps=("W" * 200,) * 3, note="https://" + "m" * 120
)
INSUFFICIENT = dataclasses.replace(CARD, total="", total_label="", level=None, level_name="Chưa đủ dữ liệu")


# ---- the picture ----


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


# ---- the sheet ----


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
