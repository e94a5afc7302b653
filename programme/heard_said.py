"""Whether somebody has heard of the programme, in words, once they were asked: "có rồi", "chưa", "ko biết"."""

from __future__ import annotations

import re

from programme.awareness_question import Heard
from store.text import folded_words

LONGEST_WORDS = 8
_NOT = r"(?:khong|ko|k|kg|kh|hong|hok|hem|chua|chang|cha|not|never|no|nope|haven t|havent|don t|dont)"
_NO = re.compile(rf"\b{_NOT}\b|\b(?:lan dau|gio moi|bay gio moi|chiu)\b")
_YES = re.compile(r"\b(?:co|roi|biet|nghe|thay|yes|yep|yeah|heard|know)\b|\bu(?:h|m|k)?\b")
# "co nghe dau", "biet gi dau": no; "co gi moi khong", "nghe roi chua": a question
_NO_AT_ALL = re.compile(r"\b(?:co|biet|nghe|thay)\b.*(?<!lan )\bdau(?: a)?$")
_ASKS = re.compile(rf"(?:da )?(?:co|nghe|biet|thay)\b.*\b{_NOT}(?: a)?$")
# What may stand beside it and says nothing else
_BESIDE = frozenset(
    "a da vang em anh chi bac chu co chau con minh toi tui tao ma nha nhe nhi thi la cung ve cai nay do day luon"
    " het gi ai bao gio noi den toi qua nhieu it tren mang tv dai bao zalo xa phuong to nghe biet thay duoc dc lan"
    " dau moi chiu i we it of about the have has ever heard know this yet already before".split()
)
_SIGNS: dict[str, Heard] = {"👍": "yes", "✅": "yes", "👎": "no", "❌": "no"}


def heard_in_words(text: str) -> Heard | None:
    """None for what says something else besides, or asks: that is a message like any other.

    Who does not know has not heard of it.
    """
    words = folded_words(text[:200])
    if not words:
        return next((said for sign, said in _SIGNS.items() if sign in text), None)
    if "?" in text or len(words) > LONGEST_WORDS:
        return None
    said = " ".join(words)
    if "biet chu" in said:  # whoever cannot read wants a person
        return None
    if _ASKS.fullmatch(said):
        return None
    if _NO_AT_ALL.search(said):
        return "no" if _says_nothing_else(_YES.sub(" ", _NO.sub(" ", said))) else None
    without_no = _NO.sub(" ", said)
    if without_no != said:
        return "no" if _says_nothing_else(_YES.sub(" ", without_no)) else None
    without_yes = _YES.sub(" ", said)
    return "yes" if without_yes != said and _says_nothing_else(without_yes) else None


def _says_nothing_else(said: str) -> bool:
    return all(word in _BESIDE for word in said.split())
