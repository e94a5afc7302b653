"""Takes out of a message what nobody should ever send: codes, passwords, card and identity numbers.

The text that is stored, logged and shown has a placeholder in its place. A value is a secret by its shape (bank card,
identity number) or by the name before it ("mã OTP … là"); a tax code, account or order named as such never is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

OTP, PASSWORD, CARD, ID_CARD = "otp", "password", "card", "id_card"
PLACEHOLDER = {
    OTP: "[đã che: mã OTP]",
    PASSWORD: "[đã che: mật khẩu]",
    CARD: "[đã che: số thẻ]",
    ID_CARD: "[đã che: số căn cước]",
}
_MASKED = re.compile(r"\[da che: (?:ma otp|mat khau|so the|so can cuoc)\]")
# Patterns read the shadow of a text: lower case, no accents, single spaces, a wall (\0) in the place of what is masked.
# None reads across a wall, so masking twice is masking once; every repetition is bounded, so time is linear.
_NAMES = {
    "otp": r"(?:ma )?(?:so )?(?:smart )?otp|ma (?:so )?(?:xac (?:thuc|nhan|minh)|x[nt]|kich hoat|bao mat|dang nhap)"
    r"|(?:verification|security|confirmation|login|authentication|one.time) (?:code|pass(?:word|code)?|pin)",
    "pin": r"(?:ma (?:so )?|so |smart )pin|pin (?:the|atm|code|vneid|cua)|pin(?= ?[:=\d]| la\b| is\b)",
    "cvv": r"cv[vc]2?|so (?:o )?(?:mat )?sau the",
    "card": r"so the|card|the (?:atm|ngan hang|tin dung|ghi no|visa|napas|master(?:card)?)|atm",
    "id": r"cccd|cmnd|cmtnd|cmt|chung minh(?: thu| nhan dan)?|can cuoc|dinh danh|(?:id|identity|citizen) (?:card|number)",
    "other": r"mst|ma so(?: thue)?|tax (?:code|id)|stk|tk|tai khoan|account|(?:ma )?(?:don|don hang|van don|giao dich)"
    r"|order|invoice|hoa don|hop dong|ho so|giay phep|gpkd|dkkd|bhxh|bhyt|imei|seri(?:al)?|sdt|so dt|dien thoai|phone"
    r"|hotline|tong dai|doanh thu|so tien",
}
_NAMED, _OTHER = "|".join(f"(?P<{name}>{words})" for name, words in _NAMES.items()), _NAMES["other"]
_TOKEN = re.compile(rf"(?P<wall>\0)|(?<![\w\0])(?:{_NAMED})(?![^\W\d_])|(?P<number>(?<!\d)\d)")
_SAID = re.compile(r"(?:[:=]|\b(?:la|is|ma|code))[\s:=\"'(]{0,3}\Z")
_DESCRIBED = re.compile(r"[^\w\0]{0,3}(?:\w+ ){0,6}\w*[\s:#(=]{0,3}\Z")
_BESIDE = re.compile(rf"\b(?:{_OTHER}|tu|from|goi|lh|nam|ngay|thang|tien|nha)[^\w\0]{{0,3}}(?:so )?\Z")
_BACK, _NEAR, _USUAL = 120, 4, 6  # characters back to a name; words between where nothing says "là"; digits of an OTP

_PHONE = r"(?:(?:\+?84|0)[235789](?:[ .-]?\d){8,9}|1[89]00 ?\d\d ?\d\d(?:\d\d)?)(?!\d)"
_MONEY = r"[1-9][\d.,]{1,20}000(?!\d)|\d[\d.,]{0,20} ?(?:%|(?:d|dong|vnd|k|nghin|ngan|tr|trieu|ty|ti|usd|mah|ho|cai)\b)"
_LINK = r"[^\s\0]{0,64}(?:://|\d/|@[\w-]{1,40}\.[a-z]|\.(?:vn|com|net|org)\b)"
_YEAR = r"(?:19|20)\d\d(?!\w)"
_GROUPS = r"\d{3}[ .-]\d{3}|\d{4}[ .-]\d{4}|\d\d(?:[ .-]\d\d){2,3}|\d(?:[ .-]\d){3,7}"
_CODE = re.compile(
    rf"(?!{_MONEY}|{_LINK}|{_PHONE})(?<![\d\0][ .,/-])(?:{_GROUPS}|\d{{4,8}})(?!\w|[.,/][\d\0]|[ -](?:\d{{3,8}}\b|\0))"
)
_DIGITS = r"(?!\d{{7,11}}(?!\d))(?=\d{{3}})\d(?:[ .–-]{{0,3}}\d){{{}}}(?<=\d{{3}})(?!\w)"  # in groups as people write
_CARDS = [re.compile(_DIGITS.format(count - 1)) for count in (19, 16, 15)]
_NAPAS, _ABROAD = re.compile(r"9704(?:\d{12}|\d{15})"), re.compile(r"[2-6]\d{15}|3[47]\d{13}|62\d{17}")
_TWELVE, _CITIZEN = re.compile(_DIGITS.format(11)), re.compile(r"0(?!00)(?:[0-8]\d|9[0-6])[0-3]\d{8}")
_SHAPES = {
    "otp": (OTP, _CODE),
    "pin": (PASSWORD, _CODE),
    "cvv": (CARD, re.compile(r"\d{3,4}(?!\w)")),
    "card": (CARD, re.compile(_DIGITS.format("12,18"))),
    "id": (ID_CARD, re.compile(rf"{_TWELVE.pattern}|(?!{_MONEY})\d{{3}}(?:[ .-]?\d{{3}}){{2}}(?![ .-]?\d|\w)")),
}
_IS_OTP = re.compile(rf"[ :(=-]{{0,3}}(?:(?:la|is) (?:\w{{1,15}} ){{0,2}}?)?(?:{_NAMES['otp']})\b")
_IS_OTHER = re.compile(rf"[ :(=-]{{0,3}}(?:(?:la|is) )?(?:{_OTHER})\b")
_RUN = re.compile(r"\d{9,}|\d{1,8}(?:[ .,/-]\d{1,8}(?!\d))*")

# "mk" is also "mình": a password only right before a value, and never after the name of another number
_I = re.compile(
    rf"((?<!\w)(?:{'|'.join(_NAMES.values())}|lh|ib|goi|so)(?: (?:cua|shop|quan|ben|nha|ho|tiem|cty|may)){{0,3}}) mk\b"
)
_FULL, _PASS, _MK = (rf"(?:{name})(?![^\W\d])" for name in ("mat khau|mat ma|password|passcode|pwd", "pass|pw", "mk"))
_WORDS = r"(?:\s(?!(?:mst|stk|sdt|dien thoai|ma|don|so)\b)[^\W\d]{1,15}){0,6}?"
_OWN = (
    r"(?:\s(?:cua|toi|minh|tui|em|anh|chi|co|chu|bac|con|chau|mk|my|nha|shop|quan|may|cu|moi|nay|day|wifi|zalo|fb"
    r"|facebook|e?mail|gmail|vneid|etax|misa|app|ngan hang|the|dang nhap|(?:tai khoan|tk)(?!\s\d))\b){0,4}"
)
_SIGN, _IS = r"\s?(?:la\s?)?[:=]\s?", r"(?:\s?(?:[:=]|\b(?:la|is)\b)){1,3}\s?"
_TYPED = (  # digits in groups, or one word with a digit or a sign in it
    r"\d{2,8}(?:[ -]\d{2,8}){1,5}(?!\w)"
    r"|(?=[^\s,;\0]{0,63}(?:\d|[a-z][@#$%^&*_+!][^\s,;\0]))[^\s,;\0]{3,63}[^\s,;.?)\0]"
)
_END = r"(?=\s?(?:(?:a|nhe|nha|ne|do|day|em|ad)\b ?)?(?:[,;.!?)\n]|\Z))"
_SYLLABLE = r"(?:ngh?|nh|[cgkpt]h|tr|gi|qu|[b-dghk-npr-tvx])?[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?\b"
_SPOKEN = rf"(?:[a-z]{{1,12}} ){{1,3}}(?!{_YEAR})\d{{1,8}}{_END}|(?<!is )(?!{_SYLLABLE})[a-z]{{5,40}}{_END}"
_PASSWORDS = [
    re.compile(rf"(?<![\w\0])(?:{before})(?P<secret>{value})")
    for before, value in (
        (rf"(?:{_FULL}{_WORDS}{_IS}|(?:{_PASS}|{_MK}){_OWN}{_SIGN})(?!{_LINK}|{_MONEY})", f"{_TYPED}|{_SPOKEN}"),
        (
            rf"(?:(?:{_PASS}|{_MK}){_OWN}\s(?:la|is)\s|(?:{_FULL}|{_PASS}){_OWN}\s?|{_MK}{_OWN}\s?(?=\d{{6}}|[a-z]\S{{5}}))"
            rf"(?!{_LINK}|{_MONEY}|{_PHONE}|{_YEAR})",
            _TYPED,
        ),
    )
]


def mask(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with placeholders, and the kinds that were found. Masking again changes nothing."""
    shadow, places = _shadow(text)
    found: list[tuple[int, int, str]] = []
    for pattern in _PASSWORDS:
        found += [(*match.span("secret"), PASSWORD) for match in pattern.finditer(shadow)]
        shadow = pattern.sub(lambda match: match[0][: -len(match["secret"])] + "\0" * len(match["secret"]), shadow)
    found = sorted([*found, *_numbers(shadow)])
    at, parts = 0, []
    for start, end, kind in found:
        parts += [text[at : places[start]], PLACEHOLDER[kind]]
        at = places[end]
    return "".join([*parts, text[at:]]), tuple(dict.fromkeys(kind for _, _, kind in found))


def _numbers(shadow: str) -> Iterator[tuple[int, int, str]]:
    """Where secret numbers start and end, and their kind. A name speaks for one number."""
    names: list[tuple[str, int]] = []
    done = 0
    for token in _TOKEN.finditer(shadow):
        start, name = token.start(), str(token.lastgroup)
        glued = shadow[start - 1 : start].isalpha() and (not names or names[-1][1] != start)
        if name == "wall":
            names = []
        elif name != "number":
            names = [*names[-3:], (name, token.end())]
        elif start >= done and not glued:
            before = [(name, shadow[end:start]) for name, end in reversed(names) if start - end <= _BACK]
            done, kind = _read(shadow, start, before)
            if kind:
                yield start, done, kind
                names = []
            elif done > start and names and names[-1][0] == "other":
                names.pop()


def _read(shadow: str, start: int, before: list[tuple[str, str]]) -> tuple[int, str | None]:
    """The end of the number that starts here, and its kind if it is secret. `before`: the names, the nearest first."""
    other = (
        bool(before) and before[0][0] == "other" and bool(_DESCRIBED.match(before[0][1]) or _SAID.search(before[0][1]))
    )
    for shape in _CARDS:
        if match := shape.match(shadow, start):
            digits = re.sub(r"\D", "", match[0])
            if _NAPAS.fullmatch(digits) or (not other and _ABROAD.fullmatch(digits) and _luhn(digits)):
                return match.end(), CARD
    match = _TWELVE.match(shadow, start)
    if match and not other and _CITIZEN.fullmatch(re.sub(r"\D", "", match[0])):
        if not _IS_OTHER.match(shadow, match.end()):
            return match.end(), ID_CARD
    beside = _BESIDE.search(shadow, max(0, start - 40), start)
    plain = not re.match(_YEAR, shadow[start : start + 5])
    for name, between in before if not beside else ():
        if name == "other" or (other and (name in ("id", "card") or re.search(r"[.,;!?\n]", between))):
            continue
        kind, shape = _SHAPES[name]
        if match := shape.match(shadow, start):
            near = len(between.split()) <= _NEAR or (name == "otp" and len(match[0]) == _USUAL)
            if _SAID.search(between) or (near and plain):
                return match.end(), kind
    match = None if beside else _CODE.match(shadow, start)
    if match and plain and _IS_OTP.match(shadow, match.end()):
        return match.end(), OTP
    run = _RUN.match(shadow, start) if beside or other else None
    return (run.end() if run else start), None


def _luhn(digits: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1)."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + doubled) % 10 == 0


def _shadow(text: str) -> tuple[str, list[int]]:
    """The shadow, and where in the text each of its characters (and the end) stands."""
    shadow, places, last = [], [], ""
    for place, character in enumerate(text):
        plain = _plain(character)
        if plain and not (plain == last == " "):
            shadow.append(plain)
            places.append(place)
            last = plain
    joined = "".join(shadow)
    return _I.sub(r"\1 em", _MASKED.sub(lambda match: "\0" * len(match[0]), joined)), [*places, len(text)]


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """Lower case without accents; nothing for what is not seen (a combining accent, a zero-width space)."""
    if unicodedata.category(character) in ("Mn", "Cf"):
        return ""
    if character.isspace():
        return "\n" if character == "\n" else " "
    return "d" if character in "đĐ" else unicodedata.normalize("NFD", character)[0].lower()[:1]
