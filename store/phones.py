"""Telephone numbers as people and spreadsheets write them. Pure: what a number is, never whose.

Until 2018 some mobile numbers had eleven digits; what is written so still is today's number with another beginning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

import phonenumbers

REGION = "VN"
LONGEST_CELL = 300
# The change of prefixes of 15/9/2018–14/11/2018 (Ministry of Information and Communications, decision 798/QĐ-BTTTT).
NEW_PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        **{f"016{last}": f"03{last}" for last in "23456789"},
        **{"0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078"},
        **{"0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082"},
        **{"0186": "056", "0188": "058", "0199": "059"},
    }
)
_OLD_DIGITS, _LOCAL_DIGITS = 11, 10
# The library's own rule for this country's mobile numbers, without its search among all kinds: twenty times as fast
_rules: Any = phonenumbers.PhoneMetadata.metadata_for_region(REGION)  # the library has no types
_MOBILE = re.compile(_rules.mobile.national_number_pattern)
# "9.01234567E+8" and "901234567.0": what a spreadsheet makes of a number
_FLOAT = re.compile(r"\d+(?:[.,]\d+)?E\+?\d{1,2}|\d{8,12}[.,]0+", re.IGNORECASE)
_CHUNK = re.compile(r"\+?\(?\+?\d[\d\s.()\-oO]*\d")
_APART = re.compile(r"[/;,|\n&]|\bhoặc\b|\bhoac\b|\bvà\b", re.IGNORECASE)
_SPACES = re.compile(r"\s+|(?<=\d)-(?=\d)|\s-\s")
_PREMIUM = ("1900", "1800", "1801")
_LEAST_DIGITS = 8
_DASHES = {ord(dash): "-" for dash in "\u2010\u2011\u2012\u2013\u2014\u2212"}


class PhoneRefused(ValueError):
    """No number of a person; `code` for programs, the text (Vietnamese) for people."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


@dataclass(frozen=True)
class Phone:
    """`number` in E.164. `is_mobile`: an SMS can reach it. `was`: the old number of eleven digits it was written as."""

    number: str
    is_mobile: bool
    was: str | None = None


def read_phone(text: str) -> Phone | None:
    """The one Vietnamese number that `text` is, however it is written; None if it is none."""
    plain = unicodedata.normalize("NFKC", text).strip().strip("'`’").translate(_DASHES)
    digits = _digits(plain)
    if digits is None:
        return None
    was = digits if len(digits) == _OLD_DIGITS and digits[:4] in NEW_PREFIXES else None
    if was:
        digits = NEW_PREFIXES[was[:4]] + was[4:]
    if digits.startswith("0") and _MOBILE.fullmatch(digits, 1):
        return Phone(f"+84{digits[1:]}", True, was)
    try:
        number = phonenumbers.parse(digits, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number_for_region(number, REGION):
        return None
    kind = phonenumbers.number_type(number)
    if kind in (phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.TOLL_FREE):
        return None
    is_mobile = kind == phonenumbers.PhoneNumberType.MOBILE
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), is_mobile, was)


def is_fixed_line(number: str) -> bool:
    """Whether a Vietnamese number in E.164 is a fixed line, which no SMS reaches: those begin with 2 and no mobile does
    (the plan of numbers of circular 22/2014/TT-BTTTT)."""
    return number.startswith("+842")


def read_phones(text: str) -> list[Phone]:
    """Every number in a cell ("0912 345 678 / 0987654321 (chị Lan)"), each once, in their order."""
    text = unicodedata.normalize("NFKC", text[:LONGEST_CELL]).strip().translate(_DASHES)
    if _FLOAT.fullmatch(text):
        one = read_phone(text)
        return [one] if one else []
    found = [phone for part in _APART.split(text) for chunk in _CHUNK.findall(part) for phone in _in_chunk(chunk)]
    return list({phone.number: phone for phone in found}.values())


def phone_for_sms(text: str) -> tuple[Phone, list[Phone]]:
    """The first mobile number in a cell, and what else stands there. Raises PhoneRefused: invalid_phone, fixed_line,
    premium_number, rounded_phone."""
    phones = read_phones(text)
    mobile = next((phone for phone in phones if phone.is_mobile), None)
    if mobile is not None:
        return mobile, [phone for phone in phones if phone is not mobile]
    if phones:
        raise PhoneRefused("fixed_line", "là số máy bàn, không nhận được tin SMS; ghi số di động")
    digits = re.sub(r"\D", "", text)
    if digits.startswith(_PREMIUM):
        raise PhoneRefused("premium_number", "là số tổng đài 1800/1900, không phải số của một người")
    if "e+" in text.casefold():
        raise PhoneRefused("rounded_phone", "Excel đã làm tròn số này; định dạng cột là Văn bản (Text) rồi gõ lại")
    raise PhoneRefused("invalid_phone", f'"{text[:30]}" không phải số điện thoại ở Việt Nam')


def _in_chunk(chunk: str) -> list[Phone]:
    whole = read_phone(chunk)
    if whole is not None:
        return [whole]
    found: list[Phone] = []
    so_far = ""
    for piece in _SPACES.split(chunk):  # two numbers with nothing but a space between
        so_far += piece
        one = read_phone(so_far) if len(so_far) >= _LEAST_DIGITS else None
        if one is not None:
            found.append(one)
            so_far = ""
    return found


def _digits(text: str) -> str | None:
    """As it is dialled here ("0912345678"), or with "+" of another country; None for what is no number."""
    if _FLOAT.fullmatch(text):
        try:
            exact = Decimal(text.replace(",", "."))
        except InvalidOperation:
            return None
        if exact != exact.to_integral_value() or not _is_exact(text, exact):
            return None
        text = f"{int(exact)}"
    if not re.fullmatch(r"[+(]*[\d\s.()\-oO]+", text):
        return None
    bare = re.sub(r"[^\d+]", "", text.replace("o", "0").replace("O", "0"))
    digits = bare.lstrip("+")
    if bare.startswith("+") and not digits.startswith("84"):
        return bare
    for country in ("0084", "084", "84"):
        rest = digits.removeprefix(country)
        # 084 is also a prefix of today's: only with a whole number behind it is it the country
        if rest != digits and len(rest.lstrip("0")) in (9, 10) and len(digits) > _LOCAL_DIGITS:
            digits = rest.lstrip("0")
            break
    return digits if digits.startswith(("0", "18", "19")) and len(digits) != 9 else f"0{digits}"


def _is_exact(text: str, value: Decimal) -> bool:
    """ "9.01E+8" has lost its end: a number of nine digits needs all of them."""
    if "e" not in text.casefold():
        return True
    mantissa = re.sub(r"\D", "", text.casefold().partition("e")[0])
    return len(mantissa) >= len(str(int(value))) - 1
