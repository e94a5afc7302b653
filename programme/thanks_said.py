"""Whether a message only thanks, or takes leave: whoever thanks an officer does not wait for another answer.

"Ok" and "vâng" are no thanks: they may answer what the officer asked.
"""

from __future__ import annotations

import re

from store.text import folded_words

_THANKS = re.compile(r"\b(?:cam ?on|thanks?|thanku|thankyou|tks|thks|thx|cmon)\b")
# Around it, saying nothing that a person must act on.
_BESIDE = frozenset(
    "you u so much very da vang a ah nhe nha nhieu lam rat em anh chi co bac chu chau ban ad shop can bo toi minh tui"
    " hotline roi va xin chao tam biet bye".split()
)
_PLEASED = frozenset("👍👌🙏❤🥰😊😄😁👏🤝💯")
LONGEST = 80


def only_thanks(text: str) -> bool:
    """ "Cảm ơn em nhiều ạ", "thanks", "🙏"; nothing longer, and nothing with a question."""
    if not text or len(text) > LONGEST or "?" in text:
        return False
    words = folded_words(text)
    if not words:
        return any(character in _PLEASED for character in text)
    others, thanks = _THANKS.subn(" ", " ".join(words))
    return thanks > 0 and all(word in _BESIDE for word in others.split())
