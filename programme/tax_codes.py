"""Tax codes as they are written in lists: ten digits with a check digit, thirteen of a branch, or, since 1/7/2025, the
twelve of a person's own number (Circular 86/2024/TT-BTC, article 5), of which only the form is checked here.
"""

from __future__ import annotations

import re

_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_DIGITS, _BRANCH_DIGITS, _PERSON_DIGITS = 10, 13, 12
_LAST_PROVINCE = 96  # a person's number begins with the code of a province: 001 to 096


class TaxCodeInvalid(ValueError):
    """`code` for programs: tax_code_form, tax_code_check; the text (Vietnamese) for people."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


def read_tax_code(text: str) -> str:
    """The digits alone. A spreadsheet drops leading zeros: they are put back where the check digit then fits.

    Raises TaxCodeInvalid.
    """
    digits = re.sub(r"\.0+$", "", text.strip().strip("'"))
    digits = re.sub(r"[\s.\-]", "", digits)
    if not (digits.isascii() and digits.isdigit()):
        raise _form(text)
    if len(digits) == _PERSON_DIGITS and 1 <= int(digits[:3]) <= _LAST_PROVINCE:
        return digits
    for wanted in (_DIGITS, _BRANCH_DIGITS):
        if wanted - 2 <= len(digits) < wanted and _fits(padded := digits.zfill(wanted)):
            return padded
    if len(digits) == _PERSON_DIGITS - 1 and int(digits[:2]) <= _LAST_PROVINCE:
        return digits.zfill(_PERSON_DIGITS)
    if len(digits) not in (_DIGITS, _BRANCH_DIGITS):
        raise _form(text)
    if not _fits(digits):
        raise TaxCodeInvalid("tax_code_check", f'mã số thuế "{text[:20]}" sai chữ số kiểm tra; xem lại từng chữ số')
    return digits


def _fits(digits: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    return 10 - total % 11 == int(digits[9])


def _form(text: str) -> TaxCodeInvalid:
    return TaxCodeInvalid("tax_code_form", f'mã số thuế "{text[:20]}" phải có 10, 12 hoặc 13 chữ số')
