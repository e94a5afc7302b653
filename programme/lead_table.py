"""The owners whom a firm may call, as its people see them on a page: newest first, and only what a consent covers.

A withdrawn consent removes the lead itself (responses.py); should a row outlive it, it names nobody here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from programme.packs import normalise_province_id
from store.survey_tables import lead, survey_response
from store.tables import consent, contact

PAGE = 50


@dataclass(frozen=True)
class LeadRow:
    """One lead. `phone` in E.164, `commune` and `trade` codes; `consent_version` and `consented_at`: to which words
    the owner agreed, and when. With `is_withdrawn` nothing of the person is here."""

    id: int
    vendor: str
    created_at: datetime
    is_withdrawn: bool
    name: str
    phone: str
    commune: str | None
    trade: str | None
    level: int | None
    consent_version: int
    consented_at: datetime


def table(
    connection: Connection,
    province: str,
    vendor: str | None,
    communes: Sequence[str] | None,
    after: int | None = None,
    most: int | None = PAGE + 1,
) -> list[LeadRow]:
    """At most `most` leads of `vendor` (None: of all) in `communes` (codes; None: in all), the newest first.

    `after`: the number of the lead that the page before ended with.
    """
    rows = (
        select(
            lead.c.id,
            lead.c.vendor,
            lead.c.created_at,
            lead.c.commune,
            contact.c.name,
            contact.c.phone,
            survey_response.c.trade,
            survey_response.c.level,
            consent.c.text_version,
            consent.c.given_at,
            consent.c.withdrawn_at,
        )
        .join(contact, contact.c.id == lead.c.contact_id)
        .join(consent, consent.c.id == lead.c.consent_id)
        .outerjoin(survey_response, survey_response.c.id == lead.c.response_id)
        .where(lead.c.province == normalise_province_id(province))
        .order_by(lead.c.id.desc())
        .limit(most)
    )
    if vendor is not None:
        rows = rows.where(lead.c.vendor == vendor)
    if communes is not None:
        rows = rows.where(lead.c.commune.in_(communes))
    if after is not None:
        rows = rows.where(lead.c.id < after)
    return [_row(row) for row in connection.execute(rows).mappings()]


def _row(of: RowMapping) -> LeadRow:
    gone = of["withdrawn_at"] is not None
    return LeadRow(
        id=of["id"],
        vendor=of["vendor"],
        created_at=of["created_at"],
        is_withdrawn=gone,
        name="" if gone else of["name"] or "",
        phone="" if gone else of["phone"] or "",
        commune=None if gone else of["commune"],
        trade=None if gone else of["trade"],
        level=None if gone else of["level"],
        consent_version=of["text_version"],
        consented_at=of["given_at"],
    )
