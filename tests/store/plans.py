"""How a database runs what a transaction reads."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, event

from store.console_tables import metadata
from store.database import Database, Transaction
from store.search import SEARCH_TABLES

# A table that is read from end to end; with an index (even if all of it) it is not.
_READ_WHOLE = re.compile(r"SCAN (\w+)$|Seq Scan on (\w+)", re.MULTILINE)


def tables_read_whole(database: Database, work: Transaction[Any]) -> set[str]:
    """The tables that `work` reads without an index.

    PostgreSQL would read a small table whole in any case: it is asked not to, so that it does so only where it must.
    """
    statements: list[tuple[str, Any]] = []

    def note(_: Connection, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        statements.append((statement, parameters))

    def explain(connection: Connection) -> str:
        work(connection)
        event.remove(connection, "before_cursor_execute", note)
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        prefix = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        rows = [row for s, values in statements for row in connection.exec_driver_sql(f"{prefix} {s}", values)]
        return "\n".join(str(row[-1]) for row in rows)

    def watch(connection: Connection) -> str:
        event.listen(connection, "before_cursor_execute", note)
        return explain(connection)

    plan = database.read_now(watch)
    assert plan, "nothing was read"
    return {first or second for first, second in _READ_WHOLE.findall(plan)} & {*metadata.tables, *SEARCH_TABLES}
