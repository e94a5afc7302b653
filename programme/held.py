"""How the registry of personal data speaks (personal_fields.py): a table, whose rows, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select

from store.survey_tables import lead
from store.tables import inbound, outbound

Whose = Callable[["Scope"], ColumnElement[bool]]


@dataclass(frozen=True)
class Scope:
    """One person: numbers of their contacts and conversations."""

    people: tuple[int, ...]
    talks: tuple[str, ...]


class Erasure(StrEnum):
    """What an erasure does to a person's rows of a table."""

    DELETE = "delete"
    BLANK = "blank"  # what is personal goes, an anonymous row stays to be counted
    KEEP = "keep"  # it says nothing of anybody once the rest is gone
    ELSEWHERE = "elsewhere"  # by code of its own (programme/erasure.py names it)


@dataclass(frozen=True)
class Held:
    """A table. `personal`: columns that say something of an owner or were written by one; `neutral`: the others.

    `whose`: the rows of a person; None: the table is about nobody who writes to the hotline. `shown`: columns of a
    copy. `blank`: what takes the place of personal columns. `rule`: of retention, by its id.
    """

    table: Table
    neutral: str
    personal: str = ""
    whose: Whose | None = None
    erasure: Erasure = Erasure.KEEP
    blank: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    shown: str = ""
    rule: str | None = None


def of_contact(table: Table) -> Whose:
    return lambda scope: table.c.contact_id.in_(scope.people)


def of_talk(table: Table) -> Whose:
    return lambda scope: table.c.conversation_id.in_(scope.talks)


def of_message(table: Table) -> Whose:
    return lambda scope: table.c.inbound_id.in_(select(inbound.c.id).where(inbound.c.conversation_id.in_(scope.talks)))


def of_lead(table: Table) -> Whose:
    return lambda scope: table.c.lead_id.in_(select(lead.c.id).where(lead.c.contact_id.in_(scope.people)))


def nothing(*columns: str) -> Mapping[str, Any]:
    return MappingProxyType(dict.fromkeys(columns))


# What takes the place of an owner's words, after years as after an erasure.
UNHEARD: Mapping[str, Any] = MappingProxyType({"text": "", **nothing("payload", "reading", "masked", "last_error")})


def unsaid(connection: Connection) -> dict[str, Any]:
    """What takes the place of what was said to an owner: which entry of a pack it was stays, since reports count it."""
    if connection.dialect.name == "sqlite":
        said = func.json_object("text", "", "entry", func.json_extract(outbound.c.reply, "$.entry"))
    else:
        said = func.jsonb_build_object("text", "", "entry", outbound.c.reply["entry"])
    return {"reply": said}
