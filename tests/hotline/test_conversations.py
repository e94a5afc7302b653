"""Golden conversations: what the owner writes, what the bot answers, what is stored (tests/conversations/*.yml)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Connection, RowMapping, select, update

from bot import baton, holding
from bot.escalations import waiting_escalations
from bot.officer_voice import OfficerVoice
from hotline.conversing import Exchange, Terminal
from store import tables
from store.clock import ManualClock
from store.difficulty_tables import difficulty
from store.messages import Reply
from store.survey_tables import lead, survey_response
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
    others: dict[str, str] = {}  # further conversations of the same owner, by the name that steps give them ("beside")
    last: Exchange | None = None
    code = ""
    for step in conversation["steps"]:
        if "beside" in step:
            others.setdefault(step["beside"], await terminal.open(conversation.get("province")))
        if step.keys() & _OFFICER_ACTS.keys():
            ((act, words),) = step.items()
            await _act(terminal, conversation_id, _OFFICER_ACTS[act], words)
            continue
        for words in step.get("owner_tells", ()):  # what is not looked at, to get there
            last = await terminal.say(conversation_id, words)
        if "owner_tells" in step:
            continue
        if "survey_was" in step:
            await _age_survey(terminal, conversation_id, **step["survey_was"])
            continue
        payload = _payload(last, step["presses"]) if "presses" in step else step.get("payload")
        here = others[step["beside"]] if "beside" in step else conversation_id
        last = await terminal.say(here, _text(step).replace("{code}", code), payload)
        _check(last, step["bot"])
        code = _code_shown(last) or code
    await _check_stored(terminal, conversation_id, conversation.get("stored", {}))
    if "survey" in conversation:
        await _check_survey(terminal, conversation_id, conversation["survey"])
    if "difficulties" in conversation:
        await _check_difficulties(terminal, conversation_id, conversation["difficulties"])


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


async def _check_survey(terminal: Terminal, conversation_id: str, expected: dict[str, Any]) -> None:
    """`responses`: how many are kept; `leads`: to whom; the rest: columns and answers (by item) of the newest one."""

    def look(connection: Connection) -> tuple[list[RowMapping], list[str], Any]:
        contact_id = connection.scalar(select(tables.conversation.c.contact_id).filter_by(id=conversation_id))
        rows = select(survey_response).filter_by(contact_id=contact_id).order_by(survey_response.c.id)
        leads = select(lead.c.vendor).filter_by(contact_id=contact_id).order_by(lead.c.vendor)
        person = connection.execute(select(tables.contact).filter_by(id=contact_id)).mappings().one()
        return list(connection.execute(rows).mappings()), list(connection.scalars(leads)), person

    rows, leads, person = await terminal.hotline.database.read(look)
    assert len(rows) == expected.get("responses", 1)
    assert leads == expected.get("leads", [])
    if not rows:
        assert person["name"] is None and person["phone"] is None
        return
    for name, value in expected.get("row", {}).items():
        assert rows[-1][name] == value, name
    personal = json.loads(rows[-1]["personal"] or "{}")
    for item, answer in expected.get("answers", {}).items():
        assert {**rows[-1]["answers"], **personal}.get(item) == answer, item


async def _check_difficulties(terminal: Terminal, conversation_id: str, expected: list[dict[str, Any]]) -> None:
    kept = select(difficulty).filter_by(conversation_id=conversation_id).order_by(difficulty.c.id)
    rows = await terminal.hotline.database.read(lambda c: list(c.execute(kept).mappings()))
    assert [row["category"] for row in rows] == [one["category"] for one in expected]
    for row, one in zip(rows, expected, strict=True):
        assert {name: row[name] for name in one} == one
        assert row["contact_id"] is not None


async def _age_survey(terminal: Terminal, conversation_id: str, days_ago: int) -> None:
    """As if the completed survey had been completed that long ago."""
    when = terminal.hotline.clock.now() - timedelta(days=days_ago)
    aged = update(survey_response).where(survey_response.c.conversation_id == conversation_id)
    await terminal.hotline.database.run(lambda c: c.execute(aged.values(completed_at=when)))


async def _act(terminal: Terminal, conversation_id: str, act: OfficerAct, words: Any) -> None:
    waiting = await terminal.hotline.database.read(waiting_escalations)
    (number,) = [one.id for one in waiting if one.conversation_id == conversation_id]
    await terminal.hotline.database.run(lambda c: act(c, terminal, number, words))


def _returns(connection: Connection, terminal: Terminal, number: int, _: Any) -> object:
    return baton.return_to_bot(connection, number, terminal.hotline.clock.now())


def _answers(connection: Connection, terminal: Terminal, number: int, words: str) -> object:
    now = terminal.hotline.clock.now()
    return holding.answer(connection, number, baton.officer_named(connection, "Lan", now), Reply(words), now)


def _closes(connection: Connection, terminal: Terminal, number: int, _: Any) -> object:
    clock = terminal.hotline.clock
    voice = OfficerVoice(terminal.hotline.content.phrases, clock.timezone, terminal.hotline.content.bulk_law)
    return baton.close(connection, number, clock.now(), voice=voice)


OfficerAct = Callable[[Connection, Terminal, int, Any], object]
_OFFICER_ACTS: dict[str, OfficerAct] = {
    "officer_returns": _returns,
    "officer_answers": _answers,
    "officer_closes": _closes,
}


def _text(step: dict[str, Any]) -> str:
    repeats = step.get("owner_repeats")
    return repeats["text"] * repeats["times"] if repeats else str(step.get("owner", ""))


def _code_shown(exchange: Exchange) -> str | None:
    shown = re.search(r"LK\d{6}", "\n".join(reply.text for reply in exchange.replies))
    return shown[0] if shown else None


def _payload(last: Exchange | None, title: str) -> str:
    assert last is not None
    return next(b.payload for reply in last.replies for b in reply.buttons if b.title == title)


def _set_clock(terminal: Terminal, now: object) -> None:
    clock = terminal.hotline.clock
    assert isinstance(clock, ManualClock)
    clock.set(datetime.fromisoformat(str(now)).replace(tzinfo=clock.timezone) if now else NOW)
