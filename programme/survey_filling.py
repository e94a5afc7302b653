"""A survey that an officer fills in for an owner: found or begun, every answer kept at once, its leads at the end.

For the command line and the console alike; how words are read is `actions/survey_assisted.py`'s.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, tzinfo

from sqlalchemy import Connection

from programme import leads, responses
from programme.communes import VendorLike
from programme.content import Content
from programme.lead_life import LeadLife
from programme.responses import Kept, Origin
from programme.survey.definition import Surveys
from programme.survey.response import Response
from programme.survey_result import Result, result_of
from store.contacts import Contacts
from store.crypto import Keyring

CHANNEL = "console"
# Until the first answer is kept, so that a refusal leaves nothing.
NEW_CONTACT = 0


def find_or_begin(
    connection: Connection, keyring: Keyring, surveys: Surveys, origin: Origin, phone: str | None
) -> Kept:
    """The survey under way of the contact with this number (E.164), or a new one; without a number, of a new contact.

    Nothing is written. Whoever goes on with one is its `assisted_by` from the next answer on.
    """
    known = Contacts(connection, keyring).with_phone(phone) if phone else []
    opened = responses.find_open(connection, surveys, known[0]) if known else None
    if opened is not None:
        return assisted_by(opened, origin.assisted_by)
    whose = replace(origin, contact_id=known[0]) if known else origin
    return Kept(Response(surveys.latest, {}), whose)


def assisted_by(kept: Kept, officer: str | None) -> Kept:
    """The same, filled in by this officer from now on."""
    return replace(kept, origin=replace(kept.origin, assisted_by=officer))


def keep(connection: Connection, keyring: Keyring, kept: Kept, response: Response, now: datetime) -> Kept:
    """Store the response as it is now; the first time with its contact. Raises ResponseChanged."""
    changed = kept.with_response(response)
    if changed.origin.contact_id == NEW_CONTACT:
        contact_id = Contacts(connection, keyring).add(now)
        changed = replace(changed, origin=replace(changed.origin, contact_id=contact_id))
    return responses.save(connection, keyring, changed, now)


def newest(connection: Connection, surveys: Surveys, kept: Kept, now: datetime) -> Kept:
    """What somebody else has made of it meanwhile."""
    return responses.find_current(connection, surveys, kept.origin.contact_id, now) or kept


def finish(
    connection: Connection, content: Content, kept: Kept, now: datetime, zone: tzinfo
) -> tuple[Result, list[VendorLike]]:
    """The result of a completed response, and the firms that get a lead by it. Idempotent: a lead is made once."""
    done = responses.find_done(connection, content.surveys, kept.origin.contact_id)
    result = result_of(content, kept, done)
    return result, leads.pass_on_agreed(
        connection, result, now, LeadLife(content, zone).accept_by(result.province, now)
    )
