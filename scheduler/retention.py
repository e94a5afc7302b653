"""The job "retention": what is kept for a time goes when it is over (content/national/personal_data.yaml: how long).

Of the big tables a bounded number of rows in one transaction, so that nobody waits behind it; messages lose their words
and stay as rows, because they are counted. Deleting again deletes nothing more, so the job bears being run twice, and
what one run does not finish the next one does. What was taken out leaves the disk as an erasure does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, func, select, update

from programme.erasure import ask_for_purge
from programme.file_imports import AT_CHOICE, LOOKED_AT, READ_IN, ended
from programme.held import UNHEARD, nothing, unsaid
from scheduler.kinds import JobContext, JobKind
from store import api_answers
from store.channel_tables import attachment, channel_event, ticket
from store.console_tables import mention, note, officer_notice, open_tab
from store.database import insert_if_new
from store.difficulty_tables import difficulty
from store.logs import get_logger
from store.mail_tables import mail_message
from store.privacy_tables import data_copy, retention_progress
from store.registry_tables import file_import, import_row
from store.session_ends import forget_expired
from store.tables import inbound, outbound, review
from store.vendor_tables import vendor_notice

log = get_logger("scheduler.retention")

AT_ONCE = 500
# Of one rule in one run, an hour apart: half a minute of work at most; a backlog of years takes some days.
MOST = 20_000
Step = Callable[[Connection, datetime], int]


async def forget(context: JobContext) -> None:
    """Delete what is too old. Raises SQLAlchemyError when the database is away."""
    now, rules = context.clock.now(), context.content.privacy.rules
    await context.database.run(partial(_forget_what_ends_itself, now, timedelta(days=rules["events"].days or 30)))
    gone: Counter[str] = Counter()
    for rule, steps in STEPS.items():
        days = rules[rule].days
        if days is None:
            continue
        for step in steps:
            while gone[rule] < MOST and (count := await context.database.run(partial(_run, step, now, days))):
                gone[rule] += count
    if gone.total():
        await context.database.run(lambda connection: ask_for_purge(connection, "retention", now))
        log.info("retained_no_longer", **{rule: count for rule, count in gone.items() if count})


RETENTION = JobKind("retention", timedelta(hours=1), forget)


def _run(step: Step, now: datetime, days: int, connection: Connection) -> int:
    return step(connection, now - timedelta(days=days))


def _forget_what_ends_itself(now: datetime, kept: timedelta, connection: Connection) -> None:
    """Events of a channel, tickets, sessions, answers of the API. A dead letter stays until a person has looked, but
    not its words."""
    old = channel_event.c.received_at < now - kept
    connection.execute(delete(channel_event).where(old, channel_event.c.status != "dead"))
    unread = (channel_event.c.status == "dead", channel_event.c.body.is_not(None))
    connection.execute(update(channel_event).where(old, *unread).values(body=None))
    connection.execute(delete(ticket).where(ticket.c.expires_at < now))
    forget_expired(connection, now)
    api_answers.forget_expired(connection, now)


def _deleting(table: Table, at: ColumnElement[Any], *more: ColumnElement[bool]) -> Step:
    """Rows of `table` that are older, the oldest first."""
    key = list(table.primary_key.columns)

    def step(connection: Connection, before: datetime) -> int:
        old = connection.execute(select(*key).where(at < before, *more).order_by(*key).limit(AT_ONCE)).all()
        for row in old:
            named = [column == value for column, value in zip(key, row, strict=True)]
            connection.execute(delete(table).where(*named))
        return len(old)

    return step


def _without_words(rule: str, table: Table, at: ColumnElement[Any], *more: ColumnElement[bool]) -> Step:
    """Older rows lose what was said. Rows are numbered in the order of time, so a mark tells how far that has come;
    what is not finished by then (`more`) keeps its words."""

    def step(connection: Connection, before: datetime) -> int:
        mark = {"rule": f"{rule}_{table.name}", "up_to": 0}
        insert_if_new(connection, retention_progress, mark)
        own = retention_progress.c.rule == mark["rule"]
        up_to = connection.execute(select(retention_progress.c.up_to).where(own).with_for_update()).scalar_one()
        some = select(table.c.id, at.label("at")).where(table.c.id > up_to).order_by(table.c.id).limit(AT_ONCE)
        # Up to the first that is not: a mail may have come days before it was fetched, behind younger messages
        old = [row.id for row in takewhile(lambda row: row.at < before, connection.execute(some).all())]
        if not old:
            return 0
        changed = update(table).where(table.c.id.in_(old), *more)
        if table is inbound:
            connection.execute(changed.values(UNHEARD))
            of_mails = update(mail_message).where(mail_message.c.inbound_id.in_(old))
            connection.execute(of_mails.values(nothing("subject")))
        else:
            connection.execute(changed.values(unsaid(connection)))
        connection.execute(update(retention_progress).where(own).values(up_to=old[-1]))
        return len(old)

    return step


def _tellings(connection: Connection, before: datetime) -> int:
    """Older difficulties lose their words and stay to be counted."""
    old = select(difficulty.c.id).where(difficulty.c.at < before, difficulty.c.text.is_not(None)).limit(AT_ONCE)
    return connection.execute(update(difficulty).where(difficulty.c.id.in_(old)).values(text=None)).rowcount


def _mentions_of_old_notes(connection: Connection, before: datetime) -> int:
    """First, since a mention refers to its note."""
    old = select(note.c.id).where(note.c.created_at < before)
    return connection.execute(delete(mention).where(mention.c.note_id.in_(old))).rowcount


def _uploads(connection: Connection, before: datetime) -> int:
    """A list that nobody has started to read in goes with what it holds; that it was there stays with its time."""
    left = (file_import.c.created_at < before, file_import.c.status.in_((*LOOKED_AT, *AT_CHOICE)))
    gone = update(file_import).where(*left).values({**ended("cancelled", before, "left"), "done_at": None})
    return connection.execute(gone).rowcount


# Of every attachment: what was never stored (a place, what could not be fetched) has no time of its own.
_HEARD_AT = select(inbound.c.received_at).where(inbound.c.id == attachment.c.inbound_id).scalar_subquery()
_READ_IN_AT = select(file_import.c.created_at).where(file_import.c.id == import_row.c.import_id).scalar_subquery()
# A list that is being read in, or waits to be, stays whole; its rows go before it does.
_IS_AT_REST = file_import.c.status.not_in(READ_IN)
_OF_A_LIST_AT_REST = import_row.c.import_id.in_(select(file_import.c.id).where(_IS_AT_REST))
_HAS_NO_ROWS = ~exists().where(import_row.c.import_id == file_import.c.id)
# By rule. What an owner may be answered with, or what still goes out, keeps its words.
STEPS: dict[str, tuple[Step, ...]] = {
    "messages": (
        _without_words("messages", inbound, inbound.c.received_at, inbound.c.status != "pending"),
        _without_words(
            "messages",
            outbound,
            outbound.c.created_at,
            outbound.c.status.not_in(("waiting", "sending", "held", "uncertain")),
        ),
        _tellings,
        _mentions_of_old_notes,
        _deleting(note, note.c.created_at),
    ),
    "attachments": (_deleting(attachment, _HEARD_AT, attachment.c.status != "waiting"),),
    "reviews": (_deleting(review, review.c.created_at),),
    "drafts": (_deleting(open_tab, func.coalesce(open_tab.c.drafted_at, open_tab.c.seen_at)),),
    "uploads": (_uploads,),
    "imports": (
        _deleting(import_row, _READ_IN_AT, _OF_A_LIST_AT_REST),
        _deleting(file_import, file_import.c.created_at, _IS_AT_REST, _HAS_NO_ROWS),
    ),
    "copies": (_deleting(data_copy, data_copy.c.expires_at),),
    "notices": (
        _deleting(officer_notice, officer_notice.c.created_at, officer_notice.c.status != "waiting"),
        _deleting(vendor_notice, vendor_notice.c.created_at, vendor_notice.c.status != "waiting"),
    ),
}
