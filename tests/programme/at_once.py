"""Two transactions at once: the second begins while the first is not committed yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from store.database import Database

T = TypeVar("T")
PATIENCE = 10.0  # seconds
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def at_once(database: Database, first: Callable[[Connection], Any], second: Callable[[Connection], T]) -> T:
    """What `second` returns or raises. `first` is committed once `second` waits for it, or has not had to.

    On SQLite a second writer always waits.
    """
    with ThreadPoolExecutor(1) as other:

        def work(connection: Connection) -> Future[T]:
            first(connection)
            begun = other.submit(database.run_now, second)
            if not database.is_sqlite:
                _until_it_waits(database, begun)
            return begun

        return database.run_now(work).result(PATIENCE)


def _until_it_waits(database: Database, begun: Future[Any]) -> None:
    patient_until = time.monotonic() + PATIENCE
    while not begun.done() and not database.read_now(lambda c: c.scalar(_WAITING)):
        assert time.monotonic() < patient_until, "it neither waits nor ends"
        time.sleep(0.005)
