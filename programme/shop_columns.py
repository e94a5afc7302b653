"""Which column of a list holds what: the header found among the first rows, its names in Vietnamese or English, with or
without accents; or a mapping that somebody gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from programme.paper_sheet import MOST_COLUMNS, Row
from programme.table_problems import TableInvalid
from store.phones import read_phones
from store.text import folded_words

# The header is looked for so far down: above it stand titles, dates and who made the list.
MOST_ABOVE = 30
# Fields as people know them.
FIELDS: Mapping[str, str] = {
    "phone": "Số điện thoại",
    "tax_code": "Mã số thuế",
    "shop": "Tên cửa hàng",
    "owner": "Chủ cửa hàng",
    "commune": "Xã/phường",
    "trade": "Ngành hàng",
    "consent": "Đồng ý nhận tin",
    "consent_source": "Nguồn đồng ý",
    "consent_day": "Ngày đồng ý",
}
_NAMES: Mapping[str, str] = {
    "phone": "so dien thoai|dien thoai|sdt|so dt|dt|dien thoai di dong|dt di dong|so di dong|di dong|so may|dtdd"
    "|dien thoai lien he|so dien thoai lien he|so dien thoai chu cua hang|so dien thoai chu ho|tel|phone|phone number"
    "|phone no|mobile|mobile phone|mobile number|telephone|contact number",
    "tax_code": "ma so thue|mst|ma thue|ma so thue mst|tax code|tax id|tax number|tin|tax identification number",
    "shop": "ten cua hang|cua hang|ten ho kinh doanh|ho kinh doanh|ten hkd|ten co so|ten co so kinh doanh|co so"
    "|bien hieu|ten bien hieu|ten cua hieu|ten don vi|shop|shop name|store|store name|business name|name of shop",
    "owner": "chu cua hang|ten chu cua hang|chu ho|ten chu ho|ho ten chu ho|ho va ten chu ho|chu co so|ten chu co so"
    "|ho ten|ho va ten|nguoi dai dien|ten nguoi dai dien|ho ten chu cua hang|owner|owner name|full name|contact name"
    "|representative|nguoi lien he|name|ten",
    "commune": "xa phuong|phuong xa|xa|phuong|xa phuong thi tran|ma xa|ma xa phuong|ten xa|ten xa phuong|dia ban"
    "|commune|ward|commune ward|commune code|ward name",
    "trade": "nganh hang|nganh nghe|nganh nghe kinh doanh|nganh kinh doanh|nganh hang kinh doanh|mat hang"
    "|mat hang kinh doanh|linh vuc|trade|industry|line of business|business line|goods",
    "consent": "dong y|dong y nhan tin|dong y nhan tin nhan|da dong y|consent|agreed|opt in",
    "consent_source": "nguon dong y|can cu dong y|consent source",
    "consent_day": "ngay dong y|thoi diem dong y|consent day|consent date",
}
_FIELD_OF = {tuple(name.split()): field for field, names in _NAMES.items() for name in names.split("|")}


@dataclass(frozen=True)
class Columns:
    """`header_row` as the spreadsheet numbers it, 0: there is none; `columns`: field → index from 0. `doubled`: fields
    that further columns are called as well, which are left alone."""

    header_row: int
    columns: Mapping[str, int]
    sheet: str | None = None
    doubled: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"sheet": self.sheet, "header_row": self.header_row, "columns": dict(self.columns)}


def find_columns(first: Sequence[Row], sheet: str | None = None) -> Columns:
    """The columns as the header names them. `first`: the first MOST_ABOVE rows. Raises TableInvalid: no_header."""
    found = [_named(row, sheet) for row in first]
    best = max(found, key=lambda one: len(one.columns), default=None)
    if best is None or "phone" not in best.columns:
        words = f"không thấy dòng tên cột có “{FIELDS['phone']}” trong {MOST_ABOVE} dòng đầu; ghi tên cột hoặc cho biết"
        raise TableInvalid("no_header", f"{words} cột nào là gì (mapping)")
    return best


def bare_numbers(first: Sequence[Row], sheet: str | None = None) -> Columns | None:
    """A column that holds nothing but telephone numbers from the first row on, in a file without any header."""
    if not first:
        return None
    for index in range(max(len(row.cells) for row in first)):
        cells = [row.cells[index] if index < len(row.cells) else "" for row in first]
        if all(isinstance(cell, str) and read_phones(cell) for cell in cells):
            return Columns(0, {"phone": index}, sheet)
    return None


def given_columns(said: object) -> Columns:
    """{"sheet": …, "header_row": 3, "columns": {"phone": 2, …}}. Raises TableInvalid: mapping."""
    if not isinstance(said, dict) or not set(said) <= {"sheet", "header_row", "columns"}:
        raise _unusable('phải có dạng {"sheet": …, "header_row": …, "columns": {…}}')
    sheet, header, columns = said.get("sheet"), said.get("header_row", 1), said.get("columns")
    if not (sheet is None or isinstance(sheet, str)) or not (type(header) is int and 0 <= header <= 10_000):
        raise _unusable("sheet phải là tên trang tính, header_row là số dòng (0: không có dòng tên cột)")
    if not isinstance(columns, dict) or "phone" not in columns:
        raise _unusable("columns phải có ít nhất phone")
    if unknown := [name for name in columns if name not in FIELDS]:
        raise _unusable(f"không có trường “{str(unknown[0])[:40]}”; các trường: {', '.join(FIELDS)}")
    if any(type(index) is not int or not 0 <= index < MOST_COLUMNS for index in columns.values()):
        raise _unusable(f"số cột tính từ 0, nhỏ hơn {MOST_COLUMNS}")
    if len(set(columns.values())) < len(columns):
        raise _unusable("một cột không thể là hai trường")
    return Columns(header, columns, sheet)


def _named(row: Row, sheet: str | None) -> Columns:
    columns: dict[str, int] = {}
    doubled: list[str] = []
    for index, cell in enumerate(row.cells):
        field = _FIELD_OF.get(tuple(folded_words(cell))) if isinstance(cell, str) else None
        if field in columns:
            doubled.append(field)
        elif field is not None:
            columns[field] = index
    return Columns(row.line, columns, sheet, tuple(dict.fromkeys(doubled)))


def _unusable(why: str) -> TableInvalid:
    return TableInvalid("mapping", f"mapping không dùng được: {why}")
