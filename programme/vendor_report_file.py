"""A firm's report as a CSV file: read and checked as a whole. What is wrong is said row by row, and nothing is kept."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from programme.difficulties import Difficulties
from programme.lead_problems import LeadProblem
from programme.vendor_report import LONGEST_TEXT, Submission, read_number
from store.text import clean, folded_words

# As a header names them, without accents.
COLUMNS = ("muc", "nhom", "so_cua_hang", "noi_dung")
OUTSIDE, DIFFICULTY, NOTE = "ngoai_hotline", "kho_khan", "ghi_chu"
MOST_BYTES, MOST_ROWS = 200_000, 200


@dataclass(frozen=True)
class Fault:
    """`line` as a spreadsheet numbers it; `words` (Vietnamese) say what to do."""

    line: int
    words: str


class ReportFileInvalid(Exception):
    """Nothing of the file is kept. `faults`: everything that is wrong."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"dòng {fault.line}: {fault.words}" for fault in faults))
        self.faults = faults


def template(difficulties: Difficulties) -> list[tuple[str, ...]]:
    """The rows of a file to fill in."""
    rows: list[tuple[str, ...]] = [(OUTSIDE, "", "0", "")]
    rows += [(DIFFICULTY, category, "0", one.vi) for category, one in difficulties.all.items()]
    return [*rows, (NOTE, "", "", "")]


def read_report(data: bytes, difficulties: Difficulties) -> Submission:
    """Raises ReportFileInvalid."""
    outside, numbers, notes, faults = 0, dict[str, int](), list[str](), list[Fault]()
    seen: dict[tuple[str, str], int] = {}
    for line, cells in _rows(data):
        item, group = "_".join(folded_words(cells["muc"])), cells["nhom"]
        try:
            first = seen.setdefault((item, group), line)
            if item in (OUTSIDE, DIFFICULTY) and first != line:
                faults.append(Fault(line, f"dòng này đã có ở dòng {first}, xóa bớt một dòng"))
            elif item == OUTSIDE:
                outside = read_number(cells["so_cua_hang"])
            elif item == DIFFICULTY:
                if group not in difficulties.all:
                    known = ", ".join(difficulties.all)
                    faults.append(Fault(line, f'không có nhóm khó khăn "{group[:40]}"; chọn một trong: {known}'))
                else:
                    numbers[group] = read_number(cells["so_cua_hang"])
            elif item == NOTE:
                notes.append(cells["noi_dung"])
            else:
                known = f"{OUTSIDE}, {DIFFICULTY}, {NOTE}"
                faults.append(Fault(line, f'không có mục "{cells["muc"][:40]}"; chọn một trong: {known}'))
        except LeadProblem as problem:
            faults.append(Fault(line, problem.words()))
    text = "\n".join(filter(None, notes))
    if len(text) > LONGEST_TEXT:
        faults.append(Fault(1, f"ghi chú dài quá {LONGEST_TEXT} ký tự"))
    if not seen and not faults:
        faults.append(Fault(1, "tệp không có dòng nào"))
    if faults:
        raise ReportFileInvalid(faults)
    return Submission(outside, numbers, text)


def _rows(data: bytes) -> list[tuple[int, dict[str, str]]]:
    if len(data) > MOST_BYTES:
        raise ReportFileInvalid([Fault(1, f"tệp lớn quá {MOST_BYTES // 1000} KB")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = data[: broken.start].count(b"\n") + 1
        raise ReportFileInvalid([Fault(line, "tệp không phải mã UTF-8; lưu lại với kiểu “CSV UTF-8”")]) from None
    first = text.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as broken:
        raise ReportFileInvalid([Fault(1, f"không đọc được CSV ({broken}); kiểm tra các dấu nháy kép")]) from None
    names = ["_".join(folded_words(clean(name))) for name in rows[0]] if rows else []
    if sorted(filter(None, names)) != sorted(COLUMNS):
        raise ReportFileInvalid([Fault(1, f"dòng đầu phải ghi các cột: {', '.join(COLUMNS)}")])
    if len(rows) > MOST_ROWS:
        raise ReportFileInvalid([Fault(MOST_ROWS, f"tệp có hơn {MOST_ROWS} dòng")])
    found = []
    for line, row in enumerate(rows[1:], 2):
        cells = [clean(cell).strip().removeprefix("'") for cell in row]
        if len(cells) > len(names) and any(cells[len(names) :]):
            raise ReportFileInvalid([Fault(line, "nhiều ô hơn số cột; ô có dấu phẩy phải đặt trong dấu nháy")])
        if any(cells):
            padded = [*cells, *[""] * (len(names) - len(cells))]
            found.append((line, dict(zip(names, padded, strict=False))))
    return found
