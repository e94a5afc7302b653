"""Consents that a list brings, with their source and day. A later refusal, withdrawal or erasure goes before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select

from programme import links
from programme.consents import NEWS_CONSENT
from programme.shop_matching import Match
from store.forgotten import Kind
from store.forgotten_tables import forgotten as note
from store.forgotten_tables import forgotten_key
from store.tables import consent, opt_out

CHANNEL, BASIS = "list", "consent"
NO_WORDING = 0  # of the hotline's own texts none was agreed to


@dataclass
class Said:
    """Noted of a number. `refused_at`: the latest opt-out or withdrawal, of whatever day."""

    is_erased: bool = False
    is_opted_out: bool = False
    refused_at: datetime | None = None


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
            one.is_opted_out = False
            continue
        one.is_erased = one.is_erased or kind == Kind.ERASURE
        one.is_opted_out = one.is_opted_out or kind == Kind.OPT_OUT
        one.refused_at = at
    return found


def give_consents(connection: Connection, matches: Sequence[Match], said: dict[bytes, Said]) -> dict[int, str]:
    """Write the consents of rows that were taken; line → "consent_refused" where a refusal goes before."""
    remarks: dict[int, str] = {}
    new: dict[int, dict[str, object]] = {}
    for match in matches:
        given, word = match.listed.row.consent, said[match.listed.phone_key]
        if given is None or match.outcome == "refused":
            continue
        is_refused = word.is_opted_out or (word.refused_at is not None and word.refused_at >= given.given_at)
        if is_refused or (match.outcome == "merged" and _refused(connection, match.contact_id, given.given_at)):
            remarks[match.listed.row.line] = "consent_refused"
        elif match.contact_id not in new and (match.outcome == "created" or not _has(connection, match.contact_id)):
            new[match.contact_id] = {
                "contact_id": match.contact_id, "purpose": NEWS_CONSENT, "text_version": NO_WORDING, "channel": CHANNEL,
                "basis": BASIS, "source": given.source, "given_at": given.given_at,
            }  # fmt: skip
    if new:
        connection.execute(insert(consent), list(new.values()))
    return remarks


def _refused(connection: Connection, contact_id: int, since: datetime) -> bool:
    people = links.person(connection, contact_id)
    if connection.scalar(select(opt_out.c.contact_id).where(opt_out.c.contact_id.in_(people)).limit(1)) is not None:
        return True
    withdrawn = select(consent.c.id).where(
        consent.c.contact_id.in_(people), consent.c.purpose == NEWS_CONSENT, consent.c.withdrawn_at >= since
    )
    return connection.scalar(withdrawn.limit(1)) is not None


def _has(connection: Connection, contact_id: int) -> bool:
    given = select(consent.c.id).filter_by(contact_id=contact_id, purpose=NEWS_CONSENT, basis=BASIS)
    return connection.scalar(given.where(consent.c.withdrawn_at.is_(None)).limit(1)) is not None
