"""When a company was founded or a person was born, as owners say it: a date, an age, "hơn 1 năm", "chưa đủ 18".

The answer is a span of days, since few of these name one. Which ages count, and for what, is `domain_names`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import reduce
from typing import Literal

from programme import spans
from programme.dates_said import DateSaid, dates_in
from programme.numbers_said import with_digits
from programme.spans import EARLIEST, Span

OLDEST_COMPANY = dt.date(1945, 1, 1)
OLDEST_PERSON = 110
# A number without "tuổi" is an age from here on.
YOUNGEST_WITHOUT_UNIT = 6
# Who says "mới mở" means this long at most.
NEW_MONTHS = 24

Bound = Literal["most", "least", "less", "nearly", "more", "some", "about", "exact"]
_BOUNDS: dict[Bound, str] = {
    "most": "(?:khong|chua) (?:qua|tren|hon)|toi da|at most|up to|no more than|not (?:over|more than|older than)",
    "least": "(?:khong|chua) duoi|it nhat|toi thieu|at least|not (?:under|less than)",
    "exact": "(?:vua|moi) (?:tron|du)|tron|exactly",
    "less": "(?:chua|khong) (?:day|den|toi|duoc|du|tron)|chua|duoi|under|below|(?:less|younger) than|not yet",
    "nearly": "gan|sap|ngot|nearly|almost",
    "more": "tren|qua|over|above|(?:more|older) than",
    "some": "hon|ngoai",
    "about": "tren duoi|khoang|chung|tam|around|about",
}


def _bounded(**also: str) -> str:
    """A pattern of what may limit the number that follows, one group per bound. `also`: more words for a bound."""
    groups = (f"(?P<{bound}>{'|'.join(filter(None, (words, also.get(bound))))})" for bound, words in _BOUNDS.items())
    return rf"(?:\b(?:{'|'.join(groups)}) )?"


def _bound(match: re.Match[str]) -> Bound | None:
    return next((bound for bound in _BOUNDS if match[bound]), None)


def read_founded(text: str, today: dt.date, known: Span | None = None) -> Span | None:
    """When a company was founded: a date, or how long ago ("được 3 năm rồi"). Never in the future.

    `known`: what was said before, which a month or a day alone then makes more exact.
    """
    said = with_digits(text)
    found = dates_in(said, today, within=known)
    read = _agreed(found, said, today) if found else _long_ago(said, today) or _day_alone(said, known)
    return read.shared_with(Span(OLDEST_COMPANY, today)) if read else None


def read_without_year(text: str, today: dt.date) -> Span | None:
    """A founding day or month that was said without its year ("15/3", "tháng 3"), in some year; None for all else."""
    said = with_digits(text)
    found = dates_in(said, today)
    # "đầu năm" means this one
    if len(found) != 1 or found[0].year != "unsaid" or re.search(r"\bnam\b", said[found[0].start : found[0].end]):
        return None
    return found[0].span


def within_year(rough: Span, said: Span) -> Span | None:
    """The days of `rough` (from `read_without_year`) in the year of `said`; None where that year has none of them.

    Where `said` is more exact than a year, or leaves several open, it counts by itself.
    """
    year = said.first.year
    if said.last.year != year or (said.first.month, said.first.day) != (1, 1) or said.is_within_a_month:
        return said
    if rough.is_a_day:
        moved = spans.day(year, rough.first.month, rough.first.day)
    else:
        moved = spans.months(year, rough.first.month, rough.last.month)
    return moved.shared_with(said) if moved else None


def is_to_come(text: str, today: dt.date) -> bool:
    """Whether a text names a date that nobody can have been born or founded on yet ("2027")."""
    return any(one.span is not None and one.span.first > today for one in dates_in(with_digits(text), today))


def read_born(text: str, today: dt.date, known: Span | None = None) -> Span | None:
    """When a person was born: the date, the year, or what their age leaves open; None for what says none of these.

    `known`: as for `read_founded`; a day without its year says something only where the year is known.
    """
    said = _with_whole_years(with_digits(text), today)
    dates = dates_in(said, today, within=known)
    year_known = known is not None and known.first.year == known.last.year
    found = [one for one in dates if one.year == "written" or (year_known and one.year == "unsaid")]
    read = _agreed(found, said, today) if found else _decade(said) or _by_age(said, today) or _day_alone(said, known)
    return read.shared_with(spans.born_for_age(0, OLDEST_PERSON, today)) if read else None


def _agreed(found: list[DateSaid], said: str, today: dt.date) -> Span | None:
    """What all dates of the text have in common ("20/11/2025, tức là năm ngoái"); None when they contradict."""
    read = (_before_or_after(one, said, today) for one in found)
    return reduce(lambda one, other: one.shared_with(other) if one and other else None, read)


def _before_or_after(date: DateSaid, said: str, today: dt.date) -> Span | None:
    """ "trước năm 2020" is any day before, "sau 2024" any after."""
    before = said[: date.start].rstrip()
    if date.span and re.search(r"\b(?:truoc|before)$", before):
        return spans.span(EARLIEST, date.span.first - dt.timedelta(days=1))
    if date.span and re.search(r"\b(?:sau|after)$", before):
        return spans.span(date.span.last + dt.timedelta(days=1), today)
    return date.span


_BARE_DAY = re.compile(r"(?:da )?(?:(?:hom|ngay|mung|mong|the) )?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: a)?\W*")


def _day_alone(said: str, known: Span | None) -> Span | None:
    """ "ngày 15", where the month is known."""
    match = _BARE_DAY.fullmatch(said)
    if match is None or known is None or not known.is_within_a_month:
        return None
    return spans.day(known.first.year, known.first.month, int(match["day"]))


_LONG = re.compile(
    _bounded() + r"(?:duoc )?(?:\b(?P<count>\d{1,3}|nua|half an?|an?) |\b(?P<few>vai|may|nhieu|several|a few|many) )?"
    r"\b(?P<unit>nam|thang|tuan|ngay|years?|months?|weeks?|days?)\b"
    r"(?: (?P<half>ruoi|and a half)| (?P<months>\d{1,2}) thang| (?P<odd>hon|may|le)\b)?"
)
# Whether a unit is counted in months, else in days; and how many of them it has.
_UNITS = {"na": (True, 12), "ye": (True, 12), "th": (True, 1), "mo": (True, 1)}
_UNITS |= {"tu": (False, 7), "we": (False, 7), "ng": (False, 1), "da": (False, 1)}
_NEW = re.compile(r"\b(?:(?:moi|vua) (?:mo|lap|thanh lap|dang ky|ra doi|khai truong|duoc cap|cap|lam)|new|just)\b")
_TELLS_NOT_ASKS = re.compile(r"\b(?:roi|nay|thoi|moi|cach day|ago)\b")


def _long_ago(said: str, today: dt.date) -> Span | None:
    """ "3 tháng trước", "hơn 1 năm", "1 năm rưỡi", "mới mở": whoever counts may round by one of the unit."""
    read = [one for match in _LONG.finditer(said) if (one := _duration(match, today))]
    if not read and _NEW.search(said):
        return Span(spans.months_earlier(today, NEW_MONTHS), today)
    return read[0] if len(read) == 1 else None


def _duration(match: re.Match[str], today: dt.date) -> Span | None:
    unit, bound = match["unit"], _bound(match) or ("some" if match["odd"] else None)
    if not (match["count"] or match["few"] or match["half"] or bound):
        return None  # "năm" by itself
    by_months, size = _UNITS[unit[:2]]

    def ago(count: int) -> dt.date:
        return spans.months_earlier(today, count) if by_months else today - dt.timedelta(days=count)

    if match["few"]:
        return _few(match, today, ago, size)
    half = match["count"] in ("nua", "half a", "half an")
    count = int(match["count"]) if (match["count"] or "").isdecimal() else int(not half)
    extra = size // 2 if half or match["half"] else int(match["months"] or 0)
    return _around(bound, ago, count * size + extra, max(size // 4, 1) if extra else size)


def _few(match: re.Match[str], today: dt.date, ago: Callable[[int], dt.date], size: int) -> Span | None:
    if match["few"] == "may" and not _TELLS_NOT_ASKS.search(match.string):
        return None  # "mấy tháng" asks
    return Span(OLDEST_COMPANY, ago(13)) if size == 12 else Span(ago(10 * size), min(ago(1), today))


def _around(bound: Bound | None, ago: Callable[[int], dt.date], count: int, rounding: int) -> Span | None:
    one_day, latest = dt.timedelta(days=1), ago(0)
    match bound:
        case "less" | "most":
            return spans.span(ago(count) + one_day * (bound == "less"), latest)
        case "nearly":
            return spans.span(ago(count) + one_day, ago(max(count - max(rounding // 2, 1), 0)))
        case "some":
            return spans.span(ago(count + rounding) + one_day, ago(count) - one_day)
        case "more" | "least":
            return spans.span(OLDEST_COMPANY, ago(count) - one_day * (bound == "more"))
    newest = ago(count - rounding) - one_day if count > rounding else latest
    return spans.span(ago(count + rounding) + one_day, newest)


def _with_whole_years(said: str, today: dt.date) -> str:
    """ "2k5" → "2005", "sn 05" → "2005"."""
    said = re.sub(r"\b2k(\d?\d)?\b", lambda m: str(2000 + int(m[1] or 0)), said)
    return re.sub(
        r"\b(?:sinh|sn|born)(?: nam)? ?'?(\d\d)\b(?! ?(?:tuoi|/))", lambda m: str(_century(m[1], today)), said
    )


def _century(two_digits: str, today: dt.date) -> int:
    year = 2000 + int(two_digits)
    return year if year <= today.year else year - 100


def _decade(said: str) -> Span | None:
    match = re.search(r"\b([5-9])x\b", said)
    return Span(dt.date(1900 + int(match[1]) * 10, 1, 1), dt.date(1909 + int(match[1]) * 10, 12, 31)) if match else None


_AGE = re.compile(
    _bounded(least="tu|du|from")
    + r"(?<![\d/.,-])(?P<low>\d{1,3})(?: ?(?:-|den|toi|to|hay|hoac) ?(?P<high>\d{1,3}))?(?![\d/%-])"
    r"(?: ?(?P<unit>tuoi|t|yo|years? old|yrs?(?: old)?)\b)?(?: (?P<after>may|hon|le|tro len|tro xuong)\b)?"
)
_NOT_YET = re.compile(r"\b(?:nua|sang nam|(?:nam|thang) (?:sau|toi)|next|in \d+)\b")
# What may stand beside an age that is only a number; "lớp 12" and "2 đứa" are none.
_BESIDE_AGE = frozenset(
    """da vang a u uh em chau con toi minh tui no anh chi bac co chu ban nha gai trai sinh vien nguoi dang ky la thi
    duoc moi co cung nam nay tuoi roi thoi nhe day i am m im he she is it son daughter my me just now years""".split()
)


def _by_age(said: str, today: dt.date) -> Span | None:
    """Everyone of the age that the text says; None for a text with several, or about a day to come."""
    ages = [match for match in _AGE.finditer(said) if int(match["low"]) <= OLDEST_PERSON]
    with_unit = [match for match in ages if match["unit"]]
    chosen = with_unit or ages
    if len(chosen) != 1 or _NOT_YET.search(said):
        return None
    (match,) = chosen
    if not with_unit:
        beside = re.findall(r"\w+", said[: match.start()] + said[match.end() :])
        if not _BESIDE_AGE.issuperset(beside) or int(match["low"]) < YOUNGEST_WITHOUT_UNIT:
            return None
    if re.search(r"\bnam nay\b", said) and _bound(match) is None and not match["high"] and not match["after"]:
        # "năm nay 18" counts calendar years: the birthday may still come
        return spans.months(today.year - int(match["low"]), 1, 12)
    youngest, oldest = _ages(match)
    return spans.born_for_age(max(youngest, 0), min(oldest, OLDEST_PERSON), today) if youngest <= oldest else None


def _ages(match: re.Match[str]) -> tuple[int, int]:
    low, after = int(match["low"]), match["after"]
    match {"tro len": "least", "tro xuong": "most"}.get(after) or _bound(match):
        case "less":
            return 0, low - 1
        case "most":
            return 0, low
        case "nearly":
            return low - 2, low - 1
        case "least":
            return low, OLDEST_PERSON
        case "more":
            return low + 1, OLDEST_PERSON
        case "about":
            return low - 2, low + 2
        case "some":
            return low, low + 9 if low % 10 == 0 else OLDEST_PERSON
    return low, low + 9 if after else int(match["high"] or low)
