"""What was erased leaves the disk. A DELETE or UPDATE only takes rows out of sight.

SQLite: every connection overwrites what it frees (`secure_delete=ON`, store/database.py). What is left are the old
segments of the word indexes, which FTS5 merges away in bounded steps, and the write-ahead log, which is emptied by a
checkpoint. A reader that is in the way makes the checkpoint wait: the purge stays open and is tried again.

PostgreSQL: old versions of rows, their long values and the words of the indexes stay in the files until they are
written over. VACUUM makes their room free; the word indexes are rebuilt without a lock that anybody feels; and tables
up to FULL_AT_MOST bytes are written anew (VACUUM FULL locks the table so long: about a second per 100 MB). Larger ones
are marked as partial, and docs/operate.md says what an operator does at night. The write-ahead log and its archive are
the backups' matter: they end with their own retention.

Idempotent: a step done twice finds nothing to do.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import OperationalError

from store.database import Database
from store.logs import get_logger
from store.privacy_tables import purge
from store.search import SEARCH_TABLES

log = get_logger("store.purging")

# Pages of an index that one step of a merge writes: a few milliseconds, in which nobody else can write.
MERGED_PAGES = 64
MOST_STEPS = 100_000
FULL_AT_MOST = 64 * 2**20
# Longer nobody waits for a lock that this needs: it is tried again at the next look.
LOCK_TIMEOUT = "2s"
LOCK_NOT_AVAILABLE = "55P03"  # what PostgreSQL says then, in every language
# Where people's words and marks stand, the largest first to be freed.
TOUCHED = (
    *("inbound", "outbound", "conversation", "attachment", "review", "note", "open_tab", "contact"),
    *("contact_name_word", "survey_response", "channel_event", "class_place", "shop_domain", "lead", "lead_step"),
    *("lead_note", "difficulty", "data_request", "mail_ticket", "mail_message", "channel_link", "opt_out"),
    *("shop", "recipient", "link_click", "sms_answer", "awareness_answer", "file_import", "import_row"),
)


async def purge_asked(database: Database, now: datetime) -> int:
    """Do what was asked for until `now`; how many purges are done, 0 when one must be tried again."""
    waiting = await database.read(_waiting)
    if not waiting:
        return 0
    is_partial = await (_purge_sqlite(database) if database.is_sqlite else _purge_postgresql(database))
    if is_partial is None:
        return 0
    await database.run(lambda connection: _done(connection, waiting, now, is_partial))
    log.info("purged", purges=len(waiting), partial=is_partial)
    return len(waiting)


def _waiting(connection: Connection) -> list[int]:
    return list(connection.scalars(select(purge.c.id).where(purge.c.done_at.is_(None))))


def _done(connection: Connection, ids: list[int], now: datetime, is_partial: bool) -> None:
    done = update(purge).where(purge.c.id.in_(ids), purge.c.done_at.is_(None))
    connection.execute(done.values(done_at=now, is_partial=is_partial))


async def _purge_sqlite(database: Database) -> bool | None:
    for table in SEARCH_TABLES:
        await _merge(database, table)
    # In the writer's thread, so that no transaction of ours is in the way; readers may be
    blocked = await database.outside(_checkpoint)
    if blocked:
        log.info("purge_waits_for_readers")
        return None
    return False


async def _merge(database: Database, table: str) -> None:
    """All segments become one, without what was deleted: first a negative number takes all of them up, then the merge
    goes on in steps (sqlite.org/fts5.html, 6.9), between which others write."""
    pages = -MERGED_PAGES
    for _ in range(MOST_STEPS):
        if not await database.run(partial(_merge_step, table, pages)):
            return
        pages = MERGED_PAGES


def _merge_step(table: str, pages: int, connection: Connection) -> bool:
    """Whether there is more to merge."""
    before = _changes(connection)
    connection.exec_driver_sql(f"INSERT INTO {table}({table}, rank) VALUES('merge', {pages})")
    return _changes(connection) - before >= 2


def _changes(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT total_changes()").scalar_one())


def _checkpoint(connection: Connection) -> bool:
    """Everything into the file itself, and the log is cut to nothing. Whether somebody was in the way."""
    return bool(connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0])


async def _purge_postgresql(database: Database) -> bool | None:
    try:
        return await database.outside(_vacuum)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        log.info("purge_waits_for_lock")
        return None


# A transaction that began before the erasure still sees what it took away, and keeps it there.
_STILL_SEEN = text("""
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL
AND age(backend_xmin) >= (SELECT min(age(xmin)) FROM purge WHERE done_at IS NULL)
""")
_SIZE = text("SELECT pg_total_relation_size(to_regclass(:name))")


def _vacuum(connection: Connection) -> bool | None:
    """Whether a table was too large to be written anew; None when somebody is in the way."""
    if connection.scalar(_STILL_SEEN):
        log.info("purge_waits_for_transactions")
        return None
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    try:
        is_partial = False
        for table in (*TOUCHED, *SEARCH_TABLES):
            is_small = (connection.scalar(_SIZE, {"name": table}) or 0) <= FULL_AT_MOST
            is_partial |= not is_small
            # First the plain one: FULL alone keeps what a transaction in any other database might see. ANALYZE, since
            # the planner's statistics keep samples of values.
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {table}")
            if is_small:
                connection.exec_driver_sql(f"VACUUM (FULL) {table}")
            elif table in SEARCH_TABLES:
                # A GIN index never lets go of a word by itself
                connection.exec_driver_sql(f"REINDEX INDEX CONCURRENTLY ix_{table}_words")
        return is_partial
    finally:
        connection.exec_driver_sql("RESET lock_timeout")
