from __future__ import annotations

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError

from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, WrongKeyError, insert_if_new, insert_many, normalise_url, open_database
from store.registry_tables import do_not_call, file_import, import_row
from store.tables import contact, installation


def test_a_start_with_another_key_is_refused(database: Database, database_url: str, clock: ManualClock) -> None:
    with pytest.raises(WrongKeyError, match="HOTLINE_SECRET_KEY"):
        open_database(database_url, Keyring("another secret that is long enough!!"), clock)


async def test_a_transaction_that_raises_leaves_nothing(database: Database, clock: ManualClock) -> None:
    def work(connection: Connection) -> None:
        connection.execute(insert(contact).values(name="Hồng", created_at=clock.now()))
        raise LookupError

    with pytest.raises(LookupError):
        await database.run(work)
    assert await database.read(lambda c: c.execute(select(contact.c.id)).all()) == []


def test_names_and_phones_are_not_readable_in_the_database(
    database: Database, keyring: Keyring, clock: ManualClock
) -> None:
    def work(connection: Connection) -> None:
        contacts = Contacts(connection, keyring)
        contacts.set_phone(contacts.add(clock.now(), "Trần Văn Bảy"), "+84912345678")

    database.run_now(work)
    raw = database.read_now(lambda c: str([tuple(map(_raw, row)) for row in c.execute(text("SELECT * FROM contact"))]))
    assert "912345678" not in raw
    assert "Bảy" not in raw
    row = database.read_now(lambda c: c.execute(select(contact.c.name, contact.c.phone)).one())
    assert row == ("Trần Văn Bảy", "+84912345678")


def test_contacts_are_found_by_exact_phone_and_by_any_words_of_their_name(
    database: Database, keyring: Keyring, clock: ManualClock
) -> None:
    def work(connection: Connection) -> tuple[list[int], ...]:
        contacts = Contacts(connection, keyring)
        hong = contacts.add(clock.now(), "Nguyễn Thị Hồng")
        contacts.add(clock.now(), "Nguyễn Văn Bảy")
        contacts.set_phone(hong, "+84912345678")
        assert contacts.with_phone("+84912345678") == [hong]
        assert contacts.with_phone("+84912345679") == []
        assert contacts.with_name("hong NGUYEN") == [hong]
        assert len(contacts.with_name("nguyễn")) == 2
        contacts.set_name(hong, "Lê Thị Hoa")
        assert contacts.with_name("hong") == []
        return ([],)

    database.run_now(work)


def test_a_time_without_zone_is_refused_and_times_come_back_in_utc(database: Database, clock: ManualClock) -> None:
    made = database.read_now(lambda c: c.scalar(select(installation.c.created_at)))
    assert made == clock.now()
    assert made.tzinfo is not None
    naive = clock.now().replace(tzinfo=None)
    with pytest.raises(Exception, match="zone"):
        database.run_now(lambda c: c.execute(insert(contact).values(created_at=naive)))


def test_an_error_of_the_database_does_not_repeat_what_people_wrote(database: Database, clock: ManualClock) -> None:
    row = {"id": 1, "key_fingerprint": "0912345678", "created_at": clock.now()}
    with pytest.raises(IntegrityError) as error:
        database.run_now(lambda c: c.execute(insert(installation).values(row)))
    assert "0912345678" not in str(error.value)


def test_an_insert_that_meets_its_twin_does_nothing(database: Database, clock: ManualClock) -> None:
    row = {"id": 1, "key_fingerprint": "other", "created_at": clock.now()}
    assert not database.run_now(lambda c: insert_if_new(c, installation, row))
    row = {"name": "Hồng", "created_at": clock.now()}
    assert database.run_now(lambda c: insert_if_new(c, contact, row))


@pytest.mark.parametrize("url", ["mysql://x/y", "oracle://x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite"):
        normalise_url(url)


def _raw(value: object) -> object:
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else value


def test_many_rows_are_inserted_at_once_and_what_is_too_long_is_refused(database: Database, clock: ManualClock) -> None:
    now = {"created_at": clock.now()}
    first = {"source": "Công văn 12", "listed_at": clock.now()}
    rows = [{"phone_key": bytes([number]), **first} for number in range(3)]
    database.run_now(lambda c: insert_many(c, do_not_call, rows))
    database.run_now(lambda c: insert_many(c, do_not_call, []))
    kept = database.read_now(lambda c: c.execute(select(do_not_call)).mappings().all())
    assert [dict(row) for row in kept] == rows
    of = {"import_id": 1, "outcome": "merged", "reason": "x"}
    cells = [{**of, "row": 0, "values": None}, {**of, "row": 1, "values": "Lan"}]
    made = {"kind": "shops", "province": "x", "file_name": "x", "status": "done", "actor": "x", **now}
    database.run_now(lambda c: insert_many(c, file_import, [made]))
    database.run_now(lambda c: insert_many(c, import_row, cells))
    values = select(import_row.c["values"]).order_by(import_row.c.row)
    assert database.read_now(lambda c: list(c.scalars(values))) == [None, "Lan"]
    if not database.is_sqlite:  # which knows no lengths
        with pytest.raises(DataError):
            long = {**rows[0], "phone_key": b"9", "source": "x" * 81}
            database.run_now(lambda c: insert_many(c, do_not_call, [long]))
