"""Telephone numbers in what an owner writes: their own, for a call back, or one that they tell about."""

from __future__ import annotations

import re
from typing import Literal

from programme.acts_said import PHONE, clauses, person_refused
from store.contacts import find_phone, normalise_phone

ScamEntry = Literal["ask_scam_lost_money", "ask_scam_check"]

_NUMBER = re.compile(r"(?<![\d.])(?:\+84|84|0)(?:[ .-]?2(?:[ .-]?\d){9}|[ .-]?[35789](?:[ .-]?\d){8})(?!\d)")
_SELF = r"(?:toi|tui|minh|em|anh|chi|bac|chu|chau|cô|co|ong|ba|nha|shop|quan|tiem|cua hang|me|my|us)"
_CALL = r"(?:goi|alo|dien|lien he|lien lac|call|phone|ring)"
_SOFT = r"(?:lai|dien|thoai|giup|gium|dum|ho|hộ|ngay|gap|gấp|luon|voi|nhe|nha|di|a|qua|vao|theo|den)"
_NUMBER_WORD = (
    r"(?:(?:so|sdt|dt|dien thoai|zalo|may|hotline|number|phone)(?: (?:dien thoai|dt|phone|may|zalo|nay|number|day))?)"
)
# "gọi lại cho chị", "gọi chị", "gọi số 0912…", "call me back"
_WISH = re.compile(
    rf"\b{_CALL}(?: {_SOFT})*(?: cho)?(?: {_SOFT})* (?:{_SELF}\b|(?:{_NUMBER_WORD} )?(?:la )?{PHONE}\b)"
    rf"|\b(?:can|muon|nho|xin|hay|vui long|please) (?:\w+ ){{0,2}}?{_CALL} lai\b|\bgoi lai(?: {_SOFT})*$"
    r"|\bcall(?: me)? back\b"
)
# The writer has called, or asks whether to.
_CALLED_ONESELF = re.compile(
    rf"\b(?:toi|tui|minh|bac|chi|anh|chau|chu|cô|i|da) (?:da |vua |moi |co )?{_CALL} (?!{_SELF}\b)"
)
_ASKS = re.compile(
    r"\b(?:co nen|co phai|phai (?:khong|ko|k)|dung (?:khong|ko|k)|co dung|la ai|cua ai|so nao|la so (?:ai|nao|gi))\b"
)
_OWN_AFTER = rf"(?: (?:nay|do|day))?(?: (?:la|cua|so))* (?:cua )?{_SELF}\b"
# Somebody called, wrote or cheated from the number; or it belongs to somebody else.
_DOES = r"(?:goi|nhan|dien|alo|lua|xung|tu xung|nhay|spam|doi|quay|bao|noi|hoi|keu|moi|called|texted)"
_DOES_TO_ME = re.compile(
    rf"{PHONE}(?: (?:nay|do|kia|no|cu|lai|vua|moi|hay|toan|da|đã|hom qua|sang nay))* {_DOES}\b"
    rf"|\b(?:co so|tu so|so lạ|so lua|thue bao|bi so|nhan duoc|ke|thang|bon|no|nó|from)(?: \w+){{0,4}} {PHONE}"
    rf"|{PHONE}(?: \w+){{0,2}} (?:la (?:so )?)?(?:cua|thuoc) (?!{_SELF}\b)|{PHONE}(?: nay)? (?:la lua|lua dao|la ai)\b"
)
_ASKED_OF_US = re.compile(
    rf"{PHONE}(?: (?:nay|do))* (?:goi lai (?:cho )?(?:{_SELF}\b|{_SOFT}\b|$)"
    rf"|{_CALL} (?:cho )?{_SELF}(?: (?:{_SOFT}|{_SELF}))*$)"
)
_TELLS = re.compile(
    rf"\b(?:xung|tu xung|gia danh|mao danh|lua|doi tien|doi phi|hoai|suot|lien tuc"
    r"|bao (?:toi|la|phai|nop|em|chuyen)|noi la|hom qua|sang nay|hom nao|vua goi)\b"
    rf"|\b(?:can bo|nhan vien|ai|nguoi|no|nó|ben)(?: \w+){{0,2}} {_CALL} cho {_SELF} (?:bao|noi|doi|yeu cau|hoi)\b"
)
_OWN = re.compile(
    rf"\b{_NUMBER_WORD} (?:cua )?{_SELF}(?: (?:la|nay|day|o))* {PHONE}\b"
    rf"|{PHONE} (?:nay )?(?:la |day la )?(?:so |sdt )?(?:\w+ )?cua {_SELF}\b"
    rf"|{PHONE} (?:nay )?la so {_SELF}\b|\bmy (?:phone )?number (?:is )?{PHONE}\b"
    rf"|^(?:(?:da|em|oi|ad|a|{_SELF}) )*"
    rf"(?:so|sdt|dt|zalo|dien thoai|so dien thoai|so dt)(?: la)? {PHONE}(?: (?:a|nhe|nha|em|ad))*$"
)

_LOST = re.compile(
    r"(?<!co )(?<!khong )(?<!ko )(?<!k )(?<!phai )(?<!so )\bmat (?:het |sach |toi )?(?:\w+ )?tien\b"
    r"(?! (?:gi |phi )?(?:khong|ko|k|hong)\b)"
    r"|\b(?:bi|no|nó|chung|ke gian) lua (?:mat|het|lay|tien|\d)|\blua (?:mat|het|tien|lay|toi mat)\b"
    r"|\b(?:da|đã|lo|vua|tro|trot) chuyen (?:khoan|tien)\b(?=.*\b(?:cho no|nó|ke|chung|lua)\b)|\bbi tru tien\b"
    r"|\blost (?:my |all my )?money\b"
)
_SCAM = re.compile(
    r"\blua (?:dao|toi|em|minh|bac|chi|anh|chu|cô)\b|\b(?:bi|ke|bon|thang) lua\b(?! chon)"
    r"|\botp\b|\b(?:gia|mao) danh\b|\bscam"
)
_SCAM_SPELT = re.compile(r"\blừa\b")


def wants_call(text: str) -> bool:
    """Whether the message gives a number and the wish to be called at it."""
    said = _with_marks(text)
    return (
        any(_is_own_or_open(clause) for clause in said)
        and any(_wishes(clause) for clause in said)
        and not person_refused(text)
    )


def own_number(text: str) -> bool:
    """Whether the message introduces a number as its writer's own."""
    return any(_OWN.search(clause) and not _ASKS.search(clause) for clause in _with_marks(text))


def callback_phone(text: str) -> str | None:
    """The number to call its writer at, in E.164: the first one that is not told about somebody else's."""
    phone = find_phone(text)
    said = [clause for clause in _with_marks(text) if PHONE in clause]
    return phone if phone and (not said or any(_is_own_or_open(clause) for clause in said)) else None


def scam_told(text: str) -> ScamEntry | None:
    """The entry whose advice must not wait for a person: money is lost, or somebody tries to get it."""
    said = clauses(text)
    if any(_LOST.search(clause) for clause in said):
        return "ask_scam_lost_money"
    return "ask_scam_check" if any(_SCAM.search(c) for c in said) or _SCAM_SPELT.search(text.lower()) else None


def _with_marks(text: str) -> list[str]:
    return clauses(_NUMBER.sub(lambda m: f" {PHONE} " if normalise_phone(m[0]) else m[0], text))


def _is_own_or_open(clause: str) -> bool:
    """Whether a clause has a number that is not somebody else's."""
    if PHONE not in clause:
        return False
    if _OWN.search(clause) or _ASKED_OF_US.search(clause):
        return True
    return not (_DOES_TO_ME.search(clause) or _TELLS.search(clause) or _ASKS.search(clause))


def _wishes(clause: str) -> bool:
    if not _WISH.search(clause) or _ASKS.search(clause) or _CALLED_ONESELF.search(clause):
        return False
    return bool(_ASKED_OF_US.search(clause)) or not (_TELLS.search(clause) or _DOES_TO_ME.search(clause))
