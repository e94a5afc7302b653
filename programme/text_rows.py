"""The rows of a CSV file one after the other, in whatever encoding and with whatever separator it was saved.

UTF-8, UTF-16 and windows-1258 are read; TCVN3, whose capital letters are only in the font, is told by its bytes and
refused with what to do.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator

from programme.paper_sheet import MOST_COLUMNS, Cell, Row, cell_text
from programme.table_problems import TableInvalid

_PIECE = 1 << 20
_LOOKED_AT = 64 << 10
_LONGEST_ROW = 1 << 20  # one of forty million separators would take a gigabyte, and minutes
_SEPARATORS = ";\t,"
# Signs next to a letter in TCVN3 only (§ ¨ © ª « ¬ ® µ ¶ · ¸ ¹ » ¼ ½ ¾): in windows-1258 they are no letters.
_TCVN3 = re.compile(rb"[A-Za-z][\xa7-\xae\xb5-\xb9\xbb-\xbe]|[\xa7-\xae\xb5-\xb9\xbb-\xbe][A-Za-z]")
_SURE_SIGNS = 2
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')  # how some programs keep a spreadsheet from dropping zeros
_HINT = "mở bằng Excel, chọn Lưu thành, kiểu “CSV UTF-8”, rồi nhập lại"


class TextTable:
    """A CSV file. Raises TableInvalid at opening and reading: encoding_tcvn3, encoding, broken_csv."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.encoding = _encoding(data)
        start = data[:_LOOKED_AT].decode(self.encoding, "ignore")
        said = re.match(r"sep=(.)\r?\n", start)
        self._skips = 1 if said else 0
        self.separator = said[1] if said else _separator(start)

    def rows(self) -> Iterator[Row]:
        """Every row that is not empty; as a spreadsheet numbers it, where a cell may have several lines."""
        lines = _Lines(io.TextIOWrapper(io.BytesIO(self._data), self.encoding, newline=""))
        reader = csv.reader(lines, delimiter=self.separator, strict=True)
        line = 0
        try:
            for line, cells in enumerate(reader, 1):
                lines.of_row = 0
                found = tuple(_cell(cell) for cell in cells[:MOST_COLUMNS])
                if line > self._skips and any(found):
                    yield Row(line, found)
        except (csv.Error, _RowTooLong):
            words = f"dòng {line + 1}: không đọc được CSV; kiểm tra các dấu nháy kép trong tệp"
            raise TableInvalid("broken_csv", words) from None


class _RowTooLong(Exception):
    """No list of people has such a row."""


class _Lines:
    """The lines of a file, of which no more than a row's are taken at once. `of_row`: how much the row has so far."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._file, self.of_row = file, 0

    def __iter__(self) -> Iterator[str]:
        while text := self._file.readline(_LONGEST_ROW):
            self.of_row += len(text)
            if self.of_row >= _LONGEST_ROW:
                raise _RowTooLong
            yield text


def _cell(text: str) -> Cell:
    kept = _KEPT_AS_TEXT.fullmatch(text.strip())
    return cell_text(kept[1] if kept else text)


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _sure(data, "utf-16")
    start = data[:_LOOKED_AT]
    if start.count(0) > len(start) // 4:
        return _sure(data, "utf-16-be" if start[:1] == b"\0" else "utf-16-le")
    if _can(data, "utf-8-sig"):
        return "utf-8-sig"
    if _is_tcvn3(data):
        words = f"tệp dùng mã TCVN3 (phông .VnTime); chuyển sang Unicode bằng công cụ chuyển mã (như UniKey), {_HINT}"
        raise TableInvalid("encoding_tcvn3", words)
    return _sure(data, "cp1258")


def _is_tcvn3(data: bytes) -> bool:
    """Piece by piece: while a pattern is looked for nothing else in the process goes on."""
    found = 0
    for at in range(0, len(data), _PIECE):
        found += len(_TCVN3.findall(data, at, at + _PIECE))
        if found >= _SURE_SIGNS:
            return True
    return False


def _sure(data: bytes, encoding: str) -> str:
    if not _can(data, encoding):
        raise TableInvalid("encoding", f"không nhận ra bảng mã của tệp; {_HINT}")
    return encoding


def _can(data: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for at in range(0, len(data), _PIECE):
            decoder.decode(data[at : at + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(start: str) -> str:
    """The one that stands in the most of the first lines, outside of quotes."""
    bare = re.sub(r'"[^"]*"', "", start).splitlines()[:50]
    return max(reversed(_SEPARATORS), key=lambda one: (sum(one in line for line in bare), one != ","))
