"""The topics of requests (content/national/topics.yaml): what the queue is filtered by and what officers close with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from programme.packs import Slug, Text
from programme.yaml_source import ContentModel, read_yaml

LONGEST_ID = 40  # as `escalation.topic` holds


class Topic(ContentModel):
    """`intents`: those that lead to it when a conversation is handed over."""

    id: Annotated[Slug, Field(max_length=LONGEST_ID)]
    vi: Text
    en: Text
    intents: tuple[Slug, ...]

    def title(self, language: str = "vi") -> str:
        return self.en if language == "en" else self.vi


class _TopicsFile(ContentModel):
    topics: Annotated[tuple[Topic, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Topics:
    """`all`: by id, in the order in which people choose from them."""

    all: Mapping[str, Topic]
    _of_intent: Mapping[str, str]

    def of_intent(self, intent: str | None) -> str | None:
        """The id of the topic that an intent leads to; None for what is about nothing, like a greeting."""
        return self._of_intent.get(intent) if intent else None

    def title(self, topic: str, language: str = "vi") -> str:
        """How people read a topic; the id itself where the file does not have it any more."""
        known = self.all.get(topic)
        return known.title(language) if known else topic


def load_topics(path: Path) -> Topics:
    """Raises ContentError for a topic that is there twice, or an intent that leads to two."""
    source = read_yaml(path)
    topics: dict[str, Topic] = {}
    of_intent: dict[str, str] = {}
    for row, topic in enumerate(source.validate(_TopicsFile).topics):
        if topic.id in topics:
            raise source.error(("topics", row, "id"), f'chủ đề "{topic.id}" đã có', "đặt id khác hoặc xóa bớt")
        topics[topic.id] = topic
        for place, intent in enumerate(topic.intents):
            if intent in of_intent:
                problem = f'ý định "{intent}" đã thuộc chủ đề "{of_intent[intent]}"'
                raise source.error(("topics", row, "intents", place), problem, "giữ ý định này ở một chủ đề")
            of_intent[intent] = topic.id
    return Topics(MappingProxyType(topics), MappingProxyType(of_intent))
