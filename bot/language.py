"""Vietnamese or English, per message and sticky per conversation (docs/decisions/0009-language.md)."""

from __future__ import annotations

import re
import unicodedata

VIETNAMESE, ENGLISH = "vi", "en"
_WORD = re.compile(r"[^\W\d_]+")
_VIETNAMESE_LETTERS = frozenset("ăâđêôơư")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_SYLLABLE = re.compile(
    "(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnpqrstvx])?"
    "(?:[aeiouy]|ai|ao|au|ay|eo|eu|ia|ie|ieu|iu|oa|oai|oay|oe|oeo|oi|ua|uay|ue|ui|uo|uoi|uou|uu|uy|uya|uye|uyu|yeu|ye)"
    "(?:ch|ng|nh|[cmnpt])?"
)
# Everyday words of English that no Vietnamese sentence has, although some could be syllables.
_ENGLISH = frozenset(
    """the is are am do does did how what where when who which why can could should would will you your my me it this
    that these those there have has had with for from and or not if of to in on at by be been was were please help need
    want know tell get give any some much many more free thanks thank hello hi yes no i we they he she his her our their
    about pay tax shop support sell selling online money year month day register registration business company household
    class lesson learn""".split()
)
# Of these, what Vietnamese owners write as well says nothing.
_BOTH = frozenset("to do me my la an on in i am he no may can be the shop online free hi hello ok thanks pay".split())


def detect(text: str, current: str | None) -> str:
    """The language of the conversation after `text`: vi or en. What cannot be told keeps `current`, at first vi."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    if any(c in _TONES for c in decomposed) or any(c in _VIETNAMESE_LETTERS for c in text.lower()):
        return VIETNAMESE
    words = [word.lower() for word in _WORD.findall(text)]
    english = sum(word in _ENGLISH for word in words)
    certain = sum(word in _ENGLISH and word not in _BOTH for word in words)
    vietnamese = sum(word not in _ENGLISH and _SYLLABLE.fullmatch(word) is not None for word in words)
    if certain and english > vietnamese:
        return ENGLISH
    if vietnamese and vietnamese >= english:
        return VIETNAMESE if len(words) > 2 or current is None else current
    return current or VIETNAMESE
