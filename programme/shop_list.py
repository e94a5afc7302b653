"""The registry as people look through it: part by part, narrowed to a commune, a number, a tax code or an owner's name.

Numbers and tax codes are found whole, by their keyed hash; names by whole words, whatever their accents.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, false, or_, select

from programme.tax_codes import TaxCodeInvalid, read_tax_code
from store.contacts import normalise_phone
from store.crypto import Keyring
from store.tables import contact, contact_name_word, shop

PAGE = 50


@dataclass(frozen=True)
class Wanted:
    """`commune`: a code, "": all. `text`: a number, a tax code or words of the owner's name."""

    province: str
    commune: str = ""
    text: str = ""


@dataclass(frozen=True)
class ShopRow:
    """A shop and whose it is. `phone` in E.164; `version`: when it was changed last, None: never."""

    id: int
    contact_id: int
    name: str | None
    owner: str | None
    phone: str | None
    tax_code: str | None
    province: str | None
    commune: str | None
    trade: str | None
    source: str | None
    created_at: datetime
    version: datetime | None


_ROWS = select(shop, contact.c.name.label("owner"), contact.c.phone).join(contact, contact.c.id == shop.c.contact_id)


def table(
    connection: Connection, keyring: Keyring, wanted: Wanted, after: int | None = None, most: int = PAGE + 1
) -> list[ShopRow]:
    """At most `most` of them, the newest first. `after`: the shop that the page before ended with."""
    rows = _ROWS.where(here(wanted.province), *_conditions(keyring, wanted)).order_by(shop.c.id.desc())
    if after is not None:
        rows = rows.where(shop.c.id < after)
    return [_read(row) for row in connection.execute(rows.limit(most)).mappings()]


def one(connection: Connection, shop_id: int, province: str) -> ShopRow | None:
    """The shop with this number, if it is of the province or its province is not known."""
    row = connection.execute(_ROWS.where(shop.c.id == shop_id, here(province))).mappings().first()
    return _read(row) if row else None


def here(province: str) -> ColumnElement[bool]:
    return or_(shop.c.province == province, shop.c.province.is_(None))


def _conditions(keyring: Keyring, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.commune:
        found.append(shop.c.commune == wanted.commune)
    if wanted.text:
        found.append(_says(keyring, wanted.text))
    return found


def _says(keyring: Keyring, text: str) -> ColumnElement[bool]:
    """Ten digits may be a number and a tax code."""
    either: list[ColumnElement[bool]] = []
    if phone := normalise_phone(text):
        either.append(contact.c.phone_hash == keyring.hash(phone, "phone"))
    with suppress(TaxCodeInvalid):
        either.append(shop.c.tax_code_hash == keyring.hash(read_tax_code(text), "tax_code"))
    if either:
        return or_(*either)
    words = sorted(keyring.name_words(text))
    own = contact_name_word.c.contact_id == shop.c.contact_id
    return and_(*(exists().where(own, contact_name_word.c.word_hash == word) for word in words)) if words else false()


def _read(row: RowMapping) -> ShopRow:
    names = (name for name in ShopRow.__dataclass_fields__ if name != "version")
    return ShopRow(**{name: row[name] for name in names}, version=row["updated_at"])
