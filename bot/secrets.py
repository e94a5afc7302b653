"""Takes out of a message what nobody should ever send: codes, passwords, card and identity numbers.

The text that is stored, logged and shown has a placeholder in its place. Works on the accent-free shadow of the text,
which is as long as the text itself, so that every way of writing is found and nothing else is touched.
"""

from __future__ import annotations

import re
import unicodedata

OTP, PASSWORD, CARD, ID_CARD = "otp", "password", "card", "id_card"
PLACEHOLDER = {
    OTP: "[đã che: mã OTP]",
    PASSWORD: "[đã che: mật khẩu]",
    CARD: "[đã che: số thẻ]",
    ID_CARD: "[đã che: số căn cước]",
}
_BETWEEN = r"(?:\W{1,3}(?!\d)\w{1,12}){0,4}?\W{1,3}"
_CODE = r"(?:otp|ma xac (?:thuc|nhan|minh)|verification code|one.time code)"
_OTP = (
    re.compile(rf"\b{_CODE}\b{_BETWEEN}(?P<secret>\d{{4,8}})(?![\d.,/]*\d)"),
    re.compile(
        rf"(?<![\d./,])(?P<secret>\d{{4,8}})(?![\d.,/]*\d)\W{{1,3}}(?:la|is)\W{{1,3}}(?:\w+\W{{1,3}})?{_CODE}\b"
    ),
)
# A password follows its name and a sign or "là"; what asks ("là gì", "là sao") is no password.
_ASKED = r"(?!gi\b|j\b|sao\b|nao\b|the\b|bao\b|what\b|dau\b|cua\b|do\b|chua\b|khong\b|ko\b)"
_PASSWORD = re.compile(
    rf"\b(?:mat khau|password|pass|mk|pwd)\b(?:\W{{1,3}}\w{{1,12}}){{0,3}}?\W{{0,2}}"
    rf"(?:[:=]|\bla\b|\bis\b)\s*{_ASKED}(?P<secret>[^\s,;]{{4,64}})"
)
_PASSWORD_BARE = re.compile(r"\b(?:pass|mk|password|mat khau)\s+(?P<secret>(?=\S*\d)(?=\S*[a-z])[^\s,;]{4,64})")
_CARD = re.compile(r"(?<![\d.,+])(?P<secret>[2-6]\d{3}(?:[ -]?\d){9,15})(?![\d.,]*\d)")
_CVV = re.compile(r"\b(?:cvv2?|cvc2?)\b\W{1,3}(?:(?:la|is)\W{1,3})?(?P<secret>\d{3,4})\b")
_ID_CARD = re.compile(r"(?<![\d.,+])(?P<secret>0\d{2} ?[0-3]\d{2} ?\d{3} ?\d{3})(?![\d.,]*\d)")
_OLD_ID_CARD = re.compile(
    rf"\b(?:cmnd|cmt|chung minh(?: nhan dan| thu)?|can cuoc|cccd)\b{_BETWEEN}(?P<secret>\d{{9}})(?!\d)"
)
_PROVINCES = range(1, 97)


def mask(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with placeholders, and the kinds that were found. Masking again changes nothing."""
    shadow = _shadow(text)
    found: list[tuple[int, int, str]] = []
    for pattern in _OTP:
        found += [(*match.span("secret"), OTP) for match in pattern.finditer(shadow)]
    for pattern in (_PASSWORD, _PASSWORD_BARE):
        found += [(*match.span("secret"), PASSWORD) for match in pattern.finditer(shadow)]
    found += [(*m.span("secret"), CARD) for m in _CARD.finditer(shadow) if _is_card(m["secret"])]
    found += [(*match.span("secret"), CARD) for match in _CVV.finditer(shadow)]
    found += [(*m.span("secret"), ID_CARD) for m in _ID_CARD.finditer(shadow) if int(m["secret"][:3]) in _PROVINCES]
    found += [(*match.span("secret"), ID_CARD) for match in _OLD_ID_CARD.finditer(shadow)]
    kinds: list[str] = []
    at = len(text)
    for start, end, kind in sorted(found, reverse=True):
        if end > at or text[start:end].startswith("[đã"):
            continue  # overlaps what was masked already
        text, at = text[:start] + PLACEHOLDER[kind] + text[end:], start
        kinds.append(kind)
    return text, tuple(dict.fromkeys(reversed(kinds)))


def _is_card(written: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1)."""
    digits = [int(character) for character in written if character.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + doubled) % 10 == 0


def _shadow(text: str) -> str:
    """Lower case without accents, character for character."""
    return "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    if character in "đĐ":
        return "d"
    plain = unicodedata.normalize("NFD", character)[0].lower()
    return plain if len(plain) == 1 else character
