"""Who has a conversation open, and what they have typed there without sending it.

A page that is open renews its row through its event stream; one that is not renewed for GONE_AFTER is closed. A draft
outlives the page: it is there again on the next one, also after the session has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from store.console_tables import account, open_tab
from store.database import insert_if_new
from store.tables import officer

GONE_AFTER = timedelta(seconds=35)
LONGEST_DRAFT = 4000


@dataclass(frozen=True)
class Looking:
    """Somebody else who has the conversation open."""

    name: str
    has_draft: bool


def look(connection: Connection, account_id: int, conversation_id: str, now: datetime) -> None:
    """The page is open at this moment."""
    key = {"account_id": account_id, "conversation_id": conversation_id}
    if insert_if_new(connection, open_tab, {**key, "seen_at": now}) is None:
        connection.execute(update(open_tab).filter_by(**key).values(seen_at=now))


def keep_draft(connection: Connection, account_id: int, conversation_id: str, text: str, now: datetime) -> None:
    """What is typed now; the newest counts."""
    look(connection, account_id, conversation_id, now)
    mine = update(open_tab).filter_by(account_id=account_id, conversation_id=conversation_id)
    connection.execute(mine.values(draft=text[:LONGEST_DRAFT], drafted_at=now if text else None))


def draft(connection: Connection, account_id: int, conversation_id: str) -> str:
    """What this person has typed here without sending it."""
    mine = select(open_tab.c.draft).filter_by(account_id=account_id, conversation_id=conversation_id)
    return str(connection.scalar(mine) or "")


def others(connection: Connection, account_id: int, conversation_id: str, now: datetime) -> tuple[Looking, ...]:
    """Who else has it open, by name."""
    rows = (
        select(officer.c.name, open_tab.c.draft)
        .join(account, account.c.id == open_tab.c.account_id)
        .join(officer, officer.c.id == account.c.officer_id)
        .where(
            open_tab.c.conversation_id == conversation_id,
            open_tab.c.account_id != account_id,
            open_tab.c.seen_at > now - GONE_AFTER,
        )
        .order_by(officer.c.name)
    )
    return tuple(Looking(name, bool(text)) for name, text in connection.execute(rows))


def close(connection: Connection, account_id: int, conversation_id: str) -> None:
    """The page was left; without a draft nothing of it stays."""
    mine = {"account_id": account_id, "conversation_id": conversation_id}
    connection.execute(delete(open_tab).filter_by(**mine, draft=""))
