"""The free domain names: who may have one, and what an owner says about the one they have. No I/O.

The limits are the province's (content/<province>/domain.yaml), the words its pack's; here is only how they are asked
and compared. What owners write is read by `ages_said`, `yes_or_no` and `domain_status`.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from programme.ages_said import read_born, read_founded, read_without_year, within_year
from programme.packs import Slug
from programme.spans import Span, full_years, years_later
from programme.yaml_source import ContentModel, read_yaml
from programme.yes_or_no import asks, read_yes_no
from store.text import fold, folded_words

Tld = Literal["biz.vn", "id.vn"]
State = Literal["none", "applied", "active"]
Applicant = Literal["household", "company", "citizen"]
# The last three narrow down what was said too roughly for a verdict.
Question = Literal["applicant", "certificate", "founded", "age", "founding_year", "founding_day", "birthday"]
# So short, a message that names another applicant only corrects the one that was noted.
SHORT_WORDS = 5


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
    """What is known of the person who asks, and whose rules count (a pack id); None = not asked yet.

    `yearless`: a founding month or day that was said without its year, in some year.
    """

    province: str | None = None
    applicant: Applicant | None = None
    certificate: bool | None = None
    founded: Span | None = None
    born: Span | None = None
    yearless: Span | None = None

    def as_slot(self) -> dict[str, Any]:
        return {k: v.as_text() if isinstance(v, Span) else v for k, v in vars(self).items() if v is not None}

    @classmethod
    def from_slot(cls, slot: dict[str, Any] | None) -> Case:
        """Reads `as_slot`; what an older version noted besides is asked again."""
        known = {one.name: slot[one.name] for one in fields(cls) if slot and one.name in slot}
        known.update({name: Span.from_text(known[name]) for name in ("founded", "born", "yearless") if name in known})
        return cls(**known)


def qualifies(case: Case, offer: DomainOffer, on: dt.date) -> bool | None:
    """Whether a case is among those of the offer; None while what is known leaves both open."""
    if case.applicant == "household":
        return case.certificate
    if case.applicant == "company" and case.founded:
        if on <= years_later(case.founded.first, offer.company_years):
            return True
        return False if on > years_later(case.founded.last, offer.company_years) else None
    if case.applicant == "citizen" and case.born:
        oldest, youngest = full_years(case.born.first, on), full_years(case.born.last, on)
        if oldest < offer.citizen_from or youngest > offer.citizen_to:
            return False
        return True if offer.citizen_from <= youngest and oldest <= offer.citizen_to else None
    return None


def next_question(case: Case, offer: DomainOffer, on: dt.date) -> Question | None:
    """What must be asked next; None when the verdict is certain."""
    if case.applicant is None:
        return "applicant"
    if qualifies(case, offer, on) is not None:
        return None
    if case.applicant == "household":
        return "certificate"
    if case.applicant == "company":
        if case.yearless:
            return "founding_year"
        return "founding_day" if case.founded else "founded"
    return "birthday" if case.born else "age"


def verdict(case: Case, offer: DomainOffer, on: dt.date) -> str:
    """The id of the pack entry that says whether this complete case qualifies, and why."""
    if qualifies(case, offer, on):
        return f"domain_{case.applicant}_yes"
    return "domain_household_no_certificate" if case.applicant == "household" else f"domain_{case.applicant}_no"


def answered(case: Case, question: Question, text: str, today: dt.date) -> Case | None:
    """The case with the owner's answer to `question`; None when the text does not answer it."""
    if question == "applicant":
        applicant = read_applicant(text)
        return told(applicant, text, case.province, today) if applicant else None
    if question == "certificate":
        has = read_yes_no(text)
        return None if has is None else replace(case, certificate=has)
    if names_domain(text):
        return None  # "tên miền dùng từ 3/2025" is about something else
    if question in ("founded", "founding_year", "founding_day"):
        return _founded(case, text, today)
    born = _narrowed(case.born, read_born(text, today, case.born))
    return replace(case, born=born) if born else None


def corrected(case: Case, text: str, today: dt.date, is_closed: bool = False) -> Case | None:
    """The case after a message that takes back what was said before; None for every other message.

    `is_closed`: the verdict was given. Then only a word of correction takes something back, and it may also bring
    another answer to the last question ("à nhầm, có rồi").
    """
    written, takes_back = unicodedata.normalize("NFC", text).lower(), _takes_back(text)
    words = folded_words(text)
    applicant, denied = read_applicant(text), _DENIED.search(_with_pauses(text))
    if case.applicant is None:
        return None
    if applicant not in (None, case.applicant):
        in_passing = is_closed or len(words) > SHORT_WORDS or asks(text) or _NAMES_PAPER.search(" ".join(words))
        return told(applicant, text, case.province, today) if takes_back or not in_passing else None
    if denied and not applicant and read_applicant(denied["applicant"]) == case.applicant and not asks(text):
        return Case(province=case.province)
    if is_closed and (takes_back or written.strip().isdecimal()):
        last: Mapping[Applicant, Question] = {"household": "certificate", "company": "founded", "citizen": "age"}
        anew = Case(case.province, case.applicant)
        return answered(anew, last[case.applicant], _TAKES_BACK.sub(" ", written), today)
    return None


def _founded(case: Case, text: str, today: dt.date) -> Case | None:
    known = case.founded
    rough = None if known and known.first.year == known.last.year else read_without_year(text, today)
    if rough:
        return None if rough == case.yearless else replace(case, yearless=rough)
    said = read_founded(text, today, known)
    founded = _narrowed(known, within_year(case.yearless, said) if case.yearless and said else said)
    return replace(case, founded=founded, yearless=None) if founded else None


def told(applicant: Applicant, text: str, province: str | None, today: dt.date) -> Case:
    """The case as far as a sentence tells it: "công ty thành lập 1/2025 có được không", "con tôi 20 tuổi …"."""
    words = " ".join(folded_words(text))
    case = Case(province=province, applicant=applicant)
    if applicant == "company" and _FOUNDED.search(words):
        return _founded(case, text, today) or case
    if applicant == "citizen" and _AGED.search(words):
        return replace(case, born=read_born(text, today))
    if applicant == "household":
        has, has_not = _HAS_PAPER.search(words), _HAS_NO_PAPER.search(words)
        return replace(case, certificate=has is not None) if bool(has) != bool(has_not) else case
    return case


def _narrowed(known: Span | None, said: Span | None) -> Span | None:
    """What is known after `said`: a contradiction corrects, but the same again is no answer."""
    if known is None or said is None:
        return said
    both = known.shared_with(said) or said
    return None if both == known else both


_WORD = re.compile(r"[^\W_]+")
_WORD_OR_PAUSE = re.compile(r"[^\W_]+|[,.;:\n]")
_FOUNDED = re.compile(
    r"\b(?:thanh lap|moi lap|lap (?:tu|nam|thang|duoc|hoi)|mo (?:tu|nam|thang|duoc|hoi)|founded|set up)\b"
)
_AGED = re.compile(r"\b(?:tuoi|sinh (?:nam|ngay|thang)|\d+t|2k\d+|years? old|born)\b")
_NAMES_DOMAIN = re.compile(r"\b(?:ten mien|domain|biz vn|bizvn|id vn)\b")
_PAPER = r"(?:giay(?! to tuy than)|gpkd|gcn|dkkd|dang ky kinh doanh)"
# "có giấy rồi mới được" and "đã có giấy chưa" tell nothing
_HAS_PAPER = re.compile(
    rf"\b(?:da (?:co|lam|duoc cap)|duoc cap|co) {_PAPER}"
    r"(?: (?:phep|chung nhan|dang ky|ho|kinh doanh|to|day du|het|xong))* (?:roi|day du|dang hoang)\b(?! moi\b)"
)
_HAS_NO_PAPER = re.compile(rf"\b(?:chua|khong|ko|k) (?:he |duoc )?(?:co|lam|xin|cap) {_PAPER}\b")
_NAMES_PAPER = re.compile(r"\b(?:giay|ten|cua|cho)\b")
# with their accents where others would make them another word ("lớn", "có mà")
_TAKES_BACK = re.compile(
    r"\b(?:(?:à |a )?(?:nhầm|nham|lộn)(?: (?:rồi|roi|mất|mat))?|cơ mà|ý (?:tôi|em|mình|bác|cô) là|y (?:toi|em|minh) la"
    r"|đính chính|sửa lại|nói lại|(?:bấm|gõ|ghi|viết|chọn) sai|i mean|à không"
    r"|(?P<polite>xin lỗi|xin loi|sorry|actually)"
    r"|(?:không|khong|ko|k|kg|hông) (?:phải|phai)"
    r"(?= ?(?:[,.;]|$)| (?:là |la )?(?:tôi|toi|em|mình|minh|hộ|công|cty|cá)\b))"
)
_DENIED = re.compile(
    r"\b(?:chu )?(?:(?:khong|ko|k|kg|hong) phai(?: la)?|not an?) (?P<applicant>"
    r"ho(?: (?:ca the|kinh doanh|kd|gia dinh))?|hkd|cua hang|cong ty|cty|doanh nghiep|dn|ca nhan"
    r"|household|company|individual|private person)\b"
)
_HOUSEHOLD = re.compile(
    r"\b(?:ho (?:ca the|kinh doanh|kd|gia dinh)|hkd|ca the|cua hang|tap hoa|tiem|household|shop|store)\b"
    # "quan" without its accent is in "liên quan", "cơ quan" as well
    r"|\bquan (?:an|com|pho|bun|nuoc|tra|ca phe|cafe|nhau|toi|em|minh|nha|nho)\b|\bquán\b"
)
# "làm hộ em" is a favour, "hộ hay công ty" a question
_MAYBE_HOUSEHOLD = re.compile(r"\bho\b")
_HOUSEHOLD_ALONE = re.compile(r"(?:(?:da|em|toi|minh|nha|la|thi|a|nhe|nha) )*ho(?: (?:a|em|nhe|nha))*")
_COMPANY = re.compile(r"\b(?:cong ty|cty|doanh nghiep|dn|tnhh|co phan|company|firm)\b")
_CITIZEN = re.compile(
    r"\b(?:ca nhan|sinh vien|hoc sinh|thanh nien|con (?:trai|gai|toi|em|chau)|private|student|individual|person)\b"
)


def read_applicant(text: str) -> Applicant | None:
    """ "cty tnhh" → company; None for what names none or several of them. "Không phải hộ" names none."""
    words = " ".join(_WORD.findall(_DENIED.sub(" ", _with_pauses(text))))
    found: list[Applicant] = []
    if _HOUSEHOLD.search(words) or _HOUSEHOLD_ALONE.fullmatch(words):
        found.append("household")
    if _COMPANY.search(words):
        found.append("company")
    if _CITIZEN.search(words):
        found.append("citizen")
    if "household" not in found and _MAYBE_HOUSEHOLD.search(words):
        return None
    return found[0] if len(found) == 1 else None


def names_domain(text: str) -> bool:
    """Whether a text speaks of domain names."""
    return _NAMES_DOMAIN.search(" ".join(folded_words(text))) is not None


def names_again(case: Case, text: str) -> bool:
    """Whether a text only insists on the applicant that is noted already ("công ty cơ mà")."""
    insists = len(folded_words(text)) <= SHORT_WORDS or _takes_back(text)
    return insists and case.applicant is not None and read_applicant(text) == case.applicant and not asks(text)


def _takes_back(text: str) -> bool:
    """Whether a text has a word of correction; "xin lỗi" before a question is none."""
    said = _TAKES_BACK.finditer(unicodedata.normalize("NFC", text).lower())
    return any(not one["polite"] or not asks(text) for one in said)


def _with_pauses(text: str) -> str:
    """Folded words, with a comma for every pause: "không phải, hộ" is not "không phải hộ"."""
    written = _WORD_OR_PAUSE.findall(unicodedata.normalize("NFC", text).lower())
    # these keep their accents: without them they are other words
    return " ".join(word if word in ("quán", "còn", "họ") else fold(word) for word in written)


@dataclass(frozen=True)
class DomainStatus:
    """What is kept of a shop's domain name. Days are calendar days; None = not said."""

    tld: Tld
    state: State
    active_since: dt.date | None = None
    expires_on: dt.date | None = None
