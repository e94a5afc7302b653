"""One person on several channels: what a code joins, which contact stays, and how it is undone.

Linking moves conversations and no data. All conversations of one contact become the other's; what is kept with the
contact that was left stays there, so that undoing restores it exactly (decision 15). At most one link of a conversation
is in force; it leads from the conversation's own contact to the one it belongs to now, never over a third.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update

from programme.links_said import CODE_DIGITS
from store.channel_tables import channel_link, link_code
from store.database import insert_if_new
from store.privacy_tables import data_copy
from store.survey_tables import survey_response
from store.tables import EncryptedText, contact, conversation, data_request, inbound, opt_out

CODE_LIFE = timedelta(minutes=10)
# So long an old code is told from a wrong one.
REMEMBERED = timedelta(days=1)
# Codes that one conversation may try, right or wrong, before it must wait.
TRIES, TRIES_WITHIN = 5, timedelta(minutes=10)
# A code is void after so many wrong ones anywhere: however many conversations somebody opens to guess, the chance to
# hit a code is this many in a million.
WRONG_CODES_AT_MOST = 50
USE_CODE = "use_link_code"  # the intent of a message with a code


class Refusal(StrEnum):
    """Why a code links nothing."""

    WRONG = "wrong"
    EXPIRED = "expired"
    OWN = "own"
    ALREADY = "already"
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class Link:
    """What a code would do: the conversations of `leaves` become those of `keeps` (contacts' ids).

    `shown_in`: the conversation where the code was asked for, on `channel`.
    """

    code: str
    shown_in: str
    channel: str
    keeps: int
    leaves: int


def new_code() -> str:
    """Six digits; the owner reads them behind "LK"."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def keep_code(connection: Connection, conversation_id: str, code: str, now: datetime) -> bool:
    """Make `code` the conversation's only one. False when another conversation has just the same: take another code."""
    forgotten = link_code.c.expires_at <= now - REMEMBERED
    connection.execute(delete(link_code).where(or_(link_code.c.conversation_id == conversation_id, forgotten)))
    row = {"conversation_id": conversation_id, "code_hash": _hash(code), "expires_at": now + CODE_LIFE}
    return insert_if_new(connection, link_code, row) is not None


def find_link(connection: Connection, conversation_id: str, code: str, now: datetime) -> Link | Refusal:
    """What `code`, typed in this conversation, would do now. Reads only."""
    if _tries(connection, conversation_id, now) >= TRIES:
        return Refusal.TOO_MANY
    shown = (
        select(link_code.c.expires_at, link_code.c.wrong_codes, conversation)
        .join(conversation, conversation.c.id == link_code.c.conversation_id)
        .where(link_code.c.code_hash == _hash(code))
    )
    there = connection.execute(shown).first()
    if there is None:
        return Refusal.WRONG
    if there.id == conversation_id:
        return Refusal.OWN
    if there.expires_at <= now or there.wrong_codes >= WRONG_CODES_AT_MOST:
        return Refusal.EXPIRED
    here = connection.execute(select(conversation.c.contact_id).filter_by(id=conversation_id)).scalar_one()
    if here == there.contact_id:
        return Refusal.ALREADY
    keeps, leaves = _ranked(connection, here, there.contact_id)
    return Link(code, there.id, there.channel, keeps, leaves)


def count_wrong_code(connection: Connection, now: datetime) -> None:
    """A wrong code was typed somewhere: it counts against every code that could have been meant."""
    # in one order, so that two of these never wait for each other
    alive = select(link_code.c.id).where(link_code.c.expires_at > now).order_by(link_code.c.id).with_for_update()
    ids = list(connection.scalars(alive))
    counted = update(link_code).where(link_code.c.id.in_(ids))
    connection.execute(counted.values(wrong_codes=link_code.c.wrong_codes + 1))


def link(connection: Connection, conversation_id: str, wanted: Link, now: datetime) -> list[str] | None:
    """Use the code and join the two contacts; the conversations that moved, or None (nothing is done) when it is not as
    it was read.

    Of two who type a code at once one finds its row, the other nothing. The version of what moves is raised, so a turn
    under way there starts again and writes to the right contact.
    """
    belongs = _taken(connection, wanted.keeps, wanted.leaves)
    if belongs is None or {belongs.get(conversation_id), belongs.get(wanted.shown_in)} != {wanted.keeps, wanted.leaves}:
        return None
    if _ranked(connection, wanted.keeps, wanted.leaves) != (wanted.keeps, wanted.leaves):
        return None
    used = delete(link_code).where(
        link_code.c.conversation_id == wanted.shown_in,
        link_code.c.code_hash == _hash(wanted.code),
        link_code.c.expires_at > now,
        link_code.c.wrong_codes < WRONG_CODES_AT_MOST,
    )
    if not connection.execute(used).rowcount:
        return None
    moved = [id_ for id_, contact_id in belongs.items() if contact_id == wanted.leaves]
    links = {row.conversation_id: row for row in open_links(connection, wanted.leaves)}
    for id_ in moved:
        before = links.get(id_)
        origin, since = (before.from_contact_id, before.linked_at) if before else (wanted.leaves, now)
        if before:
            _end(connection, before.id, now)
        row = {"conversation_id": id_, "from_contact_id": origin, "to_contact_id": wanted.keeps, "linked_at": since}
        connection.execute(insert(channel_link).values(row))
        _move(connection, id_, wanted.keeps)
    _carry_opt_out(connection, wanted.leaves, wanted.keeps)
    _prove_anew(connection, (wanted.keeps, wanted.leaves))
    return moved


def unlink(connection: Connection, contact_id: int, now: datetime) -> list[str] | None:
    """Give every linked conversation back to its own contact; which ones, or None when a turn is in the way.

    What was done meanwhile stays with `contact_id`, but for an opt-out: it was said for all of them.
    """
    if _taken(connection, contact_id) is None:
        return None
    links = open_links(connection, contact_id)
    for row in links:
        _end(connection, row.id, now)
        _move(connection, row.conversation_id, row.from_contact_id)
        _carry_opt_out(connection, contact_id, row.from_contact_id, since=row.linked_at)
    return [row.conversation_id for row in links]


def open_links(connection: Connection, contact_id: int) -> list[Row[Any]]:
    """The links that lead to this contact (rows of channel_link)."""
    rows = select(channel_link).filter_by(to_contact_id=contact_id, undone_at=None).order_by(channel_link.c.id)
    return list(connection.execute(rows).all())


def home_channel(connection: Connection, contact_id: int) -> str | None:
    """The channel of the contact's own conversation, to which the others were linked; None without any link."""
    linked = [row.conversation_id for row in open_links(connection, contact_id)]
    own = select(conversation.c.channel).where(
        conversation.c.contact_id == contact_id, conversation.c.id.not_in(linked)
    )
    return connection.scalar(own.order_by(conversation.c.created_at).limit(1)) if linked else None


def person(connection: Connection, contact_id: int) -> list[int]:
    """All contacts that are one person now: the one that the conversations belong to, and those that were left."""
    own = home(connection, contact_id)
    return list(dict.fromkeys([own, *(row.from_contact_id for row in open_links(connection, own))]))


def people_of(connection: Connection, contact_ids: Sequence[int]) -> dict[int, list[int]]:
    """`person` of each of them; few are linked at all, and only those are looked at one by one."""
    linked = select(*channel_link.c["from_contact_id", "to_contact_id"]).where(
        channel_link.c.undone_at.is_(None),
        or_(channel_link.c.from_contact_id.in_(contact_ids), channel_link.c.to_contact_id.in_(contact_ids)),
    )
    some = {id_ for row in connection.execute(linked) for id_ in row} if contact_ids else set()
    return {id_: person(connection, id_) if id_ in some else [id_] for id_ in contact_ids}


def home(connection: Connection, contact_id: int) -> int:
    """The contact that this one's conversations belong to now: itself, while they were not linked to another."""
    moved = select(channel_link.c.to_contact_id).filter_by(from_contact_id=contact_id, undone_at=None)
    return connection.scalar(moved.limit(1)) or contact_id


def spoken_by(
    connection: Connection, people: list[int], conversation_id: ColumnElement[str], at: ColumnElement[datetime]
) -> ColumnElement[bool]:
    """The condition for messages of these contacts: in their conversations, and in those that were linked to them once,
    while they were. `conversation_id` and `at` are the columns of the message."""
    own = select(conversation.c.id).where(conversation.c.contact_id.in_(people))
    once = select(channel_link).where(channel_link.c.to_contact_id.in_(people), channel_link.c.undone_at.is_not(None))
    spells = [
        and_(conversation_id == row.conversation_id, at >= row.linked_at, at <= row.undone_at)
        for row in connection.execute(once)
    ]
    return or_(conversation_id.in_(list(connection.scalars(own))), *spells)


def _hash(code: str) -> bytes:
    """By the keys that the database was opened with: who only reads the table cannot try a million codes."""
    if EncryptedText.keyring is None:
        raise RuntimeError("no keyring: open the database with store.database.open_database")
    return EncryptedText.keyring.hash(code, "link_code")


def _tries(connection: Connection, conversation_id: str, now: datetime) -> int:
    tried = select(func.count()).where(
        inbound.c.conversation_id == conversation_id,
        inbound.c.received_at > now - TRIES_WITHIN,
        inbound.c.reading["intent"].as_string() == USE_CODE,
    )
    return int(connection.scalar(tried) or 0)


def _ranked(connection: Connection, one: int, other: int) -> tuple[int, int]:
    """Of two contacts first the one that stays: whose survey changed last; without any, the older one."""
    changed = func.max(survey_response.c.updated_at)
    ranked = (
        select(contact.c.id)
        .outerjoin(survey_response, survey_response.c.contact_id == contact.c.id)
        .where(contact.c.id.in_((one, other)))
        .group_by(contact.c.id, contact.c.created_at)
        .order_by(changed.desc().nulls_last(), contact.c.created_at, contact.c.id)
    )
    first, second = connection.scalars(ranked)
    return first, second


def _taken(connection: Connection, *contacts: int) -> dict[str, int] | None:
    """The conversations of these contacts, locked, and whose they are; None when somebody else is changing one: two
    turns that want each other's conversation must not wait for each other."""
    theirs = select(conversation.c.id, conversation.c.contact_id).where(conversation.c.contact_id.in_(contacts))
    free = connection.execute(theirs.order_by(conversation.c.id).with_for_update(skip_locked=True)).all()
    return {row.id: row.contact_id for row in free} if len(free) == len(connection.execute(theirs).all()) else None


def _move(connection: Connection, conversation_id: str, contact_id: int) -> None:
    moved = update(conversation).where(conversation.c.id == conversation_id)
    connection.execute(moved.values(contact_id=contact_id, version=conversation.c.version + 1))


def _end(connection: Connection, link_id: int, now: datetime) -> None:
    connection.execute(update(channel_link).where(channel_link.c.id == link_id).values(undone_at=now))


def _prove_anew(connection: Connection, joined: tuple[int, int]) -> None:
    """Who proved to be the one has not proved to be the other: no copy of the one shows what is kept of both, and no
    erasure that was confirmed for the one takes both. An officer makes sure."""
    proved = update(data_request).where(
        data_request.c.contact_id.in_(joined), data_request.c.status == "open", data_request.c.identity.is_not(None)
    )
    connection.execute(proved.values(identity=None, identity_at=None, confirmed_at=None, stage="officer"))
    connection.execute(delete(data_copy).where(data_copy.c.contact_id.in_(joined)))


def _carry_opt_out(connection: Connection, giver: int, taker: int, since: datetime | None = None) -> None:
    """Who opted out on one channel opted out: whoever sends asks only about one contact, and must not get it wrong."""
    said = select(opt_out).filter_by(contact_id=giver)
    row = connection.execute(said if since is None else said.where(opt_out.c.at >= since)).mappings().first()
    if row is not None:
        insert_if_new(connection, opt_out, {**row, "contact_id": taker})
