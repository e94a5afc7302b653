"""The topics of requests: what leads to them, and what a file of them must not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.flow_domain import load_flows
from programme.content import Content
from programme.topics import load_topics
from programme.yaml_source import ContentError


def test_every_intent_of_the_topics_exists_and_every_answer_has_a_topic(content: Content) -> None:
    flows = load_flows()
    named = {intent for topic in content.topics.all.values() for intent in topic.intents}
    assert named <= flows.intents
    asked = {intent for intent in flows.intents if intent.startswith("ask_")}
    assert asked - named <= {"ask_response_time"}


def test_a_topic_has_a_title_in_both_languages_and_an_unknown_one_its_id(content: Content) -> None:
    assert content.topics.title("tax") == "Thuế"
    assert content.topics.title("tax", "en") == "Tax"
    assert content.topics.title("gone") == "gone"
    assert content.topics.of_intent("ask_tax_refund") == "tax"
    assert content.topics.of_intent("greet") is None
    assert content.topics.of_intent(None) is None


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("- {id: a, vi: A, en: A, intents: []}\n- {id: a, vi: B, en: B, intents: []}", "đã có"),
        ("- {id: a, vi: A, en: A, intents: [x]}\n- {id: b, vi: B, en: B, intents: [x]}", "đã thuộc chủ đề"),
    ],
)
def test_what_is_there_twice_is_refused_with_its_line(tmp_path: Path, rows: str, problem: str) -> None:
    path = tmp_path / "topics.yaml"
    path.write_text(f"topics:\n{rows}\n", encoding="utf-8")
    with pytest.raises(ContentError, match=problem):
        load_topics(path)
