"""Takes out of a message what nobody should ever send: codes, passwords, card and identity numbers.

The text that is stored, logged and shown has a placeholder in its place. Numbers named otherwise (tax code, account,
order, telephone, money) are put aside; of the others a value is secret by its shape or by the name before it.
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
LONGEST_VALUE = 40
_MASKED = re.compile(r"\[da che: (?:ma otp|mat khau|so the|so can cuoc)\]")
# Rules read the shadow of a text: lower case, no accents, single spaces; _ for what was put aside, a wall (\0) for what
# is masked. No rule reads across a wall, so masking twice is masking once; every repetition is bounded: linear time.
_OTP = (
    r"(?:ma )?(?:so )?(?:smart )?otp|ma (?:so )?(?:xac (?:thuc|nhan|minh)|x[nt]|kich hoat|bao mat|dang nhap)|ma (?:6 so"
    r"|gui ve|trong tin)|(?:verification|security|confirmation|login|one.time) (?:code|pass(?:word|code)?|pin)"
)
_PIN = r"(?:ma (?:so )?|so |smart )pin|pin (?:the|atm|code|token|vneid|cua)|pin(?= ?[:=\d]| la\b| is\b)"
_BANK_CARD = r"so the|card|the (?:atm|ngan hang|tin dung|ghi no|visa|napas|master(?:card)?)|atm"
_CVV = r"cv[vc]2?|so (?:o )?(?:mat )?sau the"
_ID = r"cccd|cmnd|cmtnd|cmt|chung minh(?: thu| nhan dan)?|can cuoc|dinh danh|(?:id|identity) (?:card|number)"
_SECRET = f"{_OTP}|{_PIN}|{_BANK_CARD}|{_CVV}|{_ID}"
_OTHER = (
    r"mst|ma so(?: thue)?|tax (?:code|id)|stk|tk|tai khoan|account|chuyen khoan|(?:ma )?(?:don|don hang|van don)"
    r"|(?:ma )?giao dich|order|invoice|hoa don|hop dong|ho so|giay phep|gpkd|dkkd|bhxh|bhyt|imei|seri(?:al)?|sdt|so dt"
    r"|phone|dien thoai|hotline|tong dai|dau so|doanh thu|so tien"
)
_BEFORE = r"(?:tu|from|goi|lh|nam|ngay|thang|tien)(?!\W{1,3}(?:[ .-]?\d){9})"  # Nam, Thắng: names of people
_GAP, _ENDS = r"[^\w\0]{1,3}", r"(?![^\W\d_])"  # between words; a name may be glued to digits, not to letters
_NEAR = rf"(?:(?:{_GAP}[^\W\d_]{{1,15}}){{0,4}}?{_GAP})?"
_IS_THE = r" ?(?:[(=:-] ?|(?:la|is) (?:[^\W\d]{1,15} ){0,2}?)"
_START = r"(?<!\d)(?:(?<![\d\0][ .,/-])|(?<=\d{9}[ .,/-]))"  # not in the middle of a longer number
_PHONE = r"(?!\d{9}[ .-])(?:(?:\+?84|0)[235789](?:[ .-]?\d){8,9}|1[89]00 ?\d\d ?\d\d(?:\d\d)?)(?!\d)"
_ROUND, _YEAR = r"[1-9][\d.,]{1,20}000(?!\d)", r"(?:19|20)\d\d(?!\w)"
_UNIT = r"\d[\d.,]{0,20}(?:%|(?:[kd]|tr|ty)\b| ?(?:dong|vnd|nghin|ngan(?! hang)|trieu|usd|mah|giay|phut)\b)"
_LINK = r"[^\s\0]{0,64}(?:://|@[a-z][\w-]{0,40}\.[a-z]{2}|\.(?:vn|com|net|org)\b)"
_DATE_OR_LAW = r"[a-z]{0,2}\d{1,4}/|\d\d?[.-]\d\d?[.-]\d{4}\b"
_LINK_CODE = (
    r"(?<![\w\0])(?P<secret>l ?k[ .:-]{0,3}\d(?:[ .-]?\d){5})(?![ .-]?\d|\w)"  # ours (programme/links.py), no OTP
)
_CODE = rf"{_START}(?!{_ROUND})\d(?:[ .-]?\d){{3,7}}(?!\w|[.,/][\d\0]|[ -](?:\d{{3,8}}\b|\0))"


def _digits(first: str, more: str) -> str:
    """A long number, grouped as people like: `first`, then `more` digits."""
    return rf"{_START}{first}(?:[ .–-]{{0,3}}\d){{{more}}}(?<=\d\d\d)(?!\w)"


def _named(name: str, value: str, near: str = _NEAR) -> str:
    """`value` after `name`: up to four words between, or anywhere in the sentence behind "là"."""
    said = rf"(?:(?!{name})[^\0.;!?\n]){{0,110}}?(?:[:=]|\b(?:la|is|ma|code))(?:{_GAP})?"
    return rf"(?<![\w\0])(?:{name}){_ENDS}(?:{near}|{said})(?P<secret>{value})"


# "mk" is also "mình": a password only right before a value, and never after the name of another number
_I = re.compile(rf"((?<!\w)(?:{_SECRET}|{_OTHER}|lh|ib|goi|so)(?: (?:cua|shop|quan|ben|nha|ho|tiem)){{0,3}}) mk\b")
_FULL, _PASS = rf"(?:mat khau|mat ma|(?<!time )password|passcode|pwd){_ENDS}", rf"(?:pass|pw){_ENDS}"
_MK, _MK_VALUE = rf"mk{_ENDS}", r"(?=\d{6}|[a-z]\S{5})"
_WORDS = r"(?:\s(?!(?:mst|stk|sdt|dien thoai|ma|don|so)\b)(?:[^\W\d]{1,15}|\d\b)){0,6}?"
_OWN = (
    r"(?:\s(?:cua|toi|minh|tui|em|anh|chi|co|chu|bac|con|chau|mk|my|nha|shop|quan|may|cu|moi|nay|day|dat|de|wifi|zalo"
    r"|fb|facebook|e?mail|gmail|vneid|etax|misa|app|phan mem|token|chu ky so|man hinh|dien thoai|ngan hang|the"
    r"|dang nhap|(?:tai khoan|tk)(?!\s\d))\b){0,4}"
)
_IS, _SIGN = r"(?:\s?(?:[:=]|\b(?:la|is)\b)){1,3}\s?[\"'“(]?", r"\s?(?:la\s?)?[:=]\s?[\"'“(]?"
_DASH = r"\s?(?:[->–]{1,2}\s?)?[\"'“(]?"
# Typed: digits in groups, or one word with a digit or a sign. Spoken, to the end of the clause: words and a number, or
# one word longer than any Vietnamese one.
_TYPED = r"\d{2,8}(?:[ -]\d{2,8}){1,5}(?!\w)|(?=[^\s,;\0]{0,63}[\d@#$%^&*+])[^\s,;\0]{3,63}[^\s,;.?)\"'”\0]"
_END = r"(?=\s?(?:(?:a|nhe|nha|ne|do|day|em|ad)\b ?)?(?:[,;.!?)\"'”\n]|\Z))"
_SPOKEN = rf"(?:(?:[a-z]{{1,12}} ){{1,3}}(?!{_YEAR})\d{{1,8}}|(?<!is )[a-z]{{7,40}}){_END}"
_PASSWORD = (
    rf"(?<![\w\0])(?:(?:{_FULL}{_WORDS}{_IS}|(?:{_PASS}|{_MK}){_OWN}{_SIGN})(?={_TYPED}|{_SPOKEN})"
    rf"|(?:(?:{_PASS}|{_MK}){_OWN}\s(?:la|is)\s|(?:{_FULL}|{_PASS}){_OWN}{_DASH}|{_MK}{_OWN}{_DASH}{_MK_VALUE})"
    rf"(?!{_PHONE}|{_ROUND}|{_YEAR})(?={_TYPED}))(?P<secret>{_TYPED}|{_SPOKEN})"
)
_NAMED_OTHERWISE = (
    rf"(?:(?<![\w\0])(?:(?:{_OTHER}|{_BEFORE})(?:{_GAP})?(?:so )?"
    rf"|(?:{_OTHER})(?:{_GAP}(?!(?:{_SECRET}){_ENDS})[^\W\d_]{{1,15}}){{0,6}}?[\s:#=(.]{{0,3}}(?=(?:[ .-]?\d){{9}}))"
    rf"|{_START}(?=\d{{9,19}}(?:{_IS_THE}| )(?:{_OTHER}){_ENDS}|{_PHONE}))"
    rf"(?P<secret>{_PHONE}|\d{{9,}}|\d{{1,8}}(?:[.,/-]\d{{1,19}}| \d{{1,8}}(?!\d))*)"
)
_LUHN = rf"(?<![^\W_])(?P<secret>{_digits('[2-6]', '15')}|{_digits('3[47]', '13')}|{_digits('62', '17')})"
_CITIZEN = rf"(?=0(?!00)(?:[0-8]\d|9[0-6])[ .–-]{{0,3}}[0-3]){_digits('0', '11')}"  # province, century
_RULES = [  # in this order; what has no kind is put aside
    (kind, re.compile(rule))
    for kind, rule in (
        (CARD, rf"(?<![^\W_])(?P<secret>{_digits('9704', '15')}|{_digits('9704', '12')})"),  # NAPAS
        (None, rf"(?<!\S)(?=(?:{_LINK})|{_DATE_OR_LAW})(?P<secret>[^\s\0]{{1,99}})"),
        (None, rf"(?<![\w.,\0])(?P<secret>{_UNIT})"),
        (PASSWORD, _PASSWORD),
        (None, _NAMED_OTHERWISE),
        (CARD, _LUHN),
        (ID_CARD, rf"(?<![^\W_])(?P<secret>{_CITIZEN})"),
        (ID_CARD, _named(_ID, rf"{_digits('[0-9]', '11')}|{_START}(?!{_ROUND})\d{{3}}(?:[ .-]?\d{{3}}){{2}}(?!\w)")),
        (CARD, _named(_BANK_CARD, _digits(r"\d", "12,18"))),
        (CARD, _named(_CVV, rf"{_START}\d{{3,4}}(?!\w)")),
        (None, _LINK_CODE),
        (PASSWORD, _named(_PIN, _CODE)),
        (OTP, _named(_OTP, _CODE, near=rf"{_NEAR}(?!{_YEAR})")),
        (OTP, rf"(?<![\w\0])(?:{_OTP}){_ENDS}(?:(?!{_OTP})[^\0]){{0,110}}?(?<!\w)(?P<secret>(?=\d{{6}}(?!\d)){_CODE})"),
        (OTP, rf"(?<![^\W_])(?!{_YEAR})(?P<secret>{_CODE})(?={_IS_THE}(?:{_OTP}){_ENDS})"),
    )
]


def mask_behind(before: str, text: str) -> tuple[str, tuple[str, ...]]:
    """As `mask`, for a message right behind `before`, which may have named it: "mật khẩu là" / "hoa1975@"."""
    together, kinds = mask(f"{before} {text}")
    if not kinds:
        return text, ()
    if together.startswith(f"{before} "):
        return together[len(before) + 1 :], kinds
    return PLACEHOLDER[kinds[-1]], kinds  # one number in two messages


def may_be_a_value(text: str) -> bool:
    """Whether a message could be nothing but what the one before it named."""
    return len(text) <= LONGEST_VALUE and any(not character.isalpha() and not character.isspace() for character in text)


def mask(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with placeholders, and the kinds that were found. Masking again changes nothing."""
    shadow, places = _shadow(text)
    found: list[tuple[int, int, str]] = []
    for kind, rule in _RULES:
        letters = list(shadow)
        for match in rule.finditer(shadow):
            start, end = match.span("secret")
            if rule.pattern != _LUHN or _luhn(match["secret"]):
                letters[start:end] = ("\0" if kind else "_") * (end - start)
                found += [(start, end, kind)] if kind else []
        shadow = "".join(letters)
    found.sort()
    at, parts = 0, []
    for start, end, kind in found:
        parts += [text[at : places[start]], PLACEHOLDER[kind]]
        at = places[end]
    return "".join([*parts, text[at:]]), tuple(dict.fromkeys(kind for _, _, kind in found))


def _luhn(written: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1)."""
    digits = [int(character) for character in written if character.isdigit()]
    return (sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])) % 10 == 0


def _shadow(text: str) -> tuple[str, list[int]]:
    """The shadow, and where in the text each of its characters (and the end) stands."""
    shadow, places = [""], []
    for place, character in enumerate(text):
        space = character.isspace() and character != "\n"
        plain = " " if space else unicodedata.normalize("NFD", character)[0].lower()[:1]
        # What is not seen (a combining accent, a zero-width space) has no shadow
        if unicodedata.category(character) not in ("Mn", "Cf") and not (plain == shadow[-1] == " "):
            shadow.append(plain.replace("đ", "d"))
            places.append(place)
    walled = _MASKED.sub(lambda match: "\0" * len(match[0]), "".join(shadow))
    return _I.sub(r"\1 em", walled), [*places, len(text)]
