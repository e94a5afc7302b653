"""Tables that people open in a spreadsheet: CSV and XLSX whose text is never taken for a formula.

A cell that begins with "=", "+", "-", "@" (also full-width), tab or a line end would be run by Excel (OWASP, "CSV
Injection"): in CSV an apostrophe goes before it; in XLSX text is typed as text, so it needs none.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl.cell.cell import WriteOnlyCell
from openpyxl.workbook.workbook import Workbook

from store.text import clean

Cell = str | int | None
_book: Any = Workbook  # the library has no types
_cell: Any = WriteOnlyCell
BOM = b"\xef\xbb\xbf"  # Excel reads a CSV as UTF-8 only when this stands in front
# Where commas are decimal, as in Vietnam, programs may cut lines at semicolons: a text's middle begins a cell then.
_MIDDLE_STARTS_A_FORMULA = re.compile(r"([;|\t\r\n][\s\"\u200b-\u200f\u2060\ufeff]*)(?=[=+\-@＝＋－＠])")
_STARTS_A_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def safe_text(text: str) -> str:
    """`text` for a CSV cell."""
    # behind spaces and invisible characters too: programs differ in what they strip before they look
    bare = clean(text)
    text = _MIDDLE_STARTS_A_FORMULA.sub(r"\1'", text)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) or bare.startswith(_STARTS_A_FORMULA) else text


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """RFC 4180 (commas, CR LF, quotes doubled) as UTF-8 with BOM. Numbers stay as they are."""
    return BOM + csv_lines((header, *rows))


def csv_lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """A part of such a file, without the BOM."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe_text(cell) if isinstance(cell, str) else cell for cell in row])
    return written.getvalue().encode("utf-8")


def write_xlsx(path: Path, title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """One sheet, its header row frozen. Raises OSError."""
    path.write_bytes(xlsx_bytes(title, header, rows))


def xlsx_bytes(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The same, for who downloads it."""
    book = new_book()
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for row in (header, *rows):
        append_row(sheet, row)
    return _bytes_of(book)


def new_book() -> Any:
    """An empty write-only workbook of openpyxl."""
    return _book(write_only=True)


def save_book(book: Any, path: Path) -> None:
    """Write a write-only workbook, which can be done once. Raises OSError."""
    path.write_bytes(_bytes_of(book))


def _bytes_of(book: Any) -> bytes:
    written = io.BytesIO()  # the library leaves half-finished work behind when it cannot open the file itself
    book.save(written)
    return written.getvalue()


def append_row(sheet: Any, row: Sequence[Cell]) -> None:
    """Add one row to a write-only sheet; text is text, whatever it begins with."""
    cells = []
    for value in row:
        cell = _cell(sheet, clean(value) if isinstance(value, str) else value)
        if isinstance(value, str):
            cell.data_type = "s"
        cells.append(cell)
    sheet.append(cells)
