"""Lists that were uploaded: looked over, counted without writing, read in; a kill loses and doubles nothing."""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select, update

from bot.wakeups import Wakeups
from programme import file_imports, shop_file
from programme.content import Content
from programme.file_imports import Import
from scheduler.imports import Importer
from scheduler.retention import STEPS
from store.clock import ManualClock
from store.console_tables import audit_log
from store.crypto import Keyring
from store.database import Database
from store.forgotten import Kind, phone_key, record
from store.registry_tables import file_import, import_row
from store.tables import contact, shop

ROWS = "".join(f"Quán {n},Lan {n},09123456{n:02},Tân Cương\n" for n in range(10))
LIST = f"Tên cửa hàng,Chủ hộ,Điện thoại,Xã/Phường\n{ROWS}Quán,Lan,12,\nQuán,Lan,0912345600,Tân Cương\n".encode()


class Registry:
    """Uploads, and one process that works on them."""

    def __init__(self, database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> None:
        self.database, self.clock, self.keyring, self.content = database, clock, keyring, content
        self.importer = self.another()

    def another(self) -> Importer:
        return Importer(self.database, self.clock, self.content, self.keyring, Wakeups())

    def upload(self, data: bytes, kind: str = "shops") -> int:
        said = {"content": self.keyring.encrypt_bytes(data)}
        now = self.clock.now()
        return self.database.run_now(lambda c: file_imports.begin(c, kind, "thai-nguyen", "ds.csv", said, "Hà", now))

    def set(self, id_: int, **values: Any) -> None:
        self.database.run_now(lambda c: c.execute(update(file_import).filter_by(id=id_).values(**values)))

    def find(self, id_: int) -> Import:
        return self.database.read_now(lambda c: file_imports.find(c, id_))

    def content_of(self, id_: int) -> bytes | None:
        return self.database.read_now(lambda c: c.scalar(select(file_import.c.content).filter_by(id=id_)))

    def count(self, table: Any) -> int:
        return int(self.database.read_now(lambda c: c.scalar(select(func.count()).select_from(table))) or 0)


@pytest.fixture
def registry(database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> Registry:
    return Registry(database, clock, content, keyring)


async def test_an_upload_is_looked_over_and_counted_without_writing_a_row(registry: Registry) -> None:
    id_ = registry.upload(LIST)
    await registry.importer.work_due()
    one = registry.find(id_)
    assert (one.status, one.rows) == ("checked", 12)
    assert one.mapping is not None and one.mapping["columns"] == {"shop": 0, "owner": 1, "phone": 2, "commune": 3}
    assert one.dry == {
        "created": 10, "merged": 1, "refused": 1,
        "reasons": [["refused", "invalid_phone", 1], ["merged", "duplicate_in_file", 1]],
    }  # fmt: skip
    assert one.outline is not None and json.loads(one.outline)["rows"][1][1][2] == "0912345600"
    assert (registry.count(contact), registry.count(import_row)) == (0, 0)
    # what was uploaded is nowhere to be read
    assert b"0912345600" not in (registry.content_of(id_) or b"")


async def test_what_was_counted_is_what_happens_and_the_file_goes_with_the_last_row(registry: Registry) -> None:
    id_ = registry.upload(LIST)
    await registry.importer.work_due()
    registry.set(id_, status="waiting")
    await registry.importer.work_due()
    one = registry.find(id_)
    assert one.dry is not None
    assert (one.status, one.read_rows) == ("done", 12)
    assert [one.created, one.merged, one.refused] == [one.dry[name] for name in ("created", "merged", "refused")]
    assert (registry.count(contact), registry.count(shop)) == (10, 10)
    assert (registry.content_of(id_), one.outline) == (None, None)
    done = registry.database.read_now(lambda c: c.execute(select(audit_log).filter_by(object=f"import {id_}")).all())
    assert [row.action for row in done] == ["registry.import_done"]


async def test_whatever_a_list_holds_is_counted_as_it_then_happens(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_imports, "SLICE", 7)
    codes = ("", "", "0100109106", "0100686209", "0101248141", "12")
    for seed in range(5):
        chance = random.Random(seed)
        rows = [f"09123456{chance.randrange(25):02},{chance.choice(codes)},Lan" for _ in range(40)]
        id_ = registry.upload("\n".join(("sdt,mst,ten", *rows)).encode())
        await registry.importer.work_due()
        registry.set(id_, status="waiting")
        await registry.importer.work_due()
        one = registry.find(id_)
        assert one.dry is not None and one.read_rows == 40
        assert {name: one.dry[name] for name in file_imports.OUTCOMES} == {
            "created": one.created, "merged": one.merged, "refused": one.refused,
        }  # fmt: skip
        happened = select(import_row.c.outcome, import_row.c.reason).filter_by(import_id=id_)
        reasons = Counter(map(tuple, registry.database.read_now(lambda c, q=happened: c.execute(q).all())))
        assert reasons == {(outcome, code): count for outcome, code, count in one.dry["reasons"]}


async def test_a_killed_reading_goes_on_in_another_process_after_its_lease(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_imports, "SLICE", 3)
    id_ = registry.upload(LIST)
    await registry.importer.work_due()
    registry.set(id_, status="waiting")
    take, calls = file_imports.FileImport.take, []

    class Killed(BaseException):
        pass

    def dies(self: Any, connection: Any, **said: Any) -> None:
        take(self, connection, **said)
        calls.append(1)
        if len(calls) == 3:
            raise Killed

    monkeypatch.setattr(file_imports.FileImport, "take", dies)
    with pytest.raises(Killed):
        await registry.importer.work_due()
    assert (registry.find(id_).read_rows, registry.count(contact)) == (6, 6)
    other = registry.another()
    await other.work_due()
    assert registry.find(id_).status == "running"  # the dead one's lease is not over
    registry.clock.advance(file_imports.LEASE)
    await other.work_due()
    one = registry.find(id_)
    assert (one.status, one.created, one.merged, one.refused) == ("done", 10, 1, 1)
    assert (registry.count(contact), registry.count(import_row)) == (10, 2)


async def test_who_was_cancelled_meanwhile_takes_no_further_row(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_imports, "SLICE", 3)
    id_ = registry.upload(LIST)
    await registry.importer.work_due()
    registry.set(id_, status="waiting")
    take = file_imports.FileImport.take

    def and_cancels(self: Any, connection: Any, **said: Any) -> None:
        take(self, connection, **said)
        over = file_imports.ended("cancelled", registry.clock.now())
        connection.execute(update(file_import).filter_by(id=id_).values(over))

    monkeypatch.setattr(file_imports.FileImport, "take", and_cancels)
    await registry.importer.work_due()
    assert (registry.find(id_).status, registry.count(contact)) == ("cancelled", 3)
    assert registry.content_of(id_) is None


@pytest.mark.parametrize(
    ("data", "status", "error"),
    [
        (b"PK\x03\x04 not a zip", "failed", "not_xlsx"),
        (
            b"Ten,Dien thoai\nT\xb9p h\xe3a Lan h\xb5ng,0912345678\nc\xb8 r\xb5o,0912345679\n",
            "failed",
            "encoding_tcvn3",
        ),
        (b"nome,telefono\nLan,0912345678\n", "columns", "no_header"),
        (b"phone,name\n", "columns", "empty"),
        (b'phone,name\n0912345678,"Lan\n', "failed", "broken_csv"),
    ],
)
async def test_what_cannot_be_read_says_why_and_leaves_nothing_or_waits_for_its_columns(
    registry: Registry, data: bytes, status: str, error: str
) -> None:
    id_ = registry.upload(data)
    await registry.importer.work_due()
    one = registry.find(id_)
    assert (one.status, one.error) == (status, error)
    assert (registry.content_of(id_) is None) == (status == "failed")


async def test_half_a_million_rows_are_refused_before_any_is_taken(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_file, "MOST_ROWS", 5)
    id_ = registry.upload(LIST)
    await registry.importer.work_due()
    assert (registry.find(id_).status, registry.find(id_).error) == ("columns", "too_many_rows")
    assert registry.count(contact) == 0


async def test_another_sheet_is_looked_over_when_it_is_chosen(registry: Registry) -> None:
    book, written = openpyxl.Workbook(), io.BytesIO()
    book.active.title = "Một"
    for row in (["Điện thoại", "Chủ hộ", "Tên"], ["0912345678", "Lan", "A"]):
        book.active.append(row)
    other = book.create_sheet("Hai")
    for row in (["Điện thoại"], ["0987654321"], ["0987654322"]):
        other.append(row)
    book.save(written)
    id_ = registry.upload(written.getvalue())
    await registry.importer.work_due()
    assert registry.find(id_).rows == 1
    registry.set(id_, status="uploaded", mapping={"sheet": "Hai"})
    await registry.importer.work_due()
    one = registry.find(id_)
    assert (one.status, one.rows) == ("checked", 2) and one.mapping is not None and one.mapping["sheet"] == "Hai"


async def test_a_person_who_was_erased_is_foreseen_and_not_kept(registry: Registry) -> None:
    now, keyring = registry.clock.now(), registry.keyring
    registry.database.run_now(lambda c: record(c, now, Kind.ERASURE, [phone_key(keyring, "+84912345600")]))
    id_ = registry.upload(LIST)
    await registry.importer.work_due()
    dry = registry.find(id_).dry
    assert dry is not None and ["refused", "erased", 2] in dry["reasons"]


async def test_an_upload_that_nobody_starts_goes_after_its_days(registry: Registry) -> None:
    id_ = registry.upload(LIST)
    await registry.importer.work_due()
    (step,) = STEPS["uploads"]
    assert registry.database.run_now(lambda c: step(c, registry.clock.now())) == 0
    registry.clock.advance(file_imports.LEASE)
    assert registry.database.run_now(lambda c: step(c, registry.clock.now())) == 1
    one = registry.find(id_)
    assert (one.status, one.error, one.outline, registry.content_of(id_)) == ("cancelled", "left", None, None)
