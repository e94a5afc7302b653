"""A list of shops, XLSX or CSV, as checked rows. What is wrong with a row is said with a code; nothing is guessed.

A file is looked over before any row of it is taken: its size, its encoding, how many rows it has, where its header is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from programme.commune_column import CommuneUnclear, read_commune
from programme.content import Content
from programme.paper_sheet import Row, Unreadable
from programme.shop_columns import FIELDS, MOST_ABOVE, Columns, bare_numbers, find_columns
from programme.table_problems import TableInvalid
from programme.tax_codes import TaxCodeInvalid, read_tax_code
from programme.text_rows import TextTable
from programme.workbook_rows import Scan, Workbook
from programme.written_dates import read_date
from store.phones import PhoneRefused, phone_for_sms, read_phones
from store.text import folded_words

MOST_ROWS, MOST_BYTES = 200_000, 40 * 1024**2
LONGEST = {"shop": 160, "owner": 120, "consent_source": 80}
_YES = frozenset(("x", "co", "yes", "y", "1", "true", "dong y", "da dong y"))
_NO = frozenset(("", "0", "khong", "no", "n", "false", "k", "chua", "khong dong y", "chua dong y"))
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Consent:
    """To messages that invite: which paper or list shows it (`source`), and since when."""

    source: str
    given_at: datetime


@dataclass(frozen=True)
class CheckedRow:
    """One shop. `phone` in E.164, `commune` a code, `trade` an id. `remark`: what of the row was not taken (a code)."""

    line: int
    phone: str
    tax_code: str | None = None
    shop: str | None = None
    owner: str | None = None
    commune: str | None = None
    trade: str | None = None
    consent: Consent | None = None
    remark: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RefusedRow:
    """`code` for programs, `words` (Vietnamese) for people; `cells`: what stands there, by field."""

    line: int
    code: str
    words: str
    cells: Mapping[str, str]


class _Wrong(ValueError):
    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


@dataclass(frozen=True)
class NumberRow:
    """A row of which only telephone numbers count, in E.164: all that stand in it."""

    line: int
    phones: tuple[str, ...]
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NumberRows:
    """What is needed to check rows of which only numbers count."""

    columns: Columns

    def check(self, row: Row) -> NumberRow | RefusedRow:
        """The row, or why it is not taken."""
        at = self.columns.columns["phone"]
        cell = row.cells[at] if at < len(row.cells) else ""
        cells = {"phone": shown(cell)}
        try:
            if isinstance(cell, Unreadable):
                raise _Wrong(cell.code, f"{FIELDS['phone']}: {cell.words}")
            if not cell:
                raise _Wrong("phone_missing", "thiếu số điện thoại")
            # a refusal is taken of every number, also of one that gets no SMS
            phones = [phone.number for phone in read_phones(cell)] or [phone_for_sms(cell)[0].number]
        except (_Wrong, PhoneRefused) as wrong:
            return RefusedRow(row.line, wrong.code, wrong.words, cells)
        return NumberRow(row.line, tuple(phones), cells)


class ListFile:
    """A file's sheets and rows, as they stand there. Raises TableInvalid: too_large, empty, no_sheet, and what the two
    formats say."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MOST_BYTES:
            raise TableInvalid("too_large", f"tệp lớn quá {MOST_BYTES // 1024**2} MB; hãy chia nhỏ")
        if not data.strip():
            raise TableInvalid("empty", "tệp rỗng")
        self._book = Workbook(data) if data.startswith(_ZIP) else None
        self._text = None if self._book else TextTable(data)
        self.sheets: tuple[str, ...] = self._book.sheets if self._book else ()

    def first(self, sheet: str | None, most: int = MOST_ABOVE) -> list[Row]:
        """The first rows that are not empty."""
        return list(islice(self._all(sheet), most))

    def close(self) -> None:
        if self._book:
            self._book.close()

    def sheet_called(self, name: str | None) -> str | None:
        """Which sheet that is, None: the first one; of a CSV None. Raises TableInvalid: no_sheet."""
        sheet = name or next(iter(self.sheets), None)
        if self._book and sheet not in self.sheets:
            raise TableInvalid("no_sheet", f"không có trang tính “{sheet}”; các trang: {', '.join(self.sheets)[:200]}")
        return sheet if self._book else None

    def find_columns(self, sheet: str | None = None, numbers_only: bool = False) -> Columns:
        """Where the columns seem to be, on this sheet or on the one that shows most. `numbers_only`: a column of bare
        numbers needs no name. Raises TableInvalid: no_header, no_sheet."""
        found: list[Columns] = []
        problem = TableInvalid("empty", "tệp không có trang tính nào")
        for one in (self.sheet_called(sheet),) if sheet or not self.sheets else self.sheets:
            try:
                found.append(find_columns(self.first(one), one))
            except TableInvalid as invalid:
                problem = invalid
                if numbers_only and (bare := bare_numbers(self.first(one), one)):
                    found.append(bare)
        if not found:
            raise problem
        return max(found, key=lambda one: len(one.columns))

    def _all(self, sheet: str | None, scan: Scan | None = None) -> Iterator[Row]:
        if self._text is not None:
            return self._text.rows()
        return self._book.rows(sheet, scan) if self._book and sheet else iter(())


class ShopFile(ListFile):
    """A file with its columns, found, or as they are given. `count`: rows behind the header. Raises TableInvalid as
    well: too_many_rows, no_header."""

    def __init__(self, data: bytes, columns: Columns | None = None, numbers_only: bool = False) -> None:
        super().__init__(data)
        self._scan: Scan | None = None
        if columns is None:
            self.columns = self.find_columns(numbers_only=numbers_only)
        else:
            self.columns = Columns(columns.header_row, columns.columns, self.sheet_called(columns.sheet))
        self.header = self._header()
        if self._book and self.columns.sheet:
            self._scan = self._book.scan(self.columns.sheet)
        self.count = self._counted()
        if self.count > MOST_ROWS:
            words = f"tệp có hơn {MOST_ROWS:_} dòng; hãy chia nhỏ".replace("_", ".")
            raise TableInvalid("too_many_rows", words)
        if self.count <= 0:
            raise TableInvalid("empty", "tệp không có dòng nào dưới dòng tên cột")

    def rows(self, after: int = 0) -> Iterator[Row]:
        """The rows behind the header that are not empty, without the first `after`."""
        behind = (row for row in self._all(self.columns.sheet, self._scan) if row.line > self.columns.header_row)
        return islice(behind, after, None)

    def _counted(self) -> int:
        """No further than one over the limit. A workbook is counted by its signs: parsing it twice would take long."""
        if self._scan is None:
            return sum(1 for _ in islice(self.rows(), MOST_ROWS + 1))
        above = takewhile(lambda row: row.line <= self.columns.header_row, self._all(self.columns.sheet))
        return self._scan.rows - sum(1 for _ in above)

    def _header(self) -> tuple[str, ...]:
        above = takewhile(lambda row: row.line <= self.columns.header_row, self._all(self.columns.sheet))
        return next((tuple(map(shown, row.cells)) for row in above if row.line == self.columns.header_row), ())


@dataclass
class ShopRows:
    """What is needed to check rows. `consent`: what holds for all rows where the file has no column for it."""

    content: Content
    province: str
    timezone: ZoneInfo
    today: date
    columns: Columns
    source: str | None = None
    day: date | None = None
    _communes: dict[str, str | _Wrong] = field(default_factory=dict)
    _trades: dict[str, str | None] = field(default_factory=dict)

    def check(self, row: Row) -> CheckedRow | RefusedRow:
        """The row, or why it is not taken."""
        said = {name: row.cells[at] if at < len(row.cells) else "" for name, at in self.columns.columns.items()}
        cells = {name: shown(cell) for name, cell in said.items()}
        try:
            for name, cell in said.items():
                if isinstance(cell, Unreadable):
                    raise _Wrong(cell.code, f"{FIELDS[name]}: {cell.words}")
            return self._checked(row.line, cells)
        except (_Wrong, PhoneRefused, TaxCodeInvalid) as wrong:
            return RefusedRow(row.line, wrong.code, getattr(wrong, "words", str(wrong)), cells)

    def _checked(self, line: int, cells: Mapping[str, str]) -> CheckedRow:
        if not cells["phone"]:
            raise _Wrong("phone_missing", "thiếu số điện thoại")
        for name, most in LONGEST.items():
            if len(cells.get(name, "")) > most:
                raise _Wrong("too_long", f"{FIELDS[name]} dài quá {most} ký tự")
        phone, others = phone_for_sms(cells["phone"])
        code, trade = cells.get("tax_code"), self._trade(cells.get("trade", ""))
        unclear = "trade_unknown" if cells.get("trade") and trade is None else ""
        return CheckedRow(
            line,
            phone.number,
            read_tax_code(code) if code else None,
            cells.get("shop") or None,
            cells.get("owner") or None,
            self._commune(cells.get("commune", "")),
            trade,
            self._consent(cells),
            "more_phones" if others else unclear,
            cells,
        )

    def _commune(self, text: str) -> str | None:
        if not text:
            return None
        if text not in self._communes:
            try:
                self._communes[text] = read_commune(self.content.communes, self.province, text).code
            except CommuneUnclear as unclear:
                code = "commune_ambiguous" if len(unclear.communes) > 1 else "commune_unknown"
                self._communes[text] = _Wrong(code, str(unclear))
        found = self._communes[text]
        if isinstance(found, _Wrong):
            raise found
        return found

    def _trade(self, text: str) -> str | None:
        """What is not understood, or means several, is left open: a shop is not lost for it."""
        if text and text not in self._trades:
            trades = self.content.trades
            found = [trades.trades[text]] if text in trades.trades else trades.find(text)
            self._trades[text] = found[0].id if len(found) == 1 else None
        return self._trades.get(text)

    def _consent(self, cells: Mapping[str, str]) -> Consent | None:
        """Silence is no consent: it stands in the row, or is given for the whole list, and it has a proof and a day."""
        if "consent" in cells:
            said = " ".join(folded_words(cells["consent"]))
            if said in _NO:
                return None
            if said not in _YES:
                words = f'đồng ý "{cells["consent"][:20]}" không rõ; ghi “có” hoặc “không”'
                raise _Wrong("consent_unclear", words)
        elif self.source is None:
            return None
        source, written = cells.get("consent_source") or self.source, cells.get("consent_day")
        day = read_date(written) if written else self.day
        if not source or day is None:
            words = "đồng ý phải có nguồn (giấy tờ, danh sách nào) và ngày, viết như 05/12/2026"
            raise _Wrong("consent_unproven", words)
        if day > self.today:
            raise _Wrong("consent_future", f"ngày đồng ý {day:%d/%m/%Y} chưa tới")
        if day.year < 2000:
            raise _Wrong("consent_unproven", f"ngày đồng ý {day:%d/%m/%Y} không thể đúng")
        return Consent(source[: LONGEST["consent_source"]], datetime.combine(day, time(), self.timezone))


def shown(cell: str | Unreadable) -> str:
    """As people are told what stands in a cell."""
    return cell if isinstance(cell, str) else f"({cell.words})"
