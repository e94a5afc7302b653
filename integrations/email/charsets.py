"""Bytes of a mail to text, whatever charset it claims: what Vietnamese mail programs of thirty years have sent.

Wrong names are common, so that the bytes have a say: what is UTF-8 is read as UTF-8, and TCVN3, which old programs send
as Latin-1, is told by its letters. Nothing is refused: what cannot be read becomes U+FFFD.
"""

from __future__ import annotations

import binascii
import codecs
import re
import unicodedata

# TCVN 5712:1993, VN3 (ABC): one byte a letter, capital letters with tones by a font of their own.
_TCVN3 = {
    0xA1: "Ă", 0xA2: "Â", 0xA3: "Ê", 0xA4: "Ô", 0xA5: "Ơ", 0xA6: "Ư", 0xA7: "Đ",
    0xA8: "ă", 0xA9: "â", 0xAA: "ê", 0xAB: "ô", 0xAC: "ơ", 0xAD: "ư", 0xAE: "đ",
    0xB5: "à", 0xB6: "ả", 0xB7: "ã", 0xB8: "á", 0xB9: "ạ",
    0xBB: "ằ", 0xBC: "ẳ", 0xBD: "ẵ", 0xBE: "ắ", 0xC6: "ặ",
    0xC7: "ầ", 0xC8: "ẩ", 0xC9: "ẫ", 0xCA: "ấ", 0xCB: "ậ",
    0xCC: "è", 0xCE: "ẻ", 0xCF: "ẽ", 0xD0: "é", 0xD1: "ẹ",
    0xD2: "ề", 0xD3: "ể", 0xD4: "ễ", 0xD5: "ế", 0xD6: "ệ",
    0xD7: "ì", 0xD8: "ỉ", 0xDC: "ĩ", 0xDD: "í", 0xDE: "ị",
    0xDF: "ò", 0xE1: "ỏ", 0xE2: "õ", 0xE3: "ó", 0xE4: "ọ",
    0xE5: "ồ", 0xE6: "ổ", 0xE7: "ỗ", 0xE8: "ố", 0xE9: "ộ",
    0xEA: "ờ", 0xEB: "ở", 0xEC: "ỡ", 0xED: "ớ", 0xEE: "ợ",
    0xEF: "ù", 0xF1: "ủ", 0xF2: "ũ", 0xF3: "ú", 0xF4: "ụ",
    0xF5: "ừ", 0xF6: "ử", 0xF7: "ữ", 0xF8: "ứ", 0xF9: "ự",
    0xFA: "ỳ", 0xFB: "ỷ", 0xFC: "ỹ", 0xFD: "ý", 0xFE: "ỵ",
}  # fmt: skip
_TCVN3_NAMES = re.compile(r"(?:x-)?(?:viet-?)?tcvn[-_ ]?(?:3|5712.*)?", re.IGNORECASE)
# What is taken for one of these is often something else.
_DOUBTFUL = frozenset({"ascii", "iso8859-1", "cp1252", "iso8859-15", "latin_1"})
# Encodings of text; Python's others ("zip", "rot13", "idna", "unicode_escape", …) are none that a mail may ask for.
_KNOWN = re.compile(
    r"ascii|utf[-_]?(?:7|8|8-sig|16|32)(?:[-_][bl]e)?|iso8859[-_]\d+|latin_1|cp\d{3,5}|koi8[-_][rut]|mac[-_]\w+"
    r"|gb(?:2312|k|18030)|big5\w*|hz|euc_\w+|shift_\w+|iso2022_\w+|johab|tis[-_]620"
)
# Signs that stand within a word in TCVN3 only: § ¨ © ª « ¬ ­ ® µ ¶ · ¸ ¹ » ¼ ½ ¾ × next to a letter.
_WITHIN_WORDS = re.compile(rb"(?:[A-Za-z][\xa7-\xae\xb5-\xb9\xbb-\xbe\xd7]|[\xa7-\xae\xb5-\xb9\xbb-\xbe\xd7][A-Za-z])")
_CAPITALISED = str.maketrans({letter: letter.upper() for letter in _TCVN3.values()})
SURE_SIGNS = 2

_ENCODED = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*)\?=")


def decode(content: bytes, charset: str | None) -> str:
    """The text in NFC. `charset`: as the mail says; None when it says nothing."""
    return unicodedata.normalize("NFC", _decode(content, (charset or "").strip().strip("\"'")))


def decode_header(value: str) -> str:
    """An RFC 2047 header's words. Encoded words side by side are one: their bytes may share a letter."""
    parts: list[str | tuple[str, bytes]] = []
    at = 0
    for found in _ENCODED.finditer(value):
        between, charset, word = value[at : found.start()], found[1].lower(), _word(found[2], found[3])
        before = parts[-1] if parts else None
        if between.strip() or not isinstance(before, tuple):
            parts += [between, (charset, word)]
        elif before[0] == charset:
            parts[-1] = charset, before[1] + word
        else:
            parts.append((charset, word))
        at = found.end()
    parts.append(value[at:])
    words = "".join(part if isinstance(part, str) else decode(part[1], part[0]) for part in parts)
    return unicodedata.normalize("NFC", words)


def raw_header(value: str) -> str:
    """The words of a header as the parser gives it: bytes that are no ASCII are surrogates there."""
    content = value.encode("utf-8", "surrogateescape")
    return decode_header(value if content.isascii() else decode(content, None))


def _word(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        return binascii.a2b_qp(text.replace("_", " ").encode("ascii", "replace"), header=True)
    padded = text.encode("ascii", "replace").rstrip(b"=")
    try:
        return binascii.a2b_base64(padded + b"=" * (-len(padded) % 4))
    except binascii.Error:
        return b""


def _decode(content: bytes, charset: str) -> str:
    if _TCVN3_NAMES.fullmatch(charset):
        return from_tcvn3(content)
    name = _codec(charset)
    if not content.isascii():
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
        if (name is None or name in _DOUBTFUL) and len(_WITHIN_WORDS.findall(content)) >= SURE_SIGNS:
            return from_tcvn3(content)
    # Nobody writes to a hotline of Việt Nam in plain Latin-1: windows-1258 has the same letters, and ours
    return content.decode("cp1258" if name in (None, "ascii", "utf-8") else name, "replace")


def _codec(charset: str) -> str | None:
    try:
        name = codecs.lookup(charset).name if charset and charset.isascii() else ""
    except (LookupError, ValueError):
        return None
    return name if _KNOWN.fullmatch(name) else None


def from_tcvn3(content: bytes) -> str:
    """TCVN 5712 VN3. In a word of capitals the letters are capital as well (the font made them so)."""
    text = "".join(_TCVN3.get(byte, chr(byte) if byte < 0x80 else "\ufffd") for byte in content)
    return re.sub(
        r"\w+",
        lambda word: word[0].translate(_CAPITALISED) if _is_shouted(word[0]) else word[0],
        text,
    )


def _is_shouted(word: str) -> bool:
    plain = [letter for letter in word if letter.isascii() and letter.isalpha()]
    return len(plain) >= 2 and all(letter.isupper() for letter in plain)
