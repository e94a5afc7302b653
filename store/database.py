"""A database and its transactions. A transaction is one plain function, run in a worker thread.

Because it is a plain function it cannot await anything: no transaction can stay open while a service is called.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    Insert,
    RowMapping,
    String,
    Table,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from store import tables
from store.clock import Clock
from store.crypto import Keyring
from store.key_tables import former_key
from store.transaction_threads import TransactionThreads

T = TypeVar("T")
Transaction = Callable[[Connection], T]

POSTGRESQL_CONNECTIONS = 8
BUSY_SECONDS = 10
# How a PostgreSQL server knows our connections (store/rotation.py).
APPLICATION = "hotline"


class WrongKeyError(RuntimeError):
    """The database was made with another HOTLINE_SECRET_KEY."""


def normalise_url(url: str) -> str:
    """`sqlite:///path` or `postgresql://…` (settings) to what SQLAlchemy wants; the driver is ours to choose."""
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    elif parsed.drivername != "sqlite":
        raise ValueError(f"HOTLINE_DATABASE_URL: {parsed.drivername} is neither sqlite nor postgresql")
    return parsed.render_as_string(hide_password=False)


class Database:
    """Runs transactions, off the event loop. Those that write to SQLite go through one thread, one after the other."""

    def __init__(self, url: str) -> None:
        self.url = normalise_url(url)
        self.engine = _engine(self.url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writers = TransactionThreads(1 if self.is_sqlite else POSTGRESQL_CONNECTIONS, "database")
        self._readers = TransactionThreads(2, "database-read") if self.is_sqlite else self._writers

    async def run(self, work: Transaction[T], urgent: bool = False) -> T:
        """Run `work` in one transaction: committed when it returns, rolled back when it raises.

        `urgent`: before all that waits and is not.
        """
        return await asyncio.wrap_future(self._writers.submit(partial(self.run_now, work), urgent))

    async def read(self, work: Transaction[T]) -> T:
        """Run `work`, which only reads."""
        return await asyncio.wrap_future(self._readers.submit(partial(self.read_now, work)))

    async def outside(self, work: Transaction[T]) -> T:
        """Run `work` without a transaction, for what must not be in one (VACUUM, a checkpoint)."""
        return await asyncio.wrap_future(self._writers.submit(partial(self.outside_now, work)))

    def run_now(self, work: Transaction[T]) -> T:
        """`run` for callers without an event loop (command line, tests)."""
        with self.engine.begin() as connection:
            return work(connection)

    def read_now(self, work: Transaction[T]) -> T:
        with self.engine.connect().execution_options(hotline_read_only=True) as connection:
            return work(connection)

    def outside_now(self, work: Transaction[T]) -> T:
        """`outside` for callers without an event loop."""
        # The driver of SQLite begins nothing by itself; on PostgreSQL it must be told to leave it
        options = {"hotline_outside": True} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        with self.engine.connect().execution_options(**options) as connection:
            return work(connection)

    def close(self) -> None:
        for threads in {self._writers, self._readers}:
            threads.shutdown()
        self.engine.dispose()


def open_database(url: str, keyring: Keyring, clock: Clock) -> Database:
    """Open a migrated database and make sure that `keyring` is the one it was made with. Raises WrongKeyError."""
    tables.EncryptedText.use(keyring)
    database = Database(url)
    try:
        database.run_now(lambda connection: check_key(connection, keyring, clock))
    except WrongKeyError:
        database.close()
        raise
    return database


def check_key(connection: Connection, keyring: Keyring, clock: Clock) -> None:
    """Make sure that `keyring` is the one the database was made with, and tell it from which one it goes on. Raises
    WrongKeyError."""
    row = {"id": 1, "key_fingerprint": keyring.fingerprint, "created_at": clock.now()}
    insert_if_new(connection, tables.installation, row)
    if connection.scalar(select(tables.installation.c.key_fingerprint)) != keyring.fingerprint:
        raise WrongKeyError(
            "Cơ sở dữ liệu này được tạo với một HOTLINE_SECRET_KEY khác. Hãy đặt lại đúng khóa cũ"
            " (mặc định nằm ở var/secret.key); nếu không, tên và số điện thoại đã lưu sẽ không đọc được. Nếu vừa đổi"
            " khóa bằng hotline keys rotate thì chạy lại lệnh đó để biết khóa mới ở đâu."
        )
    first = connection.scalar(select(former_key.c.hash_key).order_by(former_key.c.id).limit(1))
    if first is not None:
        keyring.goes_on_from(bytes.fromhex(first))


def insert_if_new(connection: Connection, table: Table, row: dict[str, Any]) -> RowMapping | None:
    """Insert one row unless a unique key of it is taken; the row as it is stored, or None."""
    statement = _inserts(connection.dialect.name, table)
    return connection.execute(statement, row).mappings().first()


@cache
def _inserts(dialect: str, table: Table) -> ReturningInsert[Any]:
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing().returning(*table.c)
    return postgresql.insert(table).on_conflict_do_nothing().returning(*table.c)


def insert_many(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of the same columns. PostgreSQL gets each column as one array: row by row it takes several times as
    long, and a statement of hundreds of rows is long to read."""
    if rows and connection.dialect.name == "sqlite":
        connection.execute(insert(table), list(rows))
    elif rows:
        names = tuple(rows[0])
        connection.execute(_from_arrays(table, names), {f"of_{name}": [row[name] for row in rows] for name in names})


@cache
def _from_arrays(table: Table, names: tuple[str, ...]) -> Insert:
    columns = (table.c[name] for name in names)
    # Cast to a type with a length, what is too long would be cut instead of refused
    types = (Text() if isinstance(one.type, String) else one.type for one in columns)
    arrays = [
        func.unnest(bindparam(f"of_{name}", type_=postgresql.ARRAY(type_)))
        for name, type_ in zip(names, types, strict=True)
    ]
    return insert(table).from_select(names, select(*arrays), include_defaults=False)


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those rows of which no unique key is taken, all of the same columns."""
    insert_ = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert_(table).on_conflict_do_nothing(), list(rows))


def insert_returning_id(connection: Connection, table: Table, row: dict[str, Any]) -> int:
    """Insert one row and return the number the database gave it."""
    return int(connection.execute(_returning_id(table), row).scalar_one())


@cache
def _returning_id(table: Table) -> ReturningInsert[Any]:
    return insert(table).returning(table.c.id)


def _engine(url: str) -> Engine:
    # hide_parameters: an error's text goes to the log, and the parameters are what people wrote
    if not url.startswith("sqlite"):
        return create_engine(
            url,
            connect_args={"application_name": APPLICATION},
            pool_size=POSTGRESQL_CONNECTIONS,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    options = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=options, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves
    cursor = connection.cursor()
    # FULL: an accepted message survives a power cut, not only a killed process
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        # What is taken out of a page is overwritten there: an erased word is gone from the file (store/purging.py)
        "secure_delete=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("hotline_outside"):
        return
    # IMMEDIATE takes the write lock at once: a transaction that read first can never fail with "database is locked"
    read_only = connection.get_execution_options().get("hotline_read_only")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
