"""What the report on the promised time counts, in one place, with why the statements are as they are.

A period is [start, end) by when something was opened. Requests and escalations come through ix_request_report and
ix_escalation_report, by province and time: what lies outside the period costs nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Table, and_, case, cast, extract, func, select

from store.console_tables import request
from store.tables import conversation, escalation, inbound, officer, outbound

# Every offset of a time zone is a multiple of it, so that what is counted by quarters of an hour can be added up to the
# days of any place, without asking the database for a calendar.
QUARTER = 15 * 60
ROWS_AT_ONCE = 1000
# Clocks of several processes, and rows that were numbered before they were written: a number is this true to its time.
NUMBERED_WITHIN = timedelta(hours=1)


Rows = Counter[tuple[Any, ...]]


class Dimension(StrEnum):
    """What a report is divided by."""

    DAY = "day"
    COMMUNE = "commune"
    CHANNEL = "channel"
    VENDOR = "vendor"
    OFFICER = "officer"


@dataclass(frozen=True)
class Period:
    """`provinces`: how the one province is written."""

    provinces: tuple[str, ...]
    start: datetime
    end: datetime


class Outcome(StrEnum):
    """What became of a request, as the report counts it."""

    IN_TIME = "in_time"
    LATE = "late"
    # Due and waiting, or finished without an answer, or given up by its owner after it was due
    NOT_ANSWERED = "not_answered"
    RUNNING = "running"  # not yet due
    WITHDRAWN = "withdrawn"  # by the owner, before it was due


def outcome_at(now: datetime) -> ColumnElement[str]:
    """What became of a request by `now`, as a column beside those of `request`."""
    ended, due, said = request.c.ended_at, request.c.due_at, request.c.outcome
    return case(
        (and_(said == "answered", ended <= due), Outcome.IN_TIME),
        (said == "answered", Outcome.LATE),
        (and_(said == "withdrawn", ended <= due), Outcome.WITHDRAWN),
        (and_(ended.is_(None), due > now), Outcome.RUNNING),
        else_=Outcome.NOT_ANSWERED,
    )


def requests(connection: Connection, period: Period, by: Dimension, now: datetime) -> Rows:
    """Each request: key (for days: quarters of an hour since 1970), outcome, minutes.

    `minutes`: from the owner's message to the first answer of a person; None where there was none, or another before.
    Not summed up by the database: it would sort them first, which takes longer than counting equal rows here.
    """
    ended, said = request.c.ended_at, request.c.outcome
    outcome = outcome_at(now)
    minutes = case((and_(said == "answered", request.c.is_first), _minutes(connection, request.c.opened_at, ended)))
    rows = select(_key(connection, request, by).label("key"), outcome.label("outcome"), minutes.label("minutes"))
    return _counted(connection, rows.where(*_within(request, period)))


def escalations(connection: Connection, period: Period, by: Dimension) -> Rows:
    """Each escalation that was opened in the period (ix_escalation_report): key, minutes until a person had finished
    it (None: not yet, or its owner withdrew it), asked (whether the owner was asked how it was), csat.
    """
    minutes = case(
        (
            escalation.c.status.in_(("returned", "closed")),
            _minutes(connection, escalation.c.opened_at, escalation.c.closed_at),
        )
    )
    rows = select(
        _key(connection, escalation, by).label("key"),
        minutes.label("minutes"),
        escalation.c.csat_asked_at.is_not(None).label("asked"),
        escalation.c.csat,
    )
    return _counted(connection, rows.where(*_within(escalation, period)))


def first_answers(connection: Connection, period: Period, by: Dimension) -> Rows:
    """Where a person answered an escalation for the first time: key, opened, answered, in seconds since 1970."""
    rows = select(
        _key(connection, request, by).label("key"),
        _seconds(connection, request.c.opened_at).label("opened"),
        _seconds(connection, request.c.ended_at).label("answered"),
    ).where(*_within(request, period), request.c.is_first, request.c.outcome == "answered")
    return _counted(connection, rows)


def bot_answers(connection: Connection, period: Period, entries: Collection[str]) -> Rows:
    """Owners' questions that the bot answered with one of these entries: key (quarters of an hour since 1970), channel.
    Each question counts once, at its first such answer.

    No index knows when something was said: numbers are given in the order of time, so the rows of a period are found by
    halving the numbers, and only those are read.
    """
    entry = outbound.c.reply["entry"].as_string()
    said = (
        select(
            outbound.c.in_reply_to,
            conversation.c.channel,
            func.min(_seconds(connection, outbound.c.created_at)).label("at"),
        )
        .join(conversation, conversation.c.id == outbound.c.conversation_id)
        .where(
            outbound.c.id >= _first_number(connection, outbound, period.start - NUMBERED_WITHIN),
            outbound.c.id < _first_number(connection, outbound, period.end + NUMBERED_WITHIN),
            outbound.c.created_at >= period.start,
            outbound.c.created_at < period.end,
            outbound.c.sender == "bot",
            outbound.c.in_reply_to.is_not(None),
            conversation.c.province.in_(period.provinces),
            entry.in_(entries),
        )
        .group_by(outbound.c.in_reply_to, conversation.c.channel)
        .subquery()
    )
    answered = select(inbound.c.id).where(inbound.c.id == said.c.in_reply_to, inbound.c.kind == "message")
    quarter = said.c.at // QUARTER
    return _counted(connection, select(quarter.label("key"), said.c.channel).where(answered.exists()))


def officer_names(connection: Connection) -> dict[int, str]:
    """Every officer's name by number."""
    return {row.id: row.name for row in connection.execute(select(officer.c.id, officer.c.name))}


def _counted(connection: Connection, rows: Select[Any]) -> Rows:
    """How often each row comes; all columns are numbers and words that need no conversion.

    From the driver's own cursor, some rows at a time: wrapping 100,000 rows, or keeping them alive for the garbage
    collector to visit, takes longer than the database.
    """
    counted: Rows = Counter()
    with connection.execute(rows) as result:
        while some := result.cursor.fetchmany(ROWS_AT_ONCE):
            counted.update(some)
    return counted


def _within(table: Table, period: Period) -> tuple[ColumnElement[bool], ...]:
    opened = table.c.opened_at
    return table.c.province.in_(period.provinces), opened >= period.start, opened < period.end


def _key(connection: Connection, table: Table, by: Dimension) -> ColumnElement[Any]:
    if by is Dimension.DAY:
        return _seconds(connection, table.c.opened_at) // QUARTER
    return table.c["officer_id" if by is Dimension.OFFICER else by.value]


def _minutes(connection: Connection, a: ColumnElement[datetime], b: ColumnElement[datetime]) -> ColumnElement[int]:
    """Whole minutes from a to b."""
    return (_seconds(connection, b) - _seconds(connection, a)) // 60


def _seconds(connection: Connection, at: ColumnElement[datetime]) -> ColumnElement[int]:
    """Whole seconds since 1970, cut off."""
    if connection.dialect.name == "sqlite":
        return cast(func.strftime("%s", at), BigInteger)
    return cast(func.floor(extract("epoch", at)), BigInteger)


def _first_number(connection: Connection, table: Table, at: datetime) -> int:
    """The lowest number whose row was written at `at` or later, if numbers are in the order of time."""
    low, high = 0, (connection.scalar(select(func.max(table.c.id))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        next_row = select(table.c.created_at).where(table.c.id >= middle).order_by(table.c.id).limit(1)
        written = connection.scalar(next_row)
        if written is None or written >= at:
            high = middle
        else:
            low = middle + 1
    return low
