"""Whom a campaign file is for: the rows of its CSV, or as many made-up people as it asks for.

Who cannot be reached (no number, no valid one, a number that is there already) stays in the list with the reason, so
that the ledger has a row for each.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from programme.campaign_file import CampaignFileInvalid
from store.contacts import normalise_phone
from store.text import clean, folded_words

COLUMNS = ("phone", "name", "commune", "consent", "opted_out")
PHONE_MISSING, PHONE_INVALID, DUPLICATE = "phone_missing", "phone_invalid", "duplicate"
LONGEST_NAME = 80
_YES = frozenset(("1", "1 0", "true", "t", "yes", "y", "x", "v", "ok", "co", "roi", "dong y", "da dong y", "✓", "✔"))
_NO = frozenset(("", "0", "0 0", "false", "f", "no", "n", "khong", "ko", "k", "chua", "none", "null", "na"))
_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Lý")
_MIDDLES = ("Văn", "Thị", "Đức", "Minh", "Thu", "Ngọc", "Hữu", "Thanh")
_GIVEN = (
    "An",
    "Bình",
    "Cường",
    "Dung",
    "Hà",
    "Hải",
    "Hạnh",
    "Hương",
    "Lan",
    "Long",
    "Mai",
    "Nam",
    "Phúc",
    "Quân",
    "Sơn",
)
# Prefixes in use, with seven digits behind each
_PREFIXES = ("32", "33", "36", "38", "70", "77", "81", "83", "86", "90", "91", "93", "94", "96", "97", "98")
_EACH_PREFIX = 10_000_000


@dataclass(frozen=True)
class Addressee:
    """`phone` in E.164; None: `unreachable` says why. `commune` as it was written."""

    phone: str | None
    name: str
    commune: str
    has_consent: bool
    opted_out: bool
    unreachable: str = ""


def made_up(count: int) -> Iterator[Addressee]:
    """`count` people with different valid numbers, always the same ones; all agreed and nobody opted out."""
    for n in range(count):
        prefix, rest = _PREFIXES[n % len(_PREFIXES)], n // len(_PREFIXES)
        name = f"{_FAMILIES[n % 12]} {_MIDDLES[n // 12 % 8]} {_GIVEN[n // 96 % 15]}"
        yield Addressee(f"+84{prefix}{(1_000_003 * rest + 2_345_678) % _EACH_PREFIX:07}", name, "", True, False)


def read_people(data: bytes) -> list[Addressee]:
    """The rows of a CSV with COLUMNS, in their order, empty ones left out. Raises CampaignFileInvalid."""
    rows = _rows(data)
    header = _header(next(rows, []))
    found: list[Addressee] = []
    refusals: dict[str, bool] = {}  # a number that opted out in any of its rows has opted out
    for row in rows:
        cells = [clean(cell).strip() for cell in row]
        if not any(cells):
            continue
        one = _addressee(dict(zip(header, [*cells, *[""] * len(header)], strict=False)))
        if one.phone is not None:
            known = one.phone in refusals
            refusals[one.phone] = refusals.get(one.phone, False) or one.opted_out
            one = replace(one, phone=None, unreachable=DUPLICATE) if known else one
        found.append(one)
    if not found:
        raise CampaignFileInvalid("audience_empty", "không có ai trong danh sách người nhận")
    silent = {phone for phone, refused in refusals.items() if refused}
    return [replace(one, opted_out=True) if one.phone in silent else one for one in found]


def _addressee(cells: Mapping[str, str]) -> Addressee:
    phone = normalise_phone(cells["phone"])
    why = "" if phone else PHONE_INVALID if cells["phone"] else PHONE_MISSING
    has_consent = _word(cells["consent"]) in _YES
    # What nobody understands there may be a refusal: it is taken for one
    opted_out = _word(cells["opted_out"]) not in _NO
    return Addressee(phone, cells["name"][:LONGEST_NAME], cells["commune"], has_consent, opted_out, why)


def _word(cell: str) -> str:
    return " ".join(folded_words(cell)) if any(c.isalnum() for c in cell) else cell.strip("- ✗")


def _rows(data: bytes) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = data[: broken.start].count(b"\n") + 1
        words = f"dòng {line} của tệp CSV không phải mã UTF-8. Mở bằng Excel, lưu thành kiểu “CSV UTF-8”"
        raise CampaignFileInvalid("csv_encoding", words) from None
    first = text.partition("\n")[0]
    separator = max((",", ";", "\t"), key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    except csv.Error as broken:
        raise CampaignFileInvalid("csv_unreadable", f"không đọc được tệp CSV ({broken})") from None


def _header(names: list[str]) -> list[str]:
    header = ["_".join(clean(name).strip().lower().replace("_", " ").split()) for name in names]
    if missing := [column for column in COLUMNS if column not in header]:
        words = f"tệp CSV thiếu cột {', '.join(missing)}. Các cột: {','.join(COLUMNS)}"
        raise CampaignFileInvalid("columns_missing", words)
    if twice := [column for column in COLUMNS if header.count(column) > 1]:
        raise CampaignFileInvalid("columns_twice", f"tệp CSV có cột {twice[0]} hai lần. Giữ một cột")
    return header
