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

from programme.numbers_said import with_digits
from programme.survey.definition import Answer, Item, Option
from programme.yes_or_no import asks
from store.text import fold, folded_words

Words = Callable[[str], list[str]]
MOST_ASKED_BACK = 3
# A longer text tells a story; only what it names by itself is read in it, and nothing in a still longer one.
LONGEST_SENTENCE_WORDS, LONGEST_STORY_WORDS = 30, 120
_DIGITS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10}
_NUMBERS = _DIGITS | {"tu": 4, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
MOST_DIGITS = 3  # more are a phone number, a year, a sum of money

_EDGES = frozenset("da a ah vang em oi nhe nha nhi chu luon di please".split())
# Who speaks, and what adds nothing
_EMPTY = _EDGES | frozenset(
    """toi tui minh bac anh chi chau thi la van cung ta thoi cai day do nay ay kia nhi ha i we my the an
    u um ok oke bao gio""".split()
)
# What adds nothing only if the rest means something without it
_LIGHT = _EMPTY | frozenset(
    """co dang hay cua hang nha ma roi duoc het ca gi nao dau moi toan chac thuong hien gio cho o dung va voi lan
    ben chep""".split()
)
_VERBS = frozenset("co dung dang duoc lam biet xem di mua ban xuat".split())
# By themselves these may be said of nearly everything
_VAGUE = _LIGHT | frozenset("lam biet xem di mua ban khach may xuat tren vao trong bang qua khi khac".split())
_NEGATIONS = frozenset("khong chua chang cha not never kg kh hong hok hem".split())
# What is wished, planned or over is not so; what others do is not what the owner does
_UNREAL = frozenset("muon dinh sap neu uoc truoc xua tung bo".split())
_OTHERS = frozenset("con chau vo chong ho".split())
_AT_MOST = frozenset("duoi gan chua khong".split())

# Around a number these say that it is the option's place; that it is about how many; that it is more than that.
_AROUND_PLACE = frozenset("so chon cau muc y nut dap an phuong option number".split())
_AROUND_AMOUNT = _EMPTY | frozenset("khoang tam chung duoc co chac con trong about phai ra roi may".split())
_MORE_THAN = frozenset("hon tren qua".split())
_JOINED = frozenset("va voi hoac hay roi ca or and".split())
_OF_A_SCALE = _AROUND_PLACE | _AROUND_AMOUNT | {"sao", "diem", "cham", "cho"}
_NO_NUMBER = re.compile(r"\b(?:bà|bá|bả|từ|tự|tạm|tầm|bày|sâu|nấm|nằm|mốt|hài)\b")  # "tạm" is no "tám"
_OUT_OF = re.compile(r"(\d{1,3}) ?(?:/|tren|trong) ?(\d{1,3})\b")
_PERCENT = re.compile(r"(\d{1,2})0 ?(?:%|phan tram)")

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


@dataclass(frozen=True)
class Chosen:
    answer: Answer


@dataclass(frozen=True)
class Between:
    """More than one option fits."""

    options: tuple[Option, ...]


@dataclass(frozen=True)
class NoSuchNumber:
    """The options are numbered from 1 to `most`."""

    number: str
    most: int


@dataclass(frozen=True)
class TooMany:
    """Several answers where one is wanted."""


Said = Chosen | Between | NoSuchNumber | TooMany


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
        return _one_or_between(item, exact)
    lowered = unicodedata.normalize("NFC", text).lower().strip(" .!,")
    if (letter := _LETTER.fullmatch(lowered)) and not _ONLY_POLITE.fullmatch(lowered):
        return _at_place(item, options, ord(letter[1]) - ord("a") + 1, letter[1])
    if said := _by_number(item, options, text, words_of):
        return said
    if item.kind == "scale" or "?" in text:
        return None
    return _by_words(item, options, text, heard, words_of)


def _one_or_between(item: Item, options: Sequence[Option]) -> Said | None:
    if len(options) == 1:
        return _chosen(item, options)
    return Between(tuple(options)) if options and len(options) <= MOST_ASKED_BACK else None


def _chosen(item: Item, options: Sequence[Option]) -> Chosen:
    if item.kind != "multi_choice":
        return Chosen(options[0].value)
    # "none" beside something else was said about the rest
    values = [str(option.value) for option in options if option.value != "none" or len(options) == 1]
    return Chosen(list(dict.fromkeys(values)))


def _at_place(item: Item, options: Sequence[Option], place: int, written: str) -> Said:
    if not 1 <= place <= len(options):
        return NoSuchNumber(written, len(options))
    return _chosen(item, [options[place - 1]])


# --- numbers


def _by_number(item: Item, options: Sequence[Option], text: str, words_of: Words) -> Said | None:
    said = _OUT_OF.sub(lambda m: m[1] if m[2] == _whole(item) else m[0], with_digits(text))
    if _whole(item) == "10":
        said = _PERCENT.sub(r"\1", said)
    words = words_of(said)
    numbers = re.findall(r"\d+", said)
    rest = {word for word in words if not word.isdigit() and word not in _EDGES}
    if not numbers:
        numbers = [str(_NUMBERS[word]) for word in words if word in _NUMBERS]
        rest -= _NUMBERS.keys()
        if _NO_NUMBER.search(unicodedata.normalize("NFC", text).lower()):
            return None
    if not numbers or any(len(number) > MOST_DIGITS for number in numbers) or re.search(r"\d ?/ ?\d", said):
        return None
    is_scale = item.kind == "scale"
    if len(numbers) == 1 and rest <= (_OF_A_SCALE if is_scale else _AROUND_PLACE):
        return _number_alone(item, options, numbers[0], is_place=bool(rest) or is_scale)
    if len(numbers) > 1 and item.kind == "multi_choice":
        return _several(item, options, numbers) if rest <= _AROUND_PLACE | _JOINED | _EMPTY else None
    if item.unit and len(numbers) <= 2 and (amount := _amount(item, options, rest, [int(n) for n in numbers])):
        return amount
    return TooMany() if len(numbers) > 1 and rest <= _AROUND_PLACE | _JOINED else None


def _whole(item: Item) -> str:
    """Of how many an amount is a part: "3/10" of ten customers, "4/5" of a scale."""
    return "5" if item.kind == "scale" else "10" if "10" in folded_words(item.text.vi) else ""


def _number_alone(item: Item, options: Sequence[Option], written: str, is_place: bool) -> Said:
    number = int(written)
    amounts = [option for option in options if option.amount and number in option.amount]
    if is_place or not amounts:
        return _at_place(item, options, number, written)
    if not 1 <= number <= len(options) or options[number - 1] == amounts[0]:
        return Chosen(amounts[0].value)
    return Between((options[number - 1], amounts[0]))


def _amount(item: Item, options: Sequence[Option], rest: set[str], numbers: Sequence[int]) -> Said | None:
    more = bool(rest & _MORE_THAN)
    allowed = {word for unit in item.unit for word in folded_words(unit)} | _AROUND_AMOUNT
    if len(numbers) == 1:
        allowed |= set(folded_words(item.text.vi)) - _NEGATIONS
    if not rest - _MORE_THAN <= allowed:
        return None
    either = [o for o in options if o.amount and any(number + more in o.amount for number in numbers)]
    return _one_or_between(item, either)


def _several(item: Item, options: Sequence[Option], numbers: Sequence[str]) -> Said:
    for number in numbers:
        if not 1 <= int(number) <= len(options):
            return NoSuchNumber(number, len(options))
    return _chosen(item, [options[int(number) - 1] for number in numbers])


# --- words


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
        dropped = without | _NEGATIONS
        return frozenset((word, no) for word, no in pairs if word not in dropped or (no and word in _VERBS))


def _heard(text: str, words_of: Words) -> _Heard:
    lowered = _SPELT_WORD.sub(lambda m: _SPELT[m[1]], unicodedata.normalize("NFC", text).lower())
    words: list[str] = []
    clauses: list[int] = []
    clause = 0
    for piece in _CLAUSE_END.split(lowered):
        said = [str(_DIGITS.get(word, word)) for word in words_of(piece)]
        clause += 1
        for at, word in enumerate(said):
            clause += _begins_clause(said, at)
            words.append(word)
            clauses.append(clause)
    negated = [False] * len(words)
    bare = False
    for at, word in enumerate(words):
        if word in _NEGATIONS:
            reached = list(_reached(words, clauses, at))
            bare = bare or not reached
            for one in reached:
                negated[one] = True
    return _Heard(tuple(words), tuple(clauses), tuple(negated), not _NEGATIONS.isdisjoint(words), bare)


def _begins_clause(words: Sequence[str], at: int) -> bool:
    if at == 0 or words[at - 1] in _NEGATIONS | _UNREAL:
        return False  # "không chỉ", "muốn toàn"
    if words[at] == "ma":
        return words[at + 1 : at + 2] != [] and words[at + 1] not in _MA_THINGS
    return words[at] in ("nhung", "toan", "chi")


def _reached(words: Sequence[str], clauses: Sequence[int], at: int) -> Iterator[int]:
    """The places of the words that the negation at `at` may deny: all to the end of its clause."""
    for place in range(at + 1, len(words)):
        if clauses[place] != clauses[at]:
            return
        if words[place] not in _EMPTY:
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
    while first < last and words[first] in _EDGES:
        first += 1
    while last > first and words[last - 1] in _EDGES:
        last -= 1
    return list(words[first:last])


def _by_words(item: Item, options: Sequence[Option], text: str, heard: _Heard, words_of: Words) -> Said | None:
    phrases = [phrase for option in options for phrase in _phrases(option, words_of)]
    is_answer = len(heard.words) <= LONGEST_SENTENCE_WORDS and not _asks(text)
    if is_answer and (all_said := _within(phrases, heard) or _yes_or_no(item, options, heard, words_of)):
        return _one_or_between(item, all_said)
    named = _named(item, phrases, heard)
    return _chosen(item, named) if named and item.kind == "multi_choice" else _one_or_between(item, named)


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
    said = {word for word in heard.words if word not in _EMPTY}
    buttons = {option.value: _heard(option.button.vi, words_of) for option in options}
    if said and said <= {"co", "roi"}:
        return [o for o in options if said & set(buttons[o.value].words) and set(buttons[o.value].words) <= _AFFIRM]
    question = re.sub(r"\(.*?\)", "", fold(item.text.vi)).partition("?")[0]
    if sum(word in _NEGATIONS for word in heard.words) != 1 or not said <= _NO_MORE | {*question.split()}:
        return []
    if not item.unit and not re.search(r"\b(?:khong|chua)\b", question):
        return []
    denying = [option for option in options if buttons[option.value].denies]
    # "chưa" is never "I do not know"
    same = [option for option in denying if "chua" in said and "chua" in buttons[option.value].words]
    return same or denying or [o for o in options if _heard(o.words.vi, words_of).words[:1] == ("khong",)]


_AFFIRM = frozenset({"co", "roi", "lam"})
_NO_MORE = _NEGATIONS | {"dau", "ca", "co", "gi", "ai", "nao", "lam", "bao", "gio"}


def _within(phrases: Sequence[_Phrase], heard: _Heard) -> list[Option]:
    """The options one of whose phrases has all that was said, and denies what was denied."""
    shares: dict[Option, float] = {}
    for without in (_EMPTY, _LIGHT, _VAGUE):
        said = heard.features(without)
        fitting: list[Option] = []
        for phrase in phrases if said else ():
            if _fits(said, phrase, heard):
                fitting += [phrase.option] if phrase.option not in fitting else []
                share = len(said) / len(phrase.heard.features(_EMPTY))
                shares[phrase.option] = max(share, shares.get(phrase.option, 0))
        if len(fitting) > 1 and any(word not in _VAGUE for word, _ in said):
            return fitting
        plain = [o for o in fitting if _is_plain(said, o, shares[o], phrases)]
        # a single word that is left of several tells too little, unless it is a whole phrase
        if plain and (len(said) > 1 or without is _EMPTY or (without is _LIGHT and shares[plain[0]] == 1)):
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
    if around & _NEGATIONS or around & _OTHERS & set(before) or _asks_itself((*words[:start], "x", *words[end:])):
        return False
    if around & _UNREAL and not (item.section == "closing" and item.kind == "multi_choice"):
        return False
    if start and phrase.heard.words[0].isdigit() and (words[start - 1].isdigit() or words[start - 1] in _AT_MOST):
        return False
    known = _LIGHT | alone | set(folded_words(item.text.vi)) - _NEGATIONS
    # "không có máy" is not "không có máy in", nor "có chứ" the "có chu" of "có chu vi"
    if phrase.heard.denies or set(phrase.heard.words) <= _VAGUE:
        return around <= known - alone
    return len(phrase.heard.words) > 1 or around <= known


def is_spelt(text: str, phrases: frozenset[str]) -> bool:
    """Whether the text is one of `phrases`, written without accents, whatever stands politely around it."""
    words = without_edges(folded_words(text[:80]))
    return " ".join(words) in phrases or fold(text).strip() in phrases
