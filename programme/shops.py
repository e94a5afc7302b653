"""The registry of shops: what is known of each, where it was learnt, and who it is by number or tax code.

A row belongs to one contact. What owners and officers say replaces what was known; a list only fills what was not. All
within the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from store.contacts import Contacts
from store.crypto import Keyring
from store.database import insert_many, insert_new
from store.tables import shop

SURVEY, LEAD, OFFICER = "survey", "lead", "officer"
_FILLED = ("name", "tax_code", "tax_code_hash", "province", "commune", "trade", "source")


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
    insert_many(connection, shop, rows)


def fill_many(
    connection: Connection, keyring: Keyring, listed: Sequence[tuple[int, ShopFacts]], source: str, now: datetime
) -> None:
    """`fill` for many contacts, one after the other, in a few statements however many they are."""
    if not listed:
        return
    people = sorted({contact_id for contact_id, _ in listed})
    known = {id_: dict(row) for id_, row in _locked(connection, people, now).items()}
    filled: dict[int, dict[str, Any]] = {}
    for contact_id, facts in listed:
        row = known[contact_id]
        changed = _changes(row, facts, replaces=False)
        if changed:
            row |= changed | _found_by(keyring, changed) | {"source": row["source"] or source}
            filled[contact_id] = {"of": row["id"], **{f"new_{name}": row[name] for name in _FILLED}}
    if filled:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _FILLED}
        connection.execute(
            update(shop).where(shop.c.id == bindparam("of")).values(**values, updated_at=now), list(filled.values())
        )


def learn_place(
    connection: Connection, contact_id: int, province: str, commune: str, source: str, now: datetime
) -> None:
    """Keep where a contact's shop is, when an owner (LEAD) or an officer says nothing else of it."""
    known = _locked(connection, [contact_id], now)[contact_id]
    if (known["province"], known["commune"]) != (province, commune):
        moved = update(shop).filter_by(id=known["id"])
        connection.execute(moved.values(province=province, commune=commune, source=source, updated_at=now))


def correct(
    connection: Connection, keyring: Keyring, shop_id: int, facts: ShopFacts, seen: datetime | None, now: datetime
) -> bool:
    """What an officer says the shop is, whole: what is None is known no more. `seen`: the row's `updated_at` as they
    saw it; False when somebody has changed it since, and then nothing is kept."""
    known = connection.execute(select(shop).filter_by(id=shop_id).with_for_update()).mappings().one()
    if known["updated_at"] != seen:
        return False
    new = {one.name: getattr(facts, one.name) for one in fields(facts)}
    changed = {name: value for name, value in new.items() if known[name] != value}
    changed |= _found_by(keyring, changed)
    connection.execute(update(shop).filter_by(id=shop_id).values(**changed, source=OFFICER, updated_at=now))
    return True


def with_tax_code(connection: Connection, keyring: Keyring, tax_code: str) -> list[int]:
    """Contacts (ids) whose shop has this tax code."""
    of = shop.c.tax_code_hash == keyring.hash(tax_code, "tax_code")
    return list(connection.scalars(select(shop.c.contact_id).where(of).order_by(shop.c.contact_id)))


def with_phone(connection: Connection, keyring: Keyring, phone: str) -> list[int]:
    """Contacts (ids) with this number, in E.164; those with a shop first."""
    people = Contacts(connection, keyring).with_phone(phone)
    owners = set(connection.scalars(select(shop.c.contact_id).where(shop.c.contact_id.in_(people))))
    return sorted(people, key=lambda one: (one not in owners, one))


def of_contacts(connection: Connection, people: Sequence[int]) -> int | None:
    """A shop (its number) of one of these contacts."""
    return connection.scalar(select(shop.c.id).where(shop.c.contact_id.in_(people)).order_by(shop.c.id).limit(1))


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
    known = _locked(connection, [contact_id], now)[contact_id]
    changed = _changes(dict(known), said, replaces)
    if changed:
        changed |= _found_by(keyring, changed)
        if replaces or known["source"] is None:
            changed["source"] = source
        connection.execute(update(shop).filter_by(id=known["id"]).values(**changed, updated_at=now))
    return int(known["id"])


def _locked(connection: Connection, people: Sequence[int], now: datetime) -> dict[int, RowMapping]:
    """The rows of these contacts' shops by contact, held until the end; who had none has one then."""
    own = select(shop).where(shop.c.contact_id.in_(people)).order_by(shop.c.contact_id).with_for_update()
    found = {row["contact_id"]: row for row in connection.execute(own).mappings()}
    missing = [{"contact_id": one, "created_at": now} for one in people if one not in found]
    if missing:
        insert_new(connection, shop, missing)
        found = {row["contact_id"]: row for row in connection.execute(own).mappings()}
    return found


def _changes(known: Mapping[str, Any], said: ShopFacts, replaces: bool) -> dict[str, Any]:
    new = {one.name: value for one in fields(said) if (value := getattr(said, one.name)) is not None}
    if not replaces:
        new = {name: value for name, value in new.items() if known[name] is None}
        if known["commune"] is not None or (known["province"] not in (None, said.province)):
            new = {name: value for name, value in new.items() if name not in ("province", "commune")}
    return {name: value for name, value in new.items() if known[name] != value}


def _found_by(keyring: Keyring, changed: Mapping[str, Any]) -> dict[str, Any]:
    """What a changed tax code is found by."""
    if "tax_code" not in changed:
        return {}
    code = changed["tax_code"]
    return {"tax_code_hash": None if code is None else keyring.hash(code, "tax_code")}
