"""What a turn says of difficulties becomes rows: told to the bot, or in a complaint that is handed over."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from actions.context import NoteDifficulty
from bot.baton import Reason
from bot.effects import Turn
from bot.matters import matter_of
from programme import difficulties
from programme.content import Content
from programme.difficulties import Difficulty

# What was kept with the rest may be sorted so much later: as long as the question stands on the screen.
SORTED_WITHIN = timedelta(days=1)
# Handed over for these, an owner complains. A scam is none of the programme's difficulties, distress is nobody's count.
COMPLAINTS = frozenset({Reason.COMPLAINT, Reason.ANGER, Reason.MONEY})


def note(connection: Connection, content: Content, turn: Turn, told: NoteDifficulty) -> int:
    """Keep what the owner told; its number. Idempotent as `programme.difficulties.record` is."""
    text = turn.asked if told.has_words else ""
    if told.sorts:
        since = turn.now - SORTED_WITHIN
        before = difficulties.take_back(connection, turn.conversation["id"], content.difficulties.rest, since)
        text = "\n".join(words for words in (before, text) if words)
    return _record(connection, content, turn, told.category, text)


def note_complaint(connection: Connection, content: Content, turn: Turn, reason: Reason) -> None:
    """Count a complaint that is handed over, where its words say what it is about; else the officer may."""
    category = content.difficulties.said(turn.asked) if reason in COMPLAINTS else None
    if category is not None:
        _record(connection, content, turn, category, turn.asked)


def _record(connection: Connection, content: Content, turn: Turn, category: str, text: str) -> int:
    here = turn.conversation["id"]
    matter = matter_of(content, connection, here)
    told = Difficulty(
        source="owner",
        category=category,
        province=turn.conversation["province"],
        at=turn.now,
        commune=matter.commune,
        vendor=matter.vendor,
        contact_id=turn.conversation["contact_id"],
        conversation_id=here,
        text=text,
    )
    return difficulties.record(connection, told)
