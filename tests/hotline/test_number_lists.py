"""`hotline import opt-outs`, `do-not-call`: whose number it is does not matter; a later word of theirs goes before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from hotline.cli import StoppingGroup
from hotline.import_commands import import_group
from programme import opt_outs
from programme.list_consents import said_of
from store import forgotten
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.registry_tables import do_not_call, import_row
from store.tables import consent, opt_out, outbound
from tests.conftest import SECRET

main = StoppingGroup(commands=[import_group])
FROM = ("--source", "Công văn 12/STTTT", "--day", "20/11/2026")


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    return {
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_SECRET_KEY": SECRET,
        "HOTLINE_NOW": "2026-11-23T09:00:00+07:00",
        "HOTLINE_PROVINCE": "thai-nguyen",
    }


def call(command: str, folder: Path, text: str, environment: dict[str, str], *options: object) -> Result:
    file = folder / "so.csv"
    file.write_text(text, "utf-8")
    arguments = ["import", command, str(file), *map(str, options)]
    return CliRunner().invoke(main, arguments, env=environment, catch_exceptions=False)


def reasons(database: Database) -> list[tuple[int, str, str]]:
    rows = select(import_row.c.row, import_row.c.outcome, import_row.c.reason).order_by(import_row.c.row)
    return [tuple(row) for row in database.read_now(lambda c: c.execute(rows).all())]  # type: ignore[misc]


def is_stopped(database: Database, keyring: Keyring, phone: str) -> bool:
    key = forgotten.phone_key(keyring, phone)
    return database.read_now(lambda c: forgotten.has_opted_out(c, [key]))


def test_numbers_that_refused_get_nothing_whoever_has_them_and_no_confirmation(
    database: Database, environment: dict[str, str], tmp_path: Path, keyring: Keyring, clock: ManualClock
) -> None:
    def begin(connection: Any) -> None:
        contacts = Contacts(connection, keyring)
        contacts.set_phone(contacts.add(clock.now(), "Lan"), "+84912345678")
        row = {"contact_id": 1, "purpose": "programme_news", "text_version": 1, "channel": "webchat"}
        connection.execute(consent.insert().values(**row, given_at=clock.now() - timedelta(days=30)))

    database.run_now(begin)
    text = "Số điện thoại\n0912 345 678\n0987.654.321 / 01689123456\n0208 3851234\nkhông có\n+84987654321\n"
    done = call("opt-outs", tmp_path, text, environment, *FROM, "--report", tmp_path / "out.csv")
    assert "5 dòng: 3 đã thêm, 1 đã có, 1 bị từ chối." in done.stdout, done.stderr
    assert reasons(database) == [(5, "refused", "invalid_phone"), (6, "merged", "duplicate_in_file")]
    for phone in ("+84912345678", "+84987654321", "+84389123456", "+842083851234"):
        assert is_stopped(database, keyring, phone)
    rows = database.read_now(lambda c: c.execute(select(opt_out.c.contact_id, opt_out.c.channel)).all())
    assert [tuple(row) for row in rows] == [(1, "list")]
    withdrawn = database.read_now(lambda c: c.execute(select(consent.c.withdrawn_at)).scalar_one())
    assert withdrawn.isoformat() == "2026-11-19T17:00:00+00:00"
    assert database.read_now(lambda c: c.scalar(select(func.count()).select_from(outbound))) == 0
    again = call("opt-outs", tmp_path, text, environment, *FROM)
    assert "0 đã thêm, 4 đã có, 1 bị từ chối." in again.stdout


def test_whoever_agreed_again_after_the_day_of_the_list_is_left_alone(
    database: Database, environment: dict[str, str], tmp_path: Path, keyring: Keyring, clock: ManualClock
) -> None:
    def begin(connection: Any) -> None:
        for phone, back in (("+84912345678", timedelta(0)), ("+84987654321", timedelta(days=10))):
            contacts = Contacts(connection, keyring)
            contacts.set_phone(contacts.add(clock.now()), phone)
            before = clock.now() - timedelta(days=20)
            opt_outs.stop(connection, keyring, before, "sms", phone=phone)
            opt_outs.resume(connection, keyring, clock.now() - back, "webchat", phone=phone, text_version=1)

    database.run_now(begin)
    done = call("opt-outs", tmp_path, "sdt\n0912345678\n0987654321\n", environment, *FROM)
    assert "2 dòng: 1 đã thêm, 0 đã có, 1 bị từ chối." in done.stdout, done.stderr
    assert reasons(database) == [(2, "refused", "came_back")]
    assert not is_stopped(database, keyring, "+84912345678")
    assert is_stopped(database, keyring, "+84987654321")
    key = forgotten.phone_key(keyring, "+84987654321")
    assert database.read_now(lambda c: said_of(c, [key]))[key].is_opted_out


def test_the_register_s_numbers_are_kept_once_with_source_and_day_and_need_no_header(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    done = call("do-not-call", tmp_path, "0912345678\n84987654321\n0912.345.678\n", environment, *FROM)
    assert done.exit_code == 0 and "3 dòng: 2 đã thêm, 1 đã có, 0 bị từ chối." in done.stdout, done.stderr
    listed = database.read_now(lambda c: c.execute(select(do_not_call)).mappings().all())
    assert {(one["source"], one["listed_at"].isoformat()[:10]) for one in listed} == {
        ("Công văn 12/STTTT", "2026-11-19")
    }
    again = call("do-not-call", tmp_path, "0912345678\n0911111111\n", environment, *FROM)
    assert "2 dòng: 1 đã thêm, 1 đã có" in again.stdout
    assert (1, "merged", "listed_already") in reasons(database)


@pytest.mark.parametrize("options", [(), ("--source", "CV 12"), ("--source", "CV 12", "--day", "2027-01-01")])
def test_a_list_without_its_source_or_with_a_day_to_come_is_not_taken(
    database: Database, environment: dict[str, str], tmp_path: Path, options: tuple[str, ...]
) -> None:
    assert call("do-not-call", tmp_path, "0912345678\n", environment, *options).exit_code != 0
    assert database.read_now(lambda c: c.scalar(select(func.count()).select_from(do_not_call))) == 0
