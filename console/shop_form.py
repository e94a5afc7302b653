"""The form of a shop that somebody adds or corrects by hand: what is typed, read with the rules of lists."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import FormData

from console.forms import text_field
from programme.content import Content
from programme.shop_file import LONGEST
from programme.shop_list import ShopRow
from programme.shops import ShopFacts
from programme.tax_codes import TaxCodeInvalid, read_tax_code
from store.phones import PhoneRefused, phone_for_sms

FIELDS = ("owner", "phone", "shop", "tax_code", "commune", "trade")


@dataclass(frozen=True)
class Typed:
    """`phone` in E.164, "" where it stays as it is. `problem`: of a field, "" when nothing is wrong."""

    cells: dict[str, str]
    facts: ShopFacts
    phone: str
    problem: str = ""

    @property
    def owner(self) -> str:
        return self.cells["owner"]


EMPTY = dict.fromkeys(FIELDS, "")


def cells_of(row: ShopRow) -> dict[str, str]:
    """As the form shows it; the number is not shown, and stays where none is typed."""
    known = {"owner": row.owner, "shop": row.name, "tax_code": row.tax_code, "commune": row.commune, "trade": row.trade}
    return {"phone": "", **{name: value or "" for name, value in known.items()}}


def read_shop(form: FormData, content: Content, province: str, is_new: bool) -> Typed:
    """What was typed, with the first problem: phone, tax_code, commune, trade, too_long."""
    cells = {name: text_field(form, name, 400) for name in FIELDS}
    nothing, problem, phone, code = ShopFacts(), "", "", None
    if any(len(cells[name]) > LONGEST[name] for name in ("owner", "shop")):
        problem = "too_long"
    if cells["phone"] or is_new:
        try:
            phone = phone_for_sms(cells["phone"])[0].number
        except PhoneRefused:
            problem = problem or "phone"
    if cells["tax_code"]:
        try:
            code = read_tax_code(cells["tax_code"])
        except TaxCodeInvalid:
            problem = problem or "tax_code"
    commune = content.communes.by_code(cells["commune"]) if cells["commune"] else None
    if cells["commune"] and (commune is None or commune.province != province):
        problem = problem or "commune"
    if cells["trade"] and cells["trade"] not in content.trades.trades:
        problem = problem or "trade"
    if problem:
        return Typed(cells, nothing, "", problem)
    facts = ShopFacts(cells["shop"] or None, code, province, cells["commune"] or None, cells["trade"] or None)
    return Typed(cells, facts, phone)
