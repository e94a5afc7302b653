"""Consents that a list brings, with their source and day. A later refusal, withdrawal or erasure goes before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from programme import links
from programme.consents import NEWS_CONSENT
from programme.shop_file import Consent
from programme.shop_matching import Match
from store.database import insert_many
from store.forgotten import Kind
from store.forgotten_tables import forgotten as note
from store.forgotten_tables import forgotten_key
from store.tables import consent, opt_out

CHANNEL, BASIS = "list", "consent"
NO_WORDING = 0  # of the hotline's own texts none was agreed to


@dataclass
class Said:
    """Noted of a number. `refused_at`: the latest opt-out or withdrawal, of whatever day; `resumed_at`: when messages
    were wanted again."""

    is_erased: bool = False
    is_opted_out: bool = False
    refused_at: datetime | None = None
    resumed_at: datetime | None = None


def said_of(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, Said]:
    """What is noted of each of these numbers (store.forgotten.phone_key), also where nobody has them any more."""
    found = {key: Said() for key in keys}
    kinds = (Kind.ERASURE, Kind.OPT_OUT, Kind.OPT_IN, Kind.CONSENT_WITHDRAWN)
    notes = (
        select(forgotten_key.c.key, note.c.kind, note.c.at)
        .join(note, note.c.id == forgotten_key.c.forgotten_id)
        .where(forgotten_key.c.key.in_(list(found)), note.c.kind.in_(kinds))
        .where(or_(note.c.kind != Kind.CONSENT_WITHDRAWN, note.c.detail.is_(None)))
        .order_by(note.c.at, note.c.id)
    )
    for key, kind, at in connection.execute(notes):
        one = found[bytes(key)]
        if kind == Kind.OPT_IN:
            one.is_opted_out, one.resumed_at = False, at
            continue
        one.is_erased = one.is_erased or kind == Kind.ERASURE
        one.is_opted_out = one.is_opted_out or kind == Kind.OPT_OUT
        one.refused_at = at
    return found


def give_consents(connection: Connection, matches: Sequence[Match], said: dict[bytes, Said]) -> dict[int, str]:
    """Write the consents of rows that were taken; line → "consent_refused" where a refusal goes before."""
    given, remarks = weigh_consents(connection, matches, said)
    rows = [
        {
            "contact_id": match.contact_id, "purpose": NEWS_CONSENT, "text_version": NO_WORDING, "channel": CHANNEL,
            "basis": BASIS, "source": agreed.source, "given_at": agreed.given_at,
        }
        for match, agreed in given
    ]  # fmt: skip
    insert_many(connection, consent, rows)
    return remarks


def weigh_consents(
    connection: Connection, matches: Sequence[Match], said: dict[bytes, Said]
) -> tuple[list[tuple[Match, Consent]], dict[int, str]]:
    """Which of the consents that rows bring count: one for each person, and none before a refusal. Reads only."""
    bring = [match for match in matches if match.listed.row.consent is not None and match.outcome != "refused"]
    merged = {match.known.contact_id for match in bring if match.outcome == "merged"} - {None}
    known = _Known.of(connection, [id_ for id_ in merged if id_ is not None])
    given: dict[int, tuple[Match, Consent]] = {}  # by whose it is: a person who is new has no number yet
    remarks: dict[int, str] = {}
    for match in bring:
        agreed, word, id_ = match.listed.row.consent, said[match.listed.phone_key], match.known.contact_id
        if agreed is None:
            continue
        is_refused = word.is_opted_out or (word.refused_at is not None and word.refused_at >= agreed.given_at)
        if is_refused or (id_ in merged and known.has_refused(id_, agreed.given_at)):
            remarks[match.listed.row.line] = "consent_refused"
        elif id_ not in known.agreed:
            given.setdefault(id(match.known), (match, agreed))
    return list(given.values()), remarks


@dataclass(frozen=True)
class _Known:
    """Of contacts that were there before: whom else they are, who refused, who withdrew when, who agreed already."""

    people: dict[int, list[int]]
    opted_out: set[int]
    withdrawn: dict[int, datetime]
    agreed: set[int]

    @classmethod
    def of(cls, connection: Connection, ids: Sequence[int]) -> _Known:
        people = links.people_of(connection, ids)
        everybody = sorted({one for group in people.values() for one in group})
        if not everybody:
            return cls({}, set(), {}, set())
        refused = set(connection.scalars(select(opt_out.c.contact_id).where(opt_out.c.contact_id.in_(everybody))))
        own = select(*consent.c["contact_id", "basis", "withdrawn_at"]).where(
            consent.c.contact_id.in_(everybody), consent.c.purpose == NEWS_CONSENT
        )
        withdrawn: dict[int, datetime] = {}
        agreed: set[int] = set()
        for id_, basis, at in connection.execute(own):
            if at is not None:
                withdrawn[id_] = max(at, withdrawn.get(id_, at))
            elif basis == BASIS:
                agreed.add(id_)
        return cls(people, refused, withdrawn, agreed)

    def has_refused(self, id_: int | None, since: datetime) -> bool:
        """At any time, or withdrawn since then."""
        people = self.people.get(id_, []) if id_ is not None else []
        return any(one in self.opted_out or (one in self.withdrawn and self.withdrawn[one] >= since) for one in people)
