"""Vietnamese or English, per message and sticky per conversation (docs/decisions/0009-language.md)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

VIETNAMESE, ENGLISH = "vi", "en"
# From here on a statistical guess can be trusted where the rules cannot tell.
LONG_ENOUGH_CHARACTERS = 40
SURE = 0.8
# What a text in Latin letters may be. Text in others has no features then, and so is not English; the statistics of all
# 55 languages would weigh 46 MB more.
_LATIN = "af ca cs cy da de en es et fi fr hr hu id it lt lv nl no pl pt ro sk sl so sq sv sw tl tr vi".split()
FEW_WORDS = 2
DetectorFactory.seed = 0  # the same text gets the same answer every time

_WORD = re.compile(r"[^\W\d_]+")
_PLACEHOLDER = re.compile(r"\[đã che[^]]*\]")  # ours (bot/secrets.py), not the owner's
_VIETNAMESE_LETTERS = frozenset("ăâđêôơư")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_SYLLABLE = re.compile(
    "(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnpqrstvx])?"
    "(?:[aeiouy]|ai|ao|au|ay|eo|eu|ia|ie|ieu|iu|oa|oai|oay|oe|oeo|oi|ua|uay|ue|ui|uo|uoi|uou|uu|uy|uya|uye|uyu|yeu|ye)"
    "(?:ch|ng|nh|[cmnpt])?"
)
# Everyday words of English. Those that are Vietnamese syllables as well ("the", "to", "can") count less.
_ENGLISH = frozenset(
    """the is are am do does did how what where when who which why can could should would will you your my me it this
    that these those there here have has had with for from and or not if of to in on at by be been was were please help
    need want know tell get give any some much many more free thanks thank hello hi yes no i we they he she his her our
    their them then than about after again all also always another answer ask back because before but call come day
    every find first go going good just let like live long look make month new next now number off old one only open
    other out over own people pay phone really right same say see sell selling send show something still stop sure
    support take talk tax time today tomorrow too try until up use very way week work wrong year yet online money shop
    register registration business company household class lesson learn domain check forgot password someone message
    messages delete data eligibility expire expires qualify officer person human question questions app software price
    cost law rule invoice invoices receipt account bank code scam fraud commune ward market survey link""".split()
)
# What Vietnamese owners write as well says nothing.
_LOANED = frozenset("shop online free hello hi ok thanks thank pay phone live class sale stop new call yes".split())


def prepare() -> None:
    """Load the statistics now (a third of a second) instead of at the first doubtful message."""
    _statistics()


def detect(text: str, current: str | None) -> str:
    """The language of the conversation after `text`: vi or en. What cannot be told keeps `current`, at first vi."""
    words = _WORD.findall(_PLACEHOLDER.sub(" ", unicodedata.normalize("NFC", text)))
    english = [word for word in map(str.lower, words) if word in _ENGLISH]
    certain = any(word not in _LOANED and not _SYLLABLE.fullmatch(word) for word in english)
    accented = [word for word in words if _is_accented(word)]
    if accented and not (certain and all(word[0].isupper() for word in accented)):  # "Who supports Đồng Hỷ?"
        return VIETNAMESE
    if current is not None and (len(words) <= FEW_WORDS or all(word[0].isupper() for word in words)):
        return current  # a word or two ("tax", "ok em"), or only a name, says nothing
    vietnamese = sum(word.lower() not in _ENGLISH and _SYLLABLE.fullmatch(word.lower()) is not None for word in words)
    if certain and len(english) > vietnamese:
        return ENGLISH
    if vietnamese > len(english) if certain else vietnamese >= max(1, len(words) / 2):
        return VIETNAMESE
    if len(text) >= LONG_ENOUGH_CHARACTERS and _looks_english(text):
        return ENGLISH
    return current or VIETNAMESE


def _is_accented(word: str) -> bool:
    letters = unicodedata.normalize("NFD", word)
    return any(c in _TONES for c in letters) or any(c in _VIETNAMESE_LETTERS for c in word.lower())


def _looks_english(text: str) -> bool:
    detector = _statistics().create()  # type: ignore[no-untyped-call]
    detector.append(text)
    try:
        return any(guess.lang == ENGLISH and guess.prob >= SURE for guess in detector.get_probabilities())
    except LangDetectException:  # no letters that it knows
        return False


@cache
def _statistics() -> DetectorFactory:
    made = DetectorFactory()  # type: ignore[no-untyped-call]
    profiles = [Path(PROFILES_DIRECTORY, language).read_text(encoding="utf-8") for language in _LATIN]
    made.load_json_profile(profiles)  # type: ignore[no-untyped-call]
    return made
