"""What a list of shops does: new people with their shops, known ones filled up, consents with their proof.

A list fills what is not known and overwrites nothing; a number and a tax code of two different shops are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from programme import shops
from programme.file_imports import Taken
from programme.list_consents import Said, give_consents, said_of, weigh_consents
from programme.shop_file import CheckedRow
from programme.shop_matching import Listed, Match, Matching, known_people
from programme.shops import ShopFacts
from store.contacts import Contacts, Person
from store.crypto import Keyring


@dataclass
class ShopTaker:
    """Of one file. A slice costs the same few statements however many of its rows are known already."""

    keyring: Keyring
    import_id: int
    province: str
    _foreseen: Matching | None = field(default=None, init=False)

    def take(self, connection: Connection, rows: Sequence[CheckedRow], now: datetime) -> list[Taken]:
        """See programme.file_imports.Taker."""
        listed, said = self._listed(connection, rows)
        matching = Matching(shops.import_source(self.import_id))
        matching.learn(known_people(connection, listed))
        matches = [matching.match(one, said[one.phone_key].is_erased) for one in listed]
        self._keep(connection, matches, now)
        return _taken(matches, give_consents(connection, matches, said))

    def foresee(self, connection: Connection, rows: Sequence[CheckedRow]) -> list[Taken]:
        """See programme.file_imports.Taker."""
        listed, said = self._listed(connection, rows)
        if self._foreseen is None:
            self._foreseen = Matching(shops.import_source(self.import_id))
        self._foreseen.learn(known_people(connection, listed))
        matches = [self._foreseen.match(one, said[one.phone_key].is_erased) for one in listed]
        return _taken(matches, weigh_consents(connection, matches, said)[1])

    def _listed(self, connection: Connection, rows: Sequence[CheckedRow]) -> tuple[list[Listed], dict[bytes, Said]]:
        listed = [Listed.of(row, self.keyring) for row in rows]
        return listed, said_of(connection, [one.phone_key for one in listed])

    def _keep(self, connection: Connection, matches: Sequence[Match], now: datetime) -> None:
        contacts, source = Contacts(connection, self.keyring), shops.import_source(self.import_id)
        fresh = [match for match in matches if match.outcome == "created"]
        people = [Person(match.listed.row.owner, match.listed.row.phone) for match in fresh]
        for match, id_ in zip(fresh, contacts.add_many(now, people), strict=True):
            match.known.contact_id = id_
        listed = [(match.contact_id, self._facts(match.listed.row)) for match in fresh]
        shops.add_many(connection, self.keyring, listed, source, now)
        merged = [match for match in matches if match.outcome == "merged"]
        filled = [(match.contact_id, self._facts(match.listed.row)) for match in merged]
        shops.fill_many(connection, self.keyring, filled, source, now)
        for match in merged:
            if match.fills_phone:
                contacts.set_phone(match.contact_id, match.listed.row.phone)
            if match.fills_name and match.listed.row.owner:
                contacts.set_name(match.contact_id, match.listed.row.owner)

    def _facts(self, row: CheckedRow) -> ShopFacts:
        return ShopFacts(row.shop, row.tax_code, self.province, row.commune, row.trade)


def _taken(matches: Sequence[Match], remarks: dict[int, str]) -> list[Taken]:
    """Of somebody who was erased not even the cells of a refused row are kept."""
    taken = []
    for match in matches:
        row = match.listed.row
        reason = match.reason or remarks.get(row.line) or row.remark
        keeps = match.outcome == "refused" and reason != "erased"
        taken.append(Taken(row.line, match.outcome, reason, row if keeps else None))
    return taken
