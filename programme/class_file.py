"""The officers' list of classes, a CSV file: read and checked row by row. What is wrong is said, the rest is kept."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from programme.classes import TOPIC_NAMES, Topic, TrainingClass
from programme.commune_column import CommuneUnclear, read_commune
from programme.communes import CommuneDirectory
from programme.written_dates import read_date
from store.text import clean, folded_words

# As a header names them, without accents, and as people know them.
COLUMNS: Mapping[str, str] = {
    "ngay": "Ngày",
    "gio": "Giờ",
    "noi_hoc": "Nơi học",
    "chu_de": "Chủ đề",
    "ten_lop": "Tên lớp",
    "xa_phuong": "Xã/phường",
    "so_cho": "Số chỗ",
}
LONGEST = {"noi_hoc": 160, "ten_lop": 120}
MOST_SEATS, MOST_ROWS, MOST_BYTES = 1000, 20_000, 20 * 1024 * 1024
_TIME = re.compile(r"(\d{1,2})\s*[:hg]\s*(\d{2})?", re.IGNORECASE)


class ClassFileInvalid(Exception):
    """Nothing of the file can be used; the text (Vietnamese) says why and what to do."""


@dataclass(frozen=True)
class Refused:
    """`line` as a spreadsheet numbers it. `code` for programs, `words` (Vietnamese) for people."""

    line: int
    code: str
    words: str


@dataclass(frozen=True)
class Read:
    line: int
    training_class: TrainingClass


class CellInvalid(ValueError):
    """A cell cannot be used; `code` for programs, the text (Vietnamese) for people."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


@dataclass(frozen=True)
class ClassFile:
    """What is needed to understand a row. Times without a zone are `timezone`'s; `now`: what is over is refused."""

    communes: CommuneDirectory
    province: str
    timezone: ZoneInfo
    now: datetime

    def read(self, data: bytes) -> list[Read | Refused]:
        """Every row that is not empty, in order. Raises ClassFileInvalid."""
        header, rows = _table(data)
        found: list[Read | Refused] = []
        for line, row in rows:
            cells = [clean(cell) for cell in row]
            if not any(cells):
                continue
            if len(cells) > len(header) and any(cells[len(header) :]):
                found.append(
                    Refused(line, "too_many_cells", "nhiều ô hơn số cột; ô có dấu phẩy phải đặt trong dấu nháy")
                )
                continue
            cells += [""] * (len(header) - len(cells))
            try:
                found.append(Read(line, self.read_row(dict(zip(header, cells, strict=False)))))
            except CellInvalid as invalid:
                found.append(Refused(line, invalid.code, invalid.words))
        return found

    def read_row(self, cells: Mapping[str, str]) -> TrainingClass:
        """One class; `cells` are clean and have every key of COLUMNS. Raises CellInvalid."""
        for key in COLUMNS:
            if key != "xa_phuong" and not cells[key]:
                raise CellInvalid("missing", f"thiếu {COLUMNS[key].lower()}")
        for key, most in LONGEST.items():
            if len(cells[key]) > most:
                raise CellInvalid("too_long", f"{COLUMNS[key].lower()} dài quá {most} ký tự")
        return TrainingClass(
            province=self.province,
            commune=self._commune(cells["xa_phuong"]),
            topic=_topic(cells["chu_de"]),
            title=cells["ten_lop"],
            place=cells["noi_hoc"],
            starts_at=self._starts_at(cells["ngay"], cells["gio"]),
            seats=_seats(cells["so_cho"]),
        )

    def _commune(self, text: str) -> str | None:
        try:
            return read_commune(self.communes, self.province, text).code if text else None
        except CommuneUnclear as unclear:
            raise CellInvalid("commune", str(unclear)) from None

    def _starts_at(self, day_text: str, time_text: str) -> datetime:
        day = read_date(day_text)
        if day is None:
            raise CellInvalid("date", f'không có ngày "{day_text}", viết như 05/12/2026 hoặc 2026-12-05')
        # before any arithmetic: the year 1 has no time in another zone
        if day < self.now.astimezone(self.timezone).date():
            raise CellInvalid("past", f"lớp ngày {day:%d/%m/%Y} đã qua")
        starts_at = datetime.combine(day, _time(time_text), self.timezone)
        if starts_at <= self.now:
            raise CellInvalid("past", f"lớp lúc {starts_at:%H:%M} ngày {day:%d/%m/%Y} đã qua")
        return starts_at


def _table(data: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The columns' keys, and every row behind with its number in a spreadsheet."""
    if len(data) > MOST_BYTES:
        raise ClassFileInvalid(f"tệp lớn quá {MOST_BYTES // 1024**2} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = data[: broken.start].count(b"\n") + 1
        raise ClassFileInvalid(
            f"dòng {line}: tệp không phải mã UTF-8 (có thể là Windows-1258 hoặc TCVN3)."
            " Mở bằng Excel, chọn Lưu thành, kiểu “CSV UTF-8”, rồi nhập lại"
        ) from None
    first = text.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = list(enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1))
    except csv.Error as broken:
        raise ClassFileInvalid(f"không đọc được CSV ({broken}). Kiểm tra các dấu nháy kép trong tệp") from None
    if not rows:
        raise ClassFileInvalid(f"tệp rỗng. Dòng đầu ghi tên cột: {', '.join(COLUMNS)}")
    if len(rows) > MOST_ROWS + 1:
        raise ClassFileInvalid(f"tệp có hơn {MOST_ROWS} dòng. Hãy chia nhỏ")
    return _header(rows[0][1]), rows[1:]


def _header(names: list[str]) -> list[str]:
    while names and not clean(names[-1]):
        names = names[:-1]
    keys = ["_".join(folded_words(name)) for name in names]
    known = ", ".join(f"{key} ({name})" for key, name in COLUMNS.items())
    for key, name in zip(keys, names, strict=True):
        if key not in COLUMNS:
            raise ClassFileInvalid(f'không có cột "{clean(name)[:40]}". Các cột: {known}')
        if keys.count(key) > 1:
            raise ClassFileInvalid(f"cột {key} có hai lần. Giữ một cột")
    if missing := [key for key in COLUMNS if key not in keys]:
        raise ClassFileInvalid(f"thiếu cột {', '.join(missing)}. Các cột: {known}")
    return keys


def _topic(text: str) -> Topic:
    said = folded_words(text)
    for topic, name in TOPIC_NAMES.items():
        if said in (folded_words(topic.value.replace("_", " ")), folded_words(name)):
            return topic
    known = ", ".join(f"{topic.value} ({name})" for topic, name in TOPIC_NAMES.items())
    raise CellInvalid("topic", f'không có chủ đề "{text[:40]}", chọn một trong: {known}')


def _time(text: str) -> time:
    match = _TIME.fullmatch(text)
    hour, minute = (int(match[1]), int(match[2] or 0)) if match else (24, 0)
    if hour > 23 or minute > 59:
        raise CellInvalid("time", f'không có giờ "{text[:20]}", viết như 08:30')
    return time(hour, minute)


def _seats(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:5]) <= MOST_SEATS or len(text) > 4:
        raise CellInvalid("seats", f'số chỗ "{text[:20]}" phải là số từ 1 đến {MOST_SEATS}')
    return int(text)
