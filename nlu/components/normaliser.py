"""VietnameseNormaliser: brings a shop owner's spelling to one form that a classifier can count.

Accents are folded away, chat shorthand ("ko", "dc", "bn") is expanded, stretched letters are squeezed ("vângggg"), and
a place name found by the gazetteer becomes one word. The original text is left as it is.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterable, List, Mapping, Text, Tuple

import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.commune_typos import NO_NAME_WORDS
from nlu.components.parts import split
from nlu.components.text import compose, fold

NORMALISED = "normalised"
ACCENTED = "accented_words"
PARTS = "parts"  # the same two of every part of a message that has several, and whether its borders are certain
PLACE_WORD = "tenxa"  # letters only, and no Vietnamese syllable

_WORD = re.compile(r"[^\W_]+")
# ".biz.vn", "biz vn" and "biz chấm vn" are one word
_DOMAIN = re.compile(r"(?<![^\W_])(biz|id|gov|com|edu)(?: ?\. ?| cham | )vn(?![^\W_])")
# A message that is nothing but a unit and a name: "xã Sa Pa", "dạ phường Sao Biển ạ".
_ONLY_A_PLACE = re.compile(
    r"(?:dạ\s+)?(?P<place>(?:xã|phường|thị trấn)\s+(?P<name>\w+(?:\s+\w+){0,3}?))(?:\s+ạ)?[\s.!]*", re.I
)
# In capitals it is no "who"; in a message all in capitals nobody knows.
_AI = re.compile(r"\bAI\b")
_STRETCHED = re.compile(r"([a-z])\1+")


def _words(folded: str) -> List[str]:
    return _WORD.findall(_DOMAIN.sub(r"\1vn", folded.lower()))


def _key(form: str) -> str:
    return " ".join(squeeze(word) for word in _words(fold(form)))


def squeeze(word: str) -> str:
    """ "vangggg" → "vang"; numbers stay."""
    return word if word.isdigit() else _STRETCHED.sub(r"\1", word)


class Normaliser:
    """Pure text rules. `sure` and `risky`: accent-free shorthand → what it means, accent-free.

    A risky form is an ordinary word as well ("e", "bh"): it is expanded only where the writer plainly writes shorthand,
    that is without any accent or together with a sure form.
    """

    def __init__(self, sure: Mapping[str, str], risky: Mapping[str, str]) -> None:
        self.sure, self.risky = dict(sure), dict(risky)
        self.longest = max((len(form.split()) for form in (*sure, *risky)), default=1)

    @classmethod
    def from_lexicon(cls, rows: Iterable[Mapping[str, Any]]) -> "Normaliser":
        """Rows are {forms: [...], means: "...", risk: low | high}."""
        expansions: Dict[str, Dict[str, str]] = {"low": {}, "high": {}}
        for row in rows:
            meaning = _key(row["means"])
            for form in map(_key, row["forms"]):
                if form and form != meaning:
                    expansions[row["risk"]][form] = meaning
        return cls(expansions["low"], expansions["high"])

    def __call__(self, text: str) -> str:
        """The accent-free, expanded words of `text`, one space between them."""
        folded = fold(text)
        words = [squeeze(word) for word in _words(folded)]
        said, found_sure = self._expand(words, self.sure)
        if self.risky and (found_sure or folded == text):
            said, _ = self._expand(words, {**self.risky, **self.sure})
        return " ".join(said)

    def _expand(self, words: List[str], expansions: Mapping[str, str]) -> Tuple[List[str], bool]:
        """Longest form first; whether anything was expanded comes second."""
        said: List[str] = []
        at, found = 0, False
        while at < len(words):
            for size in range(min(self.longest, len(words) - at), 0, -1):
                meaning = expansions.get(" ".join(words[at : at + size]))
                if meaning is not None:
                    said.append(meaning)
                    at, found = at + size, True
                    break
            else:
                said.append(words[at])
                at += 1
        return said, found


def accented_words(text: str) -> str:
    """The words as typed, lower case: accents tell apart what folding makes equal ("má" and "mã")."""
    return " ".join(_WORD.findall(text.lower()))


def without_places(text: str, entities: Iterable[Mapping[str, Any]]) -> str:
    """Put one place word where the gazetteer found a name: a classifier should not learn communes by heart."""
    for entity in sorted(entities, key=lambda e: -e["start"]):
        text = f"{text[: entity['start']]} {PLACE_WORD} {text[entity['end'] :]}"
    return text


def with_ai_written_out(text: str) -> str:
    """ "AI giúp gì" is about a machine, "ai giúp tôi" about a person; without accents and capitals they are one."""
    return text if text.isupper() else _AI.sub("trí tuệ nhân tạo", text)


def without_unknown_place(text: str) -> str:
    """Put the place word where a message is only a unit and a name in capitals that the gazetteer does not know.

    Which words such a name has says nothing: "xã Sa Pa" is no question about Sapo.
    """
    match = _ONLY_A_PLACE.fullmatch(text)
    if match is None or text.isupper():
        return text
    words = match["name"].split()
    if not all(word[0].isupper() for word in words) or all(word.lower() in NO_NAME_WORDS for word in words):
        return text
    return f"{text[: match.start('place')]} {PLACE_WORD} {text[match.end('place') :]}"


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER], is_trainable=True)
class VietnameseNormaliser(GraphComponent):
    """Config: `lexicon`, a YAML file with `expansions:`; it is copied into the model at training."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"lexicon": "content/national/lexicon.yaml"}

    def __init__(self, normaliser: Normaliser, storage: ModelStorage, resource: Resource) -> None:
        self.normaliser = normaliser
        self._storage, self._resource = storage, resource

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "VietnameseNormaliser":
        with open(config["lexicon"], encoding="utf-8") as lexicon:
            rows = yaml.safe_load(lexicon)["expansions"]
        return cls(Normaliser.from_lexicon(rows), model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        with self._storage.write_to(self._resource) as folder:
            expansions = {"sure": self.normaliser.sure, "risky": self.normaliser.risky}
            (folder / "expansions.json").write_text(json.dumps(expansions), encoding="utf-8")
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "VietnameseNormaliser":
        with model_storage.read_from(resource) as folder:
            expansions = json.loads((folder / "expansions.json").read_text(encoding="utf-8"))
        return cls(Normaliser(**expansions), model_storage, resource)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text:
                places = _places(message)
                text = without_places(text, places) if places else without_unknown_place(compose(text).text)
                text = with_ai_written_out(text)
                message.set(NORMALISED, self.normaliser(text))
                message.set(ACCENTED, accented_words(text))
                parts = tuple((self.normaliser(part), accented_words(part), sure) for part, sure in split(text))
                message.set(PARTS, parts)
        return messages


def _places(message: Message) -> List[Dict[Text, Any]]:
    # what the gazetteer found, not what somebody annotated: a message has no annotations
    return [e for e in message.get(ENTITIES, []) if e.get("entity") == "commune" and "start" in e and "extractor" in e]
