"""The search over the packs, for questions that no intent covers: an entry's own words, or nothing.

BM25 (bm25s) ranks; whether the best one may be said is decided by three numbers between 0 and 1 that a person can
check by hand. The first two weigh the question's words by how rare they are in the packs (idf):

    covered   the share of the question that the entry contains anywhere
    named     the share of the question that its title or keywords contain
    joined    the share of the question's pairs of neighbours that are neighbours in the entry, too

A word that no entry knows weighs as much as the rarest one, so "thuế đất" is half unknown, not half known. The score is
their mean, and 0 for what has fewer than two words in common; nothing is said when a second entry is as good. The
threshold was chosen on the calibration part of
nlu/eval/retrieval.yml (`make evaluate`).
"""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import bm25s

from programme.answers import Answer, AnswerBook
from programme.packs import Lexicon
from store.text import folded_words

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it reports every index that it builds

THRESHOLD = 0.6
# What another entry fits as well ("tên miền") names neither of them.
MARGIN = 0.05
FEWEST_WORDS = 2
CANDIDATES = 5
# Address, politeness and question words: they stand in any sentence and name nothing.
_EMPTY = frozenset(
    """a ạ oi chau bac em anh chi co chu u ong ba minh toi tui to nha ho nguoi ta a da vang cho hoi xin biet muon can la
    gi nao the sao dau bao nhieu may khi bao gio luc ai co khong ko k duoc dc thi ma va voi hay hoac o tai trong ve cua
    nhu nay kia do ay nay roi chua con se dang da phai bi boi vi tu den de nen cung van chi moi cai con nhung cac mot
    hai lam ra vao len xuong di toi day giup voi nhe nha ha a z v j ad the what is are of to in on for do does i my me
    how where when who which can""".split()
)


@dataclass(frozen=True)
class Hit:
    """An entry that answers a question, and how sure the search is (0 to 1)."""

    answer: Answer
    score: float


@dataclass(frozen=True)
class _Index:
    answers: tuple[Answer, ...]
    words: tuple[frozenset[str], ...]  # of the whole entry
    names: tuple[frozenset[str], ...]  # of its title and keywords
    pairs: tuple[frozenset[tuple[str, str]], ...]  # neighbours in the entry
    idf: dict[str, float]
    rarest: float
    ranking: bm25s.BM25


class Retrieval:
    """One index per province, over the searchable entries in its reach."""

    def __init__(self, answers: AnswerBook, lexicon: Lexicon, provinces: Iterable[str]) -> None:
        self._answers = answers
        self._expansions = {
            tuple(folded_words(form)): folded_words(row.means)
            for row in lexicon.expansions
            if row.risk == "low"
            for form in row.forms
        }
        self._longest = max(len(form) for form in self._expansions)
        self._indexes = {province: self._index(province) for province in provinces}

    def best(self, question: str, province: str, on: dt.date, threshold: float = THRESHOLD) -> Hit | None:
        """The entry that answers `question` and may be said on that day, if the search is sure enough."""
        index, said = self._indexes[province], self._words(question)
        if not said:
            return None
        known = [term for term in _terms(said) if term in index.ranking.vocab_dict]
        if not known:
            return None
        scores = index.ranking.get_scores(known)
        hits = []
        for place in sorted(range(len(scores)), key=lambda i: -scores[i])[:CANDIDATES]:
            answer = index.answers[place]
            if scores[place] > 0 and self._answers.may_be_said(answer, on):
                hits.append(Hit(answer, _score(said, index, place)))
        best = max(hits, key=lambda hit: hit.score, default=None)
        if best is None or best.score < threshold:
            return None
        if any(hit.answer.id != best.answer.id and hit.score > best.score - MARGIN for hit in hits):
            return None
        # the entry may have a stand-in with other words; which of the two is said is the book's business
        said_now = self._answers.get(best.answer.id, province, on)
        return Hit(said_now, best.score) if isinstance(said_now, Answer) else None

    def _index(self, province: str) -> _Index:
        answers = tuple(answer for answer in self._answers.in_reach(province) if answer.searchable)
        names = [self._words(" ".join((*dict(a.titles).values(), *a.keywords))) for a in answers]
        words = [
            [*name, *self._words(" ".join(dict(a.texts).values()))] for a, name in zip(answers, names, strict=True)
        ]
        counts = Counter(word for one in words for word in set(one))
        idf = {word: math.log(1 + (len(answers) - n + 0.5) / (n + 0.5)) for word, n in counts.items()}
        ranking = bm25s.BM25()  # type: ignore[no-untyped-call]
        # the title and the keywords count twice
        ranking.index([_terms([*word, *name]) for word, name in zip(words, names, strict=True)], show_progress=False)
        return _Index(
            answers,
            tuple(frozenset(one) for one in words),
            tuple(frozenset(one) for one in names),
            tuple(frozenset(pairwise(one)) for one in words),
            idf,
            math.log(1 + (len(answers) + 0.5) / 0.5),
            ranking,
        )

    def _words(self, text: str) -> list[str]:
        """The accent-free words that mean something, shorthand written out."""
        words, said, at = folded_words(text), [], 0
        while at < len(words):
            for size in range(min(self._longest, len(words) - at), 0, -1):
                meaning = self._expansions.get(tuple(words[at : at + size]))
                if meaning is not None:
                    said += meaning
                    at += size
                    break
            else:
                said.append(words[at])
                at += 1
        return [word for word in said if word not in _EMPTY]


def _score(said: list[str], index: _Index, place: int) -> float:
    words, names, pairs = index.words[place], index.names[place], index.pairs[place]
    if len(words.intersection(said)) < FEWEST_WORDS:
        return 0.0
    weights = {word: index.idf.get(word, index.rarest) for word in said}
    whole = sum(weights.values())
    covered = sum(weight for word, weight in weights.items() if word in words) / whole
    named = sum(weight for word, weight in weights.items() if word in names) / whole
    neighbours = list(pairwise(said))
    joined = sum(pair in pairs for pair in neighbours) / len(neighbours)
    return (covered + named + joined) / 3


def _terms(words: list[str]) -> list[str]:
    """Words and pairs of neighbours."""
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]
