"""What may be read in from a file: shops, people who refused messages, numbers that must not be advertised to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from programme.content import Content
from programme.file_imports import AnyRow, Taker
from programme.number_import import DoNotCallTaker, OptOutTaker
from programme.paper_sheet import Row
from programme.shop_columns import Columns
from programme.shop_file import NumberRows, ShopRows
from programme.shop_import import ShopTaker
from store.crypto import Keyring


class ListKind(StrEnum):
    """As file_import.kind has it."""

    SHOPS = "shops"
    OPT_OUTS = "opt_outs"
    DO_NOT_CALL = "do_not_call"


class Checker(Protocol):
    """Makes a checked row, or a refused one, of what stands in a file."""

    def check(self, row: Row) -> AnyRow: ...


@dataclass(frozen=True)
class Basis:
    """What shows it, and since when: that everybody in a list of shops agreed to invitations, or where a list of
    refusals is from."""

    source: str
    day: date

    def as_json(self, kind: str) -> dict[str, Any]:
        """As file_import.basis has it."""
        consent = {"basis": "consent"} if kind == ListKind.SHOPS else {}
        return {**consent, "source": self.source, "day": self.day.isoformat()}


def basis_of(said: dict[str, Any] | None) -> Basis | None:
    return Basis(said["source"], date.fromisoformat(said["day"])) if said else None


@dataclass(frozen=True)
class ListReading:
    """One file's kind and what is known of it: makes what checks its rows and what takes them."""

    content: Content
    keyring: Keyring
    timezone: ZoneInfo
    kind: str
    province: str
    basis: Basis | None

    def checker(self, columns: Columns, today: date) -> Checker:
        if self.kind != ListKind.SHOPS:
            return NumberRows(columns)
        source, day = (self.basis.source, self.basis.day) if self.basis else (None, None)
        return ShopRows(self.content, self.province, self.timezone, today, columns, source, day)

    def taker(self, import_id: int, now: datetime) -> Taker:
        """`now`: stands for the day of a list of refusals while nobody has said it, which a dry run bears."""
        if self.kind == ListKind.SHOPS:
            return ShopTaker(self.keyring, import_id, self.province)
        at = datetime.combine(self.basis.day, time(), self.timezone) if self.basis else now
        if self.kind == ListKind.OPT_OUTS:
            return OptOutTaker(self.keyring, at)
        return DoNotCallTaker(self.keyring, self.basis.source if self.basis else "", at)
