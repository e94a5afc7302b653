"""The search over the packs, for questions that no intent covers: an entry's own words, or nothing.

Every entry has questions that an owner might ask for it (content/*/questions.yaml). BM25 (bm25s) finds the one that is
most like what was asked, by words, pairs of neighbours and pieces of words, all accent-free. Whether its entry may be
said is decided by four numbers:

    similar   the BM25 score of the best question of the entry, as a share of what the asked words could score at all
    covered   the share of the asked words, weighed by how rare they are (idf), that the entry contains anywhere
    ahead     how far the entry is ahead of the next one in similar + a share of covered
    words     how many words with a meaning were asked

A word that no entry knows weighs as much as the rarest one, so "thuế đất" is half unknown, not half known. The logistic
weights and the threshold were fitted on the calibration part of nlu/eval/retrieval.yml; `make evaluate` fits them again
and shows them beside those in force.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import bm25s
import numpy as np

from programme.answers import Answer, AnswerBook
from programme.packs import Lexicon
from programme.spelt_out import SpeltOut

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it reports every index that it builds

THRESHOLD = 0.7
VERY_SURE = 0.8  # where the classifier is sure of an intent
WORTH_ASKING, FEW_NEAR = 0.2, 2  # "did you mean"
WEIGHTS = (8.3, 6.0, 7.7, 0.39)  # similar, covered, ahead, words
INTERCEPT = -10.2
MOST_WORDS = 10
# "tên miền" alone is asked of many entries: so few words name one only when no other comes near.
FEW_WORDS, NEAR = 3, 0.1
COVERED_SHARE = 0.3  # of `covered` in the ranking
K1, B = 0.8, 1.0  # BM25: questions are short, so a word twice says little and length counts in full
PIECES = (3, 4)  # letters
# Address and politeness: they stand in any sentence and name nothing.
_POLITE = frozenset(
    """a ạ oi chau bac em anh chi co chu u ong ba minh toi tui to nha ho nguoi ta da vang cho hoi xin muon voi nhe ha z
    v ad the la thi ma va cua nay kia do ay roi cung cac nhung""".split()
)
# Question words: they tell one question from another, but no entry has to contain them.
_ASKING = frozenset(
    """biet can gi nao sao dau bao nhieu may khi gio luc ai khong ko k duoc dc hay hoac o tai trong ve nhu chua con se
    dang phai bi boi vi tu den de nen van moi cai mot hai lam ra vao len xuong di day giup j what is are of to in on for
    does i my me how where when who which can""".split()
)


@dataclass(frozen=True)
class Hit:
    """An entry that answers a question, how sure the search is (0 to 1), and the four numbers of the module's head."""

    answer: Answer
    score: float
    evidence: tuple[float, float, float, float]


class Retrieval:
    """One index per province, over the searchable entries in its reach."""

    def __init__(self, answers: AnswerBook, lexicon: Lexicon, provinces: Iterable[str]) -> None:
        self._answers = answers
        words = _Words(lexicon)
        self._indexes = {province: _Index(answers, words, province) for province in provinces}

    def prepare(self) -> None:
        """Make the indexes now (a third of a second each) instead of at a province's first question."""
        for index in self._indexes.values():
            index.prepare()

    def best(self, question: str, province: str, on: dt.date, threshold: float = THRESHOLD) -> Hit | None:
        """The entry that answers `question` and may be said on that day, if the search is sure enough."""
        ranked = self._indexes[province].rank(question, on)
        if not ranked:
            return None
        hit = self._judge(ranked[0], ranked, province, on)
        _, _, ahead, words = hit.evidence
        return hit if hit.score >= threshold and not (words <= FEW_WORDS and ahead < NEAR) else None

    def refining(self, intent: str, question: str, province: str, on: dt.date) -> Hit | None:
        """An entry that answers `question` more precisely than the one for its intent, if the search is very sure."""
        if intent not in self._indexes[province].refined:
            return None
        ranked = self._indexes[province].rank(question, on)
        best = next((one for one in ranked if intent in (*one.answer.refines, one.answer.intent)), None)
        if best is None or best.answer.intent == intent:
            return None
        hit = self._judge(best, [one for one in ranked if one.answer.intent != intent], province, on)
        return hit if hit.score >= VERY_SURE else None

    def near(self, question: str, province: str, on: dt.date) -> list[Answer]:
        """The entries worth asking about ("did you mean"), the likeliest first; at most a few."""
        ranked = self._indexes[province].rank(question, on)[:FEW_NEAR]
        hits = (self._judge(one, ranked, province, on) for one in ranked)
        return [hit.answer for hit in hits if hit.score >= WORTH_ASKING]

    def _judge(self, one: _Ranked, ranked: list[_Ranked], province: str, on: dt.date) -> Hit:
        following = next((other.rank for other in ranked if other.answer.id != one.answer.id), 0.0)
        evidence = (one.similar, one.covered, one.rank - following, float(min(one.words, MOST_WORDS)))
        score = 1 / (1 + math.exp(-INTERCEPT - sum(w * x for w, x in zip(WEIGHTS, evidence, strict=True))))
        # the entry may have a stand-in with other words; which of the two is said is the book's business
        said_now = self._answers.get(one.answer.id, province, on)
        return Hit(said_now if isinstance(said_now, Answer) else one.answer, score, evidence)


@dataclass(frozen=True)
class _Ranked:
    answer: Answer
    similar: float
    covered: float
    words: int

    @property
    def rank(self) -> float:
        return self.similar + COVERED_SHARE * self.covered


class _Words:
    """Texts to accent-free words, shorthand written out, without the words of politeness."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._spelt_out = SpeltOut(lexicon)

    def __call__(self, text: str) -> list[str]:
        return [word for word in self._spelt_out(text) if word not in _POLITE]


class _Index:
    def __init__(self, answers: AnswerBook, words: _Words, province: str) -> None:
        self._book, self._words = answers, words
        self._answers = [answer for answer in answers.in_reach(province) if answer.searchable]
        # the intents that an entry beside their own answers more precisely
        self.refined = frozenset(intent for answer in self._answers for intent in answer.refines)

    def prepare(self) -> None:
        _ = self._bm25, self._owners, self._term_counts, self._mean_length, self._places

    def rank(self, question: str, on: dt.date) -> list[_Ranked]:
        """The entries that may be said on that day, the likeliest first."""
        asked = self._words(question)
        meant = {word for word in asked if word not in _ASKING}
        terms = _terms(asked)
        known = [term for term in terms if term in self._bm25.vocab_dict]
        if not meant or not known:
            return []
        similar = np.zeros(len(self._answers))
        np.maximum.at(similar, self._owners, self._bm25.get_scores(known) / self._most_possible(terms))
        covered = np.zeros(len(self._answers))
        for word in meant & self._places.keys():
            covered[self._places[word]] += self._idf(word)
        covered /= sum(self._idf(word) for word in meant)
        order = np.argsort(-similar - COVERED_SHARE * covered, kind="stable")
        ordered = zip(order.tolist(), similar[order].tolist(), covered[order].tolist(), strict=True)
        return [
            _Ranked(self._answers[place], similarity, coverage, len(meant))
            for place, similarity, coverage in ordered
            if similarity > 0 and self._book.may_be_said(self._answers[place], on)
        ]

    @cached_property
    def _utterances(self) -> list[tuple[int, list[str]]]:
        """(place of the entry, terms) of everything an entry is asked by."""
        asked_by = [
            (place, _terms(self._words(text)))
            for place, answer in enumerate(self._answers)
            for text in (*dict(answer.titles).values(), *answer.keywords, *answer.questions)
        ]
        return [(place, terms) for place, terms in asked_by if terms]

    @cached_property
    def _owners(self) -> np.ndarray:
        return np.array([place for place, _ in self._utterances])

    @cached_property
    def _bm25(self) -> bm25s.BM25:
        bm25 = bm25s.BM25(k1=K1, b=B)  # type: ignore[no-untyped-call]
        bm25.index([terms for _, terms in self._utterances], show_progress=False)
        return bm25

    @cached_property
    def _term_counts(self) -> Counter[str]:
        return Counter(term for _, terms in self._utterances for term in set(terms))

    @cached_property
    def _mean_length(self) -> float:
        return sum(len(terms) for _, terms in self._utterances) / len(self._utterances)

    def _most_possible(self, terms: Sequence[str]) -> float:
        """The BM25 score of a question that is exactly what was asked; what no question has counts as the rarest."""
        length = K1 * (1 - B + B * len(terms) / self._mean_length)
        return sum(
            n * _idf(self._term_counts[term], len(self._utterances)) * n * (K1 + 1) / (n + length)
            for term, n in Counter(terms).items()
        )

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """The places of the entries that contain a word anywhere."""
        places: dict[str, list[int]] = {}
        for place, answer in enumerate(self._answers):
            texts = (*dict(answer.titles).values(), *answer.keywords, *answer.questions, *dict(answer.texts).values())
            for word in {word for text in texts for word in self._words(text)}:
                places.setdefault(word, []).append(place)
        return places

    def _idf(self, word: str) -> float:
        return _idf(len(self._places.get(word, ())), len(self._answers))


def _idf(count: int, of: int) -> float:
    return math.log(1 + (of - count + 0.5) / (count + 0.5))


def _terms(words: Sequence[str]) -> list[str]:
    """Words, pairs of neighbours, and pieces of words, so that a typo leaves most of them intact.

    Each spelling is one string however often it comes: all indexes together would weigh 30 MB more.
    """
    pieces = [
        "#" + bordered[at : at + size]
        for bordered in (f"_{word}_" for word in words)
        for size in PIECES
        for at in range(len(bordered) - size + 1)
    ]
    return [sys.intern(term) for term in (*words, *(f"{a} {b}" for a, b in pairwise(words)), *pieces)]
