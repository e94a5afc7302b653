"""Whose row of a list it is: found by number and tax code among the people the registry knows and those of the rows
before it. Decides only; programme/shop_import.py writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from programme.shop_file import CheckedRow
from store.crypto import Keyring
from store.forgotten import phone_key
from store.tables import contact, shop


@dataclass
class Known:
    """A person with a shop or without. `contact_id` None: comes with this slice and has none yet."""

    contact_id: int | None
    phone: bytes | None
    tax_code: bytes | None
    has_name: bool
    source: str | None


@dataclass(frozen=True)
class Listed:
    """A row with what it is found by."""

    row: CheckedRow
    phone: bytes
    tax_code: bytes | None
    phone_key: bytes

    @classmethod
    def of(cls, row: CheckedRow, keyring: Keyring) -> Listed:
        code = keyring.hash(row.tax_code, "tax_code") if row.tax_code else None
        return cls(row, keyring.hash(row.phone, "phone"), code, phone_key(keyring, row.phone))


@dataclass(frozen=True)
class Match:
    """`outcome`: created | merged | refused. `known`: whose row it is, of a refused one nobody's."""

    listed: Listed
    outcome: str
    reason: str
    known: Known
    fills_phone: bool = False
    fills_name: bool = False

    @property
    def contact_id(self) -> int:
        if self.known.contact_id is None:
            raise RuntimeError("the person was not written yet")
        return self.known.contact_id


def known_people(connection: Connection, listed: Sequence[Listed]) -> list[Known]:
    """Everybody with one of these numbers or tax codes; those with a shop first."""
    phones = {one.phone for one in listed}
    codes = {one.tax_code for one in listed if one.tax_code}
    of = contact.outerjoin(shop, shop.c.contact_id == contact.c.id)
    columns = contact.c.id, contact.c.phone_hash, shop.c.tax_code_hash, contact.c.name, shop.c.source, shop.c.id
    # Two statements: each then finds its own index
    found = {
        row[0]: row
        for column, values in ((contact.c.phone_hash, phones), (shop.c.tax_code_hash, codes))
        if values
        for row in connection.execute(select(*columns).select_from(of).where(column.in_(values)))
    }
    rows = sorted(found.values(), key=lambda row: (row[5] is None, row[0]))
    return [Known(id_, phone, code, name is not None, source) for id_, phone, code, name, source, _ in rows]


class Matching:
    """Rows one after the other. `source`: how shops of this very file are marked."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._by_phone: dict[bytes, list[Known]] = {}
        self._by_code: dict[bytes, list[Known]] = {}
        self._people: set[int] = set()

    def learn(self, people: Sequence[Known]) -> None:
        """Who the registry knows; who is here already stays as the rows before have made them."""
        for one in people:
            if one.contact_id is not None and one.contact_id not in self._people:
                self._people.add(one.contact_id)
                self._note(one)

    def match(self, listed: Listed, is_erased: bool) -> Match:
        """Whose row it is. `is_erased`: who has this number wanted to be forgotten, and came back by no own word."""
        owners = self._by_phone.get(listed.phone, [])
        holders = self._by_code.get(listed.tax_code, []) if listed.tax_code else []
        if not owners and not holders:
            new = Known(None, listed.phone, listed.tax_code, bool(listed.row.owner), self._source)
            if is_erased:
                return Match(listed, "refused", "erased", new)
            self._note(new)
            return Match(listed, "created", "", new)
        both = [one for one in owners if any(one is other for other in holders)]
        one = (both or holders or owners)[0]
        if reason := self._why_not(listed, owners, holders, one, bool(both)):
            return Match(listed, "refused", reason, one)
        fills = one.phone is None, not one.has_name
        is_of_this_file = one.contact_id is None or one.source == self._source
        one.has_name = one.has_name or bool(listed.row.owner)
        if one.phone is None or (one.tax_code is None and listed.tax_code):
            one.phone, one.tax_code = listed.phone, one.tax_code or listed.tax_code
            self._note(one)
        return Match(listed, "merged", "duplicate_in_file" if is_of_this_file else "in_base", one, *fills)

    def _why_not(
        self, listed: Listed, owners: Sequence[Known], holders: Sequence[Known], one: Known, agree: bool
    ) -> str:
        if agree:
            return ""
        if owners and holders:
            return "two_shops"
        if holders:
            return "other_phone" if one.phone is not None else ""
        return "other_tax_code" if listed.tax_code and one.tax_code not in (None, listed.tax_code) else ""

    def _note(self, one: Known) -> None:
        for index, key in ((self._by_phone, one.phone), (self._by_code, one.tax_code)):
            if key is not None and not any(one is other for other in index.setdefault(key, [])):
                index[key].append(one)
