"""Whether a short text says yes or no, and whether it asks something itself.

Strict on purpose: a "có mất phí k" that is taken for a no becomes a wrong verdict, while an answer that is not read is
only asked for again, with buttons.
"""

from __future__ import annotations

import re
import unicodedata

from store.text import fold

LONGEST_ANSWER_WORDS = 10
_WORD = re.compile(r"[^\W_]+")
# Spelt so, a word is not the one that it looks like without its accents (có, nỏ, đâu, đúng).
_OTHER_WORDS = frozenset("cô đã nó nợ đầu dầu đừng dừng dùng mấy".split())
_NEGATIONS = frozenset("khong ko k kg kh hong hok hem hum no not chua don dont haven havent none nope nah".split())
_EDGES = frozenset("da a ah ad em oi nhe nha nhen thua chau anh chi bac cô chu ban".split())
_SELF = _EDGES | frozenset(
    """toi minh nha nó con tui ta ben quan shop cua hang tiem vang thi van cung hien tai gio bay la deu nham quen sorry
    i we my our still now yet do does t""".split()
)
_TOPIC = frozenset(
    """giay to phep chung nhan dang ky kinh doanh ho ca the cap duyet lam xin nop so xong moi vua ban hkd dkkd gpkd gcn
    day luon tu lau sap cho already certificate licence license registration registered papers it the a one""".split()
)
_YES = frozenset("co roi da đã duoc dc u uh uhm um uk vang dung du phai yes yep yeah yup sure have got".split())
_KNOWN = _SELF | _TOPIC | _YES | _NEGATIONS | {"gi", "dau"}

_DENIED = re.compile(r"\bco\b(?: \w+)* dau$|^dau co\b|\blam gi co\b")
_UNDER_WAY = re.compile(r"\bdang (?:lam|xin|cho|nop)\b|\bsap\b|\bcho (?:cap|duyet)\b|\bnop\b")
_JUST_DONE = re.compile(r"\b(?:moi|vua) (?:lam|xin|dang ky|cap|nhan)\b|\b(?:xong|registered)$")
# "được rồi" agrees to something, and "không phải" needs more than a word to be understood.
_SAYS_NOTHING = re.compile(r"duoc(?: roi)?|.*\b(?:khong|ko|k) phai\b.*")


def read_yes_no(text: str) -> bool | None:
    """A short answer to "have you … already?"; "chưa có" and "có đâu" are a no, so is what is still under way.

    None for a question ("có cần giấy không"), for a word that it does not know, and for a long story.
    """
    words = _without_edges(_words(text))
    said = " ".join(words)
    if not words or len(words) > LONGEST_ANSWER_WORDS or "?" in text or not _KNOWN.issuperset(words):
        return None
    if _SAYS_NOTHING.fullmatch(said) or _ASKS_HOW.search(said):
        return None
    if _DENIED.search(said):
        return False
    if _NEGATIONS.isdisjoint(words):
        return _affirmed(words, said)
    if words[-1] in _NEGATIONS and words[-2:-1] != ["thi"] and not (_SELF | _NEGATIONS).issuperset(words):
        return None  # "phí ko", "có giấy chưa"
    return False


_UNKNOWN = re.compile(
    r"(?:(?:toi|tui|minh|em|bac|con|chau|cung|thiet|that|thi|i) )*(?:"
    r"(?:khong|ko|k|kg|kh|hong|hok|hem|chua|chang|cha) (?:biet|bit|bik|nho|ro)\b"
    r"(?: (?:biet|nho|ro|nua|gi|lam|dau|luon|la|ngay|thang|nam|nao|may|cai|do|giay|to|thanh lap|sinh|chinh xac|tuoi))*"
    r"|chiu(?: thoi| roi| luon)?|quen(?: mat)?(?: roi)?"
    r"|(?:don ?t|do not) (?:know|remember)|no idea|not sure|idk|forgot)"
)


def says_unknown(text: str) -> bool:
    """Whether a short answer is that its writer does not know: "ko biết", "chịu"; "không biết chữ" is none."""
    words = _words(text)
    # "không biết chữ" asks for a person; without its accents it may be "không biết, chú"
    return "chu" not in words[1:] and _UNKNOWN.fullmatch(" ".join(_without_edges(words))) is not None


def _affirmed(words: list[str], said: str) -> bool | None:
    if "gi" in words or "dau" in words:
        return None
    if _UNDER_WAY.search(said):
        return False
    return True if _JUST_DONE.search(said) or not _YES.isdisjoint(words) else None


_QUESTION_WORDS = frozenset("gi sao nao ai mấy what how why where when which who".split())
_ASKS_HOW = re.compile(
    r"\bbao (?:nhieu|lau|gio)\b|\bhay (?:khong|ko|k|chua)\b|^(?:do|does|can|should|is|are|am) (?:i|we|it)\b"
)
_WHERE = re.compile(r"\bdau\b(?! (?:nam|thang|quy|tuan)\b)")


def asks(text: str) -> bool:
    """Whether a text reads like a question of its own."""
    words = _without_edges(_words(text))
    said = " ".join(words)
    if "?" in text or not _QUESTION_WORDS.isdisjoint(words) or _ASKS_HOW.search(said) or _WHERE.search(said):
        return True
    return len(words) > 1 and words[-1] in _NEGATIONS and not _SELF.issuperset(words[:-1])


def _words(text: str) -> list[str]:
    """Folded, except for those that would become another word."""
    written = _WORD.findall(unicodedata.normalize("NFC", text).lower())
    return [word if word in _OTHER_WORDS else fold(word) for word in written]


def _without_edges(words: list[str]) -> list[str]:
    first, last = 0, len(words)
    while first < last and words[first] in _EDGES:
        first += 1
    while last > first and words[last - 1] in _EDGES:
        last -= 1
    return words[first:last]
