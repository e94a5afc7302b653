"""The typeface and the colours that the picture and the sheet share, and how a text falls into lines."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

Weight = Literal["Regular", "Semibold"]
Colour = tuple[int, int, int]

# the web chat's colours; the bars' two lighter greens still stand 3:1 against their track (WCAG 1.4.11)
INK: Colour = (0x16, 0x24, 0x1F)
BRAND: Colour = (0x0B, 0x53, 0x45)
BRAND_SOFT: Colour = (0xD5, 0xEB, 0xE3)
PASSED: Colour = (0xA9, 0xD0, 0xBE)
TRACK: Colour = (0xE3, 0xEF, 0xE8)
WHITE: Colour = (0xFF, 0xFF, 0xFF)
BARS: tuple[Colour, ...] = (BRAND, (0x1F, 0x72, 0x5E), (0x3F, 0x8F, 0x78))


def font_path(weight: Weight) -> Path:
    """Source Sans Pro as a TrueType file, wherever its package is installed."""
    return Path(str(files("font_source_sans_pro") / "files" / f"SourceSansPro-{weight}.ttf"))


@cache
def _covered() -> frozenset[int]:
    with TTFont(font_path("Regular"), lazy=True) as font:
        return frozenset(font.getBestCmap())


def drawable(text: str) -> str:
    """One line in composed letters (NFC), without what the typeface cannot draw: a shop's name may hold emoji."""
    letters = re.sub(r"[ \t\r\n]+", " ", unicodedata.normalize("NFC", text))
    kept = "".join(one for one in letters if ord(one) in _covered() and unicodedata.category(one) != "Cf")
    return re.sub(" +", " ", kept).strip()


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The lines of a drawable text, none wider than `width` in the unit of `measure`; none for an empty text.

    A word that is wider than a line is broken, for a picture has nowhere to scroll.
    """
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if measure(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while measure(line) > width and len(line) > 1:
            fits = max(1, bisect_right(range(len(line)), width, key=lambda count: measure(line[:count])) - 1)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line] if line else lines
