"""Survey responses in the database: one row each, every answer stored as it comes.

A row is changed only from the revision that was read; whoever comes later reads again (ResponseChanged). So two
channels, an officer at the command line and a repeated turn cannot overwrite each other.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, or_, select, update

from programme import shops
from programme.forgetting import black_out
from programme.lead_withdrawal import withdraw_leads
from programme.links import person
from programme.packs import normalise_province_id
from programme.survey.definition import CONSENT, FORM, REFUSED, Answer, Item, Survey, Surveys
from programme.survey.response import Response, in_force, is_complete
from programme.survey.scoring import Score, score
from store import forgotten
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import insert_if_new, insert_returning_id
from store.survey_tables import class_place, lead, survey_response
from store.tables import consent

# The second was agreed to with the survey, the third when an owner asked for a firm (other words, other versions); the
# fourth names one other firm when the first did not take up the wish, and is no ground for any further one.
SURVEY_CONSENT, CONTACT_CONSENT, CONTACT_ASKED_CONSENT = "survey", "vendor_contact", "vendor_contact_asked"
OTHER_FIRM_CONSENT = "vendor_contact_other"
FIRM_CONSENTS = (CONTACT_CONSENT, CONTACT_ASKED_CONSENT, OTHER_FIRM_CONSENT)
# What is completed sooner than this after another one replaces it; later, it is a new survey that shows the change.
REPEAT_AFTER = timedelta(days=60)
BATCH = 1000
_CONSENTS = {"yes_contact": (SURVEY_CONSENT, CONTACT_CONSENT), "yes_only": (SURVEY_CONSENT,)}


class ResponseChanged(Exception):
    """The row is no longer what was read, or somebody has just begun another one: read again."""


@dataclass(frozen=True)
class Origin:
    """Where and for whom a response is filled in. `channel`: a channel's name, or console, paper."""

    contact_id: int
    channel: str
    province: str
    conversation_id: str | None = None
    assisted_by: str | None = None
    import_key: str | None = None


@dataclass(frozen=True)
class Kept:
    """A response as it is stored; `id` None: not stored yet. `code` opens its picture and sheet once it is done.

    `stored`: what the row held when it was read, so that only what changed is written besides.
    """

    response: Response
    origin: Origin
    id: int | None = None
    revision: int = 0
    status: str = "open"
    code: str | None = None
    completed_at: datetime | None = None
    updated_at: datetime | None = None
    stored: Response | None = None

    def with_response(self, response: Response) -> Kept:
        return replace(self, response=response)


@dataclass(frozen=True)
class Rescored:
    """A completed response's score today. `is_as_stored`: it is what was kept when the response was completed."""

    id: int
    score: Score
    is_as_stored: bool


def is_personal(item: Item) -> bool:
    """Whether an answer to `item` may name a person or a shop: kept encrypted, never in a report."""
    return item.kind in ("text", "phone_vn")


def find_open(connection: Connection, surveys: Surveys, contact_id: int) -> Kept | None:
    """The survey that this person has under way."""
    row = connection.execute(select(survey_response).filter_by(contact_id=contact_id, status="open")).mappings().first()
    return from_row(surveys, row) if row else None


def find_done(connection: Connection, surveys: Surveys, contact_id: int) -> list[Kept]:
    """What this person has completed, the newest first."""
    rows = (
        select(survey_response)
        .where(survey_response.c.contact_id == contact_id, survey_response.c.status != "open")
        .order_by(survey_response.c.completed_at.desc(), survey_response.c.id.desc())
    )
    return [from_row(surveys, row) for row in connection.execute(rows).mappings()]


def find_current(connection: Connection, surveys: Surveys, contact_id: int, now: datetime) -> Kept | None:
    """The survey under way; else the one completed lately, whose answers may still be changed."""
    opened = find_open(connection, surveys, contact_id)
    if opened is not None:
        return opened
    done = find_done(connection, surveys, contact_id)
    return done[0] if done and done[0].completed_at and now - done[0].completed_at < REPEAT_AFTER else None


def find_by_code(connection: Connection, surveys: Surveys, code: str) -> Kept | None:
    """The completed response whose picture has this secret code."""
    row = connection.execute(select(survey_response).filter_by(code=code)).mappings().first()
    return from_row(surveys, row) if row and row["status"] != "open" else None


def find_by_key(connection: Connection, surveys: Surveys, import_key: str) -> Kept | None:
    """The response that was stored under this key (`Origin.import_key`)."""
    row = connection.execute(select(survey_response).filter_by(import_key=import_key)).mappings().first()
    return from_row(surveys, row) if row else None


def find(connection: Connection, surveys: Surveys, id_: int) -> Kept | None:
    """The response with this number."""
    row = connection.execute(select(survey_response).filter_by(id=id_)).mappings().first()
    return from_row(surveys, row) if row else None


def rescore(connection: Connection, surveys: Surveys) -> Iterator[Rescored]:
    """Every completed response scored anew by its own version, in the order of their numbers.

    Reads choices only, never what is encrypted; in batches, so that memory does not grow with their number.
    """
    columns = (survey_response.c.id, survey_response.c.version, survey_response.c.answers)
    stored = (survey_response.c.result, survey_response.c.total_tenths, survey_response.c.level)
    rows = select(*columns, *stored).where(survey_response.c.status != "open").order_by(survey_response.c.id)
    for id_, version, answers, *result in connection.execution_options(yield_per=BATCH).execute(rows):
        response = Response(surveys.version(version), answers)
        points = score(response)
        now = [points.status, _tenths(points.total), points.level]
        yield Rescored(id_, points, is_as_stored=now == result)


def save(connection: Connection, keyring: Keyring, kept: Kept, now: datetime) -> Kept:
    """Store a new or changed response; complete, it is scored, and becomes the contact's latest.

    Idempotent by its revision. Raises ResponseChanged.
    """
    row = _row(kept, now)
    if kept.id is None:
        stored = insert_if_new(connection, survey_response, {**row, "revision": 1, "started_at": now})
        if stored is None:
            raise ResponseChanged("another response of this contact has begun, or this paper row is known")
        saved = replace(kept, id=stored["id"], revision=1)
    else:
        changed = update(survey_response).filter_by(id=kept.id, revision=kept.revision)
        if not connection.execute(changed.values(**row, revision=kept.revision + 1)).rowcount:
            raise ResponseChanged(str(kept.id))
        saved = replace(kept, revision=kept.revision + 1)
    if kept.stored is None or kept.stored.answers[CONSENT] != kept.response.answers[CONSENT]:
        _keep_consents(connection, keyring, saved, now)
    _keep_person(connection, keyring, saved)
    saved = replace(
        saved,
        status=row["status"],
        code=row["code"],
        completed_at=row["completed_at"],
        updated_at=now,
        stored=kept.response,
    )
    if saved.status == "done":
        _make_latest(connection, saved.origin.contact_id)
        _keep_shop(connection, keyring, saved, row, now)
    return saved


def abandon(connection: Connection, kept: Kept) -> None:
    """Drop an unfinished response, because its owner begins anew. Raises ResponseChanged."""
    # a lead of a result that was opened again stays: the wish to be called is not taken back
    connection.execute(update(lead).filter_by(response_id=kept.id).values(response_id=None))
    dropped = delete(survey_response).filter_by(id=kept.id, revision=kept.revision, status="open")
    if not connection.execute(dropped).rowcount:
        raise ResponseChanged(str(kept.id))


def forget(connection: Connection, keyring: Keyring, contact_id: int, now: datetime) -> None:
    """The consent is withdrawn: no answer, name, number or wish of this person stays from the survey, nor the words in
    which they told it; of a lead an anonymous row. Also with the contacts whose channels were linked to this one."""
    people = person(connection, contact_id)
    black_out(connection, people)
    gave_name = select(survey_response.c.contact_id).where(
        survey_response.c.contact_id.in_(people), survey_response.c.personal.is_not(None)
    )
    named = set(connection.scalars(gave_name))
    withdraw_leads(connection, lead.c.contact_id.in_(people), now)
    for table in (class_place, survey_response):
        connection.execute(delete(table).where(table.c.contact_id.in_(people)))
    shops.forget_said(connection, people, now)
    for one in named:
        Contacts(connection, keyring).forget(one)


def withdraw_contact_consents(connection: Connection, people: list[int], said_at: datetime, now: datetime) -> bool:
    """No firm may call this person on the ground of what was agreed to before `said_at`; agreed to again, it is a new
    lead. Nor are they asked any more about another firm. Whether there was a consent to end.

    `people`: the contacts that are one person (programme/links.py).
    """
    theirs = consent.c.contact_id.in_(people)
    in_force = update(consent).where(
        theirs, consent.c.purpose.in_(FIRM_CONSENTS), consent.c.withdrawn_at.is_(None), consent.c.given_at <= said_at
    )
    # Before the leads: whoever makes one holds its consent (programme/leads.py)
    ended = connection.execute(in_force.values(withdrawn_at=now)).rowcount > 0
    groundless = lead.c.consent_id.in_(select(consent.c.id).where(theirs, consent.c.withdrawn_at.is_not(None)))
    asked_about = and_(lead.c.contact_id.in_(people), lead.c.consent_id.is_(None), lead.c.created_at <= said_at)
    withdraw_leads(connection, or_(groundless, asked_about), now)
    return ended


def contact_consent(connection: Connection, contact_id: int, is_held: bool = False) -> int | None:
    """The number of the newest consent in force to be called by a firm. `is_held`: nobody withdraws it before the end
    of this transaction."""
    given = (
        select(consent.c.id)
        .where(
            consent.c.contact_id == contact_id,
            consent.c.purpose.in_((CONTACT_CONSENT, CONTACT_ASKED_CONSENT)),
            consent.c.withdrawn_at.is_(None),
        )
        .order_by(consent.c.id.desc())
        .limit(1)
    )
    found = connection.scalar(given.with_for_update(read=True) if is_held else given)
    return None if found is None else int(found)


def give_consent(
    connection: Connection, contact_id: int, purpose: str, text_version: int, channel: str, now: datetime
) -> int:
    """The consent to these very words: the one in force, or a new one."""
    row = {"contact_id": contact_id, "purpose": purpose, "text_version": text_version}
    known = connection.scalar(select(consent.c.id).filter_by(**row, withdrawn_at=None).limit(1))
    if known is not None:
        return int(known)
    return insert_returning_id(connection, consent, {**row, "channel": channel, "given_at": now})


def _row(kept: Kept, now: datetime) -> dict[str, Any]:
    response = kept.response
    force = in_force(response)
    items, survey = response.survey.by_id, response.survey
    personal = {id_: answer for id_, answer in response.answers.items() if is_personal(items[id_])}
    complete = is_complete(response)
    result = score(response) if complete else None
    return {
        "contact_id": kept.origin.contact_id,
        "conversation_id": kept.origin.conversation_id,
        "survey": survey.id,
        "version": survey.version,
        "status": "done" if complete else "open",
        "cursor": response.cursor,
        "answers": {id_: answer for id_, answer in response.answers.items() if id_ not in personal},
        "personal": json.dumps(personal, ensure_ascii=False) if personal else None,
        "form": force.get(FORM),
        "province": _province(survey, force, kept.origin.province),
        "commune": _text(force, survey, "commune"),
        "trade": _text(force, survey, "trade_group"),
        "code": (kept.code or secrets.token_urlsafe(16)) if complete else kept.code,
        "channel": kept.origin.channel,
        "assisted_by": kept.origin.assisted_by,
        "import_key": kept.origin.import_key,
        "updated_at": now,
        "completed_at": (kept.completed_at or now) if complete else None,
        **_result_columns(result),
    }


def _result_columns(result: Score | None) -> dict[str, Any]:
    if result is None:
        return {"result": None, "total_tenths": None, "level": None, "pillar_tenths": None}
    return {
        "result": result.status,
        "total_tenths": _tenths(result.total),
        "level": result.level,
        "pillar_tenths": {id_: _tenths(result.pillar(id_)) for id_ in result.pillars},
    }


def _tenths(rounded: Fraction | None) -> int | None:
    return None if rounded is None else int(rounded * 10)


def _province(survey: Survey, force: Mapping[str, Answer], otherwise: str) -> str:
    """The pack of the shop's province as the owner says; "other" stays what it is."""
    said = _text(force, survey, "province")
    return normalise_province_id(said) if said else otherwise


def _text(force: Mapping[str, Answer], survey: Survey, key: str) -> str | None:
    answer = force.get(survey.by_key[key].id)
    return str(answer) if answer is not None and answer != REFUSED else None


def _keep_consents(connection: Connection, keyring: Keyring, kept: Kept, now: datetime) -> None:
    contact_id, version = kept.origin.contact_id, kept.response.survey.consent_version
    purposes = _CONSENTS[str(kept.response.answers[CONSENT])]
    for purpose in purposes:
        give_consent(connection, contact_id, purpose, version, kept.origin.channel, now)
    if CONTACT_CONSENT not in purposes:
        # what was agreed to after an old paper form was filled in stays; an answer that is changed is said now
        said_at = kept.completed_at if kept.stored is None and kept.completed_at else now
        people = person(connection, contact_id)
        if withdraw_contact_consents(connection, people, said_at, now):
            keys = forgotten.keys_of(connection, keyring, people)
            forgotten.record(connection, now, forgotten.Kind.CONSENT_WITHDRAWN, keys, "firms")


def _keep_person(connection: Connection, keyring: Keyring, kept: Kept) -> None:
    """Name and number are the contact's as well, so that officers find who calls."""
    contacts, contact_id = Contacts(connection, keyring), kept.origin.contact_id
    for key, keep in (("owner_name", contacts.set_name), ("phone", contacts.set_phone)):
        said = personal_answer(kept.response, key)
        if said and (kept.stored is None or said != personal_answer(kept.stored, key)):
            keep(contact_id, said)


def _keep_shop(connection: Connection, keyring: Keyring, kept: Kept, row: Mapping[str, Any], now: datetime) -> None:
    """The registry learns what the owner says of the shop; an older form that is typed in later tells nothing newer."""
    newest = select(survey_response.c.id).filter_by(contact_id=kept.origin.contact_id, status="done")
    if connection.scalar(newest.limit(1)) == kept.id:
        place = (row["province"], row["commune"], row["trade"])
        said = shops.ShopFacts(personal_answer(kept.response, "shop_name"), None, *place)
        shops.learn(connection, keyring, kept.origin.contact_id, said, shops.SURVEY, now)


def personal_answer(response: Response, key: str) -> str | None:
    """The answer to a free-text item by its key; None when it was not given."""
    item = response.survey.by_key.get(key)
    answer = response.answers.get(item.id) if item else None
    return str(answer) if answer is not None and answer != REFUSED else None


def _make_latest(connection: Connection, contact_id: int) -> None:
    """Reports count each shop once: by what it completed last, also when an older form is typed in later."""
    of_contact = update(survey_response).filter_by(contact_id=contact_id)
    newest = (
        select(survey_response.c.id)
        .where(survey_response.c.contact_id == contact_id, survey_response.c.status != "open")
        .order_by(survey_response.c.completed_at.desc(), survey_response.c.id.desc())
        .limit(1)
    )
    id_ = connection.scalar(newest)
    older = of_contact.where(survey_response.c.status == "done", survey_response.c.id != id_)
    connection.execute(older.values(status="earlier"))
    connection.execute(of_contact.filter_by(id=id_, status="earlier").values(status="done"))


def from_row(surveys: Surveys, row: RowMapping) -> Kept:
    """A row of `survey_response` as it was stored."""
    personal = json.loads(row["personal"]) if row["personal"] else {}
    response = Response(surveys.version(row["version"]), {**row["answers"], **personal}, row["cursor"])
    return Kept(
        response=response,
        stored=response,
        origin=Origin(
            row["contact_id"],
            row["channel"],
            row["province"],
            row["conversation_id"],
            row["assisted_by"],
            row["import_key"],
        ),
        id=row["id"],
        revision=row["revision"],
        status=row["status"],
        code=row["code"],
        completed_at=row["completed_at"],
        updated_at=row["updated_at"],
    )
