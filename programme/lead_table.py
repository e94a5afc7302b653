"""The owners whom a firm may call, as its people see them on a page: newest first, and only what a consent covers.

Name and number are here from the acceptance on, while the consent is in force; of a withdrawn lead nothing but that it
was one (programme/lead_withdrawal.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select

from programme.lead_states import OPEN, TAKEN_UP, LeadState
from programme.lead_steps import Scope
from store.survey_tables import lead, survey_response
from store.tables import consent, contact

PAGE = 50


class Only(StrEnum):
    """What a list is narrowed to, besides state and commune."""

    EVERYTHING = ""
    OPEN = "open"
    OVERDUE = "overdue"  # offered, and the deadline has passed
    UNSERVED = "unserved"  # no firm has it: for the programme's people
    NOT_CALLED = "not_called"  # the firm says so, the owner says no


@dataclass(frozen=True)
class Filter:
    """`state`: of LeadState, `commune`: a code; None: every one."""

    state: LeadState | None = None
    commune: str | None = None
    only: Only = Only.EVERYTHING


@dataclass(frozen=True)
class LeadRow:
    """One lead. `phone` in E.164, `commune` and `trade` codes; both names are "" before the firm has taken it up.

    `consent_version` and `consented_at`: to which words the owner agreed, and when; None where there is none (asking,
    withdrawn). With `is_withdrawn` nothing of the person is here.
    """

    id: int
    vendor: str
    status: str
    version: int
    created_at: datetime
    accept_by: datetime | None
    unserved_since: datetime | None
    owner_said: str | None
    is_withdrawn: bool
    is_named: bool
    name: str
    phone: str
    commune: str | None
    trade: str | None
    level: int | None
    consent_version: int | None
    consented_at: datetime | None
    reason: str | None
    updated_at: datetime


def table(
    connection: Connection,
    scope: Scope,
    wanted: Filter,
    now: datetime,
    after: int | None = None,
    most: int | None = PAGE + 1,
) -> list[LeadRow]:
    """At most `most` leads of `scope`, the newest first. `after`: the number of the lead that the page before ended
    with."""
    rows = lead_rows().where(scope.condition(), *_conditions(wanted, now)).order_by(lead.c.id.desc()).limit(most)
    if after is not None:
        rows = rows.where(lead.c.id < after)
    return [read_row(row) for row in connection.execute(rows).mappings()]


def one(connection: Connection, lead_id: int, scope: Scope) -> LeadRow | None:
    """The lead with this number, if it is within `scope`."""
    row = connection.execute(lead_rows().where(lead.c.id == lead_id, scope.condition())).mappings().first()
    return read_row(row) if row else None


def waiting(connection: Connection, scope: Scope, now: datetime) -> dict[Only, int]:
    """How many leads there are of each kind that wants somebody's attention."""
    kinds = (Only.OVERDUE, Only.UNSERVED, Only.NOT_CALLED)
    return {
        kind: connection.scalar(
            select(func.count(lead.c.id)).where(scope.condition(), *_conditions(Filter(only=kind), now))
        )
        or 0
        for kind in kinds
    }


def _conditions(wanted: Filter, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        found.append(lead.c.status == wanted.state)
    if wanted.commune is not None:
        found.append(lead.c.commune == wanted.commune)
    match wanted.only:
        case Only.OPEN:
            found.append(lead.c.status.in_(OPEN))
        case Only.OVERDUE:
            found += [lead.c.status == LeadState.OFFERED, lead.c.accept_by <= now]
        case Only.UNSERVED:
            found.append(lead.c.unserved_since.is_not(None))
        case Only.NOT_CALLED:
            found += [lead.c.owner_said == "not_called", lead.c.status.in_(TAKEN_UP)]
    return found


def lead_rows() -> Select[tuple[object, ...]]:
    """What `read_row` reads."""
    return (
        select(
            lead,
            contact.c.name,
            contact.c.phone,
            survey_response.c.trade,
            survey_response.c.level,
            consent.c.text_version,
            consent.c.given_at,
            consent.c.withdrawn_at,
        )
        .outerjoin(contact, contact.c.id == lead.c.contact_id)
        .outerjoin(consent, consent.c.id == lead.c.consent_id)
        .outerjoin(survey_response, survey_response.c.id == lead.c.response_id)
    )


def read_row(of: RowMapping) -> LeadRow:
    """A lead as those who ask may see it now."""
    gone = of["status"] == LeadState.WITHDRAWN or of["withdrawn_at"] is not None
    named = not gone and of["status"] in TAKEN_UP and of["given_at"] is not None
    return LeadRow(
        id=of["id"],
        vendor=of["vendor"],
        status=LeadState.WITHDRAWN if gone else of["status"],
        version=of["version"],
        created_at=of["created_at"],
        accept_by=None if gone else of["accept_by"],
        unserved_since=None if gone else of["unserved_since"],
        owner_said=None if gone else of["owner_said"],
        is_withdrawn=gone,
        is_named=named,
        name=of["name"] or "" if named else "",
        phone=of["phone"] or "" if named else "",
        commune=None if gone else of["commune"],
        trade=None if gone else of["trade"],
        level=None if gone else of["level"],
        consent_version=None if gone else of["text_version"],
        consented_at=None if gone else of["given_at"],
        reason=of["reason"],
        updated_at=of["status_at"] or of["created_at"],
    )
