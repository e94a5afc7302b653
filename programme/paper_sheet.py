"""An XLSX sheet as rows of text, opened with care: it comes from many hands. Not responsible for what it says."""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from openpyxl.cell.cell import ERROR_CODES
from openpyxl.reader.excel import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from store.text import clean

MOST_BYTES, MOST_UNZIPPED_BYTES = 20 * 1024**2, 200 * 1024**2
MOST_ROWS, MOST_COLUMNS = 20_000, 200
_load: Any = load_workbook  # the library has no types
_ROWS_OF_EXCEL = 1_048_576
# What openpyxl raises for files that are broken somewhere inside.
BROKEN = (
    AttributeError,
    EOFError,
    IndexError,
    InvalidFileException,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class SheetInvalid(Exception):
    """The file cannot be read; the text (Vietnamese) says why and what to do."""


@dataclass(frozen=True)
class Unreadable:
    """A cell that holds no value somebody typed. `code` for programs, `words` (Vietnamese) for people."""

    code: str
    words: str


Cell = str | Unreadable
FORMULA = Unreadable("formula", "ô chứa công thức; hãy gõ giá trị vào ô")
_ERROR = Unreadable("error_value", "ô chứa lỗi của Excel; hãy gõ lại giá trị")


@dataclass(frozen=True)
class Row:
    """`line` as the spreadsheet numbers it; `cells` as many as the header has."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def read_sheet(data: bytes) -> Sheet:
    """The first sheet of an XLSX file: its header row, and every row that is not empty. Raises SheetInvalid."""
    _refuse_bombs(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that nobody needs here
            book = _load(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            try:
                return _sheet(book.worksheets[0])
            finally:
                book.close()
    except BROKEN:
        raise SheetInvalid(
            "không đọc được tệp .xlsx này. Mở bằng Excel, lưu lại kiểu “Excel Workbook (.xlsx)”"
        ) from None


def _refuse_bombs(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise SheetInvalid(f"tệp lớn quá {MOST_BYTES // 1024**2} MB. Hãy chia nhỏ")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # what is read of a member never exceeds the size it declares
            unzipped = sum(member.file_size for member in archive.infolist())
    except BROKEN:
        raise SheetInvalid("tệp không phải .xlsx. Mở bằng Excel, lưu lại kiểu “Excel Workbook (.xlsx)”") from None
    if unzipped > MOST_UNZIPPED_BYTES:
        raise SheetInvalid(f"tệp giải nén ra lớn quá {MOST_UNZIPPED_BYTES // 1024**2} MB. Hãy chia nhỏ")


def _sheet(sheet: Any) -> Sheet:
    sheet.reset_dimensions()  # what the file says of its own size is not to be trusted
    first: Sequence[object] = next(iter(sheet.iter_rows(max_row=1, values_only=True)), ())
    header = [cell_text(value) for value in first]
    while header and header[-1] == "":
        header.pop()
    if len(header) > MOST_COLUMNS:
        raise SheetInvalid(f"dòng đầu có hơn {MOST_COLUMNS} cột")
    if not header:
        raise SheetInvalid("dòng đầu trống. Dòng đầu phải ghi tên các cột")
    names = tuple(name if isinstance(name, str) else "=" for name in header)
    return Sheet(names, tuple(_rows(sheet, len(names))))


def _rows(sheet: Any, columns: int) -> Iterator[Row]:
    found = 0
    rows = sheet.iter_rows(min_row=2, max_col=columns, values_only=True)
    for line, values in enumerate(islice(rows, _ROWS_OF_EXCEL), 2):
        cells = [cell_text(value) for value in values]
        if not any(cells):
            continue
        found += 1
        if found > MOST_ROWS:
            raise SheetInvalid(f"tệp có hơn {MOST_ROWS} dòng. Hãy chia nhỏ")
        yield Row(line, tuple(cells + [""] * (columns - len(cells))))


def cell_text(value: object) -> Cell:
    """What stands in a cell, as people read it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool | int | float):
        return str(value)
    if not isinstance(value, str):
        return FORMULA  # an array formula and its like
    text = clean(value)
    if text in ERROR_CODES:
        return _ERROR
    return FORMULA if text.startswith(("=", "＝")) else text
