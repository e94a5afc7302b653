"""The report: what is counted under which name, and that its cells are safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Connection, event, insert, text

from programme.content import Content
from programme.packs import UnknownProvince
from programme.safe_cells import csv_bytes, safe_text, write_xlsx
from programme.survey_report import HIDDEN, header, notes, survey_report
from store.database import Database
from store.report_queries import survey_counts
from store.survey_tables import survey_response
from store.tables import contact
from tests.conftest import NOW

Shop = tuple[str, str | None, str | None, int | None, str]


def keep(connection: Connection, shops: Iterable[Shop]) -> None:
    rows = []
    for number, (province, commune, trade, level, status) in enumerate(shops, 1):
        rows.append(
            {
                "contact_id": number,
                "survey": "s",
                "version": "1.1.0",
                "status": status,
                "revision": 1,
                "answers": {},
                "province": province,
                "commune": commune,
                "trade": trade,
                "level": level,
                "channel": "paper",
                "started_at": NOW,
                "updated_at": NOW,
            }
        )
    connection.execute(insert(contact), [{"id": row["contact_id"], "created_at": NOW} for row in rows])
    connection.execute(insert(survey_response), rows)


def codes(content: Content, count: int) -> list[str]:
    return [commune.code for commune in content.communes.communes("thai-nguyen")[:count]]


def report(database: Database, content: Content, shops: list[Shop], **limits: object) -> list[tuple[str | int, ...]]:
    database.run_now(lambda connection: keep(connection, shops))
    province = limits.get("province")
    k = limits.get("k", 5)
    assert province is None or isinstance(province, str)
    assert isinstance(k, int)
    return database.read_now(lambda connection: survey_report(connection, content, province, k))


def test_shops_are_counted_by_commune_group_and_level(database: Database, content: Content) -> None:
    first, second, *_ = codes(content, 2)
    shops: list[Shop] = [
        *[("thai-nguyen", second, "tap_hoa", 1, "done")] * 6,
        *[("thai-nguyen", second, "tap_hoa", None, "done")] * 5,
        *[("thai-nguyen", first, "an_uong", 0, "done")] * 7,
        *[("thai-nguyen", first, None, 2, "done")] * 5,
        *[("thai-nguyen", first, "chưa từng có", 2, "done")] * 5,
        *[("thai-nguyen", None, "tap_hoa", 3, "done")] * 8,
        *[("other", first, "tap_hoa", 3, "done")] * 9,
        *[("thai-nguyen", first, "tap_hoa", 5, "open")] * 50,
        *[("thai-nguyen", first, "tap_hoa", 5, "earlier")] * 50,
    ]
    rows = report(database, content, shops)
    names = [commune.full_name.capitalize() for commune in content.communes.communes("thai-nguyen")]
    assert [row[2] for row in rows[:1]] == ["Tất cả ngành hàng"]
    shown = [row for row in rows if row[-1]]
    food = "Lương thực, thực phẩm, tạp hóa"
    assert [tuple(map(str, row)) for row in shown] == [
        ("Thái Nguyên", "Toàn tỉnh", "Tất cả ngành hàng", "7", "6", "10", "8", "0", "0", "5", "36"),
        ("Thái Nguyên", shown[1][1], "Tất cả ngành hàng", "7", "0", "10", "0", "0", "0", "0", "17"),
        ("Thái Nguyên", shown[1][1], "Ngoài phạm vi", "7", "0", "0", "0", "0", "0", "0", "7"),
        ("Thái Nguyên", shown[1][1], "Chưa rõ", "0", "0", "10", "0", "0", "0", "0", "10"),
        ("Thái Nguyên", shown[4][1], "Tất cả ngành hàng", "0", "6", "0", "0", "0", "0", "5", "11"),
        ("Thái Nguyên", shown[4][1], food, "0", "6", "0", "0", "0", "0", "5", "11"),
        ("Thái Nguyên", "Chưa rõ xã/phường", "Tất cả ngành hàng", "0", "0", "0", "8", "0", "0", "0", "8"),
        ("Thái Nguyên", "Chưa rõ xã/phường", food, "0", "0", "0", "8", "0", "0", "0", "8"),
        ("Tỉnh khác", "Toàn tỉnh", "Tất cả ngành hàng", "0", "0", "0", "9", "0", "0", "0", "9"),
        ("Tỉnh khác", "Chưa rõ xã/phường", "Tất cả ngành hàng", "0", "0", "0", "9", "0", "0", "0", "9"),
        ("Tỉnh khác", "Chưa rõ xã/phường", food, "0", "0", "0", "9", "0", "0", "0", "9"),
    ]
    assert [str(shown[1][1]).lower(), str(shown[4][1]).lower()] == [name.lower() for name in names[:2]]
    # every commune of the packs has its total, in the directory's order
    of_thai_nguyen = [str(row[1]).lower() for row in rows if row[0] == "Thái Nguyên" and row[2] == "Tất cả ngành hàng"]
    assert of_thai_nguyen[1:-1] == [name.lower() for name in names]
    assert len(header(content)) == len(rows[0])
    assert header(content)[3:] == (*[f"Mức {n}" for n in range(6)], "Chưa đủ dữ liệu", "Tổng")


def test_small_counts_are_not_shown(database: Database, content: Content) -> None:
    (first,) = codes(content, 1)
    shops: list[Shop] = [
        *[("thai-nguyen", first, "tap_hoa", 1, "done")] * 3,
        *[("thai-nguyen", first, "tap_hoa", 2, "done")] * 20,
    ]
    rows = [row for row in report(database, content, shops) if row[-1]]
    cells = [cell for row in rows for cell in row[3:]]
    assert 3 not in cells
    assert 20 not in cells  # with the total of 23 it would give the three away
    assert {"<5", HIDDEN, 23} <= set(cells)
    assert "từ 1 đến 4" in notes(5)[0]


def test_the_report_is_limited_to_one_province(database: Database, content: Content) -> None:
    shops: list[Shop] = [("thai-nguyen", None, None, 1, "done")] * 5 + [("thanh-hoa", None, None, 1, "done")] * 6
    rows = report(database, content, shops, province="thanh_hoa")
    assert {row[0] for row in rows} == {"Thanh Hóa"}
    assert rows[0][-1] == 6
    with pytest.raises(UnknownProvince):
        database.read_now(lambda connection: survey_report(connection, content, "ha-noi"))


def test_an_empty_database_gives_zeros(database: Database, content: Content) -> None:
    rows = database.read_now(lambda connection: survey_report(connection, content, None))
    assert {cell for row in rows for cell in row[3:]} == {0}


def test_the_counts_come_from_the_index(database: Database) -> None:
    shops: list[Shop] = [("thai-nguyen", str(n % 90), "tap_hoa", n % 6, "done") for n in range(5000)]
    database.run_now(lambda connection: keep(connection, shops))
    explain, expected = "EXPLAIN QUERY PLAN ", "USING INDEX ix_survey_response_report"
    if not database.is_sqlite:
        explain, expected = "EXPLAIN ", "Index Only Scan using ix_survey_response_report"

    def plan(connection: Connection) -> str:
        if not database.is_sqlite:  # which way is the cheapest depends on when the last vacuum was
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        written: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda *call: written.append(call[2]))
        survey_counts(connection)
        return "\n".join(" ".join(map(str, row)) for row in connection.execute(text(explain + written[-1])))

    assert expected in database.read_now(plan)


@pytest.mark.parametrize("before", ["Quán Ba;", 'Quán Ba;"', "Quán Ba; ", "Quán Ba;\u200b", "Quán\tBa\t", "Quán Ba\n"])
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_the_middle_of_a_text_is_no_formula_where_lines_are_cut_at_semicolons(before: str, start: str) -> None:
    assert safe_text(f"{before}{start}1+1") == f"{before}'{start}1+1"
    assert safe_text("rau; thịt – cá, a=1") == "rau; thịt – cá, a=1"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", " =", "\u200b="])
def test_no_text_becomes_a_formula(start: str, tmp_path: Path) -> None:
    assert safe_text(f"{start}1+1") == f"'{start}1+1"
    assert safe_text("a=1") == "a=1"
    path = tmp_path / "a.xlsx"
    write_xlsx(path, "a", ("x",), [(f"{start}1+1", 5)])
    (_, row) = openpyxl.load_workbook(path).active.iter_rows()
    assert [cell.data_type for cell in row] == ["s", "n"]


def test_csv_is_what_excel_reads() -> None:
    written = csv_bytes(("Tỉnh", "n"), [('a,"b"\nc', 5), ("-1", -1)])
    assert written.startswith(b"\xef\xbb\xbf")
    assert written.count(b"\r\n") == 3
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert rows == [["Tỉnh", "n"], ['a,"b"\nc', "5"], ["'-1", "-1"]]
