"""Training classes: which are coming, who has a place, who would like one. The officers' file is in `class_file.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from sqlalchemy import Connection, and_, case, func, or_, select, update

from programme.packs import normalise_province_id
from store.database import insert_if_new
from store.survey_tables import class_place, training_class

Joined = Literal["registered", "already", "full", "over"]
Entered = Literal["new", "changed", "known"]


class Topic(StrEnum):
    """What a class teaches."""

    ONLINE_SELLING = "online_selling"
    SMARTPHONE = "smartphone"
    TAX_INVOICE = "tax_invoice"
    SAFETY = "safety"
    SOFTWARE = "software"
    AI = "ai"


TOPIC_NAMES: Mapping[Topic, str] = MappingProxyType(
    {
        Topic.ONLINE_SELLING: "Bán hàng qua mạng",
        Topic.SMARTPHONE: "Dùng điện thoại thông minh",
        Topic.TAX_INVOICE: "Thuế, hóa đơn điện tử",
        Topic.SAFETY: "An toàn trên mạng, tránh lừa đảo",
        Topic.SOFTWARE: "Phần mềm bán hàng",
        Topic.AI: "Trí tuệ nhân tạo (AI) cho buôn bán",
    }
)


@dataclass(frozen=True)
class TrainingClass:
    """A class as officers enter it. `commune`: a code, None for the whole province; `starts_at` aware."""

    province: str
    commune: str | None
    topic: Topic
    title: str
    place: str
    starts_at: datetime
    seats: int


@dataclass(frozen=True)
class ClassOffer:
    """A class with places left. `commune` as above; `starts_at` in UTC."""

    id: int
    title: str
    topic: str
    place: str
    commune: str | None
    starts_at: datetime
    seats_left: int


_TAKEN = (
    select(func.count())
    .where(class_place.c.class_id == training_class.c.id)
    .correlate(training_class)
    .scalar_subquery()
)
_SEATS_LEFT = (training_class.c.seats - _TAKEN).label("seats_left")


def upcoming(
    connection: Connection,
    province: str,
    commune: str | None,
    topics: Sequence[str] | None,
    now: datetime,
    limit: int = 3,
) -> list[ClassOffer]:
    """At most `limit` classes that begin after `now` and have places.

    First those of `commune` (a code), then those for the whole province; of other communes only when there is neither.
    Among equals the earlier first. `topics`: only these; None or none at all: every topic.
    """
    own = training_class.c.commune == commune if commune is not None else training_class.c.id.is_(None)
    distance = case((own, 0), (training_class.c.commune.is_(None), 1), else_=2).label("distance")
    wanted = [
        training_class.c.province == normalise_province_id(province),
        training_class.c.starts_at > now,
        _SEATS_LEFT > 0,
    ]
    if topics:
        wanted.append(training_class.c.topic.in_(topics))
    statement = (
        select(training_class, _SEATS_LEFT, distance)
        .where(*wanted)
        .order_by(distance, training_class.c.starts_at, training_class.c.id)
        .limit(limit)
    )
    rows = connection.execute(statement).all()
    nearest = min((row.distance for row in rows), default=2)
    return [
        ClassOffer(row.id, row.title, row.topic, row.place, row.commune, row.starts_at, row.seats_left)
        for row in rows
        if nearest == 2 or row.distance < 2
    ]


def find_class(connection: Connection, class_id: int) -> ClassOffer | None:
    """The class with this number, also when it is full or has begun."""
    row = connection.execute(select(training_class, _SEATS_LEFT).where(training_class.c.id == class_id)).first()
    if row is None:
        return None
    return ClassOffer(row.id, row.title, row.topic, row.place, row.commune, row.starts_at, row.seats_left)


def join(connection: Connection, contact_id: int, class_id: int, now: datetime) -> Joined:
    """Take a place. Idempotent: who has one keeps it ("already").

    "over": it has begun, or there is no such class. The class's row is locked until the transaction ends, so two
    people never get the last place (SQLite has one writer at a time anyway).
    """
    statement = select(training_class).where(training_class.c.id == class_id).with_for_update()
    row = connection.execute(statement).mappings().first()
    if row is None or row["starts_at"] <= now:
        return "over"
    places = select(func.count()).where(class_place.c.class_id == class_id)
    if connection.scalar(places.where(class_place.c.contact_id == contact_id)):
        return "already"
    if int(connection.scalar(places) or 0) >= row["seats"]:
        return "full"
    place = {key: row[key] for key in ("topic", "province", "commune")}
    place |= {"contact_id": contact_id, "class_id": class_id, "created_at": now}
    return "registered" if insert_if_new(connection, class_place, place) is not None else "already"


def wish(
    connection: Connection, contact_id: int, topic: str, province: str, commune: str | None, now: datetime
) -> bool:
    """Note that somebody would like a class on this topic; False when that is noted already."""
    row = {
        "contact_id": contact_id,
        "class_id": None,
        "topic": topic,
        "province": normalise_province_id(province),
        "commune": commune,
        "created_at": now,
    }
    return insert_if_new(connection, class_place, row) is not None


def enter(connection: Connection, one: TrainingClass) -> Entered:
    """Keep a class; the same one (province, time, place, title) takes over its topic, commune and seats."""
    row = {**vars(one), "topic": one.topic.value, "province": normalise_province_id(one.province)}
    if insert_if_new(connection, training_class, row) is not None:
        return "new"
    same = and_(*(training_class.c[key] == row[key] for key in ("province", "starts_at", "place", "title")))
    differs = or_(*(training_class.c[key].is_distinct_from(row[key]) for key in ("topic", "commune", "seats")))
    values = {key: row[key] for key in ("topic", "commune", "seats")}
    changed = connection.execute(update(training_class).where(same, differs).values(values))
    return "changed" if changed.rowcount else "known"
