"""What the commands' options may be: ports, numbers, names, moments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from store.text import clean

# The years that packs and law speak of, with room; far from where datetime ends.
FIRST_YEAR, LAST_YEAR = 2020, 2100
LONGEST_NAME = 80
PORT = click.IntRange(0, 65535)
NUMBER = click.IntRange(1, 2**63 - 1)  # what both databases can hold


class Instant(click.ParamType[datetime]):
    """A moment in ISO-8601; without a zone it is the province's time."""

    name = "ISO-8601"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} không phải là thời điểm theo ISO-8601, ví dụ 2026-11-23T09:00:00+07:00", param, ctx)
        if not FIRST_YEAR <= instant.year <= LAST_YEAR:
            self.fail(f"{value!r} nằm ngoài các năm {FIRST_YEAR}–{LAST_YEAR}", param, ctx)
        return instant


class PersonName(click.ParamType[str]):
    """Who acts: 1 to 80 characters, as the database keeps it."""

    name = "TÊN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        words = clean(str(value)).strip()
        if not 1 <= len(words) <= LONGEST_NAME:
            self.fail(f"tên phải có từ 1 đến {LONGEST_NAME} ký tự", param, ctx)
        return words
