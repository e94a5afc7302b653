"""The rows of an XLSX file one after the other, however many there are; merged cells are filled downwards. What was
calculated counts with the value that the spreadsheet kept; where it kept none the cell is unreadable.

Only the texts that cells share are held in memory, which the format asks for.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openpyxl.reader.excel import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, ROW_TAG, WorkSheetParser
from openpyxl.xml.functions import iterparse  # type: ignore[attr-defined]  # the library has no types

from programme.paper_sheet import BROKEN, FORMULA, MOST_COLUMNS, Cell, Row, cell_text
from programme.table_problems import TableInvalid

MOST_UNZIPPED_BYTES, MOST_SHARED_BYTES = 600 * 1024**2, 100 * 1024**2
_SHARED = "xl/sharedStrings.xml"
_load: Any = load_workbook  # the library has no types
_parser: Any = WorkSheetParser
_events: Any = iterparse
_bounds: Any = range_boundaries
_PIECE = 1 << 20
# Cells that hold something, by row, and merged ranges, which the format puts behind all rows.
_SIGN = re.compile(rb'<(?:\w+:)?(?:(row)\b|(v|is|f)[\s>/]|mergeCell\s+ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})")')
_LONGEST_SIGN = 80


@dataclass(frozen=True)
class Scan:
    """`rows`: how many hold something. `merged`: first line → (column, last line) of ranges of several lines."""

    rows: int
    merged: dict[int, list[tuple[int, int]]]


class Workbook:
    """An XLSX file. Raises TableInvalid at opening and reading: not_xlsx, too_large, broken_xlsx."""

    def __init__(self, data: bytes) -> None:
        _refuse_bombs(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and extensions that nobody needs here
                self._book = _load(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            self.sheets: tuple[str, ...] = tuple(sheet.title for sheet in self._book.worksheets)
        except BROKEN:
            raise _broken() from None

    def scan(self, sheet: str) -> Scan:
        """A quick look over the whole sheet, before any row is taken."""
        rows, is_counted, merged, left = 0, True, dict[int, list[tuple[int, int]]](), b""
        try:
            with self._book[sheet]._get_source() as source:
                while piece := source.read(_PIECE):
                    text, at = left + piece, 0
                    for sign in _SIGN.finditer(text, 0, len(text)):
                        at = sign.end()
                        if sign[1]:
                            is_counted = False
                        elif sign[2] and not is_counted:
                            rows, is_counted = rows + 1, True
                        elif sign[3]:
                            column, first, _, last = _bounds(sign[3].decode())
                            if last > first:
                                merged.setdefault(first, []).append((column - 1, last))
                    left = text[max(at, len(text) - _LONGEST_SIGN) :]
        except BROKEN:
            raise _broken() from None
        return Scan(rows, merged)

    def rows(self, sheet: str, scan: Scan | None = None) -> Iterator[Row]:
        """Every row that is not empty. `scan`: of this sheet, for the merged cells."""
        open_merges: dict[int, tuple[int, Cell]] = {}
        starts = scan.merged if scan else {}
        for line, cells in self._rows(sheet):
            begun = starts.get(line, ())
            if any(cells):
                for column, (last, value) in list(open_merges.items()):
                    if line > last:
                        del open_merges[column]
                    elif column >= len(cells) or not cells[column]:
                        cells += [""] * (column + 1 - len(cells))
                        cells[column] = value
                for column, last in begun:
                    if column < len(cells) and cells[column]:
                        open_merges[column] = last, cells[column]
                yield Row(line, tuple(cells))

    def _rows(self, sheet: str) -> Iterator[tuple[int, list[Cell]]]:
        own, book = self._book[sheet], self._book
        try:
            with own._get_source() as source, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parser = _parser(
                    source, own._shared_strings, data_only=True, epoch=book.epoch, date_formats=book._date_formats,
                    timedelta_formats=book._timedelta_formats,
                )  # fmt: skip
                parser.parse_cell = _with_formulas(parser.parse_cell)
                for _, element in _events(source):
                    if element.tag == ROW_TAG:
                        line, found = parser.parse_row(element)
                        element.clear()
                        yield line, _cells(found)
        except BROKEN:
            raise _broken() from None

    def close(self) -> None:
        self._book.close()


def _with_formulas(parse_cell: Any) -> Any:
    """The library says nothing of a formula without a value, so that its cell looks empty."""

    def parse(element: Any) -> Any:
        cell = parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            cell["value"] = FORMULA
        return cell

    return parse


def _cells(found: list[dict[str, Any]]) -> list[Cell]:
    cells: list[Cell] = []
    for cell in found:
        column, value = cell["column"], cell["value"]
        if value is not None and column <= MOST_COLUMNS:
            cells += [""] * (column - len(cells))
            cells[column - 1] = value if value is FORMULA else cell_text(value)
    return cells


def _refuse_bombs(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # what is read of a member never exceeds the size it declares
            sizes = {member.filename: member.file_size for member in archive.infolist()}
    except BROKEN:
        words = "tệp không phải .xlsx; mở bằng Excel, lưu lại kiểu “Excel Workbook (.xlsx)”"
        raise TableInvalid("not_xlsx", words) from None
    if sum(sizes.values()) > MOST_UNZIPPED_BYTES or sizes.get(_SHARED, 0) > MOST_SHARED_BYTES:
        raise TableInvalid("too_large", "tệp giải nén ra quá lớn; hãy chia nhỏ")


def _broken() -> TableInvalid:
    words = "không đọc được tệp .xlsx này; mở bằng Excel, lưu lại kiểu “Excel Workbook (.xlsx)”"
    return TableInvalid("broken_xlsx", words)
