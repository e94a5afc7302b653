"""`hotline report difficulties`: the counts as a file that a spreadsheet opens, without what anybody said."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from hotline.cli import main
from programme.difficulties import Difficulty, record
from store.database import Database
from tests.conftest import SECRET
from tests.programme.test_difficulties import VIETNAM


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_report_is_printed_or_written(database: Database, database_url: str, tmp_path: Path) -> None:
    for day, category, source in ((1, "price", "owner"), (2, "price", "vendor"), (3, "tax", "owner")):
        at = datetime(2026, 11, day, 9, tzinfo=VIETNAM)
        told = Difficulty(source, category, "thai-nguyen", at, commune="05503", text="lời kể")  # type: ignore[arg-type]
        database.run_now(lambda c, told=told: record(c, told))

    def run(*arguments: str) -> Result:
        environment = {"HOTLINE_DATABASE_URL": database_url, "HOTLINE_SECRET_KEY": SECRET}
        environment |= {"HOTLINE_NOW": "2026-11-23T09:00:00", "HOTLINE_PROVINCE": "thai-nguyen"}
        return CliRunner().invoke(main, ["report", "difficulties", *arguments], env=environment)

    printed = run("--month", "2026-11")
    assert printed.exit_code == 0, printed.output
    rows = list(csv.reader(io.StringIO(printed.stdout_bytes.decode("utf-8-sig"))))
    assert rows[0][:3] == ["Nhóm khó khăn", "Số lần báo", "Tỷ lệ (%)"]
    assert [row[:3] for row in rows[1:4]] == [
        ["Tất cả", "3", "100,00"],
        ["Giá, chi phí", "2", "66,66"],
        ["Thuế, hóa đơn", "1", "33,33"],
    ]
    assert "lời kể" not in printed.output
    path = tmp_path / "kho-khan.xlsx"
    written = run("--by", "all", "--months", "2", "--format", "xlsx", "--out", str(path))
    assert written.exit_code == 0, written.output
    sheet = list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))
    assert sheet[1] == ("2026-11", "xã Tân Cương", "Giá, chi phí", "Chủ cửa hàng", None, 1) and len(sheet) == 4
    noted = run("--by", "commune", "--out", str(tmp_path / "x.csv"))
    assert "Tháng 11/2026 chưa hết" in noted.output
    for wrong, words in (
        (("--month", "2026-12"), "không sau tháng này (2026-11)"),
        (("--month", "11/2026"), "ví dụ 2026-11"),
        (("--province", "ha-noi"), "không có tỉnh"),
        (("--format", "xlsx"), "phải ghi ra tệp"),
    ):
        refused = run(*wrong)
        assert refused.exit_code == 1 and words in refused.output, refused.output
