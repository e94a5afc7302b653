"""CommuneGazetteer: the commune finder as a component of Rasa's pipeline.

Responsible for training (reading the lookup tables), persistence as JSON, and the shape of an entity. How a mention is
found is said in `commune_finder.py`, what it means in the app's `programme/communes.py`.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Text

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.utils.pattern_utils import read_lookup_table_file
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.commune_finder import CommuneFinder

ENTITY = "commune"

# Lookup table → argument of CommuneFinder. The first two are written by `hotline train` from the province packs.
TABLES = {
    "commune": "communes",
    "province": "provinces",
    "everyday_word": "everyday",
    "before_other_name": "before_other_names",
}
_FILE = "names.json"


# Registered as a featurizer, because only those see the training examples too: the normaliser behind it puts one
# word in the place of every name, and must do so in training as it does later.
@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER], is_trainable=True)
class CommuneGazetteer(GraphComponent):
    """Adds one entity `commune` per mention; without a lookup table `commune` it finds nothing.

    An entity's `start` and `end` count characters of the message as it was received, a typed unit word included. Its
    `value` is the name without unit, spelt with accents, if what was typed leaves one spelling ("van lăng" → "Văn
    Lăng"); else the accent-free key ("van lang"); several names with " / " between them when a typo leaves several.
    `confidence` is 1.0, or lower when accents (0.9) or letters (0.8) were corrected or several names remain (0.5).
    """

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """No options: everything is in the lookup tables."""
        return {}

    def __init__(self, tables: Mapping[Text, List[Text]], storage: ModelStorage, resource: Resource) -> None:
        self._tables = dict(tables)
        self._storage, self._resource = storage, resource
        self._finder = CommuneFinder(**self._tables) if self._tables.get("communes") else None

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CommuneGazetteer:
        """An untrained component."""
        return cls({}, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Read the lookup tables, and keep them in the model."""
        self._tables = tables_of(training_data)
        self._finder = CommuneFinder(**self._tables) if self._tables.get("communes") else None
        with self._storage.write_to(self._resource) as folder:
            written = json.dumps(self._tables, ensure_ascii=False, sort_keys=True)
            (folder / _FILE).write_text(written, encoding="utf-8")
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CommuneGazetteer:
        """The component as it was trained."""
        with model_storage.read_from(resource) as folder:
            tables = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return cls(tables, model_storage, resource)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the mentions to the training examples."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Add the mentions to each message's entities, behind those that other extractors found."""
        for message in messages:
            text = message.get(TEXT)
            if text and self._finder is not None:
                entities = [self._entity(*found) for found in self._finder.find(text)]
                message.set(ENTITIES, [*message.get(ENTITIES, []), *entities], add_to_output=True)
        return messages

    @classmethod
    def _entity(cls, start: int, end: int, value: Text, confidence: float) -> Dict[Text, Any]:
        return {
            "entity": ENTITY,
            "value": value,
            "start": start,
            "end": end,
            "extractor": cls.__name__,
            "confidence": confidence,
        }


def tables_of(training_data: TrainingData) -> Dict[Text, List[Text]]:
    """CommuneFinder's arguments from the lookup tables; several tables of one name add up, each entry counts once."""
    tables: Dict[Text, List[Text]] = {argument: [] for argument in TABLES.values()}
    for table in training_data.lookup_tables:
        if table["name"] in TABLES:
            elements = table["elements"]
            tables[TABLES[table["name"]]] += (
                elements if isinstance(elements, list) else read_lookup_table_file(elements)
            )
    return {argument: sorted(set(elements)) for argument, elements in tables.items()}
