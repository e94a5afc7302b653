"""A copy of everything that is kept of a person, made from the database when it is asked for and kept nowhere.

What is shown of each table stands in personal_fields.py; names and reasons are content. Two shapes of the same: a
JSON text for programs, and sections of lines that a page shows (bot/web/my_data.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

import orjson
from sqlalchemy import Connection, and_, func, or_, select

from programme.content import Content
from programme.erasure import scope_of
from programme.held import Held, Scope
from programme.lead_states import TAKEN_UP
from programme.personal_fields import PERSONAL
from programme.privacy import ConsentText
from store.console_tables import request
from store.survey_tables import lead, survey_response
from store.tables import consent
from store.vendor_tables import lead_step

# Of one table on the page; all of it is in the file for programs.
SHOWN = 500
# Columns that hold codes, which are said in words (`values` of the content); nothing that somebody wrote.
_CODED = frozenset(
    "kind status to_status outcome csat channel sender identity came_by reason owner_said language attached".split()
)


@dataclass(frozen=True)
class Section:
    """`rows`: name and value of every cell. `count`: how many there are. `kept_days`: None while it is not deleted by
    itself; `kept_why` says until when."""

    title: str
    why: str
    rows: tuple[tuple[tuple[str, str], ...], ...]
    count: int
    kept_days: int | None
    kept_why: str


@dataclass(frozen=True)
class Agreed:
    """A consent with its very words, which are None where they are not known any more."""

    purpose: str
    words: ConsentText | None
    version: int
    channel: str
    given_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class Copy:
    """`receivers`: firms that were given name and number, and since when."""

    made_at: datetime
    controller: str
    sections: tuple[Section, ...]
    consents: tuple[Agreed, ...]
    receivers: tuple[tuple[str, datetime, str], ...]


def copy_of(connection: Connection, content: Content, contact_id: int, now: datetime, zone: tzinfo) -> Copy:
    """What a page shows of the person whom `contact_id` belongs to, and of all that is linked to them."""
    scope = scope_of(connection, contact_id)
    return Copy(
        now,
        content.privacy.controller,
        tuple(one for held in PERSONAL[::-1] if (one := _section(connection, content, held, scope, zone)) is not None),
        consents_of(connection, content, scope.people),
        _receivers(connection, content, scope),
    )


def as_json(connection: Connection, content: Content, contact_id: int, now: datetime) -> bytes:
    """All of it, table by table with the names of the database; times in UTC."""
    scope = scope_of(connection, contact_id)
    tables: dict[str, Any] = {}
    for held in PERSONAL:
        rows = _rows(connection, held, scope, None)
        if rows:
            kept = content.privacy.tables[held.table.name]
            rule = content.privacy.rules[str(held.rule)]
            tables[held.table.name] = {
                "title": kept.title,
                "purpose": kept.why,
                "kept_days": rule.days,
                "kept_because": rule.why,
                "rows": [{name: _plain(name, value) for name, value in row.items()} for row in rows],
            }
    agreed = [
        {"purpose": one.purpose, "version": one.version, "words": one.words.vi if one.words else None}
        for one in consents_of(connection, content, scope.people)
    ]
    copy = {
        "made_at": now,
        "controller": content.privacy.controller,
        "consent_words": agreed,
        "passed_on_to": [
            {"firm": firm, "at": at, "status": status} for firm, at, status in _receivers(connection, content, scope)
        ],
        "tables": tables,
    }
    return orjson.dumps(copy, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


def consents_of(connection: Connection, content: Content, people: tuple[int, ...] | list[int]) -> tuple[Agreed, ...]:
    """Every consent of these contacts with its words, the newest first."""
    rows = select(consent).where(consent.c.contact_id.in_(people)).order_by(consent.c.given_at.desc())
    return tuple(
        Agreed(
            row.purpose,
            content.privacy.consent(row.purpose, row.text_version),
            row.text_version,
            row.channel,
            row.given_at,
            row.withdrawn_at,
        )
        for row in connection.execute(rows)
    )


def under_way(connection: Connection, contact_id: int) -> Mapping[str, int]:
    """What an erasure would stop: waits for a person, an unfinished survey, leads that firms have."""
    scope = scope_of(connection, contact_id)
    waits = select(func.count()).where(request.c.conversation_id.in_(scope.talks), request.c.ended_at.is_(None))
    surveys = select(func.count()).where(
        survey_response.c.contact_id.in_(scope.people), survey_response.c.status == "open"
    )
    leads = select(func.count()).where(lead.c.contact_id.in_(scope.people))
    counts = {"person": waits, "survey": surveys, "lead": leads}
    return {name: int(connection.scalar(count) or 0) for name, count in counts.items()}


def _section(connection: Connection, content: Content, held: Held, scope: Scope, zone: tzinfo) -> Section | None:
    if not held.shown or held.table.name == "consent":  # shown by itself, with its words
        return None
    rows = _rows(connection, held, scope, SHOWN)
    if not rows:
        return None
    assert held.whose is not None  # noqa: S101 - of a person's table
    count = connection.scalar(select(func.count()).select_from(held.table).where(held.whose(scope)))
    kept, rule = content.privacy.tables[held.table.name], content.privacy.rules[str(held.rule)]
    named = content.privacy.columns
    lines = tuple(
        tuple(
            (
                named[name],
                (content.privacy.values.get(str(value)) if name in _CODED else None) or _text(name, value, zone),
            )
            for name, value in row.items()
            if value not in (None, "", [])
        )
        for row in rows
    )
    return Section(kept.title, kept.why, lines, int(count or 0), rule.days, rule.why)


def _rows(connection: Connection, held: Held, scope: Scope, most: int | None) -> list[dict[str, Any]]:
    if not held.shown or held.whose is None:
        return []
    columns = [held.table.c[name] for name in held.shown.split()]
    rows = select(*columns).where(held.whose(scope)).order_by(*held.table.primary_key.columns)
    found = connection.execute(rows if most is None else rows.limit(most)).mappings()
    return [dict(row) for row in found]


def _receivers(connection: Connection, content: Content, scope: Scope) -> tuple[tuple[str, datetime, str], ...]:
    """A firm is told who it is when it takes a lead up, not when it is offered one (lead_states.py)."""
    at = func.coalesce(func.min(lead_step.c.at), lead.c.status_at, lead.c.created_at).label("at")
    taken_up = and_(lead_step.c.lead_id == lead.c.id, lead_step.c.to_status.in_(TAKEN_UP))
    rows = (
        select(lead.c.vendor, lead.c.status, at)
        .outerjoin(lead_step, taken_up)
        .where(lead.c.contact_id.in_(scope.people), or_(lead_step.c.id.is_not(None), lead.c.status.in_(TAKEN_UP)))
        .group_by(lead.c.id)
        .order_by(at, lead.c.id)
    )
    names = {one.id: one.name for pack in content.packs.provinces.values() for one in pack.vendors}
    return tuple((names.get(row.vendor, row.vendor), row.at, row.status) for row in connection.execute(rows))


def _plain(name: str, value: Any) -> Any:
    if name == "reply" and isinstance(value, dict):
        return value.get("text", "")
    if name == "personal" and isinstance(value, str):
        return json.loads(value)
    return value


def _text(name: str, value: Any, zone: tzinfo) -> str:
    value = _plain(name, value)
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%H:%M %d/%m/%Y}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {one}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)
