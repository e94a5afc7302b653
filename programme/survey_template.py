"""The empty sheet into which paper forms are typed, with instructions; `survey_paper.py` reads it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from openpyxl.utils.cell import get_column_letter

from programme.safe_cells import append_row, new_book, save_book
from programme.survey.definition import NA, Item, Survey
from programme.survey.paper import printed_options
from programme.survey_paper import COLUMNS, DAY, OFFICER, VERSION

_TEXT = "@"  # typed in other cells, "1,3" would become a number and "3/5" a day
_WIDTHS = (14, 60, 80)
_HOW = {
    "multi_choice": "Ghi số thứ tự, chọn nhiều thì cách nhau bằng dấu phẩy (1,3). Để trống: không trả lời.",
    "choice": "Ghi số thứ tự của lựa chọn.",
    "scale": "Ghi một số.",
    "text": "Ghi bằng chữ.",
    "phone_vn": "Ghi số điện thoại; không cho thì để trống.",
    "commune_lookup": "Ghi tên xã/phường (ví dụ: xã Tân Cương) hoặc mã.",
    "choice_list": "Ghi tên mặt hàng chính, ví dụ: tạp hóa.",
}


def write_template(survey: Survey, path: Path) -> None:
    """Two sheets: the header row to type under, and what each column wants. Raises OSError."""
    book = new_book()
    form = book.create_sheet("Phiếu")
    opening = [item.id for item in survey.items if item.section == "opening"]
    rest = [item.id for item in survey.items if item.section != "opening"]
    header = [*opening, DAY, OFFICER, VERSION, *rest]
    for place in range(1, len(header) + 1):
        form.column_dimensions[get_column_letter(place)].number_format = _TEXT
    form.freeze_panes = "A2"
    append_row(form, header)
    guide = book.create_sheet("Hướng dẫn")
    for place, width in enumerate(_WIDTHS, 1):
        guide.column_dimensions[get_column_letter(place)].width = width
    for row in (("Cột", "Câu hỏi", "Cách ghi"), *_columns(survey), *_items(survey)):
        append_row(guide, row)
    save_book(book, path)


def _columns(survey: Survey) -> Iterator[tuple[str, str, str]]:
    yield DAY, COLUMNS[DAY], "Ngày làm phiếu, ví dụ 05/12/2026. Bắt buộc."
    yield OFFICER, COLUMNS[OFFICER], "Tên cán bộ nhập phiếu. Bắt buộc."
    yield VERSION, COLUMNS[VERSION], f"Bản in trên phiếu, ví dụ {survey.version}; để trống là bản mới nhất."


def _items(survey: Survey) -> Iterator[tuple[str, str, str]]:
    for item in survey.items:
        numbered = [f"{place}) {option.words.vi}" for place, option in enumerate(printed_options(item), 1)]
        yield item.id, item.text.vi, " ".join([*_how(item), *numbered])


def _how(item: Item) -> Iterator[str]:
    yield _HOW[item.kind]
    not_applicable = item.option(NA)
    if not_applicable is not None:
        yield f"NA: {not_applicable.words.vi}."
    if item.section == "question":
        yield "Để trống: không trả lời."
    elif item.required:
        yield "Bắt buộc."
