"""The lists with names: only of those who agreed, only to whom they agreed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from hotline.cli import main
from programme import classes, leads, responses
from programme.content import Content
from programme.survey_result import result_of
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from store.survey_tables import lead, training_class
from tests.conftest import SECRET
from tests.programme.test_responses import Shop


@pytest.fixture
def call(database_url: str) -> Any:
    environment = {"HOTLINE_DATABASE_URL": database_url, "HOTLINE_SECRET_KEY": SECRET}

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["report", *arguments], env=environment)

    return run


@pytest.fixture
def shop(database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> Shop:
    """A shop that agreed to be called and wants the bank's help as well."""
    made = Shop(database, keyring, clock, content)
    kept = made.fill(made.new(), points=2)
    result = result_of(content, kept, ())
    database.run_now(lambda c: leads.pass_on_agreed(c, result, clock.now()))
    return made


def table(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return list(csv.reader(io.StringIO(result.stdout_bytes.decode("utf-8-sig"))))


def test_a_firm_gets_its_own_leads_with_what_it_needs_to_call(call: Any, shop: Shop) -> None:
    (_, before) = table(call("leads", "--vendor", "VNPT"))
    assert before[2:5] == ["", "", ""] and before[5] == "xã Tân Cương"  # named once it is taken up
    shop.database.run_now(lambda c: c.execute(update(lead).filter_by(vendor="VNPT").values(status="accepted")))
    (_, row) = table(call("leads", "--vendor", "VNPT"))
    assert row == [
        "23/11/2026",
        "VNPT",
        "Nguyễn Thị Lan",
        "'+84912345678",
        "Quán Ba Lan",
        "xã Tân Cương",
        "Rau, hoa quả",
        "50",
        "3",
        "Đã nhận",
    ]
    assert [line[1] for line in table(call("leads"))[1:]] == ["VNPT", "BIDV"]


def test_after_a_withdrawn_consent_no_list_names_the_person(call: Any, shop: Shop) -> None:
    shop.database.run_now(lambda c: classes.wish(c, shop.contact_id, "ai", "thai-nguyen", None, shop.clock.now()))
    shop.database.run_now(lambda c: responses.forget(c, shop.keyring, shop.contact_id, shop.clock.now()))

    assert len(table(call("leads"))) == len(table(call("classes"))) == 1  # the header


def test_a_class_knows_who_comes_and_who_waits(call: Any, shop: Shop, tmp_path: Path) -> None:
    row = {
        "province": "thai-nguyen",
        "commune": None,
        "topic": "ai",
        "title": "Lớp AI",
        "place": "Nhà văn hóa",
        "starts_at": datetime(2026, 12, 5, 1, 30, tzinfo=UTC),
        "seats": 20,
    }
    number = shop.database.run_now(lambda c: insert_returning_id(c, training_class, row))
    shop.database.run_now(lambda c: classes.join(c, shop.contact_id, number, shop.clock.now()))
    shop.database.run_now(lambda c: classes.wish(c, shop.contact_id, "any", "thai-nguyen", "05503", shop.clock.now()))
    out = tmp_path / "lop.xlsx"

    assert call("classes", "--format", "xlsx", "--out", str(out)).exit_code == 0
    (_, first, second) = openpyxl.load_workbook(out).active.iter_rows(values_only=True)
    assert first[:5] == (
        "Lớp AI",
        "08:30 05/12/2026",
        "Trí tuệ nhân tạo (AI) cho buôn bán",
        "Nguyễn Thị Lan",
        "+84912345678",
    )
    assert (second[0], second[5]) == ("Chờ lớp", "xã Tân Cương")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("leads", "--vendor", "ABC"), "không có doanh nghiệp “ABC”"),
        (("leads", "--province", "ha-noi"), "không có tỉnh “ha-noi”"),
        (("classes", "--province", "ha-noi"), "không có tỉnh “ha-noi”"),
        (("leads", "--format", "xlsx"), "thêm --out"),
        (("survey", "--k", "4"), "--k"),
    ],
)
def test_what_cannot_be_listed_is_said(call: Any, arguments: tuple[str, ...], says: str) -> None:
    done = call(*arguments)
    assert done.exit_code != 0
    assert says in done.output
