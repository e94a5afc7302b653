"""The audit log only grows, and whoever gets past that is found out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from store import audit
from store.audit import Actor, Anchor, Finding, Verdict, record, verify
from store.clock import ManualClock
from store.console_tables import audit_log
from store.crypto import Keyring
from store.database import Database

ROWS = 10


@pytest.fixture
def rows(database: Database, keyring: Keyring, clock: ManualClock) -> int:
    """So many acts of two people, each in a transaction of its own."""
    for number in range(1, ROWS + 1):
        write(database, keyring, clock, number)
    return ROWS


def write(database: Database, keyring: Keyring, clock: ManualClock, number: int) -> None:
    actor = Actor("Hà", 1) if number % 2 else Actor("hotline user")
    detail = {"b": number, "a": [1, "hai"], "c": None} if number % 3 else None
    database.run_now(lambda c: record(c, keyring, clock.now(), actor, "thing.seen", f"thing {number}", detail))


def verdict_of(database: Database, keyring: Keyring, anchor: Anchor | None = None) -> Verdict:
    return database.read_now(lambda c: verify(c, keyring, anchor))


def tamper(database: Database, *changes: object) -> None:
    """What somebody with the database owner's rights can do."""
    if database.is_sqlite:
        triggers = [f"DROP TRIGGER audit_log_no_{what}" for what in ("update", "delete", "replace")]
    else:
        triggers = ["ALTER TABLE audit_log DISABLE TRIGGER USER"]

    def work(connection: Connection) -> None:
        for trigger in triggers:
            connection.execute(text(trigger))
        for change in changes:
            connection.execute(change)  # type: ignore[call-overload]

    database.run_now(work)


def test_an_empty_log_and_a_whole_one_are_in_order(
    database: Database, keyring: Keyring, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verdict_of(database, keyring) == Verdict(0, None)
    monkeypatch.setattr(audit, "BATCH", 3)  # several batches, the last one full
    for number in range(1, 10):
        write(database, keyring, clock, number)
    verdict = verdict_of(database, keyring)
    assert (verdict.rows, verdict.finding) == (9, None)
    assert verdict.anchor is not None
    assert verdict.anchor.number == 9


@pytest.mark.parametrize(
    "change",
    [
        update(audit_log).where(audit_log.c.id == 3).values(actor="Nam"),
        delete(audit_log).where(audit_log.c.id == 3),
        update(audit_log).values(at=audit_log.c.at),
        delete(audit_log),
    ],
)
def test_the_database_refuses_to_change_or_delete(database: Database, rows: int, change: object) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        database.run_now(lambda c: c.execute(change))  # type: ignore[call-overload]
    assert len(database.read_now(lambda c: c.execute(select(audit_log)).all())) == rows


def test_a_row_is_not_replaced_either(database: Database, rows: int) -> None:
    columns = "id, at, actor, action, object, hash"
    verb, more = ("REPLACE", "") if database.is_sqlite else ("INSERT", " ON CONFLICT (id) DO UPDATE SET actor = 'Nam'")
    statement = f"{verb} INTO audit_log ({columns}) SELECT {columns} FROM audit_log WHERE id = 3{more}"
    with pytest.raises(DBAPIError, match="append-only"):
        database.run_now(lambda c: c.execute(text(statement)))
    assert len(database.read_now(lambda c: c.execute(select(audit_log)).all())) == rows


def test_nobody_empties_it(database: Database, rows: int) -> None:
    everything = "DELETE FROM audit_log" if database.is_sqlite else "TRUNCATE audit_log"
    with pytest.raises(DBAPIError, match="append-only"):
        database.run_now(lambda c: c.execute(text(everything)))
    assert len(database.read_now(lambda c: c.execute(select(audit_log)).all())) == rows


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "Nam"},
        {"action": "thing.unseen"},
        {"object": "thing 50"},
        {"account_id": 2},
        {"account_id": None},
        {"detail": {"b": 5, "a": [1, "ba"]}},
        {"detail": None},
        {"hash": b"\x00" * 32},
    ],
)
def test_a_changed_row_is_found(database: Database, keyring: Keyring, rows: int, values: dict[str, object]) -> None:
    tamper(database, update(audit_log).where(audit_log.c.id == 5).values(values))
    verdict = verdict_of(database, keyring)
    assert (verdict.finding, verdict.number, verdict.rows) == (Finding.CHANGED, 5, 4)


def test_a_moved_time_is_found(database: Database, keyring: Keyring, rows: int, clock: ManualClock) -> None:
    later = clock.now().replace(microsecond=1)
    tamper(database, update(audit_log).where(audit_log.c.id == 10).values(at=later))
    assert verdict_of(database, keyring).number == 10


@pytest.mark.parametrize("number", [1, 6])
def test_a_row_deleted_in_the_middle_is_missing(database: Database, keyring: Keyring, rows: int, number: int) -> None:
    tamper(database, delete(audit_log).where(audit_log.c.id == number))
    verdict = verdict_of(database, keyring)
    assert (verdict.finding, verdict.number) == (Finding.MISSING, number)


def test_rows_that_closed_up_behind_a_deleted_one_are_found(database: Database, keyring: Keyring, rows: int) -> None:
    closing = [update(audit_log).where(audit_log.c.id == n).values(id=n - 1) for n in range(7, ROWS + 1)]
    tamper(database, delete(audit_log).where(audit_log.c.id == 6), *closing)
    verdict = verdict_of(database, keyring)
    assert (verdict.finding, verdict.number) == (Finding.CHANGED, 6)


def test_two_rows_in_each_other_s_place_are_found(database: Database, keyring: Keyring, rows: int) -> None:
    moves = [(4, 99), (7, 4), (99, 7)]
    tamper(database, *(update(audit_log).where(audit_log.c.id == was).values(id=to) for was, to in moves))
    verdict = verdict_of(database, keyring)
    assert (verdict.finding, verdict.number) == (Finding.CHANGED, 4)


@pytest.mark.parametrize("number", [0, -5, ROWS + 1])
def test_a_row_put_in_is_found(
    database: Database, keyring: Keyring, rows: int, clock: ManualClock, number: int
) -> None:
    row = {"id": number, "at": clock.now(), "actor": "Nam", "action": "thing.seen", "object": "x", "hash": b"1" * 32}
    database.run_now(lambda c: c.execute(insert(audit_log).values(row)))
    verdict = verdict_of(database, keyring)
    assert (verdict.finding, verdict.number) == (Finding.CHANGED, number)


def test_a_chain_written_anew_needs_the_secret(database: Database, rows: int) -> None:
    assert verdict_of(database, Keyring("another secret, which is as long as the first")).number == 1


def test_an_end_that_was_cut_off_is_found_by_what_was_noted_before(
    database: Database, keyring: Keyring, rows: int
) -> None:
    noted = verdict_of(database, keyring).anchor
    tamper(database, delete(audit_log).where(audit_log.c.id > ROWS - 2))
    assert verdict_of(database, keyring).finding is None  # by itself the rest is a whole chain
    verdict = verdict_of(database, keyring, noted)
    assert (verdict.finding, verdict.number) == (Finding.CUT_OFF, ROWS - 1)


def test_what_was_noted_stays_part_of_a_log_that_grows(
    database: Database, keyring: Keyring, rows: int, clock: ManualClock
) -> None:
    noted = verdict_of(database, keyring).anchor
    write(database, keyring, clock, 11)
    assert verdict_of(database, keyring, noted) == verdict_of(database, keyring)
    assert noted is not None
    other = verdict_of(database, keyring, Anchor(noted.number, "0" * 16))
    assert (other.finding, other.number) == (Finding.OTHER_CHAIN, noted.number)


def test_eight_who_record_at_once_make_one_chain(database: Database, keyring: Keyring, clock: ManualClock) -> None:
    def fifty(thread: int) -> None:
        for number in range(50):
            write(database, keyring, clock, thread * 50 + number)

    with ThreadPoolExecutor(8) as threads:
        work: Callable[[int], None] = fifty
        list(threads.map(work, range(8)))
    verdict = verdict_of(database, keyring)
    assert (verdict.rows, verdict.finding) == (400, None)


def test_what_is_rolled_back_leaves_no_gap(database: Database, keyring: Keyring, rows: int, clock: ManualClock) -> None:
    def work(connection: Connection) -> None:
        record(connection, keyring, clock.now(), Actor("Hà", 1), "thing.seen", "thing 11")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.run_now(work)
    write(database, keyring, clock, 12)
    assert verdict_of(database, keyring).rows == rows + 1


def test_a_genuine_row_of_another_past_is_found_by_the_row_behind_it(
    database: Database, keyring: Keyring, rows: int, clock: ManualClock
) -> None:
    old = database.read_now(lambda c: dict(c.execute(select(audit_log).filter_by(id=ROWS - 1)).mappings().one()))
    tamper(database, delete(audit_log).where(audit_log.c.id >= ROWS - 1))
    for number in (77, 78):
        write(database, keyring, clock, number)
    again = update(audit_log).where(audit_log.c.id == ROWS - 1).values(old)
    database.run_now(lambda c: c.execute(again))
    verdict = verdict_of(database, keyring)
    assert (verdict.finding, verdict.number) == (Finding.CHANGED, ROWS)
