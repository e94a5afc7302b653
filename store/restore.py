"""A backup's rows into an empty database, within the caller's transaction: at the backup's own schema, then on to the
newest. What must not go on as if nothing had happened is settled elsewhere (bot/restored.py).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    Integer,
    LargeBinary,
    Text,
    column,
    func,
    insert,
    inspect,
    select,
    table,
    text,
)

from store.backup import Contents, Part, Reading
from store.migrate import knows, upgrade
from store.tables import Json, UtcDateTime

# Numbers that were given after the backup and are lost with it are not given again: somebody may have noted one.
GAP = 1_000
# Links in messages are numbers of these rows (programme/short_links.py), and one run may have a million: whoever opted
# out by an old link would otherwise do so for somebody else
_GAPS = {"recipient": 100_000_000}
ROWS, ROW_BYTES = 1_000, 8 * 2**20
_TYPES: Mapping[str, Any] = {
    "bool": Boolean(),
    "int": Integer(),
    "time": UtcDateTime(),
    "date": Date(),
    "bytes": LargeBinary(),
    "json": Json,
    "text": Text(),
}
_READ: Mapping[str, Callable[[Any], Any]] = {
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": b64decode,
}


class NotEmpty(ValueError):
    """There is something in the database already."""


class LaterVersion(ValueError):
    """The backup's schema is one that this version does not know; the argument is its revision."""


def is_empty(connection: Connection) -> bool:
    """Whether nobody has made a table here yet."""
    return not inspect(connection).get_table_names()


def load(connection: Connection, pieces: Iterable[bytes]) -> Contents:
    """Put everything in; what it was. Raises Damaged, LaterVersion, NotEmpty: then nothing may be committed."""
    if not is_empty(connection):
        raise NotEmpty
    reading = Reading(pieces)
    if not knows(reading.contents.revision):
        raise LaterVersion(reading.contents.revision)
    upgrade(connection, reading.contents.revision)
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:  # a row may refer to a later one of its own table
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    for part in reading.parts():
        (_insert if is_sqlite else _copy)(connection, part)
    upgrade(connection)
    _go_on_counting(connection, reading.contents)
    return reading.contents


def _insert(connection: Connection, part: Part) -> None:
    names = [name for name, _ in part.columns]
    into = insert(table(part.table, *(column(name, _TYPES[kind]) for name, kind in part.columns)))
    rows = _values(part)
    while batch := list(_batch(rows)):
        connection.execute(into, [dict(zip(names, row, strict=True)) for row in batch])


def _batch(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """Some of the rows, which fit into memory together."""
    size = 0
    for row in islice(rows, ROWS):
        yield row
        size += sum(len(value) for value in row if isinstance(value, bytes))
        if size > ROW_BYTES:
            return


def _copy(connection: Connection, part: Part) -> None:
    """PostgreSQL's own way to take many rows: several times as fast as inserting. Some at a time: rows that are handed
    over faster than the server takes them would all wait in the driver's memory."""
    names = ", ".join(f'"{name}"' for name, _ in part.columns)
    json = [place for place, (_, kind) in enumerate(part.columns) if kind == "json"]
    cursor: Any = connection.connection.cursor()
    rows = _values(part)
    while batch := list(_batch(rows)):
        with cursor.copy(f'COPY "{part.table}" ({names}) FROM STDIN') as copy:
            for row in batch:
                for place in json:
                    if row[place] is not None:
                        row[place] = orjson.dumps(row[place]).decode()
                copy.write_row(row)
    cursor.close()


def _values(part: Part) -> Iterator[list[Any]]:
    to_read = [(place, _READ[kind]) for place, (_, kind) in enumerate(part.columns) if kind in _READ]
    for row in part.rows:
        for place, read in to_read:
            if row[place] is not None:
                row[place] = read(row[place])
        yield row


def _go_on_counting(connection: Connection, contents: Contents) -> None:
    """Where the database counts for itself, it goes on behind what it may have given out since the backup."""
    if connection.dialect.name == "sqlite":
        # Elsewhere the next number is one more than the highest in the table
        counting = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
        for name in connection.exec_driver_sql(counting).scalars().all():
            last = connection.execute(_SQLITE_LAST, {"name": name}).scalar() or 0
            connection.execute(_SQLITE_FORGET, {"name": name})
            connection.execute(_SQLITE_COUNT, {"name": name, "seq": last + _GAPS.get(name, GAP)})
        return
    for name in contents.rows:
        if sequence := connection.scalar(_SEQUENCE, {"name": name}):
            last = connection.scalar(select(func.max(column("id"))).select_from(table(name))) or 0
            connection.execute(select(func.setval(sequence, last + _GAPS.get(name, GAP))))


_SQLITE_LAST = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_SQLITE_FORGET = text("DELETE FROM sqlite_sequence WHERE name = :name")
_SQLITE_COUNT = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)")
_SEQUENCE = text("""
SELECT pg_get_serial_sequence(:name, attname) FROM pg_attribute
WHERE attrelid = to_regclass(:name) AND attname = 'id' AND NOT attisdropped
""")
