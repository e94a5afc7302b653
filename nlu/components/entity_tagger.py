"""LinearEntityTagger: learns the entities that the training examples annotate, as a component of Rasa's pipeline.

What the gazetteer marks is not learned again, and data without annotations of its own (ours) trains and costs nothing.
How words are tagged is said in `sequence_model.py`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Dict, List, Optional, Sequence, Text, Tuple

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.sequence_model import Entity, SequenceModel


def own_annotations(training_data: TrainingData) -> List[Tuple[str, List[Entity]]]:
    """Every text with those of its annotated entities that no component marks; [] if there is no such entity at all.

    What a component marked names its extractor. Neither its types nor its places are learned again.
    """
    messages = [message for message in training_data.nlu_examples if message.get(TEXT)]
    marked = {e["entity"] for message in messages for e in message.get(ENTITIES, []) if e.get("extractor")}
    examples = []
    for message in messages:
        entities = message.get(ENTITIES, [])
        taken = [e for e in entities if e.get("extractor")]
        own = [e for e in entities if not e.get("extractor") and e["entity"] not in marked and _free(e, taken)]
        examples.append((message.get(TEXT), own))
    return examples if any(entities for _, entities in examples) else []


def _free(entity: Entity, taken: Sequence[Entity]) -> bool:
    return not any(entity["start"] < e["end"] and e["start"] < entity["end"] for e in taken if "start" in e)


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR], is_trainable=True)
class LinearEntityTagger(GraphComponent):
    """Config: `epochs` (at most; it ends when nothing is wrong any more), `seed` of the order of the examples."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"epochs": 10, "seed": 148}

    def __init__(
        self,
        config: Dict[Text, Any],
        storage: ModelStorage,
        resource: Resource,
        model: Optional[SequenceModel] = None,
    ) -> None:
        self.config, self._storage, self._resource, self.model = config, storage, resource, model

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearEntityTagger:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Stores nothing when there is nothing to learn."""
        examples = own_annotations(training_data)
        if examples:
            self.model = SequenceModel.fit(examples, self.config["epochs"], self.config["seed"])
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
    ) -> LinearEntityTagger:
        with ExitStack() as opened:
            try:
                folder = opened.enter_context(model_storage.read_from(resource))
            except ValueError:  # Rasa's way of saying that nothing was stored; a broken file raises it below
                return cls(config, model_storage, resource)
            return cls(config, model_storage, resource, SequenceModel.load(folder))

    def process(self, messages: List[Message]) -> List[Message]:
        """Add the entities found to each message, except where another extractor has found one already."""
        for message in messages if self.model else ():
            text, others = message.get(TEXT), message.get(ENTITIES, [])
            found = self.model.entities(text) if text else []
            kept = [{**entity, "extractor": type(self).__name__} for entity in found if _free(entity, others)]
            if kept:
                message.set(ENTITIES, [*others, *kept], add_to_output=True)
        return messages
