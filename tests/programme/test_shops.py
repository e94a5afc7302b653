"""What the registry knows of a shop, who said it last, and what a list may not overwrite."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from programme import shops
from programme.shops import ShopFacts
from programme.tax_codes import TaxCodeInvalid, read_tax_code
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.tables import shop

SAID = ShopFacts("Tạp hóa Lan", None, "thai-nguyen", "05503", "grocery")


@pytest.fixture
def owner(database: Database, keyring: Keyring, clock: ManualClock) -> int:
    return database.run_now(lambda c: Contacts(c, keyring).add(clock.now(), "Nguyễn Thị Lan"))


def row(database: Database) -> dict[str, Any]:
    return dict(database.read_now(lambda c: c.execute(select(shop)).mappings().one()))


def test_a_list_fills_what_is_not_known_and_overwrites_nothing(
    database: Database, keyring: Keyring, clock: ManualClock, owner: int
) -> None:
    listed = ShopFacts("TẠP HÓA SỐ 1", "0100109106", "thai-nguyen", "05600", "food")
    database.run_now(lambda c: shops.learn(c, keyring, owner, SAID, shops.SURVEY, clock.now()))
    database.run_now(lambda c: shops.fill(c, keyring, owner, listed, shops.import_source(7), clock.now()))
    kept = row(database)
    assert [kept[name] for name in ("name", "commune", "trade", "tax_code", "source")] == [
        "Tạp hóa Lan", "05503", "grocery", "0100109106", "survey",
    ]  # fmt: skip
    assert database.read_now(lambda c: shops.with_tax_code(c, keyring, "0100109106")) == [owner]


def test_what_an_owner_says_replaces_what_a_list_said(
    database: Database, keyring: Keyring, clock: ManualClock, owner: int
) -> None:
    listed = ShopFacts("TẠP HÓA SỐ 1", None, "thai-nguyen", "05600", "food")
    database.run_now(lambda c: shops.fill(c, keyring, owner, listed, shops.import_source(7), clock.now()))
    assert row(database)["source"] == "import 7"
    database.run_now(lambda c: shops.learn(c, keyring, owner, SAID, shops.SURVEY, clock.now()))
    kept = row(database)
    assert (kept["name"], kept["commune"], kept["source"]) == ("Tạp hóa Lan", "05503", "survey")


def test_what_was_said_in_a_survey_is_forgotten_and_what_officers_know_is_not(
    database: Database, keyring: Keyring, clock: ManualClock, owner: int
) -> None:
    database.run_now(lambda c: shops.learn(c, keyring, owner, SAID, shops.SURVEY, clock.now()))
    database.run_now(lambda c: shops.forget_said(c, [owner], clock.now()))
    assert row(database)["name"] is None
    database.run_now(lambda c: shops.learn(c, keyring, owner, SAID, shops.OFFICER, clock.now()))
    database.run_now(lambda c: shops.forget_said(c, [owner], clock.now()))
    assert row(database)["name"] == "Tạp hóa Lan"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("0100109106", "0100109106"), ("100109106", "0100109106"), ("0100109106-001", "0100109106001"),
        ("100109106.0", "0100109106"), ("019123456789", "019123456789"),
    ],
)  # fmt: skip
def test_a_tax_code_is_read_with_the_zeros_that_a_spreadsheet_drops(written: str, code: str) -> None:
    assert read_tax_code(written) == code


@pytest.mark.parametrize(
    ("written", "code"), [("0100109107", "tax_code_check"), ("12", "tax_code_form"), ("MST", "tax_code_form")]
)
def test_a_tax_code_that_cannot_be_one_is_refused(written: str, code: str) -> None:
    with pytest.raises(TaxCodeInvalid) as invalid:
        read_tax_code(written)
    assert invalid.value.code == code
