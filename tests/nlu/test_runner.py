from __future__ import annotations

from pathlib import Path

import pytest

from nlu import rasa_runtime  # noqa: F401 - before any import of rasa

from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.events import UserUttered

from nlu import state as states
from nlu.runner import OrderedRunner


@pytest.mark.parametrize("text", ["xin chào em", "ai hỗ trợ xã Tân Cương", "làm khảo sát", "xyzzy"])
def test_it_gives_what_rasas_own_runner_gives(model: Path, text: str) -> None:
    processor = MessageProcessor(str(model), None, None, None)
    tracker = states.restore("c", None, processor.domain)
    stock = processor._parse_message_with_graph(UserMessage(text), tracker)
    tracker.update(UserUttered(text, stock["intent"], stock["entities"]), processor.domain)
    predicted = processor._predict_next_with_tracker(tracker)

    processor.graph_runner = OrderedRunner(processor.graph_runner)
    assert processor._parse_message_with_graph(UserMessage(text), tracker) == stock
    again = processor._predict_next_with_tracker(tracker)
    assert (again.probabilities, again.policy_name) == (predicted.probabilities, predicted.policy_name)
