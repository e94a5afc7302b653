"""The commands that score, report and import surveys and classes, called as the command line calls them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest
import yaml
from click.testing import CliRunner, Result

from hotline.cli import StoppingGroup
from hotline.import_commands import import_group
from hotline.report_commands import report_group
from hotline.survey_commands import survey_group
from tests.conftest import SECRET
from tests.programme.test_survey_paper import FORM, xlsx

VECTORS = Path(__file__).parents[1] / "programme/survey_vectors.yaml"
CLASSES = (
    "ngay,gio,noi_hoc,chu_de,ten_lop,xa_phuong,so_cho\n"
    "05/12/2026,08:30,Nhà văn hóa,ai,Lớp AI,Tân Cương,30\n"
    "05/12/2020,08:30,Nhà văn hóa,ai,Lớp cũ,,30\n"
)
main = StoppingGroup(commands=[survey_group, report_group, import_group])


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    return {
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_SECRET_KEY": SECRET,
        "HOTLINE_NOW": "2026-11-23T09:00:00+07:00",
        "HOTLINE_PROVINCE": "thai-nguyen",
    }


def call(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment, catch_exceptions=False)


def test_the_golden_cases_are_scored_one_object_per_line() -> None:
    done = call("survey", "score", VECTORS)
    assert (done.exit_code, done.stderr) == (0, "")
    golden = yaml.safe_load(VECTORS.read_text("utf-8"))["cases"]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["name"] for result in results] == [case["name"] for case in golden]
    for result, case in zip(results, golden, strict=True):
        expect = case["expect"] | {"advice": case["expect"]["recommendations"]}
        assert {key: result[key] for key in ("status", "pillars", "total", "level", "advice")} == {
            key: expect[key] for key in ("status", "pillars", "total", "level", "advice")
        }


def test_a_broken_file_prints_nothing_but_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "cases.yaml"
    broken.write_text(VECTORS.read_text("utf-8") + "- name: cuối\n  form: x\n  profile: {}\n  answers: {}\n", "utf-8")
    done = call("survey", "score", broken)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "cases.yaml" in done.stderr
    assert 'cuối": form "x"' in done.stderr


def test_paper_forms_are_imported_once_and_counted(environment: dict[str, str], tmp_path: Path) -> None:
    file, report = tmp_path / "phieu.xlsx", tmp_path / "ket-qua.csv"
    shops = [FORM | {"P01": f"Quán {n}", "P03": f"09123456{n:02}"} for n in range(6)]
    file.write_bytes(xlsx(*shops, FORM | {"CN04": 7}))
    done = call("import", "surveys", file, "--report", report, **environment)
    assert done.exit_code == 1  # one was refused
    assert "Dòng 2: đã nhập\n" in done.stdout
    assert "Dòng 8, CN04: không có lựa chọn 7 (chỉ 1–5)" in done.stdout
    assert "7 phiếu: 6 đã nhập, 0 đã nhập trước đó, 1 không nhập." in done.stdout
    rows = list(csv.reader(io.StringIO(report.read_text("utf-8-sig"))))
    assert rows[1][:2] == ["2", "imported"]
    assert rows[-1][:5] == ["8", "refused", "KHÔNG NHẬP", "CN04", "unknown_option"]
    again = call("import", "surveys", file, **environment)
    assert again.stdout.count("đã nhập trước đó\n") == 6
    counted = call("report", "survey", "--province", "thai-nguyen", **environment)
    table = list(csv.reader(io.StringIO(counted.stdout_bytes.decode("utf-8-sig"), newline="")))
    assert counted.stdout_bytes.startswith(b"\xef\xbb\xbf")
    assert table[0][:3] == ["Tỉnh", "Xã/phường", "Ngành hàng"]
    assert [row[-1] for row in table[1:] if row[-1] != "0"] == ["6", "6", "6"]
    out = tmp_path / "bao-cao.xlsx"
    written = call("report", "survey", "--format", "xlsx", "--out", out, **environment)
    assert "Đã ghi" in written.stdout
    assert "từ 1 đến 4 cửa hàng" in written.stdout
    sheet = openpyxl.load_workbook(out).active
    assert [cell.value for cell in sheet[2]][-1] == 6


def test_a_report_that_cannot_be_written_says_what_to_do(environment: dict[str, str], tmp_path: Path) -> None:
    for arguments, words in [
        (["--format", "xlsx"], "--out"),
        (["--province", "ha-noi"], "thai-nguyen, thanh-hoa"),
        (["--out", tmp_path / "không có" / "a.csv"], "Không ghi được"),
    ]:
        done = call("report", "survey", *arguments, **environment)
        assert (done.exit_code, done.stdout) == (1, "")
        assert words in done.stderr


def test_classes_are_imported_and_the_wrong_row_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "lop.csv"
    file.write_text(CLASSES, "utf-8")
    done = call("import", "classes", file, **environment)
    assert done.exit_code == 1
    assert "Dòng 2: đã thêm\nDòng 3: KHÔNG NHẬP: lớp ngày 05/12/2020 đã qua." in done.stdout
    again = call("import", "classes", file, **environment)
    assert "Dòng 2: đã có, không đổi" in again.stdout
    file.write_text(CLASSES.replace(",30", ",40"), "utf-8")
    changed = call("import", "classes", file, **environment)
    assert "2 lớp: 0 đã thêm, 1 đã sửa, 0 đã có, không đổi, 1 bị từ chối." in changed.stdout


@pytest.mark.parametrize("command", ["classes", "surveys"])
def test_a_file_that_is_none_is_refused_in_one_sentence(command: str, tmp_path: Path) -> None:
    broken = tmp_path / "a.bin"
    broken.write_bytes(b"\xff\xfe\x00")
    environment = {"HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path}/a.db", "HOTLINE_SECRET_KEY": SECRET}
    for path in (broken, tmp_path / "none", tmp_path):
        done = call("import", command, path, **environment)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith("hotline: ")
        assert str(path) in done.stderr
    assert not (tmp_path / "a.db").exists()
    assert call("import", command, broken, "--province", "ha-noi", **environment).exit_code == 1


def test_the_template_is_written(tmp_path: Path) -> None:
    out = tmp_path / "mau.xlsx"
    assert "hotline import surveys" in call("survey", "template", "--out", out).stdout
    assert openpyxl.load_workbook(out).sheetnames == ["Phiếu", "Hướng dẫn"]
    assert call("survey", "template", "--out", tmp_path / "x" / "mau.xlsx").exit_code == 1
