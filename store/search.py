"""What was said, found by its words whatever their accents: messages of owners, the bot and officers, and notes.

The words are kept by triggers (migration 0007), in a table per kind that is none of `metadata`'s: on PostgreSQL a
tsvector with a GIN index, on SQLite an FTS5 index. Newest first; every statement stops after a bounded number of rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    String,
    Table,
    bindparam,
    cast,
    column,
    literal,
    literal_column,
    null,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from store.console_tables import note
from store.tables import conversation, inbound, officer, outbound
from store.text import folded_words

MOST_WORDS = 12
# One letter begins half of all words.
SHORTEST_BEGINNING = 2
# Frequent words are found among the newest messages, one by one; what is not frequent there, the index finds. So
# neither reads much: a word in more than _CANDIDATES of _WALKED messages never reaches the index.
_WALKED = 20_000
# With a filter so many that have the words are looked at before it is said that there may be more, a few at a time:
# mostly the first few will do.
_CANDIDATES = 500
_AT_A_TIME = 100
_PARTS = re.compile(r'"([^"]*)"|([^"\s]+)')
KINDS = ("inbound", "outbound", "note")
SEARCH_TABLES = tuple(f"{kind}_search" for kind in KINDS)


@dataclass(frozen=True)
class Words:
    """What is looked for: `phrases` of accent-free words, all of which must be said; the last may be a beginning."""

    phrases: tuple[tuple[str, ...], ...]
    last_is_beginning: bool

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(word for phrase in self.phrases for word in phrase)

    def is_hit(self, word: str) -> bool:
        """Whether an accent-free word is one of those that are looked for."""
        words = self.all
        return word in words or (self.last_is_beginning and word.startswith(words[-1]))


@dataclass(frozen=True)
class Said:
    """A message or a note that has the words. `sender`: owner | bot | officer | note; `officer` of a note.

    `id`: the row's number. `seq`: its number in the conversation; of a note that of the message before it.
    """

    id: int
    conversation_id: str
    contact_id: int
    channel: str
    seq: int
    sender: str
    text: str
    at: datetime
    officer: str | None = None


@dataclass(frozen=True)
class Found:
    """`said`: newest first. `is_all`: False when there may be older ones."""

    said: tuple[Said, ...]
    is_all: bool


def read_words(text: str) -> Words | None:
    """What somebody typed: words, and "words in this order" in quotes. None when there is no word in it.

    The last word may be the beginning of one, unless it is quoted or a space follows. A single letter at the end says
    nothing yet: it is left out while it is typed.
    """
    phrases: list[tuple[str, ...]] = []
    was_quoted = False
    for quoted, plain in _PARTS.findall(text):
        words = folded_words(quoted or plain)
        # what is written as one ("shop.vn", "12/5") is looked for as one
        if words:
            phrases.append(tuple(words))
            was_quoted = bool(quoted)
    is_typed_on = not was_quoted and not text[-1:].isspace()
    if is_typed_on and len(phrases) > 1 and len(phrases[-1]) == len(phrases[-1][0]) == 1 and phrases[-1][0].isalpha():
        phrases.pop()
        is_typed_on = False
    kept: list[tuple[str, ...]] = []
    for phrase in phrases:
        if sum(map(len, kept)) + len(phrase) <= MOST_WORDS:
            kept.append(phrase)
    if not kept:
        return None
    return Words(tuple(kept), is_typed_on and kept[-1] == phrases[-1] and len(kept[-1][-1]) >= SHORTEST_BEGINNING)


def find_said(
    connection: Connection, words: Words, limit: int, channel: str | None = None, since: datetime | None = None
) -> Found:
    """The newest messages and notes with all these words, on one channel or all, at or after `since`."""
    said: list[Said] = []
    is_all = True
    is_filtered = channel is not None or since is not None
    most = _CANDIDATES if is_filtered else limit + 1
    for kind in KINDS:
        rows, count = _newest(connection, kind, words, limit + 1, most, _narrowed(kind, channel, since))
        said += [Said(**row._mapping) for row in rows[:limit]]
        is_all = is_all and count < most and len(rows) <= limit
    said.sort(key=lambda one: one.at, reverse=True)
    return Found(tuple(said[:limit]), is_all and len(said) <= limit)


def _narrowed(kind: str, channel: str | None, since: datetime | None) -> Select[Any]:
    source, statement = _SAID[kind]
    if channel is not None:
        statement = statement.where(conversation.c.channel == channel)
    if since is not None:
        statement = statement.where((source.c.received_at if kind == "inbound" else source.c.created_at) >= since)
    return statement.order_by(source.c.id.desc())


def _newest(
    connection: Connection, kind: str, words: Words, limit: int, most: int, statement: Select[Any]
) -> tuple[list[Row[Any]], int]:
    """The newest rows of `statement` with the words, at most `limit`, and at how many that have them was looked."""
    source, count = _SAID[kind][0], 0
    found: list[Row[Any]] = []
    for ids in _ids(connection, kind, words, most):
        for first in range(0, len(ids), _AT_A_TIME):
            some = ids[first : first + _AT_A_TIME]
            found += connection.execute(statement.where(source.c.id.in_(some)).limit(limit - len(found)))
            count += len(some)
            if len(found) == limit:
                return found, count
    return found, count


def _ids(connection: Connection, kind: str, words: Words, most: int) -> Iterator[list[int]]:
    """Numbers of the rows with the words, the newest first and at most `most`, the cheapest to find before others."""
    if connection.dialect.name == "sqlite":
        yield list(connection.scalars(_FTS[kind], {"query": _as_fts(words), "limit": most}))
        return
    values = {"query": _as_tsquery(words), "limit": most}
    walked = list(connection.scalars(_WALK[kind], values))
    yield walked
    if len(walked) < most:
        yield list(connection.scalars(_INDEXED[kind], values))[len(walked) :]


def _as_tsquery(words: Words) -> str:
    # folded_words leaves letters and digits only: there is nothing to escape
    phrases = [" <-> ".join(f"'{word}'" for word in phrase) for phrase in words.phrases]
    return " & ".join(phrases) + (":*" if words.last_is_beginning else "")


def _as_fts(words: Words) -> str:
    phrases = [f'"{" ".join(phrase)}"' for phrase in words.phrases]
    return " AND ".join(phrases) + ("*" if words.last_is_beginning else "")


# --- the statements


def _search_table(kind: str) -> FromClause:
    return table(f"{kind}_search", column("id"), column("words"), column("rowid"))


def _fts(kind: str) -> Select[Any]:
    """FTS5 walks its lists from the end when it is asked for rowids in this order."""
    of = _search_table(kind)
    matches = literal_column(f"{kind}_search", String()).op("MATCH")(bindparam("query"))
    return select(of.c.rowid).where(matches).order_by(of.c.rowid.desc()).limit(bindparam("limit"))


def _has(words: ColumnElement[Any]) -> ColumnElement[bool]:
    return words.op("@@", is_comparison=True)(cast(bindparam("query", type_=String()), TSQUERY))


def _walk(kind: str) -> Select[Any]:
    """The inner limit leaves the planner no other way than the primary key backwards."""
    of = _search_table(kind)
    newest = select(of.c.id, of.c.words).order_by(of.c.id.desc()).limit(_WALKED).subquery()
    return select(newest.c.id).where(_has(newest.c.words)).order_by(newest.c.id.desc()).limit(bindparam("limit"))


def _indexed(kind: str) -> Select[Any]:
    """Ordered outside, so that the planner does not walk the whole primary key in the hope of an early end."""
    of = _search_table(kind)
    all_of_them = select(of.c.id).where(_has(of.c.words)).cte("found", nesting=False).prefix_with("MATERIALIZED")
    return select(all_of_them.c.id).order_by(all_of_them.c.id.desc()).limit(bindparam("limit"))


_FTS = {kind: _fts(kind) for kind in KINDS}
_WALK = {kind: _walk(kind) for kind in KINDS}
_INDEXED = {kind: _indexed(kind) for kind in KINDS}


def _said(
    source: Table, seq: ColumnElement[int], sender: ColumnElement[str], said: ColumnElement[str], at: ColumnElement[Any]
) -> Select[Any]:
    by = officer.c.name if source is note else null()
    of = conversation.c
    columns = select(
        source.c.id,
        source.c.conversation_id,
        of.contact_id,
        of.channel,
        seq.label("seq"),
        sender.label("sender"),
        said.label("text"),
        at.label("at"),
        by.label("officer"),
    )
    joined = columns.join_from(source, conversation, of.id == source.c.conversation_id)
    return joined.join(officer, officer.c.id == note.c.officer_id) if source is note else joined


_SAID: dict[str, tuple[Table, Select[Any]]] = {
    "inbound": (
        inbound,
        _said(inbound, inbound.c.seq, literal("owner"), inbound.c.text, inbound.c.received_at),
    ),
    "outbound": (
        outbound,
        _said(outbound, outbound.c.seq, outbound.c.sender, outbound.c.reply["text"].as_string(), outbound.c.created_at),
    ),
    "note": (note, _said(note, note.c.after_seq, literal("note"), note.c.text, note.c.created_at)),
}
