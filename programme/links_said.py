"""What an owner says about joining channels: asks for a code, types one, or wants the channels apart again.

Read by rules alone, and whole messages only (but for the code): "liên kết tài khoản ngân hàng với Zalo" is a question
about a bank, and "hủy liên kết thì sao" is a question.
"""

from __future__ import annotations

import re
import unicodedata

from store.text import folded_words

# Long enough for the bot's own message with the code in it, copied whole.
LONGEST_WITH_A_CODE = 400
LONGEST_WISH = 100
CODE_DIGITS = 6
# "LK482913", "lk 482 913", "L K: 482-913"; seven digits are another number.
_SIX = re.compile(rf"(?<![^\W_])l ?k[\s.:_-]{{0,3}}((?:[0-9][\s.-]{{0,2}}){{{CODE_DIGITS - 1}}}[0-9])(?![\s.-]?[0-9])")
# Nothing but a code, with a digit too few or too many: it is answered as a wrong one.
_MISTYPED = re.compile(r"l ?k[\s.:_-]{0,3}([0-9][0-9\s.-]{1,12})")

_AROUND = (
    r"da|a|em|oi|ad|toi|tui|minh|co|chu|bac|anh|chi|con|chau|muon|can|cho|giup|nho|hay|nhe|nha|voi|di|duoc|khong"
    r"|lam sao|the nao|cach|de|please|how|to|can|i|want"
)
_APP = r"(?:(?:kenh |ung dung |tai khoan |app )?(?:zalo|telegram|tele)|khung chat)"
_CHANNELS = r"(?:(?:cac |hai |2 )?kenh(?: chat)?(?: kia| khac| nay)?)"
# By themselves a "liên kết web" and a "link Zalo" are addresses to press, so joining asks for more than those words.
_PLACE = rf"(?:{_APP}|{_CHANNELS}|o chat|web ?chat|chat(?: tren)? web|(?:trang )?web|website|the web chat)"
_WITH = r"(?:voi|vao|sang|qua|den|with|to)"
_JOIN = (
    rf"(?:(?:lien ket|ket noi|noi|ghep|connect) (?:{_APP}|{_CHANNELS}|{_WITH} {_PLACE})(?: (?:{_WITH}|va) {_PLACE})?"
    r"|(?:link|connect) (?:(?:the |my )?channels?|(?:the |my )(?:zalo|telegram)))"
)
_GO_ON = (
    r"(?:tiep tuc|(?:lam|noi|chat|nhan|noi chuyen|tra loi) tiep|lam khao sat|chuyen|continue|go on)"
    rf"(?: (?:khao sat|phieu))? (?:tren|o|qua|bang|ben|sang|on|in) {_PLACE}(?: (?:lam|noi|chat) tiep)?"
)
_APART = (
    rf"(?:(?:huy|bo|ngat|go|thao)(?: bo)? (?:lien ket|ket noi|noi kenh)(?: (?:{_WITH} )?{_PLACE}| nay)?"
    rf"|tach {_CHANNELS}(?: ra)?|unlink(?: (?:(?:the |my )?channels?|{_APP}))?)"
)
_WISH = re.compile(rf"(?:(?:{_AROUND}) )*(?:{_JOIN}|{_GO_ON})(?: (?:{_AROUND}))*")
_NO_MORE = re.compile(rf"(?:(?:{_AROUND}) )*{_APART}(?: (?:{_AROUND}))*")


def link_code_said(text: str) -> str | None:
    """The digits of the code in a message; where it is nothing but a mistyped code, whatever digits there are."""
    if len(text) > LONGEST_WITH_A_CODE:
        return None
    said = unicodedata.normalize("NFKC", text).lower()
    found = _SIX.search(said) or _MISTYPED.fullmatch(said.strip(" .!"))
    return re.sub(r"[^0-9]", "", found[1]) if found else None


def wants_link_code(text: str) -> bool:
    """Whether the owner wants to go on on another channel ("liên kết kênh", "tiếp tục trên Zalo")."""
    return len(text) <= LONGEST_WISH and _WISH.fullmatch(" ".join(folded_words(text))) is not None


def wants_channels_apart(text: str) -> bool:
    """Whether the owner wants the link undone ("hủy liên kết")."""
    return len(text) <= LONGEST_WISH and _NO_MORE.fullmatch(" ".join(folded_words(text))) is not None
