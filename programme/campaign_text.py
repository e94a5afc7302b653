"""The texts of bulk messages: their variables, what they become for one recipient, and the text without accents.

Not responsible for their length (sms_parts.py), for the law (bulk_law.py), or for where the values come from.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from store.text import clean

# How many characters a value takes at most; a longer one is cut, so that no name makes a message dearer than was said.
LONGEST: Mapping[str, int] = MappingProxyType(
    {
        "name": 30,
        "commune": 22,
        "vendor": 16,
        "shop": 30,
        "link": 40,
        "stop": 40,
        "class": 40,
        "day": 10,
        "time": 5,
        "place": 40,
        "domain": 30,
        "expires": 10,
        "days": 3,
        "hours": 3,
        "left": 3,
    }
)
# Variables that everybody has a value for, and those that a matter (campaign_schedule.RELATIVE_TO) brings
COMMON = ("name", "commune", "vendor", "shop", "link", "stop")
OF_MATTER: Mapping[str | None, tuple[str, ...]] = MappingProxyType(
    {
        None: (),
        "class": ("class", "day", "time", "place"),
        "domain_expiry": ("domain", "expires"),
        "survey_unfinished": ("left",),
        "lead_unserved": (),
    }
)
# Signs that take two places of a plain SMS, as a value has them: "Quán [Hoa]" costs what any name costs
_DOUBLE = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")", "\\": "/", "|": "/", "~": "-", "^": "'"})
# Cut values would lead nowhere: whoever makes them keeps to their length.
_WHOLE = frozenset(("link", "stop", "domain", "day", "time", "expires", "days", "hours", "left"))
_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAME = re.compile(r"[a-z][a-z_]*")
MOST_CHARACTERS = 1000  # of a text; the law's and the carriers' limits are narrower


@dataclass(frozen=True)
class TextProblem:
    """`code` is stable; `words` are Vietnamese, for whoever writes the text. `about`: the variable, or ""."""

    code: str
    words: str
    about: str = ""


class MissingValue(KeyError):
    """A text uses a variable for which this recipient has no value; `name` is the variable's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def variables(text: str) -> tuple[str, ...]:
    """The names that stand between {{ and }}, each once, in their order, known or not."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def check(text: str, allowed: Iterable[str] = tuple(LONGEST)) -> list[TextProblem]:
    """What is wrong with a text whatever its kind: nothing in it, too long, a variable nobody has, a lone brace."""
    known = tuple(allowed)
    problems = []
    if not text.strip():
        problems.append(TextProblem("text_empty", "Nội dung còn trống."))
    if len(text) > MOST_CHARACTERS:
        problems.append(TextProblem("text_too_long", f"Nội dung dài quá {MOST_CHARACTERS} ký tự."))
    problems += [_unknown(name, known) for name in variables(text) if name not in known]
    rest = _VARIABLE.sub("", text)
    if "{" in rest or "}" in rest:
        words = "Có dấu { hoặc } lẻ. Biến được viết dạng {{ name }}, mở và đóng đủ hai ngoặc."
        problems.append(TextProblem("variable_unclosed", words))
    return problems


def render(text: str, values: Mapping[str, str], *, accents: bool = True) -> str:
    """The text for one recipient, in NFC. A value is one line, cut to its length in LONGEST and never read as a text
    with variables itself. Raises MissingValue for a variable that has no value, or an empty one.

    `accents`: False for the form without (`plain`): values are cut after it, since "…" becomes three signs, and of a
    name in another script nothing may be left.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        given = clean(values.get(name, ""))
        if not accents and name not in _WHOLE:
            given = plain(given).translate(_DOUBLE)
        given = " ".join(given.split())
        if not given:
            raise MissingValue(name)
        return given if name in _WHOLE else shortened(given, LONGEST.get(name, len(given)))

    filled = unicodedata.normalize("NFC", _VARIABLE.sub(value, text))
    return filled if accents else plain(filled)


def shortened(value: str, longest: int) -> str:
    """At most `longest` UTF-16 units (a picture is two), cut between words where that leaves at least half."""
    cut = value[:longest]
    while _units(cut) > longest:
        cut = cut[:-1]
    if cut == value:
        return value
    at_word = cut.rpartition(" ")[0] if value[len(cut)] != " " else cut
    return (at_word if _units(at_word) * 2 >= longest else cut).rstrip()


def _units(text: str) -> int:
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def worst_case(text: str, *, accents: bool, link: int = LONGEST["link"]) -> str:
    """The text with the longest value in each place, so that its parts are the most that any recipient costs.

    `accents`: the values have some that force UCS-2, as names and communes do when they go out as they are written.
    `link`: how long the addresses of this hotline are at most (short_links.longest).
    """

    def longest(match: re.Match[str]) -> str:
        name = match.group(1)
        letter = "ạ" if accents and name not in _WHOLE else "a"
        return letter * (link if name in ("link", "stop") else LONGEST.get(name, 0))

    return _VARIABLE.sub(longest, text)


# What remains of a sign that phones with the GSM alphabet cannot show. Letters are handled by their decomposition.
_SIGNS = {
    "đ": "d",
    "Đ": "D",
    "–": "-",
    "—": "-",
    "‒": "-",
    "―": "-",
    "‐": "-",
    "‑": "-",
    "−": "-",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "‘": "'",
    "’": "'",
    "‚": "'",
    "`": "'",
    "´": "'",
    "…": "...",
    "•": "-",
    "·": "-",
    "×": "x",
    "₫": "d",
    "\t": " ",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "№": "No",
    "©": "(c)",
    "®": "(r)",
    "™": "TM",
}


def plain(text: str) -> str:
    """The text without accents and without typographic signs: "Đợt 2 – “miễn phí”" → 'Dot 2 - "mien phi"'.

    Variables stay as they are written. What has no plain form (other scripts, pictures) is left out, so the result is
    printable ASCII and line breaks.
    """
    signs = "".join(_SIGNS.get(c, c) for c in unicodedata.normalize("NFC", text))
    apart = unicodedata.normalize("NFKD", signs)
    kept = "".join(_SIGNS.get(c, c) for c in apart if not unicodedata.combining(c))
    spaced = "".join(" " if c != "\n" and c.isspace() else c for c in kept)
    return "".join(c for c in spaced if c == "\n" or " " <= c <= "~")


def _unknown(name: str, known: tuple[str, ...]) -> TextProblem:
    near = difflib.get_close_matches(plain(name).strip().lower(), known, n=3, cutoff=0.5)
    said = f"Không có biến {{{{ {name} }}}}." if name else "Có một cặp ngoặc {{ }} trống."
    hint = ", ".join(f"{{{{ {each} }}}}" for each in near or known)
    return TextProblem(
        "variable_unknown", f"{said} {'Có phải anh/chị muốn viết' if near else 'Các biến dùng được'}: {hint}.", name
    )
