"""Classes for shop owners: which are coming, who has a place, who wishes for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from sqlalchemy import Connection, RowMapping, func, select

from store.database import insert_if_new
from store.survey_tables import class_place, training_class

Joined = Literal["registered", "already", "full", "over"]


class Topic(StrEnum):
    """What a class is about."""

    ONLINE_SELLING = "online_selling"
    SMARTPHONE = "smartphone"
    TAX_INVOICE = "tax_invoice"
    SAFETY = "safety"
    SOFTWARE = "software"
    AI = "ai"


@dataclass(frozen=True)
class ClassOffer:
    """A class that may be joined; `commune` None: for the whole province."""

    id: int
    title: str
    topic: str
    place: str
    commune: str | None
    starts_at: datetime
    seats_left: int


_TAKEN = (
    select(func.count()).select_from(class_place).where(class_place.c.class_id == training_class.c.id).scalar_subquery()
)


def upcoming(
    connection: Connection,
    province: str,
    commune: str | None,
    topics: Sequence[str] | None,
    now: datetime,
    limit: int = 3,
) -> list[ClassOffer]:
    """Classes with seats left that begin after `now`: of the commune, then of the whole province; of other communes
    only where there is none of these. `topics` None: any."""
    coming = select(training_class, _TAKEN.label("taken")).where(
        training_class.c.province == province, training_class.c.starts_at > now
    )
    if topics is not None:
        coming = coming.where(training_class.c.topic.in_(topics))
    rows = connection.execute(coming.order_by(training_class.c.starts_at, training_class.c.id)).mappings()
    offers = [offer for row in rows if (offer := _offer(row)).seats_left > 0]
    near = [one for one in offers if one.commune == commune and commune is not None]
    near += [one for one in offers if one.commune is None]
    return (near or offers)[:limit]


def find_class(connection: Connection, class_id: int) -> ClassOffer | None:
    """The class with this number, also when it is full or over."""
    wanted = select(training_class, _TAKEN.label("taken")).where(training_class.c.id == class_id)
    row = connection.execute(wanted).mappings().first()
    return _offer(row) if row else None


def join(connection: Connection, contact_id: int, class_id: int, now: datetime) -> Joined:
    """Take a place. The class's row is locked first, so seats are never given twice (SQLite has one writer anyway)."""
    wanted = select(training_class).filter_by(id=class_id).with_for_update()
    row = connection.execute(wanted).mappings().first()
    if row is None or row["starts_at"] <= now:
        return "over"
    places = select(class_place.c.contact_id).filter_by(class_id=class_id)
    taken = list(connection.scalars(places))
    if contact_id in taken:
        return "already"
    if len(taken) >= row["seats"]:
        return "full"
    place = {"contact_id": contact_id, "class_id": class_id, "created_at": now}
    place |= {name: row[name] for name in ("topic", "province", "commune")}
    insert_if_new(connection, class_place, place)
    return "registered"


def wish(
    connection: Connection, contact_id: int, topic: str, province: str, commune: str | None, now: datetime
) -> bool:
    """Note that somebody wants a class on `topic`; False when that was noted before."""
    row = {"contact_id": contact_id, "topic": topic, "province": province, "commune": commune, "created_at": now}
    return insert_if_new(connection, class_place, row) is not None


def _offer(row: RowMapping) -> ClassOffer:
    names = ("id", "title", "topic", "place", "commune", "starts_at")
    return ClassOffer(**{name: row[name] for name in names}, seats_left=row["seats"] - row["taken"])
