"""How satisfied an owner says to be, in words, once they were asked."""

from __future__ import annotations

import re
from typing import Literal

from store.text import folded_words

Score = Literal["satisfied", "neutral", "unsatisfied"]

_NOT = r"(?:khong|ko|k|kg|hong|hok|chua|chang|not|isn t|un)"
# In this order: what is denied, and what is only so-so, has the words of what is good in it.
_SAID: tuple[tuple[Score, re.Pattern[str]], ...] = (
    (
        "unsatisfied",
        re.compile(
            rf"{_NOT} (?:duoc )?(?:hai long|ung|tot|on|vui|satisfied|happy|good|helpful)|unsatisfied|dissatisfied"
            r"|te|toi te|kem|that vong|buc minh|buc|chan|bad|poor|terrible"
        ),
    ),
    ("neutral", re.compile(r"binh thuong|bt|tam (?:duoc|on)|tam|cung (?:duoc|tam)|so so|neither|neutral|average|okay")),
    ("satisfied", re.compile(r"hai long|tot|tuyet voi|tuyet|ung y|rat vui|satisfied|good|great|happy|excellent")),
)
_BESIDE = frozenset(
    "a da vang em anh chi co bac chu chau minh toi tui rat qua lam nhe nha voi thoi roi ad ho tro hotline can bo luon"
    " thay cam on very i am was it so thank thanks you yes no cung la".split()
)
LONGEST_WORDS = 8
_SIGNS: dict[str, Score] = {
    "👍": "satisfied",
    "❤": "satisfied",
    "🥰": "satisfied",
    "👎": "unsatisfied",
    "😡": "unsatisfied",
}


def score_in_words(text: str) -> Score | None:
    """None for what says something else besides: that is a message like any other."""
    words = folded_words(text[:200])
    if not words:
        return next((score for sign, score in _SIGNS.items() if sign in text), None)
    if len(words) > LONGEST_WORDS:
        return None
    for score, pattern in _SAID:
        others, found = re.subn(rf"\b(?:{pattern.pattern})\b", " ", " ".join(words))
        if found:
            return score if all(word in _BESIDE for word in others.split()) else None
    return None
