"""A survey's result as one printed page (A4, PDF) for the owner to keep: score, advice, and what to do first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fpdf import FPDF

from programme.survey.card import Bar, Card
from programme.survey.fonts import BARS, BRAND, INK, PASSED, TRACK, WHITE, Colour, Weight, drawable, font_path, wrap

# millimetres; type in points
WIDTH, HEIGHT = 210.0, 297.0
MARGIN = 18.0
INNER = WIDTH - 2 * MARGIN
TOP = 18.0
FOOT = HEIGHT - 12.0
POINT = 25.4 / 72
# parts of a type's size
LEADING = 1.28
ASCENT = 0.92
CAPITAL = 0.66
# no time of making is told: the same card gives the same file
MADE = datetime(2026, 1, 1, tzinfo=UTC)
# an owner may read this without glasses: as large as the page allows
LARGEST, SMALLER, SMALLEST = 1.2, 0.96, 0.4


def sheet(card: Card) -> bytes:
    """A PDF of exactly one page, its type embedded and its text copyable; the same bytes for the same card.

    The longer its texts, the smaller they are set, all by the same measure.
    """
    pdf = _empty(drawable(card.title))
    scale = LARGEST
    while (page := _compose(pdf, card, scale)).overfull and scale > SMALLEST:
        scale *= SMALLER
    page.print()
    return bytes(pdf.output())


def _empty(title: str) -> FPDF:
    pdf = FPDF(format="A4", unit="mm")
    pdf.set_creation_date(MADE)
    pdf.set_title(title)
    pdf.set_lang("vi")
    weights: tuple[Weight, ...] = ("Regular", "Semibold")
    for weight in weights:
        pdf.add_font(weight, "", font_path(weight))
    pdf.add_page()
    return pdf


@dataclass(frozen=True)
class _Words:
    """A text set in lines; `size` in points, all else in millimetres."""

    lines: list[str]
    weight: Weight
    size: float
    widths: list[float]

    @property
    def line_height(self) -> float:
        return self.size * POINT * LEADING

    @property
    def height(self) -> float:
        return self.line_height * len(self.lines)

    @property
    def capital(self) -> float:
        return self.size * POINT * CAPITAL


class _Page:
    """A page composed from the top and printed only when it is known to fit.

    `scale` multiplies type and the spaces between, never a width.
    """

    def __init__(self, pdf: FPDF, scale: float) -> None:
        self._pdf = pdf
        self._scale = scale
        self._marks: list[Callable[[], None]] = []
        self.y = TOP
        self.floor = FOOT

    @property
    def overfull(self) -> bool:
        return self.y > self.floor

    def print(self) -> None:
        for mark in self._marks:
            mark()

    def space(self, height: float) -> float:
        return height * self._scale

    def skip(self, height: float) -> None:
        self.y += self.space(height)

    def set(self, text: str, size: float, weight: Weight = "Regular", width: float = INNER) -> _Words:
        points = size * self._scale
        self._pdf.set_font(weight, size=points)
        lines = wrap(drawable(text), width, self._pdf.get_string_width)
        return _Words(lines, weight, points, [self._pdf.get_string_width(line) for line in lines])

    def write(self, words: _Words, x: float, baseline: float, colour: Colour, align: float = 0.0) -> None:
        """`align`: which part of a line's width lies left of `x`. `baseline` is that of the first line."""

        def mark() -> None:
            self._pdf.set_font(words.weight, size=words.size)
            self._pdf.set_text_color(*colour)
            for index, (line, width) in enumerate(zip(words.lines, words.widths, strict=True)):
                self._pdf.text(x - width * align, baseline + index * words.line_height, line)

        self._marks.append(mark)

    def paragraph(self, words: _Words, colour: Colour = INK, x: float = MARGIN) -> None:
        self.write(words, x, self.y + words.size * POINT * ASCENT, colour)
        self.y += words.height

    def block(self, x: float, y: float, size: tuple[float, float], colour: Colour, radius: float = 0.0) -> None:
        def mark() -> None:
            self._pdf.set_fill_color(*colour)
            self._pdf.rect(x, y, *size, style="F", round_corners=radius > 0, corner_radius=radius)

        self._marks.append(mark)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """`x` and `y` are its middle."""

        def mark() -> None:
            self._pdf.set_fill_color(*colour)
            self._pdf.circle(x, y, radius, style="F")

        self._marks.append(mark)


def _compose(pdf: FPDF, card: Card, scale: float) -> _Page:
    page = _Page(pdf, scale)
    _compose_head(page, card)
    _compose_total(page, card)
    _compose_scale(page, card)
    for index, bar in enumerate(card.bars):
        advice = card.advice[index] if index < len(card.advice) else ""
        _compose_bar(page, bar, advice, BARS[index % len(BARS)])
    _compose_steps(page, card)
    _compose_note(page, card)
    return page


def _compose_head(page: _Page, card: Card) -> None:
    page.block(0, 0, (WIDTH, 6), BRAND)
    page.paragraph(page.set(card.title, 24, "Semibold"), BRAND)
    page.skip(2)
    page.paragraph(page.set(card.shop, 16, "Semibold"))
    page.paragraph(page.set(card.place, 12))
    page.paragraph(page.set(card.day, 12))
    page.skip(6)


def _compose_total(page: _Page, card: Card) -> None:
    total = page.set(card.total, 60, "Semibold", INNER / 2)
    beside = MARGIN + max(total.widths, default=-6.0) + 6
    name = page.set(card.level_name, 22, "Semibold", WIDTH - MARGIN - beside)
    label = page.set(card.total_label, 12, width=WIDTH - MARGIN - beside)
    top = page.y
    height = max(total.capital, name.height + label.height)
    page.write(total, MARGIN, top + (height + total.capital) / 2, BRAND)
    page.y += (height - name.height - label.height) / 2
    page.paragraph(label, x=beside)
    page.paragraph(name, x=beside)
    page.y = top + height
    page.skip(6)


def _compose_scale(page: _Page, card: Card) -> None:
    gap, height, raised = 2.0, page.space(9), page.space(1.4)
    count = len(card.levels)
    width = (INNER - gap * (count - 1)) / count
    below = 0.0
    for level, name in enumerate(card.levels):
        x = MARGIN + level * (width + gap)
        reached, passed = level == card.level, card.level is not None and level < card.level
        rise = raised if reached else 0.0
        block = BRAND if reached else PASSED if passed else TRACK
        page.block(x, page.y - rise, (width, height + 2 * rise), block, 1.5)
        weight: Weight = "Semibold" if reached else "Regular"
        figure = page.set(str(level), 16 if reached else 13, "Semibold", width)
        page.write(figure, x + width / 2, page.y + (height + figure.capital) / 2, WHITE if reached else INK, 0.5)
        words = page.set(name, 10, weight, width)
        page.write(words, x + width / 2, page.y + height + raised + words.size * POINT * 1.1, INK, 0.5)
        below = max(below, words.height)
    page.y += height + raised + below
    page.skip(4)
    if card.compared:
        page.paragraph(page.set(card.compared, 13, "Semibold"), BRAND)
        page.skip(2)
    page.skip(2)


def _compose_bar(page: _Page, bar: Bar, advice: str, colour: Colour) -> None:
    points = page.set(bar.points, 13, "Semibold", INNER / 4)
    name = page.set(bar.name, 13, "Semibold", INNER - max(points.widths, default=0.0) - 6)
    page.write(points, WIDTH - MARGIN, page.y + points.size * POINT * ASCENT, INK, 1.0)
    page.paragraph(name)
    page.skip(0.8)
    height = page.space(4.5)
    page.block(MARGIN, page.y, (INNER, height), TRACK)
    page.block(MARGIN, page.y, (INNER * min(max(bar.share, 0.0), 1.0), height), colour)
    page.y += height
    page.skip(1.6)
    page.paragraph(page.set(advice, 12))
    page.skip(4)


def _compose_steps(page: _Page, card: Card) -> None:
    if not card.steps:
        return
    page.skip(2)
    page.paragraph(page.set(card.steps_title, 18, "Semibold"), BRAND)
    page.skip(1.5)
    disc, indent = page.space(6.4), page.space(9.5)
    for number, step in enumerate(card.steps, start=1):
        words = page.set(step, 13, width=INNER - indent)
        baseline = page.y + words.size * POINT * ASCENT
        middle = baseline - words.capital / 2
        figure = page.set(str(number), 12, "Semibold")
        page.disc(MARGIN + disc / 2, middle, disc / 2, BRAND)
        page.write(figure, MARGIN + disc / 2, middle + figure.capital / 2, WHITE, 0.5)
        page.paragraph(words, x=MARGIN + indent)
        page.skip(2.5)


def _compose_note(page: _Page, card: Card) -> None:
    """Stands at the foot of the page, which is what the rest must leave free."""
    note = page.set(card.note, 10)
    top = FOOT - note.height
    page.block(MARGIN, top - 3, (INNER, 0.3), BRAND)
    page.write(note, MARGIN, top + note.size * POINT * ASCENT, INK)
    page.floor = top - 5
