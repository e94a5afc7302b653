"""The table of classes that officers keep on pages: which there are, entering and changing one, what is covered.

Who comes is `class_attendance.py`'s; what owners are offered is `classes.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Row, func, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from programme.classes import Topic, TrainingClass
from programme.packs import normalise_province_id
from store.database import insert_if_new
from store.survey_tables import class_place, training_class

PAGE = 50
Changed = Literal["changed", "over", "too_few_seats", "known"]


@dataclass(frozen=True)
class ClassRow:
    """A class with how many have a place, and how many came."""

    id: int
    training_class: TrainingClass
    taken: int
    attended: int


@dataclass(frozen=True)
class Wanted:
    """Which classes a table shows. `communes`: only of these (codes), None: of all, also for the whole province."""

    province: str
    communes: Sequence[str] | None = None
    topic: Topic | None = None
    is_past: bool = False


@dataclass(frozen=True)
class Coverage:
    """Communes with a class that has begun, and with one to which somebody came."""

    held: int
    attended: int


@dataclass(frozen=True)
class WishCount:
    """How many wish for a class. `topic`: a Topic's value, or "any"; `commune`: a code, None: not said."""

    topic: str
    commune: str | None
    people: int


_PLACES = select(func.count()).where(class_place.c.class_id == training_class.c.id).correlate(training_class)
_COUNTED = select(
    training_class,
    _PLACES.scalar_subquery().label("taken"),
    _PLACES.where(class_place.c.attended_at.is_not(None)).scalar_subquery().label("attended"),
)


def table(connection: Connection, wanted: Wanted, now: datetime, after: int | None = None) -> list[ClassRow]:
    """At most PAGE + 1 classes: those that come, the next first, or those that have begun, the latest first.

    `after`: the number of the class that the page before ended with.
    """
    place = tuple_(training_class.c.starts_at, training_class.c.id)
    rows = _COUNTED.where(training_class.c.province == normalise_province_id(wanted.province)).limit(PAGE + 1)
    if wanted.communes is not None:
        rows = rows.where(training_class.c.commune.in_(wanted.communes))
    if wanted.topic is not None:
        rows = rows.where(training_class.c.topic == wanted.topic.value)
    last = connection.execute(select(training_class).filter_by(id=after)).first() if after is not None else None
    if wanted.is_past:
        rows = rows.where(training_class.c.starts_at <= now)
        rows = rows.order_by(training_class.c.starts_at.desc(), training_class.c.id.desc())
        rows = rows.where(place < (last.starts_at, last.id)) if last else rows
    else:
        rows = rows.where(training_class.c.starts_at > now)
        rows = rows.order_by(training_class.c.starts_at, training_class.c.id)
        rows = rows.where(place > (last.starts_at, last.id)) if last else rows
    return [_row(row) for row in connection.execute(rows)]


def find_row(connection: Connection, class_id: int) -> ClassRow | None:
    """The class with this number."""
    row = connection.execute(_COUNTED.where(training_class.c.id == class_id)).first()
    return _row(row) if row else None


def create(connection: Connection, one: TrainingClass) -> tuple[int, bool]:
    """The class's number, and whether it is new. Idempotent: province, time, place and title make the same class,
    which is left as it is."""
    values = _values(one)
    if (stored := insert_if_new(connection, training_class, values)) is not None:
        return int(stored["id"]), True
    same = {key: values[key] for key in ("province", "starts_at", "place", "title")}
    return int(connection.execute(select(training_class.c.id).filter_by(**same)).scalar_one()), False


def change(connection: Connection, class_id: int, one: TrainingClass, now: datetime) -> Changed:
    """Change a class that has not begun. "known": there is another one at this time and place with this title.

    The class's row is locked until the transaction ends, so nobody gets a place that this takes away.
    """
    row = connection.execute(select(training_class).filter_by(id=class_id).with_for_update()).first()
    if row is None or row.starts_at <= now:
        return "over"
    taken = connection.scalar(select(func.count()).select_from(class_place).filter_by(class_id=class_id))
    if one.seats < int(taken or 0):
        return "too_few_seats"
    values = _values(one)
    try:
        with connection.begin_nested():
            connection.execute(update(training_class).filter_by(id=class_id).values(values))
    except IntegrityError:
        return "known"
    # reports count places by what their class teaches, and where
    copied = {key: values[key] for key in ("topic", "province", "commune")}
    connection.execute(update(class_place).filter_by(class_id=class_id).values(copied))
    return "changed"


def coverage(connection: Connection, province: str, now: datetime) -> Coverage:
    """How many communes of a province had a class of their own (plan 148: at least one in each)."""
    begun = (
        training_class.c.province == normalise_province_id(province),
        training_class.c.starts_at <= now,
        training_class.c.commune.is_not(None),
    )
    communes = select(func.count(training_class.c.commune.distinct())).where(*begun)
    came = select(class_place.c.class_id).where(class_place.c.attended_at.is_not(None))
    return Coverage(
        held=int(connection.scalar(communes) or 0),
        attended=int(connection.scalar(communes.where(training_class.c.id.in_(came))) or 0),
    )


def wishes(connection: Connection, province: str, communes: Sequence[str] | None) -> list[WishCount]:
    """Who waits for a class, counted by topic and commune, the most wanted first."""
    people = func.count().label("people")
    rows = (
        select(class_place.c.topic, class_place.c.commune, people)
        .where(class_place.c.class_id.is_(None), class_place.c.province == normalise_province_id(province))
        .group_by(class_place.c.topic, class_place.c.commune)
        .order_by(people.desc(), class_place.c.topic, class_place.c.commune)
    )
    if communes is not None:
        rows = rows.where(class_place.c.commune.in_(communes))
    return [WishCount(row.topic, row.commune, row.people) for row in connection.execute(rows)]


def _values(one: TrainingClass) -> dict[str, object]:
    return {**vars(one), "topic": one.topic.value, "province": normalise_province_id(one.province)}


def _row(row: Row[tuple[object, ...]]) -> ClassRow:
    of = row._mapping
    names = ("province", "commune", "title", "place", "starts_at", "seats")
    one = TrainingClass(topic=Topic(of["topic"]), **{name: of[name] for name in names})
    return ClassRow(of["id"], one, of["taken"], of["attended"])
