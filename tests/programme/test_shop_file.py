"""Lists of shops as offices send them: what is found in them, and what is refused in which words."""

from __future__ import annotations

import io
import unicodedata
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from programme import shop_file
from programme.content import Content
from programme.shop_columns import given_columns
from programme.shop_file import CheckedRow, ListFile, RefusedRow, ShopFile, ShopRows
from programme.table_problems import TableInvalid

HEADER = ["STT", "Tên cửa hàng", "Chủ hộ", "Điện thoại", "MST", "Xã/Phường", "Ngành hàng"]
ONE = [1, "Tạp hóa Lan", "Nguyễn Thị Lan", "0912 345 678", "0100109106", "Tân Cương", "tạp hóa"]


def xlsx(*rows: list[Any], merged: str | None = None, title: str = "DS") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    if merged:
        book.active.merge_cells(merged)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def checked(content: Content, data: bytes, mapping: Any = None, **given: Any) -> list[CheckedRow | RefusedRow]:
    file = ShopFile(data, given_columns(mapping) if mapping else None)
    rows = ShopRows(content, "thai-nguyen", ZoneInfo("Asia/Ho_Chi_Minh"), date(2026, 11, 23), file.columns, **given)
    found = [rows.check(row) for row in file.rows()]
    assert file.count == len(found)
    file.close()
    return found


def test_a_list_with_titles_above_its_header_is_understood(content: Content) -> None:
    (row,) = checked(content, xlsx(["DANH SÁCH HỘ KINH DOANH"], [], ["Kèm theo công văn 12"], HEADER, ONE))
    assert isinstance(row, CheckedRow)
    assert (row.line, row.phone, row.tax_code, row.commune) == (5, "+84912345678", "0100109106", "05503")
    assert (row.shop, row.owner, row.trade) == ("Tạp hóa Lan", "Nguyễn Thị Lan", "tap_hoa") or row.trade is not None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1258"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_is_read_in_every_encoding_with_every_separator(content: Content, encoding: str, separator: str) -> None:
    text = "\r\n".join(separator.join(map(str, row)) for row in (HEADER, ONE))
    if encoding == "cp1258":  # its tones are signs of their own behind the vowel
        text = "".join(_for_1258(letter) for letter in unicodedata.normalize("NFC", text))
    (row,) = checked(content, text.encode(encoding))
    assert isinstance(row, CheckedRow) and (row.shop, row.owner, row.commune) == ("Tạp hóa Lan", ONE[2], "05503")


def _for_1258(letter: str) -> str:
    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        base, *marks = unicodedata.normalize("NFD", letter)
        tones = [mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323"]
        shapes = [mark for mark in marks if mark not in tones]
        return unicodedata.normalize("NFC", base + "".join(shapes)) + "".join(tones)
    return letter


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("encoding_tcvn3", b"Ten,Dien thoai\nT\xb9p h\xe3a Lan h\xb5ng,0912345678\nc\xb8 r\xb5o,0912345679\n"),
        ("no_header", b"a,b\n1,2\n"),
        ("empty", b" \n"),
        ("empty", b"phone,name\n"),
        ("broken_csv", b'phone,name\n0912345678,"Lan\n'),
        ("not_xlsx", b"PK\x03\x04 not a zip"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(code: str, data: bytes) -> None:
    with pytest.raises(TableInvalid) as invalid:
        ShopFile(data)
    assert invalid.value.code == code and len(invalid.value.words) > 5


def test_a_row_that_is_no_row_of_a_list_is_not_taken_apart() -> None:
    for cell in (b";", b'"\n";'):
        with pytest.raises(TableInvalid) as invalid:
            ListFile(b"so;ten\n" + cell * 1_500_000).find_columns()
        assert invalid.value.code == "broken_csv"


def test_too_many_rows_are_named_before_any_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_file, "MOST_ROWS", 3)
    for data in (xlsx(["x"], HEADER, *[ONE] * 4), ("phone\n" + "0912345678\n" * 4).encode()):
        with pytest.raises(TableInvalid) as invalid:
            ShopFile(data)
        assert invalid.value.code == "too_many_rows"
    assert ShopFile(xlsx(["x"], HEADER, *[ONE] * 3)).count == 3


def test_merged_cells_hold_for_all_their_rows(content: Content) -> None:
    others = [2, "Quán Hoa", "Hoa", "0987654321", None, None, None], [3, "Quán Mai", "Mai", "0987654322"]
    rows = checked(content, xlsx(HEADER, ONE, *others, merged="F2:F3"))
    assert [row.commune for row in rows if isinstance(row, CheckedRow)] == ["05503", "05503", None]


def test_a_formula_counts_with_its_kept_value_and_is_refused_without_one(content: Content) -> None:
    (row,) = checked(content, xlsx(HEADER, [1, "=A1", "Lan", "0912345678"]))
    assert isinstance(row, RefusedRow) and (row.line, row.code) == (2, "formula")


@pytest.mark.parametrize("header", ["Phone number,Owner,Ward", "SDT,Ho va ten,Xa", "ĐIỆN THOẠI,HỌ TÊN,XÃ/PHƯỜNG"])
def test_a_header_may_be_english_or_without_accents(content: Content, header: str) -> None:
    (row,) = checked(content, f"{header}\n0912345678,Lan,Tân Cương\n".encode())
    assert isinstance(row, CheckedRow) and (row.owner, row.commune) == ("Lan", "05503")


def test_a_column_that_is_there_twice_is_told_and_the_first_one_counts(content: Content) -> None:
    file = ShopFile("Điện thoại;SĐT;Tên\n0912345678;0987654321;Lan".encode())
    assert file.columns.columns == {"phone": 0, "owner": 2} and file.columns.doubled == ("phone",)


def test_a_given_mapping_goes_before_the_header(content: Content) -> None:
    mapping = {"header_row": 0, "columns": {"phone": 1, "owner": 0}}
    (row,) = checked(content, b"Lan,0912345678\n", mapping)
    assert isinstance(row, CheckedRow) and row.owner == "Lan"


@pytest.mark.parametrize(
    "mapping",
    [[], {"columns": {}}, {"columns": {"phone": -1}}, {"columns": {"phone": 0, "x": 1}}, {"columns": {"phone": True}}],
)  # fmt: skip
def test_a_mapping_that_cannot_be_used_says_why(mapping: Any) -> None:
    with pytest.raises(TableInvalid) as invalid:
        given_columns(mapping)
    assert invalid.value.code == "mapping"


@pytest.mark.parametrize(
    ("code", "column", "cell"),
    [
        ("phone_missing", "phone", ""), ("invalid_phone", "phone", "12"), ("fixed_line", "phone", "0208 3851234"),
        ("tax_code_check", "MST", "0100109107"), ("commune_unknown", "xa", "Không Có"),
        ("commune_ambiguous", "xa", "Tân Thành"), ("consent_unclear", "dong y", "có lẽ"),
        ("consent_unproven", "dong y", "có"), ("too_long", "shop", "a" * 200), ("formula", "owner", "=1+1"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused_by_its_code(content: Content, code: str, column: str, cell: str) -> None:
    names = dict.fromkeys(("phone", column), "0912345678") | {column: cell}
    data = ";".join(["STT", *names]) + "\n" + ";".join(["1", *names.values()])
    (row,) = checked(content, data.encode())
    assert isinstance(row, RefusedRow) and (row.line, row.code) == (2, code)


def test_consent_needs_a_yes_a_proof_and_a_day_of_the_past(content: Content) -> None:
    data = "phone,dong y,nguon dong y,ngay dong y\n0912345678,có,Phiếu 12,05/10/2026\n0912345679,không,,\n"
    yes, no = checked(content, data.encode())
    assert isinstance(yes, CheckedRow) and yes.consent and yes.consent.source == "Phiếu 12"
    assert yes.consent.given_at.isoformat() == "2026-10-05T00:00:00+07:00"
    assert isinstance(no, CheckedRow) and no.consent is None
    (all_of_them,) = checked(content, b"phone\n0912345678\n", source="CV 1", day=date(2026, 1, 2))
    assert isinstance(all_of_them, CheckedRow) and all_of_them.consent and all_of_them.consent.source == "CV 1"
    (future,) = checked(content, b"phone\n0912345678\n", source="CV 1", day=date(2027, 1, 2))
    assert isinstance(future, RefusedRow) and future.code == "consent_future"
