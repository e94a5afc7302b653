"""Replies that officers keep ready, with places for what is known of the owner: `{name}`, `{commune}` …

The nation's are a content file; officers' own are rows of `canned_reply` and go before those of the same shortcut. What
the places are filled with is known by whoever renders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, StringConstraints
from sqlalchemy import Connection, delete, select, update

from programme.packs import Text
from programme.yaml_source import ContentModel, read_yaml
from store.console_tables import canned_reply
from store.database import insert_if_new
from store.tables import officer
from store.text import fold

VARIABLES = ("name", "commune", "vendor", "platform", "officer", "due")
SHORTCUT = r"^[a-z0-9-]{2,30}$"
LONGEST_TITLE, LONGEST_TEXT = 80, 2000
_PLACE = re.compile(r"\{(\w+)\}")


class _Reply(ContentModel):
    shortcut: Annotated[str, StringConstraints(pattern=SHORTCUT)]
    title: Annotated[Text, Field(max_length=LONGEST_TITLE)]
    text: Annotated[Text, Field(max_length=LONGEST_TEXT)]


class _RepliesFile(ContentModel):
    replies: Annotated[tuple[_Reply, ...], Field(min_length=1)]


@dataclass(frozen=True)
class CannedReply:
    """`own`: the row's number of one that officers wrote, and `by`, who did last; None for the nation's."""

    shortcut: str
    title: str
    text: str
    own: int | None = None
    by: str | None = None


class ShortcutTaken(ValueError):
    """Another of the officers' own replies has this shortcut."""


def unfilled(text: str) -> tuple[str, ...]:
    """The places of a text that nothing was put into: an owner must never read "{commune}"."""
    return tuple(dict.fromkeys(match[0] for match in _PLACE.finditer(text)))


def wrong_places(text: str) -> tuple[str, ...]:
    """What stands in curly brackets and is no variable, and brackets that stand alone."""
    unknown = [place for place in unfilled(text) if place[1:-1] not in VARIABLES]
    alone = [bracket for bracket in "{}" if bracket in _PLACE.sub("", text)]
    return (*unknown, *alone)


def render(reply: CannedReply, values: Mapping[str, str | None]) -> tuple[str, tuple[str, ...]]:
    """The text with what is known filled in, and the places that stay as they are because it is not.

    What is filled in is never read for places again: an owner may be called "{due}".
    """
    missing = {place for place in unfilled(reply.text) if not values.get(place[1:-1])}
    text = _PLACE.sub(lambda place: place[0] if place[0] in missing else str(values[place[1]]), reply.text)
    return text, tuple(place for place in unfilled(reply.text) if place in missing)


def load_canned_replies(path: Path) -> Mapping[str, CannedReply]:
    """The nation's, by shortcut. Raises ContentError for a shortcut that is there twice, and for a wrong place."""
    source = read_yaml(path)
    replies: dict[str, CannedReply] = {}
    for row, reply in enumerate(source.validate(_RepliesFile).replies):
        if reply.shortcut in replies:
            problem = f'phím tắt "{reply.shortcut}" đã có'
            raise source.error(("replies", row, "shortcut"), problem, "đặt phím tắt khác")
        if wrong := wrong_places(reply.text):
            known = ", ".join(f"{{{name}}}" for name in VARIABLES)
            raise source.error(
                ("replies", row, "text"), f"không có biến {', '.join(wrong)}", f"dùng một trong: {known}"
            )
        replies[reply.shortcut] = CannedReply(reply.shortcut, reply.title, reply.text)
    return MappingProxyType(replies)


def all_replies(connection: Connection, national: Mapping[str, CannedReply]) -> tuple[CannedReply, ...]:
    """Everything that may be chosen, by shortcut: officers' own instead of the nation's."""
    columns = select(canned_reply, officer.c.name).join(officer, officer.c.id == canned_reply.c.officer_id)
    own = {
        row.shortcut: CannedReply(row.shortcut, row.title, row.text, row.id, row.name)
        for row in connection.execute(columns)
    }
    together = {**national, **own}
    return tuple(together[shortcut] for shortcut in sorted(together))


def matching(replies: Iterable[CannedReply], typed: str) -> tuple[CannedReply, ...]:
    """Those whose shortcut begins with what was typed, then those that have it elsewhere in shortcut, title or text."""
    wanted = fold(typed.strip())
    begins, has = [], []
    for reply in replies:
        if reply.shortcut.startswith(wanted):
            begins.append(reply)
        elif wanted in fold(f"{reply.shortcut} {reply.title} {reply.text}"):
            has.append(reply)
    return (*begins, *has)


def keep(connection: Connection, reply: CannedReply, officer_id: int, now: datetime) -> int:
    """Write a new one (`own` None) or change one; its number. Raises ShortcutTaken, LookupError when it is gone."""
    values = {
        "shortcut": reply.shortcut,
        "title": reply.title,
        "text": reply.text,
        "officer_id": officer_id,
        "updated_at": now,
    }
    if reply.own is None:
        row = insert_if_new(connection, canned_reply, values)
        if row is None:
            raise ShortcutTaken(reply.shortcut)
        return int(row["id"])
    # SQLite has one writer; on PostgreSQL two supervisors at once meet at the unique key, and the second is refused
    with_it = select(canned_reply.c.id).filter_by(shortcut=reply.shortcut)
    if connection.scalar(with_it.where(canned_reply.c.id != reply.own)) is not None:
        raise ShortcutTaken(reply.shortcut)
    if not connection.execute(update(canned_reply).filter_by(id=reply.own).values(values)).rowcount:
        raise LookupError(reply.own)
    return reply.own


def remove(connection: Connection, own: int) -> bool:
    """Whether it was there."""
    return bool(connection.execute(delete(canned_reply).filter_by(id=own)).rowcount)
