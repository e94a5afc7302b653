"""The review list: what came in that the bot could not answer well, one line per phrase. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, not_, select

from programme.forgetting import BLACKED_OUT
from programme.teaching import Verdict
from store.messages import Reply
from store.quality_tables import annotation
from store.tables import conversation, inbound, outbound, review

KINDS = ("not_understood", "half_sure", "withheld", "unread", "marked_wrong", "officer_marked")
PAGE = 50
OCCURRENCES = 20
# Of a withdrawn consent (programme/forgetting.py), and of an erasure (programme/personal_fields.py).
_HAS_WORDS = review.c.text.not_in((BLACKED_OUT, ""))


class State(StrEnum):
    """What has become of a phrase. Disputed ones are among the taught as well."""

    OPEN = "open"
    TAUGHT = "taught"
    DISPUTED = "disputed"
    CONTENT_MISSING = "content_missing"
    NOT_A_QUESTION = "not_a_question"


@dataclass(frozen=True)
class Filters:
    """Empty: all. `read_as`: the intent that the model put first; `commune`: a code, `province`: a pack."""

    state: State = State.OPEN
    kind: str = ""
    read_as: str = ""
    commune: str = ""
    province: str = ""


@dataclass(frozen=True)
class Line:
    """A phrase: its newest spelling, and how often it came. `newest`: the row's number, for the next page."""

    phrase: str
    text: str
    kinds: tuple[str, ...]
    read_as: str | None
    count: int
    last_at: datetime
    newest: int


@dataclass(frozen=True)
class Occurrence:
    """One time that it came: where, what the model thought, what was answered."""

    conversation_id: str
    seq: int
    at: datetime
    kind: str
    text: str
    ranking: tuple[tuple[str, float], ...]
    answers: tuple[str, ...]
    entry: str | None
    commune: str | None
    marked_by: str | None


def lines(connection: Connection, filters: Filters, before: int | None = None) -> list[Line]:
    """A page of phrases and one more, those that came last first. `before`: `newest` of the last line before."""
    newest = func.max(review.c.id).label("newest")
    found = (
        select(review.c.phrase, newest, func.count().label("times"), func.max(review.c.created_at).label("last_at"))
        .where(*_wanted(filters))
        .group_by(review.c.phrase)
        .order_by(newest.desc())
        .limit(PAGE + 1)
    )
    if filters.province:
        found = found.join(inbound, inbound.c.id == review.c.inbound_id).join(
            conversation, conversation.c.id == inbound.c.conversation_id
        )
    if before is not None:
        found = found.having(newest < before)
    groups = connection.execute(found).all()
    shown = select(review.c.id, review.c.text, review.c.read_as).where(review.c.id.in_([one.newest for one in groups]))
    texts = {row.id: row for row in connection.execute(shown)}
    kinds = _kinds(connection, [one.phrase for one in groups])
    return [
        Line(
            phrase=one.phrase,
            text=texts[one.newest].text,
            kinds=tuple(kinds[one.phrase]),
            read_as=texts[one.newest].read_as,
            count=one.times,
            last_at=one.last_at,
            newest=one.newest,
        )
        for one in groups
    ]


def counts(connection: Connection) -> Mapping[State, int]:
    """How many phrases are in each state."""
    found = {}
    for state in State:
        phrases = select(func.count(func.distinct(review.c.phrase))).where(*_wanted(Filters(state)))
        found[state] = int(connection.scalar(phrases) or 0)
    return found


def occurrences(connection: Connection, phrase: str) -> list[Occurrence]:
    """The newest times that the phrase came; none for one that is unknown."""
    rows = (
        select(review, inbound.c.conversation_id, inbound.c.seq)
        .join(inbound, inbound.c.id == review.c.inbound_id)
        .where(review.c.phrase == phrase, _HAS_WORDS)
        .order_by(review.c.id.desc())
        .limit(OCCURRENCES)
    )
    found = connection.execute(rows).mappings().all()
    said: dict[int, list[str]] = {}
    answered = (
        select(outbound.c.in_reply_to, outbound.c.reply)
        .where(outbound.c.in_reply_to.in_([row["inbound_id"] for row in found]), outbound.c.sender == "bot")
        .order_by(outbound.c.seq)
    )
    for inbound_id, reply in connection.execute(answered):
        said.setdefault(inbound_id, []).append(Reply.from_json(reply).text)
    return [
        Occurrence(
            conversation_id=row["conversation_id"],
            seq=row["seq"],
            at=row["created_at"],
            kind=row["kind"],
            text=row["text"],
            ranking=tuple((one["name"], one["confidence"]) for one in row["ranking"] or () if "confidence" in one),
            answers=tuple(said.get(row["inbound_id"], ())),
            entry=row["entry"],
            commune=row["commune"],
            marked_by=row["marked_by"],
        )
        for row in found
    ]


def times(connection: Connection, phrase: str) -> int:
    """How often the phrase came."""
    came = select(func.count()).select_from(review).where(review.c.phrase == phrase, _HAS_WORDS)
    return int(connection.scalar(came) or 0)


def read_as(connection: Connection) -> list[str]:
    """Every intent that the list can be filtered by."""
    names = select(review.c.read_as).where(review.c.read_as.is_not(None)).distinct()
    return sorted(connection.scalars(names))


def _kinds(connection: Connection, phrases: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {phrase: [] for phrase in phrases}
    rows = select(review.c.phrase, review.c.kind).where(review.c.phrase.in_(phrases)).distinct().order_by(review.c.kind)
    for phrase, kind in connection.execute(rows):
        found[phrase].append(kind)
    return found


def _wanted(filters: Filters) -> list[ColumnElement[bool]]:
    wanted = [_HAS_WORDS, _is_in(filters.state)]
    for column, value in ((review.c.kind, filters.kind), (review.c.read_as, filters.read_as)):
        if value:
            wanted.append(column == value)
    if filters.commune:
        wanted.append(review.c.commune == filters.commune)
    if filters.province:
        wanted.append(conversation.c.province == filters.province)
    return wanted


def _is_in(state: State) -> ColumnElement[bool]:
    def said(*more: Any) -> ColumnElement[bool]:
        return exists().where(and_(annotation.c.about == review.c.phrase, *more))

    stands = annotation.c.state == "stands"
    match state:
        case State.OPEN:
            return not_(said(annotation.c.state.in_(("stands", "disputed"))))
        case State.DISPUTED:
            return said(annotation.c.state == "disputed")
        case State.TAUGHT:
            return said(stands, annotation.c.verdict == Verdict.INTENT)
        case State.CONTENT_MISSING:
            return said(stands, annotation.c.verdict == Verdict.CONTENT_MISSING)
        case State.NOT_A_QUESTION:
            return said(stands, annotation.c.verdict == Verdict.NOT_A_QUESTION)
