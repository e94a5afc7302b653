"""An owner's words as an answer: "3", "ba", "c", "b)", the words of an option, or a sentence that means one option.

Never a guess: where two options fit, both are handed back to be asked about, and a sentence that says no, asks, wishes
or speaks of somebody else is no answer to what it names. A bare number is the option's place, except where it is also
an amount of another option ("5" of 10 customers): then it is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from programme.survey.definition import Item, Option
from programme.survey.numbers import by_number
from programme.survey.said import (
    DIGITS,
    EDGES,
    EMPTY,
    NEGATIONS,
    Between,
    Chosen,
    NoSuchNumber,
    Said,
    TooMany,
    at_place,
    chosen,
    one_or_between,
)
from programme.yes_or_no import asks
from store.text import fold, folded_words

__all__ = ["Between", "Chosen", "NoSuchNumber", "Said", "TooMany", "read_option"]
Words = Callable[[str], list[str]]
# A longer text tells a story; only what it names by itself is read in it, and nothing in a still longer one.
LONGEST_SENTENCE_WORDS, LONGEST_STORY_WORDS = 30, 120
# What adds nothing only if the rest means something without it
_LIGHT = EMPTY | frozenset(
    """co dang hay cua hang nha ma roi duoc het ca gi nao dau moi toan chac thuong hien gio cho o dung va voi lan
    ben chep""".split()
)
_VERBS = frozenset("co dung dang duoc lam biet xem di mua ban xuat".split())
# By themselves these may be said of nearly everything
_VAGUE = _LIGHT | frozenset("lam biet xem di mua ban khach may xuat tren vao trong bang qua khi khac".split())
# What is wished, planned or over is not so; what others do is not what the owner does
_UNREAL = frozenset("muon dinh sap neu uoc truoc xua tung bo".split())
_OTHERS = frozenset("con chau vo chong ho".split())
_AT_MOST = frozenset("duoi gan chua khong".split())

_POLITE = r"(?:dạ|da|vâng|vang|ạ|nhé|nhe|nha|em|ơi|oi|đi|di|luôn|luon|chọn|chon|câu|cau|ý|đáp án|dap an|option)"
_LETTER = re.compile(rf"(?:{_POLITE}\s+)*\(?([a-i])[).:]?(?:\s+(?:{_POLITE}|a))*")
_ONLY_POLITE = re.compile(r"(?:dạ|da|vâng|vang|ừ|u|em)\s+a")  # "dạ ạ" is no "A"

# Spelt so, these are not the words that they look like without their accents.
_SPELT = {"đừng": "không", "nỏ": "không", "chớ": "không", "chả": "không", "hông": "không", "hổng": "không"}
_SPELT |= {"còn": "vẫn", "cô": "mình", "bà": "mình", "nó": "họ", "hỏng": "hư", "lắm": "nhé"}
_DUNG = re.compile(r"\bdung\b", re.IGNORECASE)  # "dừng", "đúng", "dùng"; where "đừng" is an answer, it is that
_SPELT_WORD = re.compile(rf"\b({'|'.join(_SPELT)})\b")
_CLAUSE_END = re.compile(r"[,.;:!?\n…–()/]+|\s-\s")
# "mà" begins a clause, "mã" a thing
_MA_THINGS = frozenset("qr vach so otp quet vuong don khach rieng".split())
_NO = "(?:khong|ko|k|chua|chang|cha|no)"
# "trong đầu", "không … gì", "ai cũng …" ask nothing.
_ASKS_NOTHING = (
    re.compile(r"\b(trong|bat) dau\b"),
    re.compile(rf"\b({_NO}(?: \w+){{0,5}}) (?:gi|ai|nao|dau|chi|sao)\b(?! (?:khong|ko|k|the)\b)"),
    re.compile(rf"\b({_NO}) (?:gi|ai|nao|dau|chi|sao)\b"),
    re.compile(r"\b(?:gi|ai|nao|dau)((?: \w+){0,2}) cung\b"),
)
_ASKS_SO = re.compile(r"\b(?:la|cai|nghia la) chi\b|\bchua vay\b|\bco .+ (?:khong|ko|k|chua)$")


def read_option(item: Item, values: Sequence[int | str], text: str, words_of: Words) -> Said | None:
    """What `text` chooses of an item with options, of which `values` may be chosen now; None when it is no answer."""
    options = [option for option in item.options if option.value in values]
    if any("đừng" in phrase for option in options for phrase in _written(option)):
        text = _DUNG.sub("đừng", text)
    heard = _heard(text, words_of)
    if len(heard.words) > LONGEST_STORY_WORDS or ("biet", "chu") in pairwise(heard.words):
        return None  # who does not know "chữ" (letters) does not say "không biết"
    exact = [] if "?" in text else _exact(options, text, heard, words_of)
    if exact:
        return one_or_between(item, exact)
    lowered = unicodedata.normalize("NFC", text).lower().strip(" .!,")
    if (letter := _LETTER.fullmatch(lowered)) and not _ONLY_POLITE.fullmatch(lowered):
        return at_place(item, options, ord(letter[1]) - ord("a") + 1, letter[1])
    if said := by_number(item, options, text, words_of):
        return said
    if item.kind == "scale" or "?" in text:
        return None
    return _by_words(item, options, text, heard, words_of)


@dataclass(frozen=True)
class _Heard:
    """Words without accents, numbers as digits; per word its clause and whether a negation reaches it.

    `denies`: there is a negation. `bare`: one with nothing behind it.
    """

    words: tuple[str, ...]
    clauses: tuple[int, ...]
    negated: tuple[bool, ...]
    denies: bool
    bare: bool

    def features(self, without: frozenset[str]) -> frozenset[tuple[str, bool]]:
        pairs = zip(self.words, self.negated, strict=True)
        dropped = without | NEGATIONS
        return frozenset((word, no) for word, no in pairs if word not in dropped or (no and word in _VERBS))


def _heard(text: str, words_of: Words) -> _Heard:
    lowered = _SPELT_WORD.sub(lambda m: _SPELT[m[1]], unicodedata.normalize("NFC", text).lower())
    words: list[str] = []
    clauses: list[int] = []
    clause = 0
    for piece in _CLAUSE_END.split(lowered):
        said = [str(DIGITS.get(word, word)) for word in words_of(piece)]
        clause += 1
        for at, word in enumerate(said):
            clause += _begins_clause(said, at)
            words.append(word)
            clauses.append(clause)
    negated = [False] * len(words)
    bare = False
    for at, word in enumerate(words):
        if word in NEGATIONS:
            reached = list(_reached(words, clauses, at))
            bare = bare or not reached
            for one in reached:
                negated[one] = True
    return _Heard(tuple(words), tuple(clauses), tuple(negated), not NEGATIONS.isdisjoint(words), bare)


def _begins_clause(words: Sequence[str], at: int) -> bool:
    if at == 0 or words[at - 1] in NEGATIONS | _UNREAL:
        return False  # "không chỉ", "muốn toàn"
    if words[at] == "ma":
        return words[at + 1 : at + 2] != [] and words[at + 1] not in _MA_THINGS
    return words[at] in ("nhung", "toan", "chi")


def _reached(words: Sequence[str], clauses: Sequence[int], at: int) -> Iterator[int]:
    """The places of the words that the negation at `at` may deny: all to the end of its clause."""
    for place in range(at + 1, len(words)):
        if clauses[place] != clauses[at]:
            return
        if words[place] not in EMPTY:
            yield place


@dataclass(frozen=True)
class _Phrase:
    option: Option
    heard: _Heard
    is_english: bool


@lru_cache(maxsize=512)
def _phrases(option: Option, words_of: Words) -> tuple[_Phrase, ...]:
    english = (option.button.en, option.words.en)
    return tuple(_Phrase(option, _heard(one, words_of), one in english) for one in _written(option))


def _exact(options: Sequence[Option], text: str, heard: _Heard, words_of: Words) -> list[Option]:
    """The options of which this is a phrase as it is written; else without accents; else in other spelling."""
    for whole, same in ((_as_written(text), _as_written), (_without_accents(text), _phrase_without_accents)):
        found = [option for option in options if any(same(phrase) == whole for phrase in _written(option))]
        if whole and found:
            return found
    said = without_edges(heard.words)
    return [
        option
        for option in options
        if said and any(without_edges(phrase.heard.words) == said for phrase in _phrases(option, words_of))
    ]


def _as_written(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower().strip()


def _without_accents(text: str) -> str:
    return " ".join(without_edges(folded_words(text)))


_phrase_without_accents = lru_cache(maxsize=8192)(_without_accents)


def _written(option: Option) -> Iterator[str]:
    yield from (option.button.vi, option.words.vi, option.button.en, option.words.en, *option.also)


def without_edges(words: Sequence[str]) -> list[str]:
    """Without the words of politeness around what is said."""
    first, last = 0, len(words)
    while first < last and words[first] in EDGES:
        first += 1
    while last > first and words[last - 1] in EDGES:
        last -= 1
    return list(words[first:last])


def _by_words(item: Item, options: Sequence[Option], text: str, heard: _Heard, words_of: Words) -> Said | None:
    phrases = [phrase for option in options for phrase in _phrases(option, words_of)]
    is_answer = len(heard.words) <= LONGEST_SENTENCE_WORDS and not _asks(text)
    if is_answer and (all_said := _within(phrases, heard) or _yes_or_no(item, options, heard, words_of)):
        return one_or_between(item, all_said)
    named = _named(item, phrases, heard)
    return chosen(item, named) if named and item.kind == "multi_choice" else one_or_between(item, named)


def _asks(text: str) -> bool:
    spelt = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower())
    said = " ".join(word if word in ("mấy", "đầu", "nợ", "nó") else fold(word) for word in spelt)
    if _ASKS_SO.search(said):
        return True
    for pattern in _ASKS_NOTHING * 2:
        said = pattern.sub(r"\1", said)
    return _asks_itself(said.split())


def _asks_itself(words: Sequence[str]) -> bool:
    return asks(" ".join("x" if word == "don" else word for word in words))  # "hóa đơn" is no "don't"


def _yes_or_no(item: Item, options: Sequence[Option], heard: _Heard, words_of: Words) -> list[Option]:
    """What "có", "rồi", "chưa", "không bán" may mean to a question that asks whether, or how many."""
    said = {word for word in heard.words if word not in EMPTY}
    buttons = {option.value: _heard(option.button.vi, words_of) for option in options}
    if said and said <= {"co", "roi"}:
        return [o for o in options if said & set(buttons[o.value].words) and set(buttons[o.value].words) <= _AFFIRM]
    question = re.sub(r"\(.*?\)", "", fold(item.text.vi)).partition("?")[0]
    if sum(word in NEGATIONS for word in heard.words) != 1 or not said <= _NO_MORE | {*question.split()}:
        return []
    if not item.unit and not re.search(r"\b(?:khong|chua)\b", question):
        return []
    denying = [option for option in options if buttons[option.value].denies]
    # "chưa" is never "I do not know"
    same = [option for option in denying if "chua" in said and "chua" in buttons[option.value].words]
    return same or denying or [o for o in options if _heard(o.words.vi, words_of).words[:1] == ("khong",)]


_AFFIRM = frozenset({"co", "roi", "lam"})
_NO_MORE = NEGATIONS | {"dau", "ca", "co", "gi", "ai", "nao", "lam", "bao", "gio"}


def _within(phrases: Sequence[_Phrase], heard: _Heard) -> list[Option]:
    """The options one of whose phrases has all that was said, and denies what was denied."""
    shares: dict[Option, float] = {}
    for without in (EMPTY, _LIGHT, _VAGUE):
        said = heard.features(without)
        fitting: list[Option] = []
        for phrase in phrases if said else ():
            if _fits(said, phrase, heard):
                fitting += [phrase.option] if phrase.option not in fitting else []
                share = len(said) / len(phrase.heard.features(EMPTY))
                shares[phrase.option] = max(share, shares.get(phrase.option, 0))
        if len(fitting) > 1 and any(word not in _VAGUE for word, _ in said):
            return fitting
        plain = [o for o in fitting if _is_plain(said, o, shares[o], phrases)]
        # a single word that is left of several tells too little, unless it is a whole phrase
        if plain and (len(said) > 1 or without is EMPTY or (without is _LIGHT and shares[plain[0]] == 1)):
            return plain
    # no single word tells, but all together do
    return fitting if len(fitting) == 1 and len(said) > 1 and shares[fitting[0]] >= 0.5 else []


def _fits(said: frozenset[tuple[str, bool]], phrase: _Phrase, heard: _Heard) -> bool:
    if phrase.is_english and not any(len(word) > 4 for word, _ in said):
        return False  # "no" is "nợ", "to" is "tờ"
    bare = heard.bare or (heard.denies and not any(denied for _, denied in said))
    if (bare and not phrase.heard.bare) or (phrase.heard.bare and not heard.denies):
        return False
    return said <= phrase.heard.features(frozenset())


def _is_plain(said: frozenset[tuple[str, bool]], option: Option, share: float, phrases: Sequence[_Phrase]) -> bool:
    """Whether what was said is enough to choose `option`, of one of whose phrases it is this share."""
    telling = {feature for feature in said if feature[0] not in _VAGUE}
    others = {feature for p in phrases if p.option is not option for feature in p.heard.features(_VAGUE)}
    if share == 1 or not telling or telling <= others:
        return share == 1
    # "excel" tells much, "cũ" and "không bấm" little
    word, denied = next(iter(said))
    return share >= (0.5 if len(said) == 1 and (denied or len(word) < 4) else 0.25)


def _named(item: Item, phrases: Sequence[_Phrase], heard: _Heard) -> list[Option]:
    """The options one of whose phrases stands in the sentence as it is; a phrase inside a longer one is not meant."""
    alone = {phrase.heard.words[0] for phrase in phrases if len(phrase.heard.words) == 1}
    found: list[tuple[int, int, Option]] = []
    for phrase in phrases:
        size = len(phrase.heard.words)
        if size == 0 or (size == 1 and (phrase.is_english or phrase.heard.denies or len(phrase.heard.words[0]) < 4)):
            continue
        for start in range(len(heard.words) - size + 1):
            if heard.words[start : start + size] == phrase.heard.words and _is_said(item, phrase, heard, start, alone):
                found.append((start, start + size, phrase.option))
    outer = [one for one in found if not any(_inside(one, other) for other in found)]
    return list({id(option): option for _, _, option in outer}.values())


def _inside(one: tuple[int, int, Option], other: tuple[int, int, Option]) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and (other[1] - other[0]) > (one[1] - one[0])


def _is_said(item: Item, phrase: _Phrase, heard: _Heard, start: int, alone: set[str]) -> bool:
    """Whether the phrase at `start` is what the owner says: not denied, not asked about, not wished, not another's."""
    words, end = heard.words, start + len(phrase.heard.words)
    first = next(at for at in range(start + 1) if heard.clauses[at] == heard.clauses[start])
    last = next((at for at in range(end, len(words)) if heard.clauses[at] != heard.clauses[end - 1]), len(words))
    before, after = words[first:start], words[end:last]
    around = {*before, *after}
    if around & NEGATIONS or around & _OTHERS & set(before) or _asks_itself((*words[:start], "x", *words[end:])):
        return False
    if around & _UNREAL and not (item.section == "closing" and item.kind == "multi_choice"):
        return False
    if start and phrase.heard.words[0].isdigit() and (words[start - 1].isdigit() or words[start - 1] in _AT_MOST):
        return False
    known = _LIGHT | alone | set(folded_words(item.text.vi)) - NEGATIONS
    # "không có máy" is not "không có máy in", nor "có chứ" the "có chu" of "có chu vi"
    if phrase.heard.denies or set(phrase.heard.words) <= _VAGUE:
        return around <= known - alone
    return len(phrase.heard.words) > 1 or around <= known


def is_spelt(text: str, phrases: frozenset[str]) -> bool:
    """Whether the text is one of `phrases`, written without accents, whatever stands politely around it."""
    words = without_edges(folded_words(text[:80]))
    return " ".join(words) in phrases or fold(text).strip() in phrases
