"""A list of shops into the registry, a slice of rows per short transaction. How far it came stands in the same
transaction as the rows: whoever goes on after a kill begins with the first row that was not taken.

A list fills what is not known and overwrites nothing; a number and a tax code of two different shops are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from programme import shops
from programme.list_consents import give_consents, said_of
from programme.shop_columns import FIELDS
from programme.shop_file import CheckedRow, RefusedRow
from programme.shop_matching import Listed, Match, Matching, known_people
from programme.shops import ShopFacts
from store.contacts import Contacts, Person
from store.crypto import Keyring
from store.database import insert_returning_id
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
}
OUTCOMES: Mapping[str, str] = {"created": "đã thêm", "merged": "đã có", "refused": "KHÔNG NHẬP"}


class LeaseLost(Exception):
    """Somebody else reads this file in, or it was ended; nothing of the slice was kept."""


@dataclass(frozen=True)
class Import:
    """`status`: uploaded | waiting | running | done | failed | cancelled."""

    id: int
    status: str
    rows: int
    read_rows: int
    created: int
    merged: int
    refused: int


def begin(
    connection: Connection, province: str, file_name: str, said: Mapping[str, Any], rows: int, actor: str, now: datetime
) -> int:
    """A file that waits to be read in. `said`: `mapping` (its columns and `digest`) and `basis` of consent."""
    row = {"kind": "shops", "province": province, "file_name": file_name, "status": "waiting", "rows": rows}
    return insert_returning_id(connection, file_import, {**row, **said, "actor": actor[:80], "created_at": now})


def unfinished(connection: Connection, digest: str) -> int | None:
    """The import of the very same file, columns and consent that was not brought to its end."""
    waiting = select(file_import.c.id, file_import.c.mapping).where(
        file_import.c.kind == "shops", file_import.c.status.in_(("waiting", "running"))
    )
    return next((id_ for id_, of in connection.execute(waiting) if (of or {}).get("digest") == digest), None)


def lease(connection: Connection, import_id: int, holder: str, now: datetime) -> bool:
    """Take a file that nobody reads in; False when somebody does. A clock that was set back frees it as well."""
    until = file_import.c.lease_until
    free = or_(until.is_(None), until <= now, until > now + 2 * LEASE, file_import.c.holder == holder)
    mine = update(file_import).where(
        file_import.c.id == import_id, file_import.c.status.in_(("waiting", "running")), free
    )
    values = {"status": "running", "holder": holder, "lease_until": now + LEASE}
    return connection.execute(mine.values(values)).rowcount == 1


def find(connection: Connection, import_id: int) -> Import:
    columns = (file_import.c[name] for name in Import.__dataclass_fields__)
    return Import(*connection.execute(select(*columns).where(file_import.c.id == import_id)).one())


def slices(rows: Iterable[CheckedRow | RefusedRow]) -> Iterator[list[CheckedRow | RefusedRow]]:
    """`rows` in portions for one transaction each."""
    left = iter(rows)
    while some := list(islice(left, SLICE)):
        yield some


@dataclass(frozen=True)
class ShopImport:
    """One file in one process's hands."""

    keyring: Keyring
    import_id: int
    province: str
    holder: str

    def take(self, connection: Connection, begins: int, rows: Sequence[CheckedRow | RefusedRow], now: datetime) -> None:
        """The next rows, in the caller's transaction; `begins`: how many were read before them. Raises LeaseLost."""
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        own = select(file_import).filter_by(id=self.import_id, holder=self.holder, status="running").with_for_update()
        state = connection.execute(own).mappings().first()
        if state is None or state["read_rows"] != begins:
            raise LeaseLost
        checked = [Listed.of(row, self.keyring) for row in rows if isinstance(row, CheckedRow)]
        said = said_of(connection, [one.phone_key for one in checked])
        matching = Matching(known_people(connection, checked), shops.import_source(self.import_id))
        matches = [matching.match(one, said[one.phone_key].is_erased) for one in checked]
        self._keep(connection, matches, now)
        remarks = give_consents(connection, matches, said)
        kept = [self._row(row.line, "refused", row.code, row) for row in rows if isinstance(row, RefusedRow)]
        for match in matches:
            reason = match.reason or remarks.get(match.listed.row.line) or match.listed.row.remark
            if reason:
                cells = match.listed.row if match.outcome == "refused" else None
                kept.append(self._row(match.listed.row.line, match.outcome, reason, cells))
        if kept:
            connection.execute(insert(import_row), kept)
        outcomes = [match.outcome for match in matches]
        counts = {name: state[name] + outcomes.count(name) for name in OUTCOMES}
        counts["refused"] += len(rows) - len(checked)
        values = {**counts, "read_rows": begins + len(rows), "lease_until": now + LEASE}
        connection.execute(update(file_import).filter_by(id=self.import_id).values(values))

    def end(self, connection: Connection, status: str, now: datetime, error: str | None = None) -> None:
        """It is done, or failed with `error`: nobody goes on. Raises LeaseLost."""
        mine = update(file_import).filter_by(id=self.import_id, holder=self.holder, status="running")
        over = {"status": status, "error": error, "holder": None, "lease_until": None, "content": None, "done_at": now}
        if connection.execute(mine.values(over)).rowcount != 1:
            raise LeaseLost

    def _keep(self, connection: Connection, matches: Sequence[Match], now: datetime) -> None:
        contacts, source = Contacts(connection, self.keyring), shops.import_source(self.import_id)
        fresh = [match for match in matches if match.outcome == "created"]
        people = [Person(match.listed.row.owner, match.listed.row.phone) for match in fresh]
        for match, id_ in zip(fresh, contacts.add_many(now, people), strict=True):
            match.known.contact_id = id_
        listed = [(match.contact_id, self._facts(match.listed.row)) for match in fresh]
        shops.add_many(connection, self.keyring, listed, source, now)
        for match in matches:
            if match.outcome == "merged":
                row = match.listed.row
                shops.fill(connection, self.keyring, match.contact_id, self._facts(row), source, now)
                if match.fills_phone:
                    contacts.set_phone(match.contact_id, row.phone)
                if match.fills_name and row.owner:
                    contacts.set_name(match.contact_id, row.owner)

    def _facts(self, row: CheckedRow) -> ShopFacts:
        return ShopFacts(row.shop, row.tax_code, self.province, row.commune, row.trade)

    def _row(self, line: int, outcome: str, reason: str, of: CheckedRow | RefusedRow | None) -> dict[str, Any]:
        """What is shown of a refused row are its own cells and words, which go when the person is erased."""
        cells = None
        if of is not None:
            words = of.words if isinstance(of, RefusedRow) else WORDS[reason]
            cells = json.dumps({**of.cells, "why": words}, ensure_ascii=False)
        row = {"import_id": self.import_id, "row": line, "outcome": outcome, "reason": reason, "values": cells}
        return row


def result_rows(connection: Connection, import_id: int, outcome: str | None = None) -> Iterator[tuple[str | int, ...]]:
    """RESULT_HEADER's cells of every row that was not simply taken, by line. `outcome`: only these."""
    after = -1
    while True:
        some = select(import_row).where(import_row.c.import_id == import_id, import_row.c.row > after)
        if outcome is not None:
            some = some.where(import_row.c.outcome == outcome)
        found = connection.execute(some.order_by(import_row.c.row).limit(_SHOWN_AT_ONCE)).mappings().all()
        for row in found:
            cells = json.loads(row["values"]) if row["values"] else {}
            why = cells.get("why") or WORDS.get(row["reason"], row["reason"])
            shown = OUTCOMES[row["outcome"]], row["reason"], why
            yield (row["row"], *shown, *(cells.get(name, "") for name in FIELDS))
        if len(found) < _SHOWN_AT_ONCE:
            return
        after = found[-1]["row"]


RESULT_HEADER = ("Dòng", "Kết quả", "code", "Lý do", *FIELDS.values())
