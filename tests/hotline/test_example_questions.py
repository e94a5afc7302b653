"""Questions that owners ask, with the facts that a good answer has: through the whole bot (tests/questions.yaml)."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotline.conversing import Terminal
from store.clock import ManualClock

QUESTIONS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent.parent / "questions.yaml").read_text(encoding="utf-8")
)["questions"]
ENOUGH = 0.95
# What is neither asked nor answered: a greeting, thanks, and what is none of our business, need no source.
SMALL_TALK = {"thank", "greet", "goodbye", "affirm", "deny", "insult", "out_of_scope", "open_menu"}


def normal(text: str) -> str:
    text = unicodedata.normalize("NFC", text).lower().replace("hoá", "hóa").replace(" %", "%")
    text = re.sub(r"ngày (\d+) tháng (\d+) năm (\d+)", r"\1/\2/\3", text)
    return " ".join(re.sub(r"(?<!\d)0(\d/)", r"\1", text).split())


@pytest.mark.asyncio(loop_scope="session")
async def test_answers_have_the_facts_and_a_source_and_say_nothing_that_is_forbidden(terminal: Terminal) -> None:
    assert isinstance(terminal.hotline.clock, ManualClock)
    complete = []
    for question in QUESTIONS:
        day = datetime.fromisoformat(question["as_of"]).replace(hour=9, tzinfo=terminal.hotline.clock.timezone)
        terminal.hotline.clock.set(day)
        province = {"thanh_hoa": "thanh-hoa"}.get(question["province"], "thai-nguyen")
        exchange = await terminal.say(await terminal.open(province), question["q"])
        said = normal("\n".join(reply.text for reply in exchange.replies))
        assert not [words for words in question.get("must_not_contain", ()) if normal(words) in said], question["id"]
        if exchange.reading["intent"] not in SMALL_TALK | {"nlu_fallback"}:
            assert any(reply.sources for reply in exchange.replies), question["id"]
        if question.get("escalate"):
            assert exchange.escalated, question["id"]
        if question["confidence"] != "C":
            complete.append((question["id"], all(normal(fact) in said for fact in question["answer_key_facts"])))
    incomplete = [name for name, is_complete in complete if not is_complete]
    assert len(incomplete) <= (1 - ENOUGH) * len(complete), incomplete
