"""Owners are found by any spelling of their number and by the words of their name, with all their conversations."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, insert

from store.clock import ManualClock
from store.contact_search import Owner, Talk, find_owners
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.tables import conversation
from tests.store.plans import tables_read_whole

PHONE = "+84912345678"


@pytest.fixture
def people(database: Database, keyring: Keyring, clock: ManualClock) -> dict[str, int]:
    """By name; each has a conversation on Zalo, the first one also on the web."""

    def work(connection: Connection) -> dict[str, int]:
        contacts, ids = Contacts(connection, keyring), {}
        for name in ("Nguyễn Thị Hồng", "Nguyễn Văn Hùng", "Trần Thị Hồng Nhung"):
            ids[name] = contacts.add(clock.now(), name)
            _talk(connection, ids[name], "zalo", clock)
        contacts.set_phone(ids["Nguyễn Thị Hồng"], PHONE)
        _talk(connection, ids["Nguyễn Thị Hồng"], "webchat", clock)
        return ids

    return database.run_now(work)


def _talk(connection: Connection, contact_id: int, channel: str, clock: ManualClock) -> None:
    row = {"id": f"{channel}{contact_id}", "channel": channel, "address": str(contact_id), "contact_id": contact_id}
    row |= {"province": "thai-nguyen", "holder": "bot", "version": 0, "last_seq": 0, "created_at": clock.now()}
    clock.advance(timedelta(minutes=1))
    connection.execute(insert(conversation).values(**row, last_heard_at=clock.now() if channel == "zalo" else None))


def test_a_number_finds_its_owner_in_any_spelling(database: Database, keyring: Keyring, people: dict[str, int]) -> None:
    hong = people["Nguyễn Thị Hồng"]
    for typed in ("0912345678", "0912 345 678", "+84 912.345.678", "84912345678", "sđt 0912-345-678 ạ"):
        found = database.read_now(partial(find_owners, keyring=keyring, typed=typed, limit=5))
        assert [one.contact_id for one in found] == [hong], typed
        assert (found[0].name, found[0].phone) == ("Nguyễn Thị Hồng", PHONE)
        assert [(talk.id, talk.channel) for talk in found[0].talks] == [
            (f"zalo{hong}", "zalo"),
            (f"webchat{hong}", "webchat"),
        ]
        assert isinstance(found[0], Owner) and isinstance(found[0].talks[0], Talk)
    assert database.read_now(partial(find_owners, keyring=keyring, typed="0912345679", limit=5)) == []


def test_all_words_must_be_in_the_name(database: Database, keyring: Keyring, people: dict[str, int]) -> None:
    def names(typed: str, limit: int = 5) -> list[str | None]:
        return [one.name for one in database.read_now(lambda c: find_owners(c, keyring, typed, limit))]

    assert names("thi hong") == ["Trần Thị Hồng Nhung", "Nguyễn Thị Hồng"]
    assert names("HỒNG nguyễn") == ["Nguyễn Thị Hồng"]
    assert names("nguyen", limit=1) == ["Nguyễn Văn Hùng"]
    assert names("hong nobody") == names("hon") == names("!") == names("") == []


def test_a_search_reads_no_table_from_end_to_end(database: Database, keyring: Keyring, people: dict[str, int]) -> None:
    for typed in ("0912345678", "nguyen thi"):
        assert tables_read_whole(database, partial(find_owners, keyring=keyring, typed=typed, limit=5)) == set()
