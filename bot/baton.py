"""Who owns a conversation: the bot, the queue, one officer, or nobody any more. The only code that changes it.

    bot ──escalate──▶ queue ──take──▶ officer ──return_to_bot──▶ bot        (the dialogue gets an event)
     ▲                │ ▲                ├──close──▶ closed ──owner writes──▶ bot   (the dialogue begins anew)
     └───withdraw─────┘ └─lease, owner waits┴─lease, answered──▶ bot         (the dialogue gets an event)

Handing over and back are state changes inside the caller's transaction; what is said about them is the dialogue's.
Every change raises the conversation's version, so a turn that is under way finds another one and has no effect.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, case, func, insert, select, update

from bot import outbox
from store.database import insert_if_new, insert_returning_id
from store.messages import Reply
from store.tables import conversation, escalation, inbound, officer, outbound

# After so long without an act of its officer a conversation is not held any more. Long enough for a telephone call,
# short enough that an owner does not sit in front of a silent bot for half a day because somebody went home.
OFFICER_LEASE = timedelta(minutes=60)
WAITING = ("open", "taken")


class Holder(StrEnum):
    """Exactly one of them owns a conversation."""

    BOT = "bot"
    QUEUE = "queue"
    OFFICER = "officer"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why a person is needed."""

    ASKED = "asked_for_person"
    COMPLAINT = "complaint"
    SPOKEN_HELP = "spoken_help"
    NOT_UNDERSTOOD = "not_understood"
    DISTRESS = "distress"
    BOT_UNAVAILABLE = "bot_unavailable"
    STATE_UNREADABLE = "state_unreadable"
    ATTACHMENT = "attachment"
    WROTE_ELSEWHERE = "wrote_elsewhere"


class NotEscalated(LookupError):
    """There is no waiting escalation with this number: it was finished already, or never was."""


class NotHolder(PermissionError):
    """Another officer holds the conversation; the argument is that officer's name."""


# The dialogue's own event, so that it neither resumes in the middle of a question nor hands over again at once.
PERSON_FINISHED = "/event_person_finished"
# The same where the owner's last message was never answered: nobody may claim that it was.
PERSON_GONE = '/event_person_finished{"unanswered":"yes"}'

# Who owns the conversation once its owner has written again: a closed one is the bot's anew.
HOLDER_WHEN_WRITTEN_TO = case((conversation.c.holder == Holder.CLOSED, Holder.BOT), else_=conversation.c.holder)


def escalate(connection: Connection, conversation_id: str, reason: Reason, now: datetime, due_hours: int) -> int:
    """Give the conversation to the queue; returns the escalation's number. Again while it waits: the same number."""
    waiting = select(escalation.c.id).filter_by(conversation_id=conversation_id)
    already = connection.scalar(waiting.where(escalation.c.status.in_(WAITING)))
    if already is not None:
        return int(already)
    _give(connection, conversation_id, Holder.QUEUE)
    return insert_returning_id(
        connection,
        escalation,
        {
            "conversation_id": conversation_id,
            "reason": reason,
            "status": "open",
            "opened_at": now,
            "due_at": now + timedelta(hours=due_hours),
        },
    )


def officer_named(connection: Connection, name: str, now: datetime) -> int:
    """The officer's number, made at the first mention."""
    insert_if_new(connection, officer, {"name": name, "created_at": now})
    return int(connection.execute(select(officer.c.id).filter_by(name=name)).scalar_one())


def take(connection: Connection, escalation_id: int, officer_id: int, now: datetime) -> None:
    """The officer holds the conversation until the lease ends; every act of theirs renews it.

    Taking twice is taking once. Raises NotEscalated, NotHolder.
    """
    row = _waiting(connection, escalation_id)
    if row["status"] == "taken" and row["officer_id"] != officer_id:
        raise NotHolder(connection.scalar(select(officer.c.name).filter_by(id=row["officer_id"])))
    if row["status"] == "open":
        _give(connection, row["conversation_id"], Holder.OFFICER)
    held = {"status": "taken", "officer_id": officer_id, "lease_until": now + OFFICER_LEASE}
    connection.execute(update(escalation).filter_by(id=escalation_id).values(held))


def answer(connection: Connection, escalation_id: int, officer_id: int, reply: Reply, now: datetime) -> str:
    """Send `reply` as the officer, who takes the conversation if it still waits. Returns the conversation's id.

    Only the holder may send: raises NotHolder, NotEscalated.
    """
    take(connection, escalation_id, officer_id, now)
    row = _waiting(connection, escalation_id)
    channel = connection.execute(select(conversation.c.channel).filter_by(id=row["conversation_id"])).scalar_one()
    # The bot's buttons are not what "2" refers to any more
    outbox.say(connection, row["conversation_id"], channel, [reply], now, sender="officer", offered=[])
    if row["answered_at"] is None:
        connection.execute(update(escalation).filter_by(id=escalation_id).values(answered_at=now))
    return str(row["conversation_id"])


def wrote_elsewhere(connection: Connection, conversation_id: str, app: str, now: datetime, due_hours: int) -> None:
    """A person has answered from the provider's own app: they hold the conversation as long as any officer does.

    `app`: the officer's name for the log, since the provider may not say who it was. Where an officer of ours holds it
    already, nothing changes: both write to the owner, and the thread shows both.
    """
    number = escalate(connection, conversation_id, Reason.WROTE_ELSEWHERE, now, due_hours)
    with contextlib.suppress(NotHolder):
        take(connection, number, officer_named(connection, app, now), now)
    first = update(escalation).where(escalation.c.id == number, escalation.c.answered_at.is_(None))
    connection.execute(first.values(answered_at=now))


def return_to_bot(connection: Connection, escalation_id: int, now: datetime, officer_id: int | None = None) -> str:
    """A person has finished: the bot holds again and is told so by an event. Returns the conversation's id.

    The event says whether the owner was answered. Its id is made from the escalation's, so returning twice tells the
    bot once. Raises NotEscalated, and NotHolder when `officer_id` is given and somebody else holds the conversation.
    """
    row = _finish(connection, escalation_id, "returned", now, officer_id)
    event = PERSON_GONE if _owner_waits(connection, row) else PERSON_FINISHED
    values: dict[str, Any] = {"last_seq": conversation.c.last_seq + 1, "unclear_turns": 0}
    if row["reason"] == Reason.STATE_UNREADABLE:
        values["dialogue_state"] = None  # a person has dealt with it; only now may the dialogue begin anew
    values["wake_at"] = func.coalesce(conversation.c.wake_at, now)
    changed = _give(connection, row["conversation_id"], Holder.BOT, **values)
    connection.execute(
        insert(inbound).values(
            conversation_id=row["conversation_id"],
            seq=changed["last_seq"],
            channel=changed["channel"],
            provider_message_id=f"person-finished-{escalation_id}",
            kind="event",
            text="",
            payload=event,
            status="pending",
            attempts=0,
            received_at=now,
        )
    )
    return str(row["conversation_id"])


def close(connection: Connection, escalation_id: int, now: datetime, officer_id: int | None = None) -> str:
    """The matter is over: nobody speaks until the owner writes again, and then the dialogue begins anew.

    Raises as `return_to_bot`.
    """
    row = _finish(connection, escalation_id, "closed", now, officer_id)
    _give(connection, row["conversation_id"], Holder.CLOSED, dialogue_state=None, offered=[], unclear_turns=0)
    return str(row["conversation_id"])


def withdraw(connection: Connection, conversation_id: str, now: datetime) -> bool:
    """The owner does not want to wait for a person any more: back to the bot, without an event. Whether it was so.

    Only while nobody has taken the escalation; what an officer holds is the officer's to finish. Where the dialogue's
    state cannot be read the bot could not go on, so that the conversation stays in the queue.
    """
    withdrawn = update(escalation).where(*_may_be_withdrawn(conversation_id)).values(status="withdrawn", closed_at=now)
    if connection.execute(withdrawn).rowcount == 0:
        return False
    _give(connection, conversation_id, Holder.BOT, unclear_turns=0)
    return True


def may_withdraw(connection: Connection, conversation_id: str) -> bool:
    """Whether `withdraw` would do it now."""
    return connection.scalar(select(escalation.c.id).where(*_may_be_withdrawn(conversation_id))) is not None


def _may_be_withdrawn(conversation_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        escalation.c.conversation_id == conversation_id,
        escalation.c.status == "open",
        escalation.c.reason != Reason.STATE_UNREADABLE,
    )


def holding_officer(connection: Connection, escalation_id: int) -> str | None:
    """The name of the officer who holds the conversation; None while it is in the queue. Raises NotEscalated."""
    by = _waiting(connection, escalation_id)["officer_id"]
    return None if by is None else str(connection.scalar(select(officer.c.name).filter_by(id=by)))


def owner_waits(connection: Connection, escalation_id: int) -> bool:
    """Whether no officer has written since the owner's last message. Raises NotEscalated."""
    return _owner_waits(connection, _waiting(connection, escalation_id))


def expire_leases(connection: Connection, now: datetime) -> list[str]:
    """Take conversations back from officers who have not acted for their lease; ids of the conversations.

    Where the officer had the last word the bot goes on; where the owner waits for one, the conversation waits in the
    queue again, with its old deadline.
    """
    late = select(escalation.c.id).where(escalation.c.status == "taken", escalation.c.lease_until <= now)
    freed = []
    for id_ in connection.scalars(late.order_by(escalation.c.conversation_id)).all():
        try:
            row = _waiting(connection, id_)
        except NotEscalated:
            continue  # finished meanwhile
        if row["status"] != "taken" or row["lease_until"] > now:
            continue  # its officer has acted meanwhile
        if _owner_waits(connection, row):
            waits = {"status": "open", "officer_id": None, "lease_until": None}
            connection.execute(update(escalation).filter_by(id=row["id"]).values(waits))
            _give(connection, row["conversation_id"], Holder.QUEUE)
        else:
            return_to_bot(connection, row["id"], now)
        freed.append(str(row["conversation_id"]))
    return freed


def _owner_waits(connection: Connection, row: RowMapping) -> bool:
    if row["answered_at"] is None:
        return True
    here = row["conversation_id"]
    officer_said = select(func.max(outbound.c.seq)).filter_by(conversation_id=here, sender="officer").scalar_subquery()
    asked_since = (
        select(inbound.c.id)
        .filter_by(conversation_id=here, kind="message")
        .where(inbound.c.seq > officer_said)
        .limit(1)
    )
    return connection.scalar(asked_since) is not None


def _waiting(connection: Connection, escalation_id: int) -> RowMapping:
    """The conversation's row is locked first, as turns and echoes do: the other way round both would wait for ever."""
    of = select(escalation.c.conversation_id).filter_by(id=escalation_id).scalar_subquery()
    connection.execute(select(conversation.c.id).where(conversation.c.id == of).with_for_update())
    row = connection.execute(select(escalation).filter_by(id=escalation_id).with_for_update()).mappings().first()
    if row is None or row["status"] not in WAITING:
        raise NotEscalated(escalation_id)
    return row


def _finish(
    connection: Connection, escalation_id: int, status: str, now: datetime, officer_id: int | None
) -> RowMapping:
    row = _waiting(connection, escalation_id)
    if officer_id is not None and row["officer_id"] not in (None, officer_id):
        raise NotHolder(connection.scalar(select(officer.c.name).filter_by(id=row["officer_id"])))
    done = {"status": status, "closed_at": now, "lease_until": None}
    connection.execute(update(escalation).filter_by(id=escalation_id).values(done))
    return row


def _give(connection: Connection, conversation_id: str, holder: Holder, **values: Any) -> RowMapping:
    changed = (
        update(conversation)
        .where(conversation.c.id == conversation_id)
        .values(holder=holder, version=conversation.c.version + 1, **values)
        .returning(*conversation.c)
    )
    return connection.execute(changed).mappings().one()
