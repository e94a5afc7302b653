"""LinearIntentClassifier: word and character n-grams of the normalised text into one linear margin per intent.

More accurate here than DIET and trained in seconds; a softmax whose temperature is fitted on unseen examples turns the
margins into confidences that can be believed (docs/decisions/0003-linear-intent-classifier.md). What is
stored are names and numbers only (JSON and numpy arrays): loading a model cannot run code.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from typing import Any, Callable, Dict, List, Optional, Sequence, Text, Tuple

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.augmentation import Augmentation
from nlu.components.beside import beside
from nlu.components.normaliser import ACCENTED, NORMALISED, PARTS
from nlu.components.parts import Kinds, decide

RANKING_LENGTH = 10
MORE_INTENTS = "more_intents"
LONGEST_QUESTION = 80  # words
HALF = 0.5
Analyse = Callable[[str], Sequence[str]]


def word_ngrams(text: str) -> List[str]:
    words = text.split()
    return words + [f"{a} {b}" for a, b in pairwise(words)]


def letter_ngrams(text: str) -> List[str]:
    """2 to 5 letters inside each word with its borders: one wrong letter leaves most of them intact."""
    grams: List[str] = []
    for word in text.split():
        bordered = f" {word} "
        for size in range(2, 6):
            grams += [bordered[i : i + size] for i in range(len(bordered) - size + 1)] or [bordered]
    return grams


def word_skips(text: str) -> List[str]:
    """Pairs of words with one or two others between them: dictated sentences are full of fillers."""
    words = text.split()
    return [f"{word} {other}" for i, word in enumerate(words) for other in words[i + 2 : i + 4]]


# (name, which text, how it is cut, how much it counts); a text is a pair (normalised, accented words)
FEATURES: Tuple[Tuple[str, int, Analyse, float], ...] = (
    ("words", 0, word_ngrams, 1.0),
    ("letters", 0, letter_ngrams, 1.0),
    ("skips", 0, word_skips, 0.6),
    ("accents", 1, str.split, 1.0),
)
TEMPERATURES = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
HELD_BACK = 4  # every fourth example, with its copies, judges the temperature


class LinearModel:
    """Per feature block a TF-IDF vocabulary, then one weight row per n-gram and class."""

    def __init__(
        self,
        classes: List[str],
        vocabularies: Dict[str, Dict[str, int]],
        idf: Dict[str, np.ndarray],
        weights: np.ndarray,
        bias: np.ndarray,
    ) -> None:
        self.classes, self.vocabularies, self.idf = classes, vocabularies, idf
        self.weights, self.bias = weights, bias

    @classmethod
    def fit(
        cls, texts: Sequence[Tuple[str, str]], labels: Sequence[str], groups: Sequence[int], strength: float
    ) -> "LinearModel":
        """`groups`: which example a text is a copy of; copies are never told apart when the temperature is fitted."""
        from scipy.sparse import hstack
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.svm import LinearSVC

        blocks, vocabularies, idf, offset = [], {}, {}, 0
        for name, which, analyse, weight in FEATURES:
            vectoriser = TfidfVectorizer(analyzer=analyse, sublinear_tf=True, dtype=np.float64)
            try:
                blocks.append(weight * vectoriser.fit_transform([text[which] for text in texts]))
            except ValueError:  # no text has such a feature: a foreign data set of single words
                vocabularies[name], idf[name] = {}, np.zeros(0)
                continue
            vocabularies[name] = {gram: offset + int(i) for gram, i in vectoriser.vocabulary_.items()}
            idf[name] = vectoriser.idf_
            offset += len(vectoriser.vocabulary_)
        matrix = hstack(blocks).tocsr()
        # np.array: scikit-learn 1.1 stumbles over lists of str subclasses that Rasa hands out
        names, numbers = np.unique(np.array([str(label) for label in labels]), return_inverse=True)
        new = lambda: LinearSVC(C=strength, random_state=0)  # noqa: E731
        # Half a minute each, and neither needs the other
        temperature = beside(lambda: _temperature(new, matrix, numbers, np.array(groups)))
        weights, bias = _margins(new().fit(matrix, numbers))
        classes = [str(name) for name in names]
        factor = temperature()
        weights, bias = (weights * factor).astype(np.float32), (bias * factor).astype(np.float32)
        return cls(classes, vocabularies, idf, weights, bias)

    def probabilities(self, text: Tuple[str, str]) -> np.ndarray:
        """One probability per class, in the order of `classes`."""
        scores = self.bias.astype(np.float64)
        start = 0
        for name, which, analyse, weight in FEATURES:
            vocabulary, idf = self.vocabularies[name], self.idf[name]
            counts: Dict[int, int] = {}
            for gram in analyse(text[which]):
                column = vocabulary.get(gram)
                if column is not None:
                    counts[column] = counts.get(column, 0) + 1
            if counts:
                columns = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
                values = 1 + np.log(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))
                values *= idf[columns - start]
                values *= weight / np.linalg.norm(values)
                # What is loaded has half the bytes of what is counted with: a service holds two models
                scores = scores + values.astype(np.float32) @ self.weights[columns].astype(np.float32, copy=False)
            start += len(idf)
        exponents = np.exp(scores - scores.max())
        return exponents / exponents.sum()

    def knows(self, text: Tuple[str, str]) -> bool:
        """Whether any word was ever seen; of "xyzzy plugh" only the letters look like something."""
        return any(word in self.vocabularies["words"] for word in text[0].split())

    def save(self, folder: Any) -> None:
        names = {
            "classes": self.classes,
            "vocabularies": {k: sorted(v, key=v.__getitem__) for k, v in self.vocabularies.items()},
        }
        (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")
        arrays = {f"idf_{name}": value for name, value in self.idf.items()}
        np.savez_compressed(folder / "numbers.npz", weights=self.weights.astype(np.float16), bias=self.bias, **arrays)

    @classmethod
    def load(cls, folder: Any) -> "LinearModel":
        names = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        vocabularies, offset = {}, 0
        for block, grams in names["vocabularies"].items():
            vocabularies[block] = {sys.intern(gram): offset + i for i, gram in enumerate(grams)}
            offset += len(grams)
        with np.load(folder / "numbers.npz", allow_pickle=False) as numbers:
            idf = {block: numbers[f"idf_{block}"] for block in vocabularies}
            return cls(names["classes"], vocabularies, idf, numbers["weights"], numbers["bias"])


def _margins(machine: Any) -> Tuple[np.ndarray, np.ndarray]:
    """(features × classes weights, biases) of a fitted linear machine."""
    weights, bias = machine.coef_.T, machine.intercept_
    if weights.shape[1] == 1:  # scikit-learn keeps one column for two classes
        weights, bias = np.hstack([-weights, weights]), np.hstack([-bias, bias])
    return weights, bias


def _temperature(new: Callable[[], Any], matrix: Any, labels: np.ndarray, groups: np.ndarray) -> float:
    """The factor that makes the softmax of unseen margins most believable (least log loss on a part held back)."""
    unseen = groups % HELD_BACK == 0
    seen = ~unseen
    if not unseen.any() or len(set(labels[seen])) < 2:
        return TEMPERATURES[len(TEMPERATURES) // 2]
    machine = new().fit(matrix[seen], labels[seen])
    weights, bias = _margins(machine)
    margins = np.asarray(matrix[unseen] @ weights + bias)
    column = {label: i for i, label in enumerate(machine.classes_)}
    known = np.array([label in column for label in labels[unseen]])
    expected = np.array([column[label] for label in labels[unseen][known]], dtype=int)
    losses = {}
    for temperature in TEMPERATURES:
        scaled = margins[known] * temperature
        highest = scaled.max(axis=1, keepdims=True)
        normaliser = highest[:, 0] + np.log(np.exp(scaled - highest).sum(axis=1))
        losses[temperature] = float((normaliser - scaled[np.arange(len(expected)), expected]).sum())
    return min(losses, key=lambda temperature: losses[temperature])


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=True)
class LinearIntentClassifier(GraphComponent):
    """Config: `strength` (C of the linear machines), `augmentation` (copies of an example per kind of misspelling).

    `sure`: how sure a part of a message must be to count for itself, `very_sure`: where its borders are only a comma or
    an "and"; `asks`, `chat`, `acts`: see nlu.components.parts.Kinds.
    """

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            "strength": 1.0,
            "augmentation": 1,
            "seed": 148,
            "sure": 0.7,
            "very_sure": 0.8,
            "asks": "ask_",
            "chat": [],
            "acts": [],
        }

    @classmethod
    def required_components(cls) -> List[type]:
        from nlu.components.normaliser import VietnameseNormaliser

        return [VietnameseNormaliser]

    def __init__(
        self,
        config: Dict[Text, Any],
        storage: ModelStorage,
        resource: Resource,
        model: Optional[LinearModel] = None,
    ) -> None:
        self.config, self._storage, self._resource, self.model = config, storage, resource, model
        self.kinds = Kinds(config["asks"], frozenset(config["chat"]), frozenset(config["acts"]))

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "LinearIntentClassifier":
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        augmentation = Augmentation(self.config["augmentation"], self.config["seed"])
        texts: List[Tuple[str, str]] = []
        labels: List[str] = []
        groups: List[int] = []
        for number, example in enumerate(training_data.intent_examples):
            for variant in augmentation.variants(example.get(NORMALISED, ""), example.get(ACCENTED, "")):
                texts.append(variant)
                labels.append(example.get(INTENT))
                groups.append(number)
        self.model = LinearModel.fit(texts, labels, groups, self.config["strength"])
        with self._storage.write_to(self._resource) as folder:
            self.model.save(folder)
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "LinearIntentClassifier":
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, LinearModel.load(folder))

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            if self.model is None or not message.get(TEXT):
                continue
            text = (message.get(NORMALISED, ""), message.get(ACCENTED, ""))
            probabilities = self.model.probabilities(text) * self.model.knows(text)
            best = np.argsort(-probabilities)[:RANKING_LENGTH]
            ranking = [{"name": self.model.classes[i], "confidence": float(probabilities[i])} for i in best]
            if len(text[0].split()) == 1 and ranking[0]["name"].startswith(self.config["asks"]):
                ranking[0]["confidence"] = min(ranking[0]["confidence"], HALF)  # "thuế" is a topic, no question
            self._look_at_parts(message, ranking)
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _look_at_parts(self, message: Message, ranking: List[Dict[Text, Any]]) -> None:
        """Put the question of a surer part first, and note what else is asked (`more_intents`)."""
        guesses = []
        for normalised, accented, is_certain in message.get(PARTS) or ():
            intent, confidence = self._guess((normalised, accented))
            if is_certain or confidence >= self.config["very_sure"]:
                guesses.append((intent, confidence))
        if not guesses:
            return
        whole = (ranking[0]["name"], ranking[0]["confidence"])
        if whole[0].startswith(self.config["asks"]) and len(message.get(NORMALISED, "").split()) > LONGEST_QUESTION:
            whole = (whole[0], 0.0)  # of everything that a story mentions, only what it asks at last counts
        (name, confidence), more = decide(whole, guesses, self.config["sure"], self.kinds)
        if (name, confidence) != whole:
            ranking[:] = [{"name": name, "confidence": confidence}, *(r for r in ranking if r["name"] != name)]
        if more:
            message.set(MORE_INTENTS, more, add_to_output=True)

    def _guess(self, part: Tuple[str, str]) -> Tuple[Text, float]:
        probabilities = self.model.probabilities(part)
        best = int(np.argmax(probabilities))
        return self.model.classes[best], float(probabilities[best])
