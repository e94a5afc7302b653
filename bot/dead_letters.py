"""What went wrong and needs a person: damaged events, messages nobody answers, messages of ours that did not arrive.

A letter leaves the list when a person has looked at it (`settle`) or sends a message of ours again (`resend`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, case, or_, select, text, update

from bot import outbox
from bot.inbox import FLOOD
from store.backlog import DEAD, TROUBLED
from store.channel_tables import attachment, channel_event
from store.messages import Reply
from store.tables import conversation, inbound, outbound

MOST_LISTED = 200
EVENT, INBOUND, OUTBOUND, ATTACHMENT = "event", "inbound", "outbound", "attachment"


class NotDead(LookupError):
    """There is no such letter: the reference is wrong, or somebody has settled it."""


@dataclass(frozen=True)
class DeadLetter:
    """`ref`: how a person names it, e.g. "outbound-12". `code`: what is wrong. `words`: what was said, if anything."""

    ref: str
    channel: str
    conversation_id: str | None
    code: str
    words: str
    at: datetime


def waiting(connection: Connection) -> list[DeadLetter]:
    """The oldest first, at most MOST_LISTED of each kind."""
    letters = [letter for kind in (_events, _messages, _deliveries, _attachments) for letter in kind(connection)]
    return sorted(letters, key=lambda letter: letter.at)


def settle(connection: Connection, ref: str, now: datetime) -> None:
    """A person has looked at it. Raises NotDead."""
    kind, number = _named(ref)
    if kind == OUTBOUND:
        _let_go_on(connection, number, now)
    table, dead, settled = _KINDS[kind]
    looked_at = update(table).where(table.c.id == number, table.c.status.in_(dead)).values(status=settled)
    if connection.execute(looked_at).rowcount == 0:
        raise NotDead(ref)


def _let_go_on(connection: Connection, number: int, now: datetime) -> None:
    """What waits behind this message is due. The conversation's row is locked first, as everybody does."""
    of = select(outbound.c.conversation_id).filter_by(id=number).scalar_subquery()
    own = select(outbound.c.id).where(outbound.c.id == number)
    is_in_the_way = own.where(or_(outbound.c.status == "held", outbound.c.decide_at.is_not(None))).exists()
    due = case((is_in_the_way, now), else_=conversation.c.send_at)
    connection.execute(update(conversation).where(conversation.c.id == of).values(send_at=due))


def resend(connection: Connection, ref: str, now: datetime) -> str:
    """Say a message of ours once more, at the end of its conversation; the conversation's id. Raises NotDead.

    Only by a person: an uncertain message may arrive twice then.
    """
    kind, number = _named(ref)
    if kind != OUTBOUND:
        raise NotDead(ref)
    row = connection.execute(select(outbound).filter_by(id=number)).mappings().first()
    if row is None:
        raise NotDead(ref)
    settle(connection, ref, now)  # whoever was faster has settled it
    here = connection.execute(select(conversation).filter_by(id=row["conversation_id"])).mappings().one()
    # Whom we could not reach may be reachable again: that is what the person knows
    reply = Reply.from_json(row["reply"])
    reply = replace(reply, repeats=reply.repeats or number)
    outbox.say(connection, here["id"], here["channel"], [reply], now, sender=row["sender"], unreachable=None)
    return str(here["id"])


def conversation_of(connection: Connection, ref: str) -> str | None:
    """The conversation of a message of ours; None when there is no such message."""
    kind, number = _named(ref)
    if kind != OUTBOUND:
        return None
    id_: str | None = connection.scalar(select(outbound.c.conversation_id).filter_by(id=number))
    return id_


def _events(connection: Connection) -> list[DeadLetter]:
    rows = connection.execute(select(channel_event).where(DEAD).order_by(channel_event.c.id).limit(MOST_LISTED))
    return [
        DeadLetter(f"{EVENT}-{row['id']}", row["channel"], None, row["error"] or "", row["name"], row["received_at"])
        for row in rows.mappings()
    ]


def _messages(connection: Connection) -> list[DeadLetter]:
    """The newest: an old flood must not hide a new one."""
    flood = select(inbound).where(text(f"inbound.status = '{FLOOD}'")).order_by(inbound.c.id.desc()).limit(MOST_LISTED)
    return _letters(connection, flood, INBOUND, lambda row: (FLOOD, row["text"], row["received_at"]))


def _deliveries(connection: Connection) -> list[DeadLetter]:
    """What still waits for its echo, or for an invitation, is no dead letter yet."""
    troubled = (
        select(outbound, conversation.c.channel)
        .join(conversation, conversation.c.id == outbound.c.conversation_id)
        .where(TROUBLED, outbound.c.decide_at.is_(None))
        .order_by(outbound.c.id)
        .limit(MOST_LISTED)
    )
    return _letters(
        connection,
        troubled,
        OUTBOUND,
        lambda row: (f"{row['status']}: {row['error']}", row["reply"]["text"], row["created_at"]),
    )


def _attachments(connection: Connection) -> list[DeadLetter]:
    failed = (
        select(
            attachment.c.id,
            attachment.c.error,
            attachment.c.kind,
            inbound.c.received_at,
            inbound.c.conversation_id,
            inbound.c.channel,
        )
        .join(inbound, inbound.c.id == attachment.c.inbound_id)
        .where(text("attachment.status = 'failed'"))
        .order_by(attachment.c.id)
        .limit(MOST_LISTED)
    )
    return _letters(connection, failed, ATTACHMENT, lambda row: (row["error"] or "", row["kind"], row["received_at"]))


def _letters(
    connection: Connection, rows: Select[Any], kind: str, told: Callable[[Any], tuple[str, str, datetime]]
) -> list[DeadLetter]:
    letters = []
    for row in connection.execute(rows).mappings():
        code, words, at = told(row)
        letters.append(DeadLetter(f"{kind}-{row['id']}", row["channel"], row["conversation_id"], code, words, at))
    return letters


# Table, the statuses that make a dead letter, and the status of one that was looked at.
_KINDS: dict[str, tuple[Table, tuple[str, ...], str]] = {
    EVENT: (channel_event, ("dead",), "settled"),
    INBOUND: (inbound, (FLOOD,), "with_person"),
    OUTBOUND: (outbound, ("uncertain", "failed", "held"), "settled"),
    ATTACHMENT: (attachment, ("failed",), "settled"),
}


def _named(ref: str) -> tuple[str, int]:
    kind, _, number = ref.partition("-")
    if kind not in _KINDS or not number.isdecimal():
        raise NotDead(ref)
    return kind, int(number)
