"""Internal notes of officers, and whom they mention: "@Hà xem giúp" puts it on Hà's list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from console.roles import DESK
from store.console_tables import account, mention, note
from store.database import insert_returning_id
from store.tables import conversation, officer
from store.text import fold

LONGEST_NOTE = 2000


@dataclass(frozen=True)
class Mention:
    """A note in which somebody was mentioned."""

    note_id: int
    conversation_id: str
    author: str
    text: str
    at: datetime


def write(connection: Connection, conversation_id: str, officer_id: int, text: str, now: datetime) -> list[int]:
    """Add a note behind the last message; the accounts it mentions.

    Under the conversation's lock, so that a note's number follows the order of commits: an open page asks for what is
    behind the last number it knows.
    """
    last = select(conversation.c.last_seq).filter_by(id=conversation_id).with_for_update()
    after_seq = connection.execute(last).scalar_one()
    row = {"conversation_id": conversation_id, "officer_id": officer_id, "after_seq": after_seq}
    note_id = insert_returning_id(connection, note, {**row, "text": text, "created_at": now})
    mentioned = [account_id for account_id, of in _mentioned(connection, text) if of != officer_id]
    if mentioned:
        connection.execute(insert(mention), [{"note_id": note_id, "account_id": id_} for id_ in mentioned])
    return mentioned


def unread(connection: Connection, account_id: int) -> list[Mention]:
    """The notes that mention this person and were not read, the newest first."""
    rows = (
        select(note.c.id, note.c.conversation_id, officer.c.name, note.c.text, note.c.created_at)
        .join(mention, mention.c.note_id == note.c.id)
        .join(officer, officer.c.id == note.c.officer_id)
        .where(mention.c.account_id == account_id, mention.c.read_at.is_(None))
        .order_by(note.c.id.desc())
        .limit(50)
    )
    return [Mention(*row) for row in connection.execute(rows)]


def count_unread(connection: Connection, account_id: int) -> int:
    """How many there are."""
    mine = select(func.count()).where(mention.c.account_id == account_id, mention.c.read_at.is_(None))
    return int(connection.scalar(mine) or 0)


def read_here(connection: Connection, account_id: int, conversation_id: str, now: datetime) -> bool:
    """Whoever opens the conversation has read its notes. Whether something was unread."""
    here = select(note.c.id).where(note.c.conversation_id == conversation_id)
    mine = update(mention).where(
        mention.c.account_id == account_id, mention.c.read_at.is_(None), mention.c.note_id.in_(here)
    )
    return connection.execute(mine.values(read_at=now)).rowcount > 0


def _mentioned(connection: Connection, text: str) -> list[tuple[int, int]]:
    """Account and officer of each "@name" in `text`, accents or not; of several names that fit the longest counts."""
    if "@" not in text:
        return []
    people = connection.execute(
        select(account.c.id, account.c.officer_id, officer.c.name)
        .join(officer, officer.c.id == account.c.officer_id)
        .where(account.c.disabled_at.is_(None), account.c.role.in_(DESK))
    ).all()
    longest_first = sorted(people, key=lambda one: -len(one.name))
    found: dict[int, int] = {}
    for part in fold(text).split("@")[1:]:
        fits = next((one for one in longest_first if _begins_with(part, fold(one.name))), None)
        if fits is not None:
            found[fits.id] = fits.officer_id
    return list(found.items())


def _begins_with(part: str, name: str) -> bool:
    return part.startswith(name) and not part[len(name) : len(name) + 1].isalnum()
