"""The review list's rows: turns that the bot could not answer well, each with its words masked, for people to teach it.

Each is written once per message and kind, so that a turn that runs again, or a button pressed twice, changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.secrets import mask
from programme.taught_phrases import key_of
from store.database import insert_if_new
from store.tables import conversation, inbound, outbound, review

FALLBACK = "nlu_fallback"
OFFICER_MARKED = "officer_marked"
LONGEST_NAME = 80  # of an intent or an entry, as the columns hold
_NUMBER = re.compile(r"\+?\d(?:[\s.-]?\d){7,}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def masked_personal(text: str) -> str:
    """For people who review language, not persons: without secrets, telephone and other long numbers, and addresses."""
    without_secrets, _ = mask(text)
    return _EMAIL.sub("[e-mail]", _NUMBER.sub("[số]", without_secrets))


def write(
    connection: Connection,
    inbound_id: int,
    asked: str,
    kind: str,
    now: datetime,
    ranking: Sequence[Mapping[str, Any]] | None,
    state: Mapping[str, Any] | None,
    entry: str | None = None,
    marked_by: str | None = None,
) -> bool:
    """Put a message on the list; whether it was not there yet. `state`: the conversation's dialogue state."""
    text = masked_personal(asked)
    names = (str(one.get("name")) for one in ranking or ())
    row = {
        "inbound_id": inbound_id,
        "kind": kind,
        "text": text,
        "ranking": ranking,
        "entry": entry,
        "phrase": key_of(text),
        "read_as": next((name[:LONGEST_NAME] for name in names if name != FALLBACK), None),
        "commune": (state or {}).get("slots", {}).get("commune_code"),
        "marked_by": marked_by,
        "created_at": now,
    }
    return insert_if_new(connection, review, row) is not None


def mark(connection: Connection, conversation_id: str, seq: int, officer: str, now: datetime) -> bool:
    """An officer says that the bot answered wrongly: `seq` is the answer's, or the question's. Whether that is new.

    Raises LookupError where the bot answered nothing.
    """
    answered = (
        select(inbound, outbound.c.reply, conversation.c.dialogue_state)
        .join(outbound, outbound.c.in_reply_to == inbound.c.id)
        .join(conversation, conversation.c.id == inbound.c.conversation_id)
        .where(inbound.c.conversation_id == conversation_id, inbound.c.kind == "message", inbound.c.text != "")
        .where(outbound.c.sender == "bot", (outbound.c.seq == seq) | (inbound.c.seq == seq))
        .order_by(outbound.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(answered).mappings().first()
    if row is None:
        raise LookupError(seq)
    return write(
        connection,
        row["id"],
        row["text"],
        OFFICER_MARKED,
        now,
        (row["reading"] or {}).get("ranking"),
        row["dialogue_state"],
        row["reply"].get("entry"),
        officer,
    )
