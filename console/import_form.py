"""The forms of a list that is read in: which column is what, and what shows that its people agreed or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from openpyxl.utils.cell import get_column_letter
from starlette.datastructures import FormData

from console.forms import text_field
from programme.file_imports import AT_CHOICE, Import
from programme.list_kinds import Basis, ListKind
from programme.shop_columns import FIELDS, given_columns
from programme.shop_file import LONGEST

MOST_SHOWN = 5


@dataclass(frozen=True)
class Choice:
    """What may be chosen. `columns`: index, letter, name and an example of each; `preview`: line and cells of the
    fields that have a column, by `fields`; `chosen`: field → index."""

    sheets: tuple[str, ...]
    sheet: str | None
    header_row: int
    fields: tuple[str, ...]
    columns: tuple[tuple[int, str, str, str], ...]
    chosen: Mapping[str, int]
    preview: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def mapped(self) -> tuple[str, ...]:
        """Fields that have a column."""
        return tuple(name for name in self.fields if name in self.chosen)


def columns_form(one: Import) -> Choice | None:
    """None while nothing is to be chosen."""
    if one.status not in AT_CHOICE or one.outline is None:
        return None
    outline, mapping = json.loads(one.outline), one.mapping or {}
    rows: list[tuple[int, list[str]]] = [(line, cells) for line, cells in outline["rows"]]
    chosen, header_row = dict(mapping.get("columns", {})), int(mapping.get("header_row", _likely_header(rows)))
    fields = fields_of(one.kind)
    behind = [(line, cells) for line, cells in rows if line > header_row]
    preview = [
        (line, tuple(_cell(cells, chosen[name]) for name in fields if name in chosen))
        for line, cells in behind[:MOST_SHOWN]
    ]
    header = next((cells for line, cells in rows if line == header_row), [])
    columns = [
        (index, get_column_letter(index + 1), _cell(header, index), _example(behind, index))
        for index in range(max((len(cells) for _, cells in rows), default=0))
    ]
    sheets = tuple(outline["sheets"])
    return Choice(sheets, outline["sheet"], header_row, fields, tuple(columns), chosen, tuple(preview))


def seen_of(one: Import) -> str:
    """A digest of what a page shows before the start: by which columns, and what that would do."""
    return sha256(json.dumps([one.mapping, one.dry], sort_keys=True).encode()).hexdigest()


def fields_of(kind: str) -> tuple[str, ...]:
    return tuple(FIELDS) if kind == ListKind.SHOPS else ("phone",)


def read_kind(form: FormData) -> ListKind | None:
    typed = text_field(form, "kind", 20)
    return ListKind(typed) if typed in set(ListKind) else None


def read_columns(form: FormData, kind: str, choice: Choice) -> tuple[dict[str, Any], bool]:
    """The mapping as file_import has it, and whether it is of another sheet, of which nothing else is known yet. Raises
    TableInvalid."""
    sheet, number = choice.sheet, _number(text_field(form, "sheet", 3))
    if 0 <= number < len(choice.sheets) and choice.sheets[number] != sheet:
        return {"sheet": choice.sheets[number]}, True
    typed = {name: text_field(form, f"column_{name}", 3) for name in fields_of(kind)}
    columns = {name: _number(value) for name, value in typed.items() if value}
    given = given_columns(
        {"sheet": sheet, "header_row": _number(text_field(form, "header_row", 5)), "columns": columns}
    )
    return given.as_json(), False


def read_basis(form: FormData, kind: str, today: date) -> tuple[dict[str, Any] | None, str]:
    """What is stated, and what is wrong with it: basis, source, day."""
    typed = text_field(form, "basis", 10)
    if kind == ListKind.SHOPS and typed != "list":
        return None, "" if typed == "none" else "basis"
    source = text_field(form, "source", 400)
    if not source or len(source) > LONGEST["consent_source"]:
        return None, "source"
    try:
        day = date.fromisoformat(text_field(form, "day", 10))
    except ValueError:
        return None, "day"
    if day > today or day.year < 2000:
        return None, "day"
    return Basis(source, day).as_json(kind), ""


def _number(text: str) -> int:
    """-1, which is no column and no row, for what is no number."""
    return int(text) if text.isascii() and text.isdigit() else -1


def _likely_header(rows: Sequence[tuple[int, Sequence[str]]]) -> int:
    """The first row with several cells, where none was recognised."""
    return next((line for line, cells in rows if sum(map(bool, cells)) > 1), 0)


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def _example(rows: Sequence[tuple[int, Sequence[str]]], index: int) -> str:
    return next((cells[index] for _, cells in rows if index < len(cells) and cells[index]), "")
