"""The dates in a Vietnamese or English text, each as the span of days that it leaves open.

What a date is for (a founding, a birthday, the end of a domain) is known to the caller; ages and "3 tháng trước" are
`ages_said`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from programme import spans
from programme.spans import EARLIEST, LATEST, Span

# How the year was said: in digits, by its distance from this one, or not at all.
Year = Literal["written", "relative", "unsaid"]


@dataclass(frozen=True)
class DateSaid:
    """A date at `start:end` of the text; `span` is None for a date that does not exist (31/2)."""

    start: int
    end: int
    span: Span | None
    year: Year


def dates_in(text: str, today: dt.date, within: Span | None = None, coming: bool = False) -> list[DateSaid]:
    """Every date of `text`, which is as `numbers_said.with_digits` makes it, in the order of the text.

    A month without a year is the latest one in `within` (by default until today), or the next one for what is `coming`.
    """
    reader = _Reader(today, within or (Span(today, LATEST) if coming else Span(EARLIEST, today)), coming)
    found: list[DateSaid] = []
    for pattern, read in _FORMS:
        for match in pattern.finditer(text):
            if not any(match.start() < one.end and one.start < match.end() for one in found):
                found.extend(read(reader, match))
    return sorted(found, key=lambda one: one.start)


def no_such_day(text: str, today: dt.date) -> str | None:
    """The first date of `text` that no calendar has, in digits ("31/2/2027"); None where there is none.

    Two numbers alone are one only as a day and a month that exist: "50/50" is something else. `text`: as `dates_in`.
    """
    for one in dates_in(text, today):
        numbers = re.findall(r"\d+", text[one.start : one.end])
        if one.span is None and (one.year == "written" or (int(numbers[0]) <= 31 and int(numbers[-1]) <= 12)):
            return "/".join(numbers)
    return None


@dataclass(frozen=True)
class _Reader:
    today: dt.date
    within: Span
    coming: bool

    def numeric(self, match: re.Match[str]) -> Iterator[DateSaid]:
        """Day, month and year in digits, in whatever order the pattern names them."""
        parts = match.groupdict()
        year, number = _full_year(parts["y"], self.today), int(parts["m"])
        if parts.get("d"):
            yield DateSaid(*match.span(), spans.day(year, number, int(parts["d"])), "written")
        else:
            yield DateSaid(*match.span(), spans.month(year, number), "written")

    def spoken(self, match: re.Match[str]) -> Iterator[DateSaid]:
        """ "(ngày 3) tháng 2 (năm ngoái)", "15/3", "20 Nov (2025)"."""
        parts = match.groupdict()
        named = parts.get("name")
        number = _ENGLISH_MONTHS[named[:3]] if named else int(parts["m"])
        on = parts.get("d") or parts.get("d2")
        yield self._said(match, parts, lambda year: _day_or_month(year, number, on))

    def part_of_year(self, match: re.Match[str]) -> Iterator[DateSaid]:
        """ "đầu 2025", "cuối năm ngoái": four months each, since nobody means three exactly."""
        first, last = _PARTS[match["part"].split()[0]]
        yield self._said(match, match.groupdict(), lambda year: spans.months(year, first, last))

    def quarter(self, match: re.Match[str]) -> Iterator[DateSaid]:
        number = {"i": 1, "ii": 2, "iii": 3, "iv": 4}.get(match["q"]) or int(match["q"])
        yield self._said(match, match.groupdict(), lambda year: spans.months(year, number * 3 - 2, number * 3))

    def year(self, match: re.Match[str]) -> Iterator[DateSaid]:
        yield self._said(match, match.groupdict(), lambda year: spans.months(year, 1, 12))

    def near(self, match: re.Match[str]) -> Iterator[DateSaid]:
        """ "hôm qua", "tháng trước", "this week"."""
        unit, which = _NEAR[match[0].replace("vua roi", "roi")]
        if unit == "month":
            yield DateSaid(*match.span(), _month_away(self.today, which), "relative")
        else:
            monday = self.today - dt.timedelta(days=self.today.weekday())
            first = monday + dt.timedelta(weeks=which) if unit == "week" else self.today + dt.timedelta(days=which)
            last = first + dt.timedelta(days=6 if unit == "week" else 0)
            yield DateSaid(*match.span(), Span(first, last), "relative")

    def _said(
        self, match: re.Match[str], parts: dict[str, str | None], of_year: Callable[[int], Span | None]
    ) -> DateSaid:
        written, relative = parts.get("y") or parts.get("y2"), parts.get("rel") or parts.get("rel2")
        if written:
            return DateSaid(*match.span(), of_year(_full_year(written, self.today)), "written")
        if relative:
            return DateSaid(*match.span(), of_year(self.today.year + _RELATIVE[relative]), "relative")
        return DateSaid(*match.span(), self._nearest(of_year), "unsaid")

    def _nearest(self, of_year: Callable[[int], Span | None]) -> Span | None:
        first, last = self.within.first.year, self.within.last.year
        years = range(first, min(first + 8, last) + 1) if self.coming else range(last, max(last - 8, first) - 1, -1)
        fitting = (one for year in years if (one := of_year(year)) and one.shared_with(self.within))
        return next(fitting, None)


def _full_year(written: str, today: dt.date) -> int:
    """ "26" is 2026, "98" 1998: at most ten years ahead."""
    year = int(written)
    if len(written) > 2:
        return year
    return 2000 + year if 2000 + year <= today.year + 10 else 1900 + year


def _day_or_month(year: int, month: int, day: str | None) -> Span | None:
    return spans.day(year, month, int(day)) if day else spans.month(year, month)


def _month_away(today: dt.date, count: int) -> Span | None:
    there = spans.months_earlier(today.replace(day=1), -count)
    return spans.month(there.year, there.month)


_RELATIVE = {"nay": 0, "ngoai": -1, "truoc": -1, "kia": -2, "sau": 1, "toi": 1, "sang": 1}
_RELATIVE |= {"this": 0, "last": -1, "next": 1}
_PARTS = dict.fromkeys(("dau", "early", "start"), (1, 4)) | dict.fromkeys(("giua", "mid"), (5, 8))
_PARTS |= dict.fromkeys(("cuoi", "late", "end"), (9, 12))
_NEAR = {
    "hom nay": ("day", 0),
    "today": ("day", 0),
    "hom qua": ("day", -1),
    "yesterday": ("day", -1),
    "hom kia": ("day", -2),
    "tuan nay": ("week", 0),
    "this week": ("week", 0),
    "tuan truoc": ("week", -1),
    "tuan roi": ("week", -1),
    "last week": ("week", -1),
    "thang nay": ("month", 0),
    "this month": ("month", 0),
    "thang truoc": ("month", -1),
    "thang roi": ("month", -1),
    "last month": ("month", -1),
    "thang sau": ("month", 1),
    "thang toi": ("month", 1),
    "next month": ("month", 1),
}
_ENGLISH_MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}

_YEAR = r"(?P<y>(?:19|20)\d\d)\b"
_D, _M = r"(?P<d>\d{1,2})", r"(?P<m>\d{1,2})"
# "2 tháng 15 ngày" counts
_MONTH = r"(?P<m>1[0-2]|0?[1-9])\b(?! (?:ngay|tuan)\b)"
_BETWEEN = r" ?[/.-] ?"
_REL = r"nam (?P<rel>nay|ngoai|truoc|kia|sau|toi)\b"
_LAST = r"(?P<rel2>(?:this|last|next)(?= year)|sang(?= nam)) (?:year|nam)\b"
# what may follow a month or a part of the year; a year of two digits needs "năm" or a slash before it
_OF_YEAR = rf"(?:(?: ?[/.,-]| cua)? ?(?:(?:nam )?{_YEAR}|{_REL}|{_LAST})| ?(?:/ ?|nam )(?P<y2>\d\d)\b)?"
_NAMES = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
# "may" and "sep" by themselves are Vietnamese as well (máy, sếp): only a year makes them months
_SURE_NAMES = rf"(?!(?:may|sep)\b){_NAMES}"
_TH = r"(?:st|nd|rd|th)?"
_PART = r"\b(?P<part>dau|giua|cuoi|early|mid|late|(?:start|end) of)"
_NO_NUMBER_BEFORE = r"(?<!\d )(?<!may )(?<!vai )(?<!nua )(?<!nhieu )\b"

_Read = Callable[[_Reader, re.Match[str]], Iterator[DateSaid]]
# The first form that fits takes its words, so the exact ones come first.
_FORMS: tuple[tuple[re.Pattern[str], _Read], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"(?<![\d/.-])(?P<y>(?:19|20)\d\d){_BETWEEN}{_M}{_BETWEEN}{_D}(?!\d)", _Reader.numeric),
        (rf"(?<![\d/.-]){_D}{_BETWEEN}{_M}{_BETWEEN}(?P<y>(?:19|20)?\d\d)(?!\d)", _Reader.numeric),
        (rf"\b(?:quy|q) ?(?P<q>iv|iii|ii|i|[1-4])\b{_OF_YEAR}", _Reader.quarter),
        (rf"(?<![\d/.-]){_M}{_BETWEEN}(?P<y>(?:19|20)\d\d)(?!\d)", _Reader.numeric),
        (rf"(?<![\d/.-])(?P<y>(?:19|20)\d\d)[/-]{_M}(?![\d/])", _Reader.numeric),
        (
            rf"\b(?:{_D}{_TH} (?:of )?)?{_NAMES}(?: (?P<d2>\d{{1,2}}){_TH}(?!\d))?,? ?(?:{_YEAR}|{_LAST})",
            _Reader.spoken,
        ),
        (rf"\b{_D}{_TH} (?:of )?{_SURE_NAMES}", _Reader.spoken),
        (rf"\b{_SURE_NAMES} (?P<d2>\d{{1,2}}){_TH}(?!\d)", _Reader.spoken),
        (rf"\b(?:nam {_YEAR}|{_REL}),? (?:hoi |vao )?(?:thang |t){_M}\b", _Reader.spoken),
        (rf"\b(?:(?:ngay|mung|mong|hom) )?{_D} (?:thang |t){_MONTH}{_OF_YEAR}", _Reader.spoken),
        (rf"\b(?:thang |t\.? ?){_MONTH}{_OF_YEAR}", _Reader.spoken),
        (rf"(?<![\d/.-]){_D} ?/ ?{_M}(?![\d/.-])(?! nam\b)", _Reader.spoken),
        (rf"{_PART} (?:{_REL}|{_LAST}|(?:nam )?{_YEAR}|nam\b(?! \d))", _Reader.part_of_year),
        (rf"(?:\bnam )?(?<![\d/.-])\b{_YEAR}(?![/-]\d)", _Reader.year),
        (rf"{_NO_NUMBER_BEFORE}{_REL}|\b{_LAST}", _Reader.year),
        (rf"{_NO_NUMBER_BEFORE}(?:{'|'.join(_NEAR)}|(?:tuan|thang) vua roi)\b", _Reader.near),
    )
)
