"""What an officer must know of the owner before answering: shop, commune, survey, leads, consents, what is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, select

from programme import links, responses
from programme.communes import Commune
from programme.content import Content
from programme.data_copy import Agreed, consents_of
from programme.survey.response import left
from programme.survey_result import level_words, result_of, shop_name
from store.survey_tables import class_place, lead, training_class
from store.tables import contact, conversation, data_request, escalation, officer, opt_out

EARLIER_SHOWN = 5


@dataclass(frozen=True)
class SurveyState:
    """`level`: the result in words; None while `left` questions are open. `code` opens picture and sheet."""

    at: datetime | None
    level: str | None
    left: int
    code: str | None


@dataclass(frozen=True)
class Earlier:
    """A hand-over of before."""

    opened_at: datetime
    reason: str
    topic: str | None
    status: str
    officer: str | None
    csat: str | None


@dataclass(frozen=True)
class OwnerCard:
    """Everything of all contacts that are linked to the conversation's. `leads`: vendor, status, when, and whether
    the owner says they were called."""

    name: str | None
    phone: str | None
    shop: str
    commune: Commune | None
    survey: SurveyState | None
    leads: tuple[tuple[str, str, datetime, str | None], ...]
    consents: tuple[Agreed, ...]
    data_requests: tuple[tuple[str, date, int], ...]
    classes: tuple[tuple[str, datetime | None], ...]
    opted_out_at: datetime | None
    channels: tuple[tuple[str, str], ...]
    earlier: tuple[Earlier, ...]


def owner_card(
    connection: Connection, content: Content, contact_id: int, commune_code: str | None, here: str, language: str
) -> OwnerCard:
    """`commune_code`: what the conversation knows; else the survey's. `here`: the conversation that is looked at."""
    people = links.person(connection, contact_id)
    own = connection.execute(select(contact.c.name, contact.c.phone).filter_by(id=contact_id)).one()
    done = responses.find_done(connection, content.surveys, contact_id)
    kept = responses.find_open(connection, content.surveys, contact_id) or (done[0] if done else None)
    survey, shop = None, ""
    if kept is not None:
        shop = shop_name(kept.response)
        result = result_of(content, kept, done) if kept.status != "open" else None
        survey = SurveyState(
            at=kept.completed_at or kept.updated_at,
            level=level_words(content, result, language) if result else None,
            left=left(kept.response),
            code=kept.code,
        )
        if commune_code is None and result is not None and result.commune is not None:
            commune_code = result.commune.code
    return OwnerCard(
        name=own.name,
        phone=own.phone,
        shop=shop,
        commune=content.communes.by_code(commune_code) if commune_code else None,
        survey=survey,
        leads=_rows(
            connection,
            select(lead.c.vendor, lead.c.status, lead.c.created_at, lead.c.owner_said),
            lead.c.contact_id,
            people,
        ),
        consents=consents_of(connection, content, people),
        data_requests=_rows(
            connection,
            select(data_request.c.kind, data_request.c.due_on, data_request.c.id).filter_by(status="open"),
            data_request.c.contact_id,
            people,
        ),
        classes=_rows(
            connection,
            select(class_place.c.topic, training_class.c.starts_at).outerjoin(
                training_class, training_class.c.id == class_place.c.class_id
            ),
            class_place.c.contact_id,
            people,
        ),
        opted_out_at=connection.scalar(select(opt_out.c.at).where(opt_out.c.contact_id.in_(people))),
        channels=_rows(
            connection,
            select(conversation.c.channel, conversation.c.id).where(conversation.c.id != here),
            conversation.c.contact_id,
            people,
        ),
        earlier=_earlier(connection, people),
    )


def _rows(connection: Connection, columns: Select[Any], owner: Column[Any], people: list[int]) -> tuple[Any, ...]:
    return tuple(tuple(row) for row in connection.execute(columns.where(owner.in_(people)).limit(20)))


def _earlier(connection: Connection, people: list[int]) -> tuple[Earlier, ...]:
    rows = (
        select(escalation, officer.c.name.label("officer"))
        .join(conversation, conversation.c.id == escalation.c.conversation_id)
        .outerjoin(officer, officer.c.id == escalation.c.officer_id)
        .where(conversation.c.contact_id.in_(people), escalation.c.closed_at.is_not(None))
        .order_by(escalation.c.id.desc())
        .limit(EARLIER_SHOWN)
    )
    columns = ("opened_at", "reason", "topic", "status", "officer", "csat")
    return tuple(Earlier(**{name: row[name] for name in columns}) for row in connection.execute(rows).mappings())
