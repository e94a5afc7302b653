"""The registry of shops: what is known of each, where it was learnt, and who it is by number or tax code.

A row belongs to one contact. What owners and officers say replaces what was known; a list only fills what was not. All
within the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from store.contacts import Contacts
from store.crypto import Keyring
from store.database import insert_if_new
from store.tables import shop

SURVEY, LEAD, OFFICER = "survey", "lead", "officer"


@dataclass(frozen=True)
class ShopFacts:
    """What is said of a shop; None: nothing. `tax_code` from programme.tax_codes, `commune` a code, `trade` an id."""

    name: str | None = None
    tax_code: str | None = None
    province: str | None = None
    commune: str | None = None
    trade: str | None = None


def import_source(import_id: int) -> str:
    """How `shop.source` names a file that was read in."""
    return f"import {import_id}"


def learn(
    connection: Connection, keyring: Keyring, contact_id: int, said: ShopFacts, source: str, now: datetime
) -> int:
    """Keep what owners (SURVEY, LEAD) or officers say of a contact's shop: it replaces what was known, nothing said
    replaces nothing. The shop's number. `source` is then where the newest of it comes from."""
    return _keep(connection, keyring, contact_id, said, source, now, replaces=True)


def fill(
    connection: Connection, keyring: Keyring, contact_id: int, listed: ShopFacts, source: str, now: datetime
) -> int:
    """Keep what a list says where nothing was known. Place and province go together: of two places the known stays."""
    return _keep(connection, keyring, contact_id, listed, source, now, replaces=False)


def add_many(
    connection: Connection, keyring: Keyring, listed: Sequence[tuple[int, ShopFacts]], source: str, now: datetime
) -> None:
    """Keep what a list says of the shops of contacts that are new with it, all at once."""
    rows = [
        {
            "contact_id": contact_id,
            **{one.name: getattr(said, one.name) for one in fields(said)},
            "tax_code_hash": said.tax_code and keyring.hash(said.tax_code, "tax_code"),
            "source": source,
            "created_at": now,
        }
        for contact_id, said in listed
    ]
    if rows:
        connection.execute(insert(shop), rows)


def with_tax_code(connection: Connection, keyring: Keyring, tax_code: str) -> list[int]:
    """Contacts (ids) whose shop has this tax code."""
    of = shop.c.tax_code_hash == keyring.hash(tax_code, "tax_code")
    return list(connection.scalars(select(shop.c.contact_id).where(of).order_by(shop.c.contact_id)))


def with_phone(connection: Connection, keyring: Keyring, phone: str) -> list[int]:
    """Contacts (ids) with this number, in E.164; those with a shop first."""
    people = Contacts(connection, keyring).with_phone(phone)
    owners = set(connection.scalars(select(shop.c.contact_id).where(shop.c.contact_id.in_(people))))
    return sorted(people, key=lambda one: (one not in owners, one))


def forget_said(connection: Connection, people: list[int], now: datetime) -> None:
    """What these contacts said in a survey, or with a lead, is known no more; what others said of the shop stays."""
    said = update(shop).where(shop.c.contact_id.in_(people), shop.c.source.in_((SURVEY, LEAD)))
    connection.execute(said.values(name=None, province=None, commune=None, trade=None, source=None, updated_at=now))


def _keep(
    connection: Connection,
    keyring: Keyring,
    contact_id: int,
    said: ShopFacts,
    source: str,
    now: datetime,
    replaces: bool,
) -> int:
    insert_if_new(connection, shop, {"contact_id": contact_id, "created_at": now})
    own = select(shop).filter_by(contact_id=contact_id).with_for_update()
    known = connection.execute(own).mappings().one()
    new = {one.name: value for one in fields(said) if (value := getattr(said, one.name)) is not None}
    if not replaces:
        new = {name: value for name, value in new.items() if known[name] is None}
        if known["commune"] is not None or (known["province"] not in (None, said.province)):
            new = {name: value for name, value in new.items() if name not in ("province", "commune")}
    changed = {name: value for name, value in new.items() if known[name] != value}
    if changed:
        if "tax_code" in changed:
            changed["tax_code_hash"] = keyring.hash(changed["tax_code"], "tax_code")
        if replaces or known["source"] is None:
            changed["source"] = source
        connection.execute(update(shop).filter_by(id=known["id"]).values(**changed, updated_at=now))
    return int(known["id"])
