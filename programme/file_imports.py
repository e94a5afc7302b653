"""Files that are read in, whatever they list: who reads one at this moment, how far it has come, what became of rows.

A slice of rows is one short transaction, and how far the file has come stands in the same one: whoever goes on after a
kill begins with the first row that was not taken. What a row means is its kind's matter (programme/list_kinds.py).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import Connection, RowMapping, or_, select, update

from programme.shop_columns import FIELDS
from programme.shop_file import CheckedRow, NumberRow, RefusedRow
from store.database import insert_many, insert_returning_id
from store.registry_tables import file_import, import_row

SLICE = 200
LEASE = timedelta(seconds=30)
_LOCK = 7_315_082  # one slice at a time on PostgreSQL, as SQLite has it anyway: two lists may have the same shop
_SHOWN_AT_ONCE = 1_000
# What is said of rows whose own words are not kept.
WORDS: Mapping[str, str] = {
    "duplicate_in_file": "trùng với một dòng trước trong tệp",
    "in_base": "cửa hàng đã có; chỉ bổ sung chỗ còn trống",
    "two_shops": "số điện thoại là của một cửa hàng, mã số thuế là của cửa hàng khác",
    "other_tax_code": "số điện thoại này đã có với mã số thuế khác",
    "other_phone": "mã số thuế này đã có với số điện thoại khác",
    "erased": "người này đã yêu cầu xóa dữ liệu; danh sách không đưa họ trở lại",
    "consent_refused": "đã từ chối hoặc rút đồng ý sau ngày ghi trong danh sách; không ghi đồng ý",
    "more_phones": "ô có nhiều số điện thoại; lấy số di động đầu tiên",
    "trade_unknown": "không rõ ngành hàng; để trống",
    "stopped_already": "số này đã từ chối nhận tin từ trước",
    "came_back": "chủ số đã tự đồng ý nhận tin lại sau ngày của danh sách; không ghi từ chối",
    "listed_already": "số này đã có trong danh sách không quảng cáo",
}
OUTCOMES: Mapping[str, str] = {"created": "đã thêm", "merged": "đã có", "refused": "KHÔNG NHẬP"}
RESULT_HEADER = ("Dòng", "Kết quả", "code", "Lý do", *FIELDS.values())
# Somebody works on it, or will at once: looking it over, counting without taking, reading it in.
LOOKED_AT, READ_IN = ("uploaded", "checking"), ("waiting", "running")
BUSY = (*LOOKED_AT, *READ_IN)
# A person decides what becomes of it.
AT_CHOICE = ("columns", "checked")
OPEN = (*BUSY, *AT_CHOICE)

SomeRow = CheckedRow | NumberRow
AnyRow = SomeRow | RefusedRow


class LeaseLost(Exception):
    """Somebody else reads this file in, or it was ended; nothing of the slice was kept."""


@dataclass(frozen=True)
class Import:
    """`kind`: of programme.list_kinds.ListKind. `status`: uploaded (to be looked over) | columns (to be chosen) |
    checking | checked | waiting | running | done | failed | cancelled. `dry`: what reading it in would do."""

    id: int
    kind: str
    province: str
    file_name: str
    status: str
    error: str | None
    mapping: dict[str, Any] | None
    basis: dict[str, Any] | None
    outline: str | None
    dry: dict[str, Any] | None
    rows: int
    read_rows: int
    created: int
    merged: int
    refused: int
    actor: str
    created_at: datetime
    done_at: datetime | None

    def counts(self) -> dict[str, Any]:
        """For the audit log."""
        counted = {name: getattr(self, name) for name in ("read_rows", *OUTCOMES)}
        return {"kind": self.kind, **counted, **({"error": self.error} if self.error else {})}


@dataclass(frozen=True)
class Taken:
    """What became of a row. `outcome`: created | merged | refused; `reason`: a code, "" for one that was simply taken.
    `row`: with its cells, where they are to be kept."""

    line: int
    outcome: str
    reason: str = ""
    row: SomeRow | RefusedRow | None = None


class Taker(Protocol):
    """What one kind of list does with its rows."""

    def take(self, connection: Connection, rows: Sequence[Any], now: datetime) -> list[Taken]:
        """Write them, a slice at a time."""

    def foresee(self, connection: Connection, rows: Sequence[Any]) -> list[Taken]:
        """What `take` would say of them, after all that were asked about before. Writes nothing."""


def begin(
    connection: Connection,
    kind: str,
    province: str,
    file_name: str,
    said: Mapping[str, Any],
    actor: str,
    now: datetime,
    rows: int = 0,
) -> int:
    """A file that waits to be read in, or, with its `content` in `said`, to be looked over first. `said`: columns of
    file_import: `mapping` (its columns and `digest`), `basis`, `content`."""
    row = {"kind": kind, "province": province, "file_name": file_name[:200], "rows": rows, "actor": actor[:80]}
    status = "uploaded" if "content" in said else "waiting"
    return insert_returning_id(connection, file_import, {**row, "status": status, **said, "created_at": now})


def unfinished(connection: Connection, digest: str) -> int | None:
    """The import of the very same file, columns and basis that was not brought to its end."""
    waiting = select(file_import.c.id, file_import.c.mapping).where(file_import.c.status.in_(READ_IN))
    return next((id_ for id_, of in connection.execute(waiting) if (of or {}).get("digest") == digest), None)


def lease(connection: Connection, import_id: int, holder: str, now: datetime) -> bool:
    """Take a file that nobody works on; False when somebody does. A clock that was set back frees it as well."""
    mine = update(file_import).where(
        file_import.c.id == import_id, file_import.c.status.in_(BUSY), _is_free(holder, now)
    )
    if connection.execute(mine.values(holder=holder, lease_until=now + LEASE)).rowcount != 1:
        return False
    began = update(file_import).where(file_import.c.id == import_id, file_import.c.status == "waiting")
    connection.execute(began.values(status="running"))
    return True


def next_free(connection: Connection, holder: str, now: datetime) -> int | None:
    """The oldest uploaded file that waits for somebody to work on it."""
    rows = select(file_import.c.id).where(
        file_import.c.status.in_(BUSY), file_import.c.content.is_not(None), _is_free(holder, now)
    )
    return connection.scalar(rows.order_by(file_import.c.id).limit(1))


def _is_free(holder: str, now: datetime) -> Any:
    until = file_import.c.lease_until
    return or_(until.is_(None), until <= now, until > now + 2 * LEASE, file_import.c.holder == holder)


def find(connection: Connection, import_id: int) -> Import:
    """Raises NoResultFound."""
    return read(connection.execute(select(*COLUMNS).where(file_import.c.id == import_id)).mappings().one())


COLUMNS = tuple(file_import.c[name] for name in Import.__dataclass_fields__)


def read(row: RowMapping) -> Import:
    return Import(**{column.name: row[column.name] for column in COLUMNS})


def slices(rows: Iterable[AnyRow]) -> Iterator[list[AnyRow]]:
    """`rows` in portions for one transaction each."""
    left = iter(rows)
    while some := list(islice(left, SLICE)):
        yield some


@dataclass(frozen=True)
class FileImport:
    """One file in one process's hands."""

    import_id: int
    holder: str

    def take(self, connection: Connection, taker: Taker, begins: int, rows: Sequence[AnyRow], now: datetime) -> None:
        """The next rows, in the caller's transaction; `begins`: how many were read before them. Raises LeaseLost."""
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        own = select(*file_import.c["read_rows", "created", "merged", "refused"]).with_for_update()
        own = own.filter_by(id=self.import_id, holder=self.holder, status="running")
        state = connection.execute(own).mappings().first()
        if state is None or state["read_rows"] != begins:
            raise LeaseLost
        taken = [Taken(row.line, "refused", row.code, row) for row in rows if isinstance(row, RefusedRow)]
        taken += taker.take(connection, [row for row in rows if not isinstance(row, RefusedRow)], now)
        insert_many(connection, import_row, [self._row(one) for one in taken if one.reason])
        outcomes = Counter(one.outcome for one in taken)
        counts = {name: state[name] + outcomes[name] for name in OUTCOMES}
        self.note(connection, "running", now, **counts, read_rows=begins + len(rows))

    def note(self, connection: Connection, was: str, now: datetime, **values: Any) -> None:
        """How it stands, and that somebody is at it. Raises LeaseLost."""
        mine = update(file_import).filter_by(id=self.import_id, holder=self.holder, status=was)
        if connection.execute(mine.values(**values, lease_until=now + LEASE)).rowcount != 1:
            raise LeaseLost

    def rest(self, connection: Connection, was: str, status: str, **values: Any) -> None:
        """Nobody works on it until a person has chosen. Raises LeaseLost."""
        mine = update(file_import).filter_by(id=self.import_id, holder=self.holder, status=was)
        left = {"status": status, "holder": None, "lease_until": None}
        if connection.execute(mine.values({"error": None, **values, **left})).rowcount != 1:
            raise LeaseLost

    def end(self, connection: Connection, status: str, now: datetime, error: str | None = None) -> None:
        """It is done, or failed with `error`: nobody goes on, and the file itself goes. Raises LeaseLost."""
        mine = update(file_import).where(
            file_import.c.id == self.import_id, file_import.c.holder == self.holder, file_import.c.status.in_(BUSY)
        )
        if connection.execute(mine.values(ended(status, now, error))).rowcount != 1:
            raise LeaseLost

    def _row(self, taken: Taken) -> dict[str, Any]:
        """What is shown of a refused row are its own cells and words, which go when the person is erased."""
        cells = None
        if taken.row is not None:
            words = taken.row.words if isinstance(taken.row, RefusedRow) else WORDS[taken.reason]
            cells = json.dumps({**taken.row.cells, "why": words}, ensure_ascii=False)
        row = {"import_id": self.import_id, "row": taken.line, "outcome": taken.outcome}
        return {**row, "reason": taken.reason, "values": cells}


def ended(status: str, now: datetime, error: str | None = None) -> dict[str, Any]:
    """The columns of a file that is over: what was uploaded goes at once."""
    gone = dict.fromkeys(("holder", "lease_until", "content", "outline"))
    return {"status": status, "error": error, "done_at": now, **gone}


@dataclass
class DryRun:
    """What reading the file in would do, counted row by row without writing anything."""

    taker: Taker
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    def look(self, connection: Connection, rows: Sequence[AnyRow]) -> None:
        taken = [Taken(row.line, "refused", row.code) for row in rows if isinstance(row, RefusedRow)]
        taken += self.taker.foresee(connection, [row for row in rows if not isinstance(row, RefusedRow)])
        self.counts.update(one.outcome for one in taken)
        self.reasons.update((one.outcome, one.reason) for one in taken if one.reason)

    def as_json(self) -> dict[str, Any]:
        """Reasons: [outcome, code, how many], the most frequent first."""
        reasons = [[*of, count] for of, count in self.reasons.most_common()]
        return {**{name: self.counts[name] for name in OUTCOMES}, "reasons": reasons}


def result_rows(connection: Connection, import_id: int, outcome: str | None = None) -> Iterator[tuple[str | int, ...]]:
    """RESULT_HEADER's cells of every row that was not simply taken, by line. `outcome`: only these."""
    after = -1
    while part := result_part(connection, import_id, after, outcome):
        yield from part
        after = int(part[-1][0])


def result_part(
    connection: Connection, import_id: int, after: int, outcome: str | None = None
) -> list[tuple[str | int, ...]]:
    """The next of them, behind the line `after`."""
    some = select(import_row).where(import_row.c.import_id == import_id, import_row.c.row > after)
    if outcome is not None:
        some = some.where(import_row.c.outcome == outcome)
    found = connection.execute(some.order_by(import_row.c.row).limit(_SHOWN_AT_ONCE)).mappings().all()
    rows: list[tuple[str | int, ...]] = []
    for row in found:
        cells = json.loads(row["values"]) if row["values"] else {}
        why = cells.get("why") or WORDS.get(row["reason"], row["reason"])
        shown = OUTCOMES[row["outcome"]], row["reason"], why
        rows.append((row["row"], *shown, *(cells.get(name, "") for name in FIELDS)))
    return rows
