"""Something to see on the pages of the registry: a shop with a long name, a list that waits to be started."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, update

from console.context import ConsoleContext
from programme import file_imports, responses, shops
from programme.list_kinds import ListKind
from programme.shops import ShopFacts
from store.contacts import Contacts
from store.registry_tables import file_import

LONG = "ư" * 100


@dataclass(frozen=True)
class Lists:
    """Numbers for addresses."""

    shop: int
    upload: int


def build(connection: Connection, context: ConsoleContext) -> Lists:
    now, contacts = context.clock.now(), Contacts(connection, context.keyring)
    owner = contacts.add(now, LONG)
    contacts.set_phone(owner, "+84912345678")
    responses.give_consent(connection, owner, "programme_news", 1, "webchat", now)
    said = ShopFacts(LONG, "0100109106", "thai-nguyen", "05443", None)
    shop = shops.learn(connection, context.keyring, owner, said, shops.OFFICER, now)
    content = {"content": context.keyring.encrypt_bytes(b"phone\n0912345678\n")}
    upload = file_imports.begin(connection, ListKind.SHOPS, "thai-nguyen", f"{LONG}.csv", content, "Hà", now)
    outline = {"sheets": ["Một", "Hai"], "sheet": "Một", "rows": [[1, ["Điện thoại", LONG]], [2, ["0912345678", LONG]]]}
    waits = {
        "status": "checked",
        "rows": 1,
        "outline": json.dumps(outline),
        "mapping": {"sheet": "Một", "header_row": 1, "columns": {"phone": 0, "shop": 1}},
        "dry": {"created": 1, "merged": 0, "refused": 1, "reasons": [["refused", "consent_refused", 1]]},
    }
    connection.execute(update(file_import).filter_by(id=upload).values(waits))
    return Lists(shop, upload)
