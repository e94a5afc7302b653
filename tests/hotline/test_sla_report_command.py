"""`hotline report sla`: the report as a file that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from hotline.cli import main
from programme.content import Content
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from tests.conftest import SECRET
from tests.programme.test_sla_report import HOUR, Desk

WEEK = ("--from", "2026-11-16", "--to", "22/11/2026")


@pytest.fixture
def desk(database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> Desk:
    made = Desk(database, clock, content, keyring)
    made.ask("answered", HOUR, officer_id=made.officer("=1+1"))
    made.ask("answered", 25 * HOUR)
    return made


@pytest.fixture
def call(database_url: str) -> Any:
    environment = {
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_SECRET_KEY": SECRET,
        "HOTLINE_NOW": "2026-11-23T09:00:00",
        "HOTLINE_PROVINCE": "thai-nguyen",
    }

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["report", "sla", *arguments], env=environment)

    return run


def printed(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return list(csv.reader(io.StringIO(result.stdout_bytes.decode("utf-8-sig"))))


def test_it_prints_the_days_of_this_month(call: Any, desk: Desk) -> None:
    table = printed(call())
    assert table[0][:3] == ["Ngày", "Yêu cầu", "Trả lời đúng hạn"]
    assert table[1][:9] == ["Toàn tỉnh", "2", "1", "1", "0", "0", "0", "50,00", "Không đạt"]
    assert [row[0] for row in table[2:]] == [f"{day:02d}/11/2026" for day in range(1, 24)]


def test_it_writes_files_that_run_no_formula(call: Any, desk: Desk, tmp_path: Path) -> None:
    plain, book = tmp_path / "sla.csv", tmp_path / "sla.xlsx"
    said = call(*WEEK, "--by", "officer", "--csv", str(plain))
    assert said.exit_code == 0 and "Đã ghi 3 dòng" in said.output and "lớn hơn hẳn 95 %" in said.output
    names = [row[0] for row in csv.reader(io.StringIO(plain.read_text(encoding="utf-8-sig")))]
    assert names == ["Cán bộ", "Toàn tỉnh", "'=1+1", "Chưa có cán bộ trả lời"]
    assert call(*WEEK, "--by", "officer", "--xlsx", str(book)).exit_code == 0
    cell = openpyxl.load_workbook(book).active["A3"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_working_hours_are_columns_of_their_own(call: Any, desk: Desk) -> None:
    plain, more = printed(call(*WEEK)), printed(call(*WEEK, "--working-hours"))
    assert len(more[0]) == len(plain[0]) + 2
    assert more[1][:9] == plain[1][:9]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "2026-11-22", "--to", "2026-11-16"), "--from không sau --to"),
        (("--from", "2024-01-01"), "nhiều nhất 400 ngày"),
        (("--province", "nowhere"), "không có tỉnh"),
        (("--csv", "a.csv", "--xlsx", "a.xlsx"), "Chỉ chọn một"),
        (("--from", "hôm qua"), "--from"),
    ],
)
def test_what_cannot_be_is_refused_in_words(call: Any, desk: Desk, arguments: tuple[str, ...], words: str) -> None:
    result = call(*arguments)
    assert result.exit_code != 0 and words in result.output
