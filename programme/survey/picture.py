"""A survey's result as a PNG for the chat, legible at a third of its size on a phone. The shop is not named in it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from programme.survey.card import Bar, Card
from programme.survey.fonts import (
    BARS,
    BRAND,
    BRAND_SOFT,
    INK,
    PASSED,
    TRACK,
    WHITE,
    Colour,
    Weight,
    drawable,
    font_path,
    wrap,
)

# pixels
WIDTH = 1080
MARGIN = 64
INNER = WIDTH - 2 * MARGIN
TALLEST = 4096  # the canvas before it is cut to what was drawn
SMALLEST = 40  # 11 px where a chat shows the picture 300 px wide
# parts of a type's size
LEADING = 1.2
ASCENT = 0.92
CAPITAL = 0.66


def picture(card: Card) -> bytes:
    """A PNG, 1080 px wide and at least as high; the same bytes for the same card."""
    page = _Page(Image.new("L", (WIDTH, TALLEST), _grey(WHITE)))
    _draw_head(page, card)
    _draw_total(page, card)
    _draw_scale(page, card)
    for index, bar in enumerate(card.bars):
        _draw_bar(page, bar, BARS[index % len(BARS)])
    _draw_foot(page, card)
    return page.png()


def _grey(colour: Colour) -> int:
    red, green, blue = colour
    return round(0.299 * red + 0.587 * green + 0.114 * blue)


@cache
def _tints() -> bytes:
    """The palette: for each of 256 greys its tint, running through the house's colours by their lightness.

    So the picture is drawn in grey, where soft edges cost one byte per pixel, and needs no search for its colours.
    """
    stops = sorted((_grey(one), one) for one in {INK, *BARS, PASSED, BRAND_SOFT, TRACK, WHITE})
    stops = [(0, INK), *stops]
    tints = bytearray()
    for grey in range(256):
        (low, dark), (high, light) = next(pair for pair in pairwise(stops) if pair[0][0] <= grey <= pair[1][0])
        part = (grey - low) / (high - low)
        tints += bytes(round(a + (b - a) * part) for a, b in zip(dark, light, strict=True))
    return bytes(tints)


@cache
def _face(weight: Weight, size: int) -> ImageFont.FreeTypeFont:
    # the basic layout is the same on every machine; composed Vietnamese letters need no shaping
    return ImageFont.truetype(font_path(weight), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _rounded(width: int, height: int, radius: int) -> Image.Image:
    """A mask with soft corners: Pillow's own rounded rectangle has jagged ones."""
    fine = 4
    mask = Image.new("L", (width * fine, height * fine))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *(side - 1 for side in mask.size)), radius * fine, fill=255)
    return mask.reduce(fine)


@dataclass(frozen=True)
class _Words:
    """A text set in lines, as large as its place allows."""

    face: ImageFont.FreeTypeFont
    lines: list[str]

    @property
    def line_height(self) -> int:
        return round(self.face.size * LEADING)

    @property
    def height(self) -> int:
        return self.line_height * len(self.lines)

    @property
    def drop(self) -> int:
        """From the top of the first line to the baseline of the last."""
        return self.height - self.line_height + round(self.face.size * ASCENT)

    @property
    def width(self) -> int:
        return max((round(self.face.getlength(line)) for line in self.lines), default=0)


def _set(text: str, width: int, size: int, weight: Weight, *, least: int, most_lines: int) -> _Words:
    """Shrinks from `size` to `least` until the text takes `most_lines`; at `least` it takes the lines it needs."""
    written = drawable(text)
    for pixels in (*range(size, least, -4), least):
        face = _face(weight, pixels)
        lines = wrap(written, width, face.getlength)
        if len(lines) <= most_lines:
            break
    return _Words(face, _balanced(written, width, face, lines))


def _balanced(text: str, width: int, face: ImageFont.FreeTypeFont, lines: list[str]) -> list[str]:
    """As many lines, but no single word left over on the last."""
    for part in range(19, 10, -1):
        narrower = wrap(text, width * part / 20, face.getlength)
        if len(lines) == 1 or len(narrower) > len(lines):
            break
        lines = narrower
    return lines


class _Page:
    """The canvas and how far down it is filled."""

    def __init__(self, canvas: Image.Image) -> None:
        self._canvas = canvas
        self._pen = ImageDraw.Draw(canvas)
        self.y = 0

    def write(self, words: _Words, x: int, y: int, colour: Colour, anchor: str = "l") -> None:
        """`anchor`: whether `x` is the lines' left (l), middle (m) or right (r); `y` is the top of the first line."""
        for index, line in enumerate(words.lines):
            baseline = y + index * words.line_height + round(words.face.size * ASCENT)
            self._pen.text((x, baseline), line, _grey(colour), words.face, anchor=f"{anchor}s")

    def block(self, x: int, y: int, size: tuple[int, int], colour: Colour, radius: int, share: float = 1.0) -> None:
        """A rounded block, of which only the left `share` is painted."""
        mask = _rounded(*size, radius)
        painted = (round(size[0] * min(max(share, 0.0), 1.0)), size[1])
        self._canvas.paste(_grey(colour), (x, y, x + painted[0], y + painted[1]), mask.crop((0, 0, *painted)))

    def band(self, bottom: int, colour: Colour) -> None:
        self._pen.rectangle((0, 0, WIDTH, bottom - 1), _grey(colour))

    def png(self) -> bytes:
        cut = self._canvas.crop((0, 0, WIDTH, max(WIDTH, self.y)))
        cut.putpalette(_tints())
        file = io.BytesIO()
        cut.save(file, "PNG", compress_level=6)  # 9 takes ten times as long and saves a tenth
        return file.getvalue()


def _draw_head(page: _Page, card: Card) -> None:
    title = _set(card.title, INNER, 64, "Semibold", least=52, most_lines=1)
    day = _set(card.day, INNER, 44, "Regular", least=SMALLEST, most_lines=1)
    day_top = 40 + title.height + 4
    page.y = day_top + day.height + 36
    page.band(page.y, BRAND)
    page.write(title, MARGIN, 40, WHITE)
    page.write(day, MARGIN, day_top, BRAND_SOFT)


def _draw_total(page: _Page, card: Card) -> None:
    above = 36
    if card.total:
        total = _set(card.total, INNER * 2 // 3, 236, "Semibold", least=120, most_lines=1)
        label = _set(card.total_label, INNER - total.width - 32, 56, "Regular", least=44, most_lines=2)
        baseline = page.y + 56 + round(total.face.size * CAPITAL)
        # the blank before a figure: at this size a "1" would stand visibly right of all else
        bearing = (total.face.getmask("".join(total.lines)).getbbox() or (0,))[0]
        page.write(total, MARGIN - bearing, baseline - total.drop, BRAND)
        page.write(label, MARGIN + total.width + 28, baseline - label.drop, INK)
        page.y, above = baseline, 48
    name = _set(card.level_name, INNER, 84, "Semibold", least=60, most_lines=1)
    page.write(name, MARGIN, page.y + above, INK)
    page.y += above + name.height + 24


def _draw_scale(page: _Page, card: Card) -> None:
    gap, height, raised = 10, 92, 16
    count = len(card.levels)
    edges = [MARGIN + round(level * (INNER + gap) / count) for level in range(count + 1)]
    page.y += raised
    for level in range(count):
        x, width = edges[level], edges[level + 1] - gap - edges[level]
        reached, passed = level == card.level, card.level is not None and level < card.level
        rise = raised if reached else 0
        block = BRAND if reached else PASSED if passed else TRACK
        page.block(x, page.y - rise, (width, height + 2 * rise), block, 16)
        figure = _set(str(level), width, 72 if reached else 52, "Semibold", least=SMALLEST, most_lines=1)
        baseline = page.y + (height + round(figure.face.size * CAPITAL)) // 2
        page.write(figure, x + width // 2, baseline - figure.drop, WHITE if reached else INK, "m")
    page.y += height + raised + 8
    lowest, highest = (
        _set(name, INNER // 2 - 16, 42, "Regular", least=SMALLEST, most_lines=1)
        for name in (card.levels[0], card.levels[-1])
    )
    page.write(lowest, MARGIN, page.y, INK)
    page.write(highest, WIDTH - MARGIN, page.y, INK, "r")
    page.y += max(lowest.height, highest.height) + 36


def _draw_bar(page: _Page, bar: Bar, colour: Colour) -> None:
    points = _set(bar.points, INNER // 3, 60, "Semibold", least=SMALLEST, most_lines=1)
    name = _set(bar.name, INNER - points.width - 40, 50, "Regular", least=42, most_lines=2)
    baseline = page.y + max(name.drop, points.drop)
    page.write(name, MARGIN, baseline - name.drop, INK)
    page.write(points, WIDTH - MARGIN, baseline - points.drop, INK, "r")
    top, size = baseline + 20, (INNER, 40)
    page.block(MARGIN, top, size, TRACK, 14)
    page.block(MARGIN, top, size, colour, 14, bar.share)
    page.y = top + size[1] + 24


def _draw_foot(page: _Page, card: Card) -> None:
    if card.compared:
        words = _set(card.compared, INNER - 72, 48, "Semibold", least=SMALLEST, most_lines=2)
        page.block(MARGIN, page.y + 16, (INNER, words.height + 48), TRACK, 24)
        page.write(words, MARGIN + 36, page.y + 16 + 22, BRAND)
        page.y += 16 + words.height + 48 + 16
    note = _set(card.note, INNER, SMALLEST, "Regular", least=SMALLEST, most_lines=3)
    page.write(note, MARGIN, page.y + 8, INK)
    page.y += note.height + 8 + 48
