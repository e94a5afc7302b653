"""What officers say about phrases, and who decides when two of them disagree.

One annotation stands per phrase that came in; nothing is overwritten in silence. Whoever says something else than a
colleague did may lay it before a supervisor; until then what stands goes on. A pure matter of rows: what is trained on
when is the trainer's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, Select, or_, select, update

from programme.training_examples import Lesson
from store.database import insert_returning_id
from store.quality_tables import annotation
from store.tables import officer

# Of one transaction at a time: two officers' words about one phrase must not pass each other by. SQLite has one writer.
_LOCK = 20261127


class Verdict(StrEnum):
    """What is to be done about a phrase."""

    INTENT = "intent"
    NOT_A_QUESTION = "not_a_question"
    CONTENT_MISSING = "content_missing"


@dataclass(frozen=True)
class Opinion:
    """What somebody wants to say. `about`: the key of what came in; `phrase`, `key`: what is trained on."""

    about: str
    phrase: str
    key: str
    verdict: Verdict
    intent: str | None = None
    entry: str | None = None


@dataclass(frozen=True)
class Said:
    """An annotation with the name of who made it, and of who ended it."""

    id: int
    about: str
    phrase: str
    verdict: Verdict
    intent: str | None
    entry: str | None
    state: str
    officer_id: int
    officer: str
    at: datetime
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None

    def agrees_with(self, opinion: Opinion) -> bool:
        return (self.verdict, self.intent) == (opinion.verdict, opinion.intent)


class Contradiction(Exception):
    """A colleague has said something else about this phrase: `said` stands."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.id)
        self.said = said


def say(
    connection: Connection, opinion: Opinion, officer_id: int, now: datetime, decides: bool = False, asks: bool = False
) -> int:
    """Write `opinion`; the annotation's number. Saying again what stands changes nothing.

    `decides`: a supervisor's word, which ends what others said. `asks`: lay it before a supervisor if it contradicts.
    Raises Contradiction where a colleague's word stands and neither is given.
    """
    _one_at_a_time(connection)
    standing, disputes = _standing(connection, opinion), _disputes(connection, opinion.about)
    words = opinion.phrase
    stands = [
        one.id for one in standing if (one.about, one.phrase) == (opinion.about, words) and one.agrees_with(opinion)
    ]
    others = [one for one in standing if one.officer_id != officer_id and not one.agrees_with(opinion)]
    if others and not (stands or decides or asks):
        raise Contradiction(others[0])
    why = "decided" if decides else "changed"
    # A decision ends every dispute; whoever says something else now ends their own
    _end(connection, [one for one in disputes if decides or one.officer_id == officer_id], officer_id, why, now)
    if stands:
        return stands[0]
    if others and not decides:
        return _insert(connection, opinion, "disputed", officer_id, now)
    # Of one's own, and of colleagues who said the same in other words; a decision ends all that contradicts it
    given_way = [one for one in standing if one.about == opinion.about or not one.agrees_with(opinion)]
    _end(connection, given_way, officer_id, why, now)
    return _insert(connection, opinion, "stands", officer_id, now)


def keep_standing(connection: Connection, about: str, officer_id: int, now: datetime) -> bool:
    """A supervisor decides for what stands; whether there was a dispute."""
    _one_at_a_time(connection)
    disputes = _disputes(connection, about)
    _end(connection, disputes, officer_id, "decided", now)
    return bool(disputes)


def drop(connection: Connection, ids: Iterable[int], officer_id: int, now: datetime) -> int:
    """Take annotations back, so that their phrases wait on the list again; how many stood."""
    _one_at_a_time(connection)
    rows = select(annotation.c.id).where(annotation.c.id.in_(list(ids)), annotation.c.state == "stands")
    standing = list(connection.scalars(rows))
    ended = {"state": "ended", "ended_at": now, "ended_by": officer_id, "ended_why": "dropped"}
    connection.execute(update(annotation).where(annotation.c.id.in_(standing)).values(ended))
    return len(standing)


def history(connection: Connection, about: str) -> tuple[Said, ...]:
    """All that was said about a phrase, the newest first."""
    return _read(connection, _all().where(annotation.c.about == about).order_by(annotation.c.id.desc()))


def lessons(connection: Connection) -> tuple[Lesson, ...]:
    """What a training starts from: every phrase that stands for an intent, the oldest first."""
    rows = (
        select(annotation.c.id, annotation.c.phrase, annotation.c.intent)
        .where(annotation.c.state == "stands", annotation.c.verdict == Verdict.INTENT)
        .order_by(annotation.c.id)
    )
    return tuple(Lesson(*row) for row in connection.execute(rows))


def by_ids(connection: Connection, ids: Sequence[int]) -> tuple[Said, ...]:
    """The annotations with these numbers, in order."""
    return _read(connection, _all().where(annotation.c.id.in_(ids)).order_by(annotation.c.id))


def _standing(connection: Connection, opinion: Opinion) -> tuple[Said, ...]:
    same = or_(annotation.c.about == opinion.about, annotation.c.key == opinion.key)
    return _read(connection, _all().where(same, annotation.c.state == "stands").order_by(annotation.c.id))


def _disputes(connection: Connection, about: str) -> tuple[Said, ...]:
    return _read(connection, _all().where(annotation.c.about == about, annotation.c.state == "disputed"))


def _end(connection: Connection, said: Sequence[Said], officer_id: int, why: str, now: datetime) -> None:
    values = {"state": "ended", "ended_at": now, "ended_by": officer_id, "ended_why": why}
    for one in said:
        connection.execute(update(annotation).filter_by(id=one.id).values(values))


def _insert(connection: Connection, opinion: Opinion, state: str, officer_id: int, now: datetime) -> int:
    row = {**vars(opinion), "verdict": opinion.verdict.value, "state": state, "officer_id": officer_id}
    return insert_returning_id(connection, annotation, {**row, "created_at": now})


def _one_at_a_time(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _all() -> Select[tuple[object, ...]]:
    ender = officer.alias("ender")
    return (
        select(annotation, officer.c.name.label("officer"), ender.c.name.label("ender"))
        .join(officer, officer.c.id == annotation.c.officer_id)
        .outerjoin(ender, ender.c.id == annotation.c.ended_by)
    )


def _read(connection: Connection, rows: Select[tuple[object, ...]]) -> tuple[Said, ...]:
    return tuple(_said(row) for row in connection.execute(rows).mappings())


def _said(row: RowMapping) -> Said:
    return Said(
        id=row["id"],
        about=row["about"],
        phrase=row["phrase"],
        verdict=Verdict(row["verdict"]),
        intent=row["intent"],
        entry=row["entry"],
        state=row["state"],
        officer_id=row["officer_id"],
        officer=row["officer"],
        at=row["created_at"],
        ended_at=row["ended_at"],
        ended_by=row["ender"],
        ended_why=row["ended_why"],
    )
