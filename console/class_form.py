"""The form of a class: the cells of a row of the officers' file, checked by the same rules."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import FormData

from console.context import ConsoleContext
from console.forms import text_field
from console.roles import Role
from console.sessions import SignedIn
from programme.class_file import COLUMNS, CellInvalid, ClassFile
from programme.classes import TrainingClass

LONGEST_FIELD = 300


def read_cells(form: FormData) -> dict[str, str]:
    """What was typed, by the columns of programme/class_file.py. Raises Problem 422."""
    return {key: text_field(form, key, LONGEST_FIELD) for key in COLUMNS}


def cells_of(context: ConsoleContext, one: TrainingClass) -> dict[str, str]:
    """A class as it would be typed."""
    starts_at = one.starts_at.astimezone(context.clock.timezone)
    return {
        "ngay": f"{starts_at:%Y-%m-%d}",
        "gio": f"{starts_at:%H:%M}",
        "noi_hoc": one.place,
        "chu_de": one.topic.value,
        "ten_lop": one.title,
        "xa_phuong": one.commune or "",
        "so_cho": str(one.seats),
    }


def read_class(context: ConsoleContext, person: SignedIn, cells: Mapping[str, str]) -> TrainingClass:
    """The class that the cells describe, if `person` may enter it. Raises CellInvalid; code not_your_commune."""
    reader = ClassFile(context.content.communes, context.province, context.clock.timezone, context.clock.now())
    one = reader.read_row(cells)
    if person.role is Role.COMMUNE and not person.may_see(one.commune):
        raise CellInvalid("not_your_commune", "không thuộc xã/phường của anh/chị")
    return one
