"""Golden conversations: what the owner writes, what the bot answers, what is stored (tests/conversations/*.yml)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.baton import return_to_bot
from bot.escalations import waiting_escalations
from hotline.conversing import Exchange, Terminal
from store.clock import ManualClock
from tests.conftest import NOW

FOLDER = Path(__file__).parent.parent / "conversations"
CONVERSATIONS = [
    pytest.param(conversation, id=f"{path.stem}: {conversation['name']}")
    for path in sorted(FOLDER.glob("*.yml"))
    for conversation in yaml.safe_load(path.read_text(encoding="utf-8"))
]
KNOWN_EXPECTATIONS = {"says", "never", "buttons", "intent", "offers_person", "holder", "sources", "silent"}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("conversation", CONVERSATIONS)
async def test_golden_conversation(terminal: Terminal, conversation: dict[str, Any]) -> None:
    _set_clock(terminal, conversation.get("now"))
    conversation_id = await terminal.open(conversation.get("province"))
    last: Exchange | None = None
    for step in conversation["steps"]:
        if "officer_returns" in step:
            await _return(terminal, conversation_id)
            continue
        payload = _payload(last, step["presses"]) if "presses" in step else None
        last = await terminal.say(conversation_id, _text(step), payload)
        _check(last, step["bot"])
    await _check_stored(terminal, conversation_id, conversation.get("stored", {}))


def test_every_flow_has_a_golden_conversation() -> None:
    flows = {path.parent.name for path in (FOLDER.parent.parent / "bot" / "flows").glob("*/domain.yml")}
    assert flows <= {path.stem for path in FOLDER.glob("*.yml")}


def _check(exchange: Exchange, expected: dict[str, Any]) -> None:
    assert set(expected) <= KNOWN_EXPECTATIONS
    said = "\n".join(reply.text for reply in exchange.replies)
    assert bool(said) is not expected.get("silent", False), said
    for words in expected.get("says", ()):
        assert words.lower() in said.lower(), f"{words!r} is missing in: {said}"
    for words in expected.get("never", ()):
        assert words.lower() not in said.lower(), f"{words!r} must not be in: {said}"
    titles = [button.title for reply in exchange.replies for button in reply.buttons]
    for title in expected.get("buttons", ()):
        assert title in titles
    sources = [source.document for reply in exchange.replies for source in reply.sources]
    for document in expected.get("sources", ()):
        assert document in sources
    if "intent" in expected:
        assert exchange.reading["intent"] == expected["intent"]
    if "holder" in expected:
        assert exchange.holder == expected["holder"]
    if "offers_person" in expected:
        assert any(reply.offers_person for reply in exchange.replies) is expected["offers_person"]


async def _check_stored(terminal: Terminal, conversation_id: str, expected: dict[str, Any]) -> None:
    waiting = await terminal.hotline.database.read(waiting_escalations)
    mine = [one for one in waiting if one.conversation_id == conversation_id]
    assert len(mine) == (1 if expected else 0)
    for name, value in expected.items():
        assert getattr(mine[0], name) == value


async def _return(terminal: Terminal, conversation_id: str) -> None:
    waiting = await terminal.hotline.database.read(waiting_escalations)
    (number,) = [one.id for one in waiting if one.conversation_id == conversation_id]
    await terminal.hotline.database.run(lambda c: return_to_bot(c, number, terminal.hotline.clock.now()))


def _text(step: dict[str, Any]) -> str:
    repeats = step.get("owner_repeats")
    return repeats["text"] * repeats["times"] if repeats else str(step.get("owner", ""))


def _payload(last: Exchange | None, title: str) -> str:
    assert last is not None
    return next(b.payload for reply in last.replies for b in reply.buttons if b.title == title)


def _set_clock(terminal: Terminal, now: object) -> None:
    clock = terminal.hotline.clock
    assert isinstance(clock, ManualClock)
    clock.set(datetime.fromisoformat(str(now)).replace(tzinfo=clock.timezone) if now else NOW)
