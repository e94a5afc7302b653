"""Tags the words of a sentence: an entity of this type begins, goes on, or none. An averaged structured perceptron.

Pure numpy, no Rasa. What is stored are names and numbers only, so loading cannot run code.
"""

from __future__ import annotations

import json
import re
from bisect import bisect
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Text, Tuple

import numpy as np

from nlu.components.text import compose, fold

# Combining marks belong to their letter also where no composed character exists; any other mark is a word of its own.
_WORD = re.compile(r"[\w\u0300-\u036f]+|[^\w\s]")
_EDGE = ("<>", "<>")
# How many words back a word still tells "leaves … on Tuesday around six" from "arrives … on Tuesday around six".
_FAR_LEFT = 12
# By how much a wrong tag must lose while training: names that were never seen are then told apart better.
_MARGIN = 20.0
_MOST_FEATURES = 28 + _FAR_LEFT

Entity = Dict[Text, Any]


class Word(NamedTuple):
    """A word in composed form; text[start:end] of the text as given."""

    text: str
    start: int
    end: int


def words_of(text: str) -> List[Word]:
    """The words and the single punctuation marks of `text`."""
    composed = compose(text)
    starts = composed.starts
    found: List[Word] = []
    for match in _WORD.finditer(composed.text):
        # Characters that share one origin are one piece: it ends where the next origin begins, and counts once.
        start, end = starts[match.start()], starts[bisect(starts, starts[match.end() - 1])]
        if not found or found[-1].end <= start:
            found.append(Word(match[0], start, end))
    return found


def _shape(word: str) -> str:
    """ "Aa", "A", "a", "0", "a0" …: kinds of characters, each run once."""
    kinds = ["0" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else "." for c in word[:12]]
    return "".join(kind for i, kind in enumerate(kinds) if i == 0 or kind != kinds[i - 1])


def features_of(words: Sequence[str]) -> List[List[str]]:
    """For each word what is known about it and its neighbours; the first letters name the kind of feature."""
    size = len(words)
    shapes = [*_EDGE, *map(_shape, words), *_EDGE]
    typed = [*_EDGE, *(word.lower() for word in words), *_EDGE]
    plain = [*_EDGE, *(fold(word) for word in typed[2 : size + 2]), *_EDGE]
    rows = []
    for i in range(2, size + 2):
        far, before, word, after, beyond = typed[i - 2 : i + 3]
        left, folded, right = plain[i - 1 : i + 2]
        row = [
            "bias",
            *(f"w0 {word}", f"w-1 {before}", f"w+1 {after}", f"w-2 {far}", f"w+2 {beyond}"),
            *(f"f0 {folded}", f"f-1 {left}", f"f+1 {right}", f"ff- {left} {folded}", f"ff+ {folded} {right}"),
            *(f"ww-1 {before} {word}", f"ww+1 {word} {after}", f"ww0 {before} {after}"),
            *(f"ww-2 {far} {before}", f"ww+2 {after} {beyond}"),
            *(f"www {before} {word} {after}", f"www- {far} {before} {word}", f"www+ {word} {after} {beyond}"),
            *(f"p{n} {folded[:n]}" for n in (1, 2, 3)),
            *(f"s{n} {folded[-n:]}" for n in (1, 2, 3)),
            *(f"h0 {shapes[i]}", f"h-1 {shapes[i - 1]}", f"h+1 {shapes[i + 1]}"),
        ]
        row += [f"l {other}" for other in dict.fromkeys(typed[max(2, i - _FAR_LEFT) : i])]
        rows.append(row)
    return rows


def _numbered(words: Sequence[Word], row_of: Callable[[str], int]) -> np.ndarray:
    """Words × features: the rows of the weights, filled up with 0."""
    numbers = np.zeros((len(words), _MOST_FEATURES), np.int32)
    for i, names in enumerate(features_of([word.text for word in words])):
        numbers[i, : len(names)] = [row_of(name) for name in names]
    return numbers


def states_of(words: Sequence[Word], entities: Sequence[Entity], types: Sequence[str]) -> np.ndarray:
    """One state per word. A word that a border cuts belongs to the entity, to the first one if there are two."""
    states, n, last = np.zeros(len(words), np.int64), len(types), 0
    for entity in sorted(entities, key=lambda e: e["start"]):
        inside = [i for i, w in enumerate(words) if w.start < entity["end"] and entity["start"] < w.end]
        free = [i for i in inside if not states[i]]
        begun = 1 + types.index(entity["entity"])
        states[free[:1]], states[free[1:]] = begun, begun + n
    for i, state in enumerate(states):
        last = (state - 1) % n + 1 if state else last
        states[i] = state or (last and 2 * n + last)
    return states


class _Averaged:
    """Numbers that are counted up and down; their mean over all steps generalises better than the last ones."""

    def __init__(self, rows: int, columns: int) -> None:
        self.now, self._late = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)

    def add(self, rows: np.ndarray, columns: np.ndarray, amount: float, step: int) -> None:
        np.add.at(self.now, (rows, columns), amount)
        np.add.at(self._late, (rows, columns), amount * step)

    def mean(self, steps: int) -> np.ndarray:
        return (self.now - self._late / max(steps, 1)).astype(np.float16)


class SequenceModel:
    """`weights`: features × tags, row 0 (zeros) for unknown features; `transitions`: state × state before it.

    With n types the tags are 0 (outside), 1 … n (a type begins) and n + 1 … 2n (it goes on). The states are the tags,
    and 2n + 1 … 3n for outside where that type came last: what follows "from A to" depends on A's type.
    """

    def __init__(
        self, types: Sequence[str], features: Iterable[str], weights: np.ndarray, transitions: np.ndarray
    ) -> None:
        self.types = list(types)
        self.rows = {name: row for row, name in enumerate(features, start=1)}
        # Not copied where they are float32 already: `fit` goes on counting in them.
        self.weights, self.transitions = np.asarray(weights, np.float32), np.asarray(transitions, np.float32)

    @classmethod
    def fit(cls, examples: Sequence[Tuple[str, Sequence[Entity]]], epochs: int, seed: int) -> SequenceModel:
        """`examples`: (text, annotated entities); those without entities say what is none."""
        types = sorted({str(entity["entity"]) for _, entities in examples for entity in entities})
        numbers: Dict[str, int] = {}
        sentences = []
        for text, entities in examples:
            words = words_of(text)
            if words:
                rows = _numbered(words, lambda name: numbers.setdefault(name, len(numbers) + 1))
                sentences.append((rows, states_of(words, entities, types)))
        outside = 2 * len(types) + 1
        weights = _Averaged(len(numbers) + 1, outside)
        transitions = _Averaged(outside + len(types), outside + len(types))
        model = cls(types, numbers, weights.now, transitions.now)
        shuffled, step = np.random.RandomState(seed), 0
        for _ in range(epochs):
            mistakes = 0
            for which in shuffled.permutation(len(sentences)):
                rows, gold = sentences[which]
                found = model._best(rows, gold)
                wrong = gold != found
                step += 1
                mistakes += int(wrong.any())
                for states, amount in ((gold, 1.0), (found, -1.0)) if wrong.any() else ():
                    tags = np.where(states < outside, states, 0)
                    weights.add(rows[wrong], tags[wrong, None], amount, step)
                    transitions.add(states[1:], states[:-1], amount, step)
            if not mistakes:
                break
        mean = weights.mean(step)
        mean[0] = 0
        features = [name for name, row in numbers.items() if mean[row].any() or name.startswith("w0 ")]
        return cls(types, features, mean[[0, *(numbers[name] for name in features)]], transitions.mean(step))

    def entities(self, text: str) -> List[Entity]:
        """The entities found, from left to right, as {entity, value, start, end}; `value` is the text as typed."""
        # A question mark must not be part of a name only because the training data have none.
        words = [word for word in words_of(text) if any(map(str.isalnum, word.text)) or f"w0 {word.text}" in self.rows]
        spans: List[Tuple[str, int, int]] = []
        states = self._best(_numbered(words, lambda name: self.rows.get(name, 0))) if words else ()
        for word, state in zip(words, states):  # noqa: B905
            if 0 < state <= len(self.types):
                spans.append((self.types[state - 1], word.start, word.end))
            elif 0 < state <= 2 * len(self.types):
                spans[-1] = (*spans[-1][:2], word.end)
        return [{"entity": name, "value": text[start:end], "start": start, "end": end} for name, start, end in spans]

    def _best(self, rows: np.ndarray, gold: Optional[np.ndarray] = None) -> np.ndarray:
        """The best states of a sentence of one word or more (Viterbi); a type only goes on where it has begun.

        Against `gold`, if given, the others get a lead of `_MARGIN` per word.
        """
        n = len(self.types)
        types = np.arange(n)
        emissions = self.weights[rows].sum(axis=1)
        emissions = np.concatenate([emissions, emissions[:, [0] * n]], axis=1)
        if gold is not None:
            emissions[np.arange(len(gold)), gold] -= _MARGIN
        opening = self.transitions[1 : n + 1]
        # [goes on, outside] × [after begun, after going on, after outside] of the same type
        staying = np.einsum("akbk->abk", self.transitions[n + 1 :, 1:].reshape(2, n, 3, n)).copy()
        staying[0, 2] = -np.inf
        before = np.zeros(emissions.shape, np.int64)
        scores = emissions[0].copy()
        scores[n + 1 :] = -np.inf
        for i in range(1, len(emissions)):
            opened, stayed = opening + scores, staying + scores[1:].reshape(3, n)
            from_, after = opened.argmax(axis=1), stayed.argmax(axis=1)
            before[i, 1:] = np.concatenate([from_, (1 + after * n + types).ravel()])
            scores = np.concatenate([scores[:1], opened[types, from_], stayed.max(axis=1).ravel()]) + emissions[i]
        states = np.full(len(emissions), scores.argmax())
        for i in range(len(states) - 1, 0, -1):
            states[i - 1] = before[i, states[i]]
        return states

    def save(self, folder: Path) -> None:
        names = {"types": self.types, "features": list(self.rows)}
        (folder / "names.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
        # float16 loses nothing: `fit` rounded to it.
        numbers = {"weights": self.weights.astype(np.float16), "transitions": self.transitions.astype(np.float16)}
        np.savez_compressed(folder / "numbers.npz", **numbers)

    @classmethod
    def load(cls, folder: Path) -> SequenceModel:
        names = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        with np.load(folder / "numbers.npz", allow_pickle=False) as numbers:
            return cls(names["types"], names["features"], numbers["weights"], numbers["transitions"])
