"""Refused rows of lists: an erasure takes those that hold the person, the time takes all of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select

from programme import shops
from programme.erasure import erase
from programme.shops import ShopFacts
from scheduler.retention import STEPS
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from store.registry_tables import file_import, import_row


def listed(connection: Connection, clock: ManualClock, status: str, *rows: list[str]) -> None:
    row = {"kind": "shops", "province": "thai-nguyen", "file_name": "ds.xlsx", "status": status, "actor": "Hà"}
    number = insert_returning_id(connection, file_import, {**row, "created_at": clock.now()})
    for line, cells in enumerate(rows, 2):
        one = {"import_id": number, "row": line, "outcome": "refused", "reason": "commune", "values": json.dumps(cells)}
        connection.execute(insert(import_row).values(one))


def kept(database: Database) -> list[bool]:
    rows = select(import_row.c["values"]).order_by(import_row.c.id)
    return database.read_now(lambda c: [one is not None for one in c.scalars(rows)])


def test_an_erasure_takes_refused_rows_with_the_number_or_the_tax_code(
    database: Database, keyring: Keyring, clock: ManualClock
) -> None:
    def begin(connection: Connection) -> int:
        contacts = Contacts(connection, keyring)
        owner = contacts.add(clock.now(), "Lan")
        contacts.set_phone(owner, "+84389123456")
        shops.learn(connection, keyring, owner, ShopFacts(tax_code="0100109106"), shops.OFFICER, clock.now())
        rows = ["Lan", "0389.123.456"], ["Lan", "01689123456"], ["Lan", "100109106"], ["Hoa", "0912345678"]
        listed(connection, clock, "done", *rows)
        return owner

    owner = database.run_now(begin)
    database.run_now(lambda c: erase(c, keyring, owner, clock.now()))
    assert kept(database) == [False, False, False, True]


@pytest.mark.parametrize(("status", "left"), [("done", 0), ("uploaded", 0), ("running", 1)])
def test_lists_end_with_their_rule_unless_they_are_being_read_in(
    database: Database, clock: ManualClock, status: str, left: int
) -> None:
    database.run_now(lambda c: listed(c, clock, status, ["Hoa", "0912345678"]))
    for step in STEPS["imports"]:
        database.run_now(lambda c, step=step: step(c, clock.now() + timedelta(days=1)))
    assert len(kept(database)) == left
    assert len(database.read_now(lambda c: c.execute(select(file_import.c.id)).all())) == left
