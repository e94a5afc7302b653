"""What an officer teaches is a phrase: when two spellings are the same one, and which words may be trained on.

The key of a phrase is a hash, so that a review row can be grouped by it without a second copy of what somebody wrote.
"""

from __future__ import annotations

import hashlib
import re

from store.text import clean, folded_words

SHORTEST, LONGEST = 2, 200  # characters
MOST_WORDS = 40
# In training data these begin marks of entities and places for variables (Rasa's NLU format).
_MARKS = re.compile(r"[\[\]{}]")


def key_of(text: str) -> str:
    """32 hexadecimal digits, the same for spellings that differ in case, accents, punctuation and spaces alone.

    So does the classifier count words (docs/decisions/0027-teaching.md): "Co phai dong thue ko" and "có phải đóng thuế
    ko?" are one phrase. Of a phrase without any letter or digit its characters count.
    """
    said = " ".join(folded_words(text)) or "".join(clean(text).split())
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def fault_of(phrase: str) -> str | None:
    """Why `phrase` (clean text) cannot be trained on: empty | short | long | masked | marks. Personal data is the
    caller's to find: what counts as such is what the bot masks.
    """
    if not phrase:
        return "empty"
    if len(phrase) < SHORTEST or not folded_words(phrase):
        return "short"
    if len(phrase) > LONGEST or len(phrase.split()) > MOST_WORDS:
        return "long"
    if "[" in phrase and "]" in phrase:
        return "masked"
    return "marks" if _MARKS.search(phrase) else None


def in_one_line(text: str) -> str:
    """Clean text with single spaces: a line break would begin another example."""
    return " ".join(clean(text).split())
