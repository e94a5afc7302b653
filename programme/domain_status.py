"""What an owner says about the shop's domain name: "dùng từ 3/2025, hết hạn 15/8/2027", "chưa nộp hồ sơ"."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from programme.dates_said import dates_in
from programme.domain_names import DomainStatus, State, Tld
from programme.numbers_said import with_digits
from programme.spans import Span, month
from programme.yes_or_no import asks


@dataclass(frozen=True)
class StatusSaid:
    """As the owner said it: a day, a month or less exact; None = not said."""

    tld: Tld
    state: State
    since: Span | None = None
    until: Span | None = None

    @property
    def leaves_month_open(self) -> bool:
        """Whether it names an end that is not exact enough to be kept ("hết hạn năm sau")."""
        return self.until is not None and not self.until.is_within_a_month

    def as_kept(self) -> DomainStatus:
        """Of a month its first day, so that a reminder comes too early rather than too late; of a year nothing."""
        since, until = (one.first if one and one.is_within_a_month else None for one in (self.since, self.until))
        return DomainStatus(self.tld, self.state, since, until)


_OURS = re.compile(r"\b(biz|id) ?(?:\.|cham )? ?vn\b|\b(biz)\b")
# any other ending: ".com", "chấm com", "com.vn", or ".vn" by itself
_OTHERS = re.compile(r"(?:\.|\bcham )(?:com|net|org|info|shop|store|site|online|xyz|top|io|co|me|pro|vn)\b|\bcom vn\b")
_NOT = r"(?:chua|khong|ko|k|kg|hong|hok|hem)"
_NOT_WAITING = r"(?<!\bchua )(?<!\bkhong )(?<!\bko )(?<!\bk )"
_WAITS = re.compile(
    rf"{_NOT_WAITING}\b(?:nop (?:ho so|don|roi|xong)|da nop|dang (?:cho|xin)|cho (?:cap|duyet)"
    rf"|applied|waiting|pending)\b|\b{_NOT} (?:duoc |thay )?duyet\b"
)
# "chưa hết hạn" and "không nhớ ngày" say that there is one
_HAS_NONE = re.compile(
    rf"\b{_NOT} (?:bao gio |tung |kip |he |thay |duoc )*(?:co|dang ky|dk|dky|lam|mua|xin|cap|nhan|lay|nop|tao)\b"
    r"(?! (?:web|website|trang|email|ai)\b)|\b(?:no domain|without (?:a )?domain|not yet)\b"
    r"|\b(?:don ?'?t|do not|haven ?'?t|have not|not) (?:yet )?(?:have|got|own|registered?|applied)\b"
)
_HAS_ENDED = re.compile(rf"{_NOT_WAITING}\b(?:da )?(?:het han|qua han) (?:roi|mat)\b|\b(?:da het han|expired)\b")
_IN_USE = re.compile(
    r"\b(?:co|da|roi|duoc cap|dung|su dung|xai|mua|gia han|con han|chua het han|using|registered|got|have|has|active"
    r"|own)\b"
)
_ENDS = r"het (?:han|hieu luc)|den han|toi han|han (?:den|toi)|den|expires?|until|ends?"
_STARTS = r"tu|dung|su dung|xai|co|cap|dang ky|mua|kich hoat|since|from|registered|started"
_LABEL = re.compile(rf"\b(?:(?P<ends>{_ENDS})|(?P<renewed>gia han|renewed)|{_STARTS})\b")


def read_status(text: str, today: dt.date) -> StatusSaid | None:
    """The status that a sentence states; None when it does not say clearly, asks, or is about another kind of name."""
    said = with_digits(text)
    tld = _tld(said)
    if tld is None or "?" in text:
        return None
    since, until = _days(said, today)
    if _WAITS.search(said) and until is None:
        return StatusSaid(tld, "applied")
    if until is not None:
        return StatusSaid(tld, "active", since, until)
    if _HAS_NONE.search(said):
        return StatusSaid(tld, "none")
    if _HAS_ENDED.search(said) or not _IN_USE.search(said) or asks(text):
        return None
    return StatusSaid(tld, "active", since)


def tells_days_of_ours(text: str, today: dt.date) -> StatusSaid | None:
    """The status of a .biz.vn or .id.vn that is named with its days: plain enough, whatever else it looks like."""
    status = None if asks(text) else read_status(text, today)
    return status if status and (status.since or status.until) and _OURS.search(with_digits(text)) else None


def _tld(said: str) -> Tld | None:
    """.biz.vn unless another is named; None for names that the programme does not give."""
    match = _OURS.search(said)
    if match:
        return "id.vn" if match[1] == "id" else "biz.vn"
    return None if _OTHERS.search(said) else "biz.vn"


def _days(said: str, today: dt.date) -> tuple[Span | None, Span | None]:
    """Since when and until when: every date belongs to the nearest word before it that says which."""
    past, coming = dates_in(said, today), dates_in(said, today, coming=True)
    since: Span | None = None
    until: Span | None = None
    for was, will in zip(past, coming, strict=True):
        labels = list(_LABEL.finditer(said, 0, was.start))
        label = labels[-1] if labels else _LABEL.search(said, was.end) if len(past) == 1 else None
        if (label and label["ends"]) or (was.span and was.span.first > today):
            until = until or _whole(will.span)
        elif not (label and label["renewed"]):
            since = since or _whole(was.span)
    return since, until


def _whole(span: Span | None) -> Span | None:
    """Days and months stay as they are; a week is kept as its month."""
    return month(span.first.year, span.first.month) if span and span.is_within_a_month and not span.is_a_day else span
