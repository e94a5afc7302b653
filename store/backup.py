"""A backup's content: every row of every table as it was at one instant, in a form of its own that either database
takes. What is in the database is in it; files (models, settings, the key itself) are not.

Lines of JSON: first what it is, then per table its columns, its rows (a list each) and its count with a digest, last
the end. Columns are those that the database has, not those that the code knows: no table can be left out, and a backup
of an earlier schema is as good. Encrypted columns stay encrypted.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection, MetaData, Table, func, select, types
from sqlalchemy.engine.interfaces import IsolationLevel

from store.database import Database
from store.migrate import current_revision
from store.sealed_file import Damaged
from store.search import SEARCH_TABLES

FORMAT = 1
# The words of messages are kept by triggers: they come by themselves. The revision stands in the first line.
_NOT_OURS = (*SEARCH_TABLES, "alembic_version")
# Rows that are read together: so many, or as many as have this many bytes in their largest column.
MOST_ROWS, MOST_BYTES = 1_000, 8 * 2**20
# By the first that fits: what a value is in JSON.
_KINDS: tuple[tuple[type[types.TypeEngine[Any]], str], ...] = (
    (types.Boolean, "bool"),
    (types.Integer, "int"),
    (types.DateTime, "time"),
    (types.Date, "date"),
    (types.LargeBinary, "bytes"),
    (types.JSON, "json"),
    (types.String, "text"),
)


@dataclass
class Contents:
    """What a backup holds. `revision`: of the schema. `rows`: by table, in an order in which they can be inserted."""

    revision: str
    engine: str
    at: datetime
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def dump(database: Database, write: Callable[[bytes], None], now: datetime) -> Contents:
    """Write everything as it is at one instant, while others go on writing; what was written.

    SQLite: one read transaction of the write-ahead log. PostgreSQL: one REPEATABLE READ transaction. Memory does not
    grow with the number of rows.
    """
    with database.engine.connect() as plain:
        level: IsolationLevel = "REPEATABLE READ"
        options = {"hotline_read_only": True} if database.is_sqlite else {"isolation_level": level}
        connection = plain.execution_options(**options, stream_results=True)
        return _dump(connection, write, now)


def tables_of(connection: Connection) -> list[Table]:
    """The tables that the database has, those that others refer to first."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: not name.startswith(_NOT_OURS))
    return found.sorted_tables


def _dump(connection: Connection, write: Callable[[bytes], None], now: datetime) -> Contents:
    contents = Contents(current_revision(connection), connection.dialect.name, now)
    first = {"format": FORMAT, "revision": contents.revision, "engine": contents.engine, "at": now}
    write(_line(first))
    for table in tables_of(connection):
        columns = [[column.name, _kind(column.type)] for column in table.c]
        write(_line({"table": table.name, "columns": columns}))
        digest, count = sha256(), 0
        for row in _rows(connection, table):
            line = _line(row)
            digest.update(line)
            write(line)
            count += 1
        write(_line({"end": table.name, "rows": count, "sha256": digest.hexdigest()}))
        contents.rows[table.name] = count
    write(_line({"finished": len(contents.rows), "rows": contents.total}))
    return contents


def _rows(connection: Connection, table: Table) -> Iterator[list[Any]]:
    at_a_time = _at_a_time(connection, table)
    result = connection.execution_options(yield_per=at_a_time).execute(
        select(table).order_by(*table.primary_key.columns)
    )
    for row in result:
        yield list(row)


def _at_a_time(connection: Connection, table: Table) -> int:
    """A thousand pictures would be as many megabytes."""
    large = [column for column in table.c if isinstance(column.type, types.LargeBinary)]
    longest = select(*(func.max(func.length(column)) for column in large))
    most = max((size or 0 for size in connection.execute(longest).one()), default=0) if large else 0
    return max(1, min(MOST_ROWS, MOST_BYTES // max(1, most)))


def _kind(of: types.TypeEngine[Any]) -> str:
    return next(kind for type_, kind in _KINDS if isinstance(of, type_))


def _line(said: Any) -> bytes:
    options = orjson.OPT_NAIVE_UTC | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(said, default=_as_text, option=options)


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return b64encode(value).decode()
    raise TypeError(type(value).__name__)


@dataclass(frozen=True)
class Part:
    """A table of a backup: its columns with their kinds, and its rows, which must be read to their end."""

    table: str
    columns: tuple[tuple[str, str], ...]
    rows: Iterator[list[Any]]


class Reading:
    """Reads a backup once, from its first line to its last. Raises Damaged where it is not as it was written."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._lines = _lines(pieces)
        first = self._said()
        if first.get("format") != FORMAT:
            raise Damaged("format")
        self.contents = Contents(first["revision"], first["engine"], datetime.fromisoformat(first["at"]))

    def parts(self) -> Iterator[Part]:
        """Table after table. When it ends the whole file has been found to be genuine and complete."""
        while "finished" not in (said := self._said()):
            columns = tuple((str(name), str(kind)) for name, kind in said["columns"])
            yield Part(said["table"], columns, self._rows(said["table"]))
            if said["table"] not in self.contents.rows:
                raise RuntimeError(f"the rows of {said['table']} were not read")
        if said["finished"] != len(self.contents.rows) or said["rows"] != self.contents.total:
            raise Damaged("finished")
        if next(self._lines, None) is not None:
            raise Damaged("more")

    def _rows(self, table: str) -> Iterator[list[Any]]:
        digest, count = sha256(), 0
        for line in self._lines:
            if line.startswith(b"["):
                digest.update(line + b"\n")
                count += 1
                yield orjson.loads(line)
                continue
            end = orjson.loads(line)
            if (end.get("end"), end.get("rows"), end.get("sha256")) != (table, count, digest.hexdigest()):
                raise Damaged(table)
            self.contents.rows[table] = count
            return
        raise Damaged(table)

    def _said(self) -> dict[str, Any]:
        line = next(self._lines, None)
        said = None if line is None else orjson.loads(line)
        if not isinstance(said, dict):
            raise Damaged("line")
        return said


def verify(pieces: Iterable[bytes]) -> Contents:
    """Read all of it: every count and digest. Raises Damaged."""
    reading = Reading(pieces)
    for part in reading.parts():
        for _ in part.rows:
            pass
    return reading.contents


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []  # of a line that is longer than a piece
    for piece in pieces:
        *whole, end = piece.split(b"\n")
        if whole:
            yield b"".join((*rest, whole[0]))
            yield from whole[1:]
            rest = []
        rest.append(end)
    if any(rest):
        raise Damaged("line")
