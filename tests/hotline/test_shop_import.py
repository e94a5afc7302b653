"""`hotline import shops`: what is taken, merged and refused; no kill and no second start makes anything twice."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select, update

from hotline.cli import StoppingGroup
from hotline.import_commands import import_group
from programme import file_imports, opt_outs, shops
from programme.consents import NEWS_CONSENT
from programme.erasure import erase
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.registry_tables import file_import, import_row
from store.tables import consent, contact, shop
from tests.conftest import SECRET

main = StoppingGroup(commands=[import_group])
HEADER = "Tên cửa hàng,Chủ hộ,Điện thoại,MST,Xã/Phường\n"
A = "Tạp hóa Lan,Lan,0912345678,0100109106,Tân Cương\n"
AGREED = ("--consent-source", "Phiếu 12", "--consent-day", "05/10/2026")


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    return {
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_SECRET_KEY": SECRET,
        "HOTLINE_NOW": "2026-11-23T09:00:00+07:00",
        "HOTLINE_PROVINCE": "thai-nguyen",
    }


def call(folder: Path, rows: str, environment: dict[str, str], *options: object) -> Result:
    file = folder / "ds.csv"
    file.write_text(HEADER + rows, "utf-8")
    arguments = ["import", "shops", str(file), *map(str, options)]
    done = CliRunner().invoke(main, arguments, env=environment, catch_exceptions=False)
    assert done.stdout or "hotline: " in done.stderr, done.stderr
    return done


def count(database: Database, table: Any) -> int:
    return int(database.read_now(lambda c: c.scalar(select(func.count()).select_from(table))) or 0)


def reasons(database: Database) -> list[tuple[int, str, str]]:
    rows = select(import_row.c.row, import_row.c.outcome, import_row.c.reason).order_by(import_row.c.id)
    return [tuple(row) for row in database.read_now(lambda c: c.execute(rows).all())]  # type: ignore[misc]


def test_a_list_is_taken_with_its_refused_rows_named_and_a_second_time_nothing_is_new(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    rows = A + "=1+1,Hoa,0987654321,,\nQuán Mai,Mai,12,,\nTạp hóa Lan 2,,0912 345 678,,Tân Cương\n"
    report = tmp_path / "out.csv"
    done = call(tmp_path, rows, environment, "--report", report)
    assert done.exit_code == 1, done.stderr
    assert "Dòng 3: KHÔNG NHẬP" in done.stdout and "4 dòng: 1 đã thêm, 1 đã có, 2 bị từ chối." in done.stdout
    assert (count(database, contact), count(database, shop)) == (1, 1)
    assert sorted(reasons(database)) == [
        (3, "refused", "formula"), (4, "refused", "invalid_phone"), (5, "merged", "duplicate_in_file"),
    ]  # fmt: skip
    table = list(csv.reader(io.StringIO(report.read_text("utf-8-sig"))))
    assert [line[0] for line in table[1:]] == ["3", "4", "5"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in table for cell in line)
    again = call(tmp_path, rows, environment, "--report", tmp_path / "out.xlsx")
    assert "0 đã thêm, 2 đã có, 2 bị từ chối." in again.stdout
    assert count(database, contact) == 1 and (tmp_path / "out.xlsx").read_bytes()[:2] == b"PK"


def test_a_number_and_a_tax_code_of_two_shops_are_refused(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    b = "Quán Hoa,Hoa,0987654321,0100686209,\n"
    mixed = "X,X,0912345678,0100686209,\n" + "Y,Y,0912345678,0101248141,\n" + "Z,Z,0912345670,0100109106,\n"
    done = call(tmp_path, A + b + mixed, environment)
    assert done.exit_code == 1, done.stdout
    assert sorted(reasons(database)) == [
        (4, "refused", "two_shops"), (5, "refused", "other_tax_code"), (6, "refused", "other_phone"),
    ]  # fmt: skip
    assert count(database, contact) == 2


@pytest.mark.parametrize("killed_before_commit", [True, False])
def test_killed_between_slices_and_started_again_nothing_is_made_twice(
    database: Database,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    killed_before_commit: bool,
) -> None:
    monkeypatch.setattr(file_imports, "SLICE", 3)
    rows = "".join(f"Quán {n},Lan {n},09123456{n:02},,Tân Cương\n" for n in range(10)) + "Quán,Lan,12,,\n"
    take, calls = file_imports.FileImport.take, []

    class Killed(BaseException):
        pass

    def dies(self: Any, connection: Any, **said: Any) -> None:
        calls.append(1)
        if len(calls) == 3 and not killed_before_commit:
            raise Killed
        take(self, connection, **said)
        if len(calls) == 3:
            raise Killed

    monkeypatch.setattr(file_imports.FileImport, "take", dies)
    with pytest.raises(Killed):
        call(tmp_path, rows, environment)
    assert count(database, contact) == 6
    waits = call(tmp_path, rows, environment)
    assert waits.exit_code == 1 and "đang được nhập" in waits.stderr
    database.run_now(lambda c: c.execute(update(file_import).values(lease_until=None)))
    done = call(tmp_path, rows, environment)
    assert "11 dòng: 10 đã thêm, 0 đã có, 1 bị từ chối." in done.stdout, done.stderr
    assert (count(database, contact), count(database, shop), count(database, file_import)) == (10, 10, 1)


def test_a_consent_has_its_source_and_day_and_no_list_goes_before_a_refusal_or_an_erasure(
    database: Database, environment: dict[str, str], tmp_path: Path, keyring: Keyring, clock: ManualClock
) -> None:
    def begin(connection: Any) -> None:
        contacts = Contacts(connection, keyring)
        gone = contacts.add(clock.now(), "Mai")
        contacts.set_phone(gone, "+84912345671")
        erase(connection, keyring, gone, clock.now())
        opt_outs.stop(connection, keyring, clock.now(), "sms", phone="+84912345672")

    database.run_now(begin)
    rows = A + "Mai,Mai,0912345671,,\nHoa,Hoa,0912345672,,\n"
    done = call(tmp_path, rows, environment, *AGREED)
    assert "3 dòng" in done.stdout, done.stderr
    assert sorted(reasons(database)) == [(3, "refused", "erased"), (4, "created", "consent_refused")]
    # of somebody who was erased not even the row's cells are kept
    cells = select(import_row.c["values"]).filter_by(reason="erased")
    assert database.read_now(lambda c: c.execute(cells).scalars().all()) == [None]
    given = database.read_now(lambda c: c.execute(select(consent)).mappings().all())
    assert [(one["purpose"], one["basis"], one["source"], one["channel"]) for one in given] == [
        (NEWS_CONSENT, "consent", "Phiếu 12", "list")
    ]
    assert given[0]["given_at"].isoformat()[:16] == "2026-10-04T17:00"
    call(tmp_path, A, environment, *AGREED)
    assert count(database, consent) == 1


def test_a_consent_without_its_day_is_not_taken(environment: dict[str, str], tmp_path: Path) -> None:
    done = call(tmp_path, A, environment, "--consent-source", "Phiếu 12")
    assert done.exit_code == 1 and "--consent-day" in done.stderr


def test_known_shops_are_filled_all_at_once_and_what_their_owners_said_stays(
    database: Database, environment: dict[str, str], tmp_path: Path, keyring: Keyring, clock: ManualClock
) -> None:
    def begin(connection: Any) -> None:
        contacts = Contacts(connection, keyring)
        for number in range(3):
            contacts.set_phone(contacts.add(clock.now()), f"+8491234567{number}")
        said = shops.ShopFacts("Quán của tôi", None, "thai-nguyen", "05443", None)
        shops.learn(connection, keyring, 1, said, shops.SURVEY, clock.now())

    database.run_now(begin)
    rows = "".join(f"Quán {n},Lan {n},091234567{n},,Tân Cương\n" for n in range(3))
    rows += "Quán mới,Lan,0912345672,0100109106,\nQuán khác,Lan,0987654321,0100109106,\n"
    done = call(tmp_path, rows, environment)
    assert "5 dòng: 0 đã thêm, 4 đã có, 1 bị từ chối." in done.stdout, done.stderr
    kept = database.read_now(lambda c: c.execute(select(shop).order_by(shop.c.contact_id)).mappings().all())
    assert [(one["name"], one["commune"], one["tax_code"], one["source"]) for one in kept] == [
        ("Quán của tôi", "05443", None, "survey"), ("Quán 1", "05503", None, "import 1"),
        ("Quán 2", "05503", "0100109106", "import 1"),
    ]  # fmt: skip
    assert database.read_now(lambda c: shops.with_tax_code(c, keyring, "0100109106")) == [3]
    names = database.read_now(lambda c: c.execute(select(contact.c.name).order_by(contact.c.id)).scalars().all())
    assert names == ["Lan 0", "Lan 1", "Lan 2"]
