"""What a message is about (`recipient.about`): whose day it is when a run is frozen, and whether that still holds when
the message leaves. A class is moved, a domain renewed, a survey finished in between: then nobody is reminded of it.

Written as "class 12 2026-12-01", "domain 3 biz.vn 2027-01-01" (the day belongs to it: of a class that was moved people
hear again), "survey 5" and "lead 7" (each once, whatever becomes of them later).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, String, and_, cast, literal, or_, select

from programme.campaign_schedule import Place
from programme.lead_states import MAY_BE_OFFERED_AGAIN
from programme.ledger import State
from programme.packs import normalise_province_id
from store.campaign_tables import campaign, campaign_run, recipient
from store.channel_tables import channel_link
from store.survey_tables import class_place, lead, survey_response, training_class
from store.tables import contact, conversation, shop, shop_domain

_DAY = dt.timedelta(days=1)
OVER, TOLD, HELD = "matter_over", "told_before", "held"


def of_day(to: str, day: dt.date, place: Place, province: str) -> Select[Any]:
    """Contacts whose event `to` (campaign_schedule.RELATIVE_TO) is on the local `day` there, with what it is about."""
    begin, end = place.instant(day, dt.time(0)), place.instant(day + _DAY, dt.time(0))
    if to == "class":
        return (
            select(class_place.c.contact_id, _about("class", training_class.c.id, f" {day}"))
            .join(training_class, training_class.c.id == class_place.c.class_id)
            .where(training_class.c.starts_at >= begin, training_class.c.starts_at < end)
            .where(training_class.c.province.in_(_spellings(province)))
        )
    if to == "domain_expiry":
        name = literal(" ") + shop_domain.c.tld + literal(f" {day}")
        return (
            select(shop.c.contact_id, _about("domain", shop_domain.c.shop_id, name))
            .join(shop, shop.c.id == shop_domain.c.shop_id)
            .where(shop_domain.c.expires_on == day, shop_domain.c.status == "active")
            .where(shop.c.province.in_(_spellings(province)))
        )
    if to == "lead_unserved":
        return select(lead.c.contact_id, _about("lead", lead.c.id)).where(
            _is_unserved(),
            lead.c.unserved_since >= begin,
            lead.c.unserved_since < end,
            lead.c.province.in_(_spellings(province)),
        )
    return (
        select(survey_response.c.contact_id, _about("survey", survey_response.c.id))
        .join(conversation, _at_home())
        .where(survey_response.c.status == "open", conversation.c.province.in_(_spellings(province)))
        .where(survey_response.c.updated_at >= begin, survey_response.c.updated_at < end)
    )


def _about(kind: str, number: ColumnElement[int], more: ColumnElement[str] | str = "") -> Any:
    return (literal(f"{kind} ") + cast(number, String) + (literal(more) if isinstance(more, str) else more)).label(
        "about"
    )


def _spellings(province: str) -> tuple[str, str]:
    id_ = normalise_province_id(province)
    return id_, id_.replace("-", "_")


def _is_unserved() -> ColumnElement[bool]:
    """No firm has it, and not because the owner did not want one."""
    return and_(
        lead.c.unserved_since.is_not(None), lead.c.contact_id.is_not(None), lead.c.status.in_(MAY_BE_OFFERED_AGAIN)
    )


def _at_home() -> ColumnElement[bool]:
    """Left by the owner in a conversation (not on paper, nor by an officer), which goes on with this survey: linked to
    another contact it goes on with that one's (programme/links.py)."""
    mine = conversation.c.contact_id == survey_response.c.contact_id
    return and_(conversation.c.id == survey_response.c.conversation_id, mine)


@dataclass(frozen=True)
class Objection:
    """Why a message must not leave. `waits`: it may a little later."""

    reason: str
    waits: bool = False


def objections(
    connection: Connection, rows: Sequence[Mapping[str, Any]], planned: RowMapping, run: RowMapping, place: Place
) -> dict[int, Objection]:
    """By recipient's id, of rows that are about to leave, while nobody else asks (ledger.alone). `planned`: the row of
    the campaign. A row that is about nothing has none."""
    named = [row for row in rows if row["about"]]
    found: dict[int, Objection] = {}
    for kind, look in _LOOKS.items():
        own = [row for row in named if _words(row)[0] == kind]
        if own:
            found |= {id_: objection for id_, objection in look(connection, own, run, place)}
    told = _told(connection, named, planned, run) if named else set()
    return found | {id_: Objection(TOLD) for id_ in (*told, *_linked(connection, rows))}


def _words(row: Mapping[str, Any]) -> list[str]:
    return str(row["about"]).split()


def _numbers(rows: Sequence[Mapping[str, Any]]) -> set[int]:
    return {int(_words(row)[1]) for row in rows}


def _theirs(rows: Sequence[Mapping[str, Any]]) -> ColumnElement[bool]:
    """Contacts of the rows, and others with their numbers: of two with one number only one row was frozen."""
    keys = {row["phone_key"] for row in rows if row["phone_key"] is not None}
    return or_(contact.c.id.in_({row["contact_id"] for row in rows}), contact.c.phone_key.in_(keys))


def _is_theirs(row: Mapping[str, Any], contact_id: int, phone_key: bytes | None) -> bool:
    return contact_id == row["contact_id"] or (phone_key is not None and phone_key == row["phone_key"])


def _classes(
    connection: Connection, rows: Sequence[Mapping[str, Any]], run: RowMapping, place: Place
) -> Iterator[tuple[int, Objection]]:
    of = (
        select(class_place.c.class_id, training_class.c.starts_at, contact.c.id, contact.c.phone_key)
        .join(training_class, training_class.c.id == class_place.c.class_id)
        .join(contact, contact.c.id == class_place.c.contact_id)
        .where(class_place.c.class_id.in_(_numbers(rows)), _theirs(rows))
    )
    places = [(f"class {class_id} {place.day(at)}", id_, key) for class_id, at, id_, key in connection.execute(of)]
    for row in rows:
        if not any(about == row["about"] and _is_theirs(row, id_, key) for about, id_, key in places):
            yield row["id"], Objection(OVER)


def _domains(
    connection: Connection, rows: Sequence[Mapping[str, Any]], run: RowMapping, place: Place
) -> Iterator[tuple[int, Objection]]:
    of = select(shop_domain.c.shop_id, shop_domain.c.tld, shop_domain.c.expires_on).where(
        shop_domain.c.shop_id.in_(_numbers(rows)), shop_domain.c.status == "active"
    )
    known = {f"domain {shop_id} {tld} {expires}" for shop_id, tld, expires in connection.execute(of)}
    yield from ((row["id"], Objection(OVER)) for row in rows if row["about"] not in known)


def _surveys(
    connection: Connection, rows: Sequence[Mapping[str, Any]], run: RowMapping, place: Place
) -> Iterator[tuple[int, Objection]]:
    """Who has gone on with it since the freeze needs no word; who talks with a person is left alone meanwhile."""
    of = (
        select(survey_response.c.id, conversation.c.holder, conversation.c.wake_at)
        .join(conversation, _at_home())
        .where(survey_response.c.id.in_(_numbers(rows)), survey_response.c.status == "open")
        .where(survey_response.c.updated_at < run["frozen_at"])
    )
    is_at_rest = {id_: holder == "bot" and wake_at is None for id_, holder, wake_at in connection.execute(of)}
    for row in rows:
        at_rest = is_at_rest.get(int(_words(row)[1]))
        if not at_rest:
            yield row["id"], Objection(OVER) if at_rest is None else Objection(HELD, waits=True)


def _leads(
    connection: Connection, rows: Sequence[Mapping[str, Any]], run: RowMapping, place: Place
) -> Iterator[tuple[int, Objection]]:
    known = set(connection.scalars(select(lead.c.id).where(lead.c.id.in_(_numbers(rows)), _is_unserved())))
    yield from ((row["id"], Objection(OVER)) for row in rows if int(_words(row)[1]) not in known)


_LOOKS = {"class": _classes, "domain": _domains, "survey": _surveys, "lead": _leads}


def _linked(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Rows of people who were linked since the freeze to a contact that the run is for as well: one person."""
    other = recipient.alias("other")
    is_other = and_(other.c.run_id == recipient.c.run_id, other.c.about == recipient.c.about)
    of = (
        select(recipient.c.id)
        .join(channel_link, channel_link.c.from_contact_id == recipient.c.contact_id)
        .join(other, and_(is_other, other.c.contact_id == channel_link.c.to_contact_id))
        .where(recipient.c.id.in_([row["id"] for row in rows]), channel_link.c.undone_at.is_(None))
        .where(other.c.status.not_in((State.SKIPPED, State.FAILED)))
    )
    return list(connection.scalars(of))


def _told(
    connection: Connection, rows: Sequence[Mapping[str, Any]], planned: RowMapping, run: RowMapping
) -> Iterator[int]:
    """Rows of people who were told before: by the same automatic reminder at the same step; of an unfinished survey by
    any automatic one, and by one that somebody wrote if this is automatic."""
    numbers = {row["phone_key"] for row in rows if row["phone_key"] is not None}
    people = {row["contact_id"] for row in rows}
    of = (
        select(recipient.c.contact_id, recipient.c.phone_key, recipient.c.about)
        .add_columns(campaign.c.id.label("campaign_id"), campaign.c.reminder, campaign_run.c.step)
        .join(campaign_run, campaign_run.c.id == recipient.c.run_id)
        .join(campaign, campaign.c.id == campaign_run.c.campaign_id)
        .where(or_(recipient.c.contact_id.in_(people), recipient.c.phone_key.in_(numbers)))
        .where(recipient.c.about.in_({row["about"] for row in rows}), recipient.c.tried_at.is_not(None))
        .where(recipient.c.run_id != run["id"])
    )
    is_automatic = planned["reminder"] is not None
    before = connection.execute(of).all()
    for row in rows:
        is_survey = _words(row)[0] == "survey"
        for one in before:
            is_same = one.about == row["about"] and _is_theirs(row, one.contact_id, one.phone_key)
            is_own = one.campaign_id == planned["id"] and one.step == run["step"]
            if is_same and ((is_automatic and (is_survey or is_own)) or (is_survey and one.reminder is not None)):
                yield row["id"]
                break
