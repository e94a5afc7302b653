"""The free domain names: who may have one, and what an owner says about the one they have. No I/O.

The limits are the province's (content/<province>/domain.yaml), the words its pack's; here is only how they are asked
and compared.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from programme.packs import Slug
from programme.yaml_source import ContentModel, read_yaml
from store.text import folded_words

Tld = Literal["biz.vn", "id.vn"]
State = Literal["none", "applied", "active"]
Applicant = Literal["household", "company", "citizen"]
Question = Literal["applicant", "certificate", "founded", "age"]

OLDEST_YEAR = 1945


class DomainOffer(ContentModel):
    """Who gets a free name: companies within `company_years` of their founding, citizens of these full ages."""

    document: Slug
    company_years: Annotated[StrictInt, Field(ge=1)]
    citizen_from: Annotated[StrictInt, Field(ge=1)]
    citizen_to: Annotated[StrictInt, Field(ge=1)]


def load_domain_offer(path: Path) -> DomainOffer | None:
    """The province's offer; None when its pack has none. Raises ContentError."""
    return read_yaml(path).validate(DomainOffer) if path.exists() else None


@dataclass(frozen=True)
class Case:
    """What is known of the person who asks; None = not asked yet."""

    applicant: Applicant | None = None
    certificate: bool | None = None
    founded: dt.date | None = None
    age: int | None = None

    def as_slot(self) -> dict[str, Any]:
        return {k: str(v) if isinstance(v, dt.date) else v for k, v in vars(self).items() if v is not None}

    @classmethod
    def from_slot(cls, slot: dict[str, Any] | None) -> Case:
        known = dict(slot or {})
        if "founded" in known:
            known["founded"] = dt.date.fromisoformat(known["founded"])
        return cls(**known)


def next_question(case: Case) -> Question | None:
    """What must be asked next; None when the verdict is certain."""
    if case.applicant is None:
        return "applicant"
    if case.applicant == "household":
        return "certificate" if case.certificate is None else None
    if case.applicant == "company":
        return "founded" if case.founded is None else None
    return "age" if case.age is None else None


def verdict(case: Case, offer: DomainOffer, on: dt.date) -> str:
    """The id of the pack entry that says whether this complete case qualifies, and why."""
    if case.applicant == "household":
        return "domain_household_yes" if case.certificate else "domain_household_no_certificate"
    if case.applicant == "company":
        young = case.founded is not None and on <= _years_later(case.founded, offer.company_years)
        return "domain_company_yes" if young else "domain_company_no"
    in_age = case.age is not None and offer.citizen_from <= case.age <= offer.citizen_to
    return "domain_citizen_yes" if in_age else "domain_citizen_no"


def answered(case: Case, question: Question, text: str, today: dt.date) -> Case | None:
    """The case with the owner's answer to `question`; None when the text does not answer it."""
    known = vars(case)
    if question == "applicant":
        applicant = read_applicant(text)
        return Case(**{**known, "applicant": applicant}) if applicant else None
    if question == "certificate":
        has = read_yes_no(text)
        return None if has is None else Case(**{**known, "certificate": has})
    if question == "founded":
        founded = read_founding(text, today)
        return Case(**{**known, "founded": founded}) if founded else None
    age = read_age(text, today)
    return None if age is None else Case(**{**known, "age": age})


_HOUSEHOLD = re.compile(r"\b(ho( ca the| kinh doanh| kd)|hkd|ca the|cua hang|tap hoa|quan|household|shop)\b|\bho\b")
_COMPANY = re.compile(r"\b(cong ty|cty|doanh nghiep|dn|tnhh|co phan|company|firm)\b")
_CITIZEN = re.compile(r"\b(ca nhan|sinh vien|hoc sinh|thanh nien|con (trai|gai|toi|em|chau)|private|student|person)\b")
_NO = re.compile(r"\b(chua|khong|ko|k|kg|hong|hok|no|not|none|nope|lam gi co|mat roi|dang lam)\b")
_YES = re.compile(r"\b(co|roi|da|duoc|u|uh|uk|ok|vang|dung|du|yes|yep|have|sure)\b")


def read_applicant(text: str) -> Applicant | None:
    """ "cty tnhh" → company; None for what names none or several of them."""
    words = " ".join(folded_words(text))
    found: list[Applicant] = []
    if _HOUSEHOLD.search(words):
        found.append("household")
    if _COMPANY.search(words):
        found.append("company")
    if _CITIZEN.search(words):
        found.append("citizen")
    return found[0] if len(found) == 1 else None


def read_yes_no(text: str) -> bool | None:
    """A short answer to "have you …?"; "chưa có" is a no. None for a question or a long story."""
    words = folded_words(text)
    if not words or len(words) > 8 or "?" in text:
        return None
    said = " ".join(words)
    if said.endswith((" chua", " khong", " ko")) and len(words) > 2:
        return None  # "có cần giấy không" asks
    if _NO.search(said):
        return False
    return True if _YES.search(said) else None


_DAY = re.compile(r"(?<!\d)(\d{1,2})\s?[/.-]\s?(\d{1,2})\s?[/.-]\s?(\d{4})(?!\d)")
_MONTH = re.compile(r"(?<!\d)(\d{1,2})\s?[/.-]\s?(\d{4})(?!\d)")
_SPOKEN = re.compile(r"(?:ngay (\d{1,2}) )?(?:thang|t) ?(\d{1,2})(?: (?:nam )?(\d{4}|nay|ngoai|sau|truoc))?")
_YEAR = re.compile(r"(?:nam )?\b((?:19|20)\d\d)\b")
_RELATIVE_YEAR = {"nay": 0, "ngoai": -1, "truoc": -1, "sau": 1}
_AGO = re.compile(r"\b(\d{1,2}|mot|hai|ba|bon|nam|sau|bay|tam|chin|muoi|nua|a|one|two|three) (nam|thang|year|month)")
_NUMBERS = {w: n for n, w in enumerate("khong mot hai ba bon nam sau bay tam chin muoi".split())}
_NUMBERS |= {"a": 1, "one": 1, "two": 2, "three": 3}


def read_date(text: str, today: dt.date) -> dt.date | None:
    """The day a text names; a month alone is its first day, a year alone its first of January."""
    words = " ".join(folded_words(text))
    if match := _DAY.search(text):
        return _date(int(match[3]), int(match[2]), int(match[1]))
    if match := _MONTH.search(text):
        return _date(int(match[2]), int(match[1]), 1)
    if match := _SPOKEN.search(words):
        year = match[3] or "nay"
        named = today.year + _RELATIVE_YEAR[year] if year in _RELATIVE_YEAR else int(year)
        return _date(named, int(match[2]), int(match[1] or 1))
    if match := _YEAR.search(words):
        return _date(int(match[1]), 1, 1)
    relative = re.search(r"\bnam (nay|ngoai|truoc|sau)\b", words)
    return _date(today.year + _RELATIVE_YEAR[relative[1]], 1, 1) if relative else None


def read_founding(text: str, today: dt.date) -> dt.date | None:
    """When a company was founded: a date, or how long ago ("được 3 năm rồi"). Never in the future."""
    founded = read_date(text, today)
    if founded is None and (match := _AGO.search(" ".join(folded_words(text)))):
        if match[1] == "nua":
            months = 6
        else:
            count = int(match[1]) if match[1].isdigit() else _NUMBERS[match[1]]
            months = count * (12 if match[2] in ("nam", "year") else 1)
        founded = _months_earlier(today, months)
    return founded if founded is not None and dt.date(OLDEST_YEAR, 1, 1) <= founded <= today else None


def read_age(text: str, today: dt.date) -> int | None:
    """A person's age in full years, from a number or the year of birth; None for what cannot be one."""
    words = folded_words(text)
    for word in words:
        if word.isdigit() and OLDEST_YEAR <= int(word) <= today.year:
            return today.year - int(word)
        if word.isdigit() and 0 < int(word) < 110:
            return int(word)
    spoken = [_NUMBERS[word] for word in words if word in _NUMBERS and word not in ("a", "nam", "khong")]
    if "muoi" in words and len(spoken) >= 2:  # "hai mươi", "mười chín", "hai mươi hai"
        ten = words.index("muoi")
        before = _NUMBERS.get(words[ten - 1], 1) if ten and words[ten - 1] in _NUMBERS else 1
        after = _NUMBERS.get(words[ten + 1], 0) if ten + 1 < len(words) else 0
        return before * 10 + after
    return None


@dataclass(frozen=True)
class DomainStatus:
    """What an owner says about the shop's domain name. Days are calendar days; None = not said."""

    tld: Tld
    state: State
    active_since: dt.date | None = None
    expires_on: dt.date | None = None


_ENDS = re.compile(r"\b(het han|den han|gia han|expire|expires|until|renew)\b")
_WAITS = re.compile(r"\b(nop ho so|da nop|cho duyet|dang cho|cho cap|dang xin|applied|waiting|pending)\b")
_HAS_NONE = re.compile(r"\b(chua|khong|ko|k|hong|no|not|dont)\b")


def read_status(text: str, today: dt.date) -> DomainStatus | None:
    """The status that a sentence states; None when it does not say clearly."""
    words = " ".join(folded_words(text))
    tld: Tld = "id.vn" if re.search(r"\bid vn\b", words) else "biz.vn"
    named = read_date(text, today)
    if _ENDS.search(words) and named is not None:
        return DomainStatus(tld, "active", expires_on=named)
    if _WAITS.search(words):
        return DomainStatus(tld, "applied")
    if _HAS_NONE.search(words):
        return DomainStatus(tld, "none")
    if _YES.search(words) or re.search(r"\b(dang dung|su dung|xai|using|registered|got|my)\b", words):
        since = named if named is not None and named <= today else None
        return DomainStatus(tld, "active", active_since=since)
    return None


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _years_later(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return dt.date(day.year + years, 2, 28)


def _months_earlier(day: dt.date, months: int) -> dt.date:
    index = day.year * 12 + day.month - 1 - months
    return dt.date(index // 12, index % 12 + 1, min(day.day, 28))
