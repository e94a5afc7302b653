"""Lists of telephone numbers: of people who refused messages, and the register of numbers that must not be advertised
to (Decree 91/2020/NĐ-CP, article 7). Whose number it is does not matter, nor whether anybody here has it.

Who refused in a list is sent no confirmation: it was refused elsewhere, and the confirmation that article 16 wants is
due to whoever refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from programme import links, opt_outs
from programme.consents import NEWS_CONSENT
from programme.file_imports import Taken
from programme.list_consents import CHANNEL, Said, said_of
from programme.shop_file import NumberRow
from store import forgotten
from store.crypto import Keyring
from store.database import insert_many
from store.registry_tables import do_not_call
from store.tables import consent, contact, opt_out


@dataclass(frozen=True)
class _Slice:
    """What is known of a slice's numbers. `people`: contacts with the number; `refused`: those who refused already;
    `agreed_at`: when somebody agreed to invitations, the newest."""

    keys: dict[str, bytes]
    said: dict[bytes, Said]
    people: dict[bytes, list[int]]
    refused: set[int]
    agreed_at: dict[int, datetime]


@dataclass
class OptOutTaker:
    """`at`: when they refused. Whoever agreed again after that, by an own word or a newer list, is left alone."""

    keyring: Keyring
    at: datetime
    _foreseen: set[bytes] = field(default_factory=set, init=False)

    def take(self, connection: Connection, rows: Sequence[NumberRow], now: datetime) -> list[Taken]:
        """See programme.file_imports.Taker."""
        known, done = self._look(connection, rows), set[bytes]()
        taken = [self._judge(row, known, done) for row in rows]
        strangers = []
        phones = {key: phone for phone, key in known.keys.items()}
        for key in sorted(done):
            if known.people.get(key):
                opt_outs.stop(connection, self.keyring, self.at, CHANNEL, phone=phones[key])
            else:
                strangers.append(key)
        forgotten.record_each(connection, self.at, forgotten.Kind.OPT_OUT, strangers)
        return taken

    def foresee(self, connection: Connection, rows: Sequence[NumberRow]) -> list[Taken]:
        """See programme.file_imports.Taker."""
        known = self._look(connection, rows)
        return [self._judge(row, known, self._foreseen) for row in rows]

    def _look(self, connection: Connection, rows: Sequence[NumberRow]) -> _Slice:
        keys = {phone: forgotten.phone_key(self.keyring, phone) for row in rows for phone in row.phones}
        found: dict[bytes, list[int]] = {}
        theirs = select(contact.c.phone_key, contact.c.id).where(contact.c.phone_key.in_(list(keys.values())))
        for key, id_ in connection.execute(theirs):
            found.setdefault(bytes(key), []).append(id_)
        linked = links.people_of(connection, [one for ids in found.values() for one in ids])
        people = {key: sorted({other for one in ids for other in linked[one]}) for key, ids in found.items()}
        everybody = sorted({one for ids in people.values() for one in ids})
        refused = select(opt_out.c.contact_id).where(opt_out.c.contact_id.in_(everybody))
        agreed = select(consent.c.contact_id, consent.c.given_at).where(
            consent.c.contact_id.in_(everybody), consent.c.purpose == NEWS_CONSENT, consent.c.withdrawn_at.is_(None)
        )
        return _Slice(
            keys,
            said_of(connection, list(keys.values())),
            people,
            set(connection.scalars(refused)) if everybody else set(),
            {row.contact_id: row.given_at for row in connection.execute(agreed.order_by(consent.c.given_at))},
        )

    def _judge(self, row: NumberRow, known: _Slice, done: set[bytes]) -> Taken:
        """Several numbers of one row: it is taken when one of them is. `done`: numbers that are refused with it."""
        reasons = []
        for key in (known.keys[phone] for phone in row.phones):
            reason = self._why_not(key, known, done)
            if not reason:
                done.add(key)
            reasons.append(reason)
        reason = "" if "" in reasons else next((one for one in reasons if one == "came_back"), reasons[0])
        outcome = {"": "created", "came_back": "refused"}.get(reason, "merged")
        return Taken(row.line, outcome, reason, row if outcome == "refused" else None)

    def _why_not(self, key: bytes, known: _Slice, done: set[bytes]) -> str:
        word, people = known.said[key], known.people.get(key, [])
        if key in done:
            return "duplicate_in_file"
        later = [known.agreed_at[one] for one in people if one in known.agreed_at]
        if word.resumed_at is not None and not word.is_opted_out:
            later.append(word.resumed_at)
        if any(at > self.at for at in later):
            return "came_back"
        if word.is_opted_out or any(one in known.refused for one in people):
            return "stopped_already"
        return ""


@dataclass
class DoNotCallTaker:
    """`source`: which list it is; `at`: of which day."""

    keyring: Keyring
    source: str
    at: datetime
    _foreseen: set[bytes] = field(default_factory=set, init=False)

    def take(self, connection: Connection, rows: Sequence[NumberRow], now: datetime) -> list[Taken]:
        """See programme.file_imports.Taker."""
        done: set[bytes] = set()
        taken = self._judged(connection, rows, done)
        new = [{"phone_key": key, "source": self.source, "listed_at": self.at} for key in sorted(done)]
        insert_many(connection, do_not_call, new)
        return taken

    def foresee(self, connection: Connection, rows: Sequence[NumberRow]) -> list[Taken]:
        """See programme.file_imports.Taker."""
        return self._judged(connection, rows, self._foreseen)

    def _judged(self, connection: Connection, rows: Sequence[NumberRow], done: set[bytes]) -> list[Taken]:
        keys = {phone: forgotten.phone_key(self.keyring, phone) for row in rows for phone in row.phones}
        there = select(do_not_call.c.phone_key).where(do_not_call.c.phone_key.in_(list(keys.values())))
        listed = {bytes(key) for key in connection.scalars(there)}
        taken = []
        for row in rows:
            own = {keys[phone] for phone in row.phones}
            fresh = own - listed - done
            done |= fresh
            reason = "" if fresh else "listed_already" if own & listed else "duplicate_in_file"
            taken.append(Taken(row.line, "merged" if reason else "created", reason))
        return taken
