"""Who owns a conversation: the bot, the queue, one officer, or nobody any more. With `bot.holding` the only code that
changes it.

    bot ──escalate──▶ queue ──take──▶ officer ──return_to_bot──▶ bot        (the dialogue gets an event)
     ▲ │              │ ▲ ▲             ├──close──▶ closed ──owner writes──▶ bot   (the dialogue begins anew)
     │ └──take_over───┼─┼─┼────────────▶├──transfer──▶ another officer
     │                │ │ └───release───┤
     └───withdraw─────┘ └─lease, owner waits┴─lease, answered──▶ bot         (the dialogue gets an event)

Handing over and back are state changes inside the caller's transaction; what is said about them is the dialogue's.
Every change raises the conversation's version, so a turn that is under way finds another one and has no effect. The
request's clock (`programme.request_clock`) changes in the same transaction. What officers do with what they hold is in
`bot.holding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, ScalarSelect, case, func, insert, select, update

from bot import satisfaction
from bot.matters import Matter, MatterOf
from bot.officer_voice import OfficerVoice
from programme import request_clock
from programme.request_clock import UNFINISHED, Outcome
from store.database import insert_if_new, insert_returning_id
from store.tables import conversation, escalation, inbound, officer, outbound

# After so long without an act of its officer a conversation is not held any more. Long enough for a telephone call,
# short enough that an owner does not sit in front of a silent bot for half a day because somebody went home.
OFFICER_LEASE = timedelta(minutes=60)
WAITING = UNFINISHED


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
    ANGER = "anger"
    SCAM = "scam"
    MONEY = "money"
    LEGAL = "legal"
    BOT_UNAVAILABLE = "bot_unavailable"
    STATE_UNREADABLE = "state_unreadable"
    ATTACHMENT = "attachment"
    WROTE_ELSEWHERE = "wrote_elsewhere"
    RESTORED = "restored"  # it waited when a backup was made, and may have been answered since
    MAIL = "mail"
    OFFICER = "officer"  # took the conversation of their own accord


class NotEscalated(LookupError):
    """There is no waiting escalation with this number: it was finished already, or never was."""


class NotHolder(PermissionError):
    """Somebody else holds the conversation; the argument is that officer's name, None while it is in the queue."""


@dataclass(frozen=True)
class Held:
    """Who owns the conversation after a change. `officer_id`: whose it is while `holder` is an officer."""

    escalation_id: int
    conversation_id: str
    holder: Holder
    officer_id: int | None = None


# The dialogue's own event, so that it neither resumes in the middle of a question nor hands over again at once.
PERSON_FINISHED = "/event_person_finished"
# The same where the owner's last message was never answered: nobody may claim that it was.
PERSON_GONE = '/event_person_finished{"unanswered":"yes"}'

# Who owns the conversation once its owner has written again: a closed one is the bot's anew.
HOLDER_WHEN_WRITTEN_TO = case((conversation.c.holder == Holder.CLOSED, Holder.BOT), else_=conversation.c.holder)


def escalate(
    connection: Connection,
    conversation_id: str,
    reason: Reason,
    now: datetime,
    due_hours: int,
    since: datetime | None = None,
    matter_of: MatterOf | None = None,
) -> int:
    """Give the conversation to the queue; returns the escalation's number. Again while it waits: the same number.

    `since`: when the owner's message was received; the promise of `due_hours` runs from then, however late its turn.
    """
    already = unfinished(connection, conversation_id)
    if already is not None:
        return int(already["id"])
    since = min(since or now, now)
    due_at = since + timedelta(hours=due_hours)
    changed = give(connection, conversation_id, Holder.QUEUE)
    row = opened(connection, changed, reason, now, due_at, matter_of)
    request_clock.start(connection, row, since, due_at)
    return int(row["id"])


def officer_named(connection: Connection, name: str, now: datetime) -> int:
    """The officer's number, made at the first mention."""
    known = connection.scalar(select(officer.c.id).filter_by(name=name))
    if known is None:
        insert_if_new(connection, officer, {"name": name, "created_at": now})
        known = connection.execute(select(officer.c.id).filter_by(name=name)).scalar_one()
    return int(known)


def return_to_bot(connection: Connection, escalation_id: int, now: datetime, officer_id: int | None = None) -> Held:
    """A person has finished: the bot holds again and is told so by an event.

    The event says whether the owner was answered. Its id is made from the escalation's, so returning twice tells the
    bot once. Raises NotEscalated, and NotHolder when `officer_id` is given and somebody else holds the conversation.
    """
    row, waits = _finish(connection, escalation_id, "returned", now, officer_id)
    values: dict[str, Any] = {"last_seq": conversation.c.last_seq + 1, "unclear_turns": 0}
    if row["reason"] == Reason.STATE_UNREADABLE:
        values["dialogue_state"] = None  # a person has dealt with it; only now may the dialogue begin anew
    values["wake_at"] = func.coalesce(conversation.c.wake_at, now)
    changed = give(connection, row["conversation_id"], Holder.BOT, **values)
    connection.execute(
        insert(inbound).values(
            conversation_id=row["conversation_id"],
            seq=changed["last_seq"],
            channel=changed["channel"],
            provider_message_id=f"person-finished-{escalation_id}",
            kind="event",
            text="",
            payload=PERSON_GONE if waits else PERSON_FINISHED,
            status="pending",
            attempts=0,
            received_at=now,
        )
    )
    return Held(escalation_id, row["conversation_id"], Holder.BOT)


def close(
    connection: Connection,
    escalation_id: int,
    now: datetime,
    officer_id: int | None = None,
    topic: str | None = None,
    voice: OfficerVoice | None = None,
) -> Held:
    """The matter is over: nobody speaks until the owner writes again, and then the dialogue begins anew.

    `topic`: what it was about, where the officer knows better than the hand-over did. With a `voice` the owner is asked
    how satisfied they are. Who has written since the officer's last word has written again already: the bot answers.
    Raises as `return_to_bot`.
    """
    row, _ = _finish(connection, escalation_id, "closed", now, officer_id)
    here = row["conversation_id"]
    if topic is not None:
        connection.execute(update(escalation).filter_by(id=escalation_id).values(topic=topic))
    holder = Holder.CLOSED if pending_since(connection, here) is None else Holder.BOT
    changed = give(connection, here, holder, dialogue_state=None, offered=[], unclear_turns=0)
    if voice is not None and holder is Holder.CLOSED:
        satisfaction.ask(connection, changed, escalation_id, voice, now)
    return Held(escalation_id, here, holder)


def withdraw(connection: Connection, conversation_id: str, now: datetime) -> bool:
    """The owner does not want to wait for a person any more: back to the bot, without an event. Whether it was so.

    Only while nobody has taken the escalation; what an officer holds is the officer's to finish. Where the dialogue's
    state cannot be read the bot could not go on, so that the conversation stays in the queue.
    """
    if not may_withdraw(connection, conversation_id):
        return False
    request_clock.end(connection, conversation_id, Outcome.WITHDRAWN, None, now)
    withdrawn = update(escalation).where(*_may_be_withdrawn(conversation_id)).values(status="withdrawn", closed_at=now)
    connection.execute(withdrawn)
    give(connection, conversation_id, Holder.BOT, unclear_turns=0)
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
    return name_of(connection, locked(connection, escalation_id)["officer_id"])


def owner_waits(connection: Connection, escalation_id: int) -> bool:
    """Whether no person has written since the owner's last message. Raises NotEscalated."""
    return locked(connection, escalation_id)["waiting_since"] is not None


def expire_leases(connection: Connection, now: datetime) -> list[str]:
    """Take conversations back from officers who have not acted for their lease; ids of the conversations.

    Where the officer had the last word the bot goes on; where the owner waits for one, the conversation waits in the
    queue again, with its old deadline.
    """
    late = select(escalation.c.id).where(escalation.c.status == "taken", escalation.c.lease_until <= now)
    freed = []
    for id_ in connection.scalars(late.order_by(escalation.c.conversation_id)).all():
        try:
            row = locked(connection, id_)
        except NotEscalated:
            continue  # finished meanwhile
        if row["status"] != "taken" or row["lease_until"] > now:
            continue  # its officer has acted meanwhile
        if row["waiting_since"] is not None:
            back_to_queue(connection, row)
        else:
            return_to_bot(connection, row["id"], now)
        freed.append(str(row["conversation_id"]))
    return freed


# --- the steps that `bot.holding` shares


def locked(connection: Connection, escalation_id: int) -> RowMapping:
    """The unfinished escalation. Raises NotEscalated.

    The conversation's row is locked first, as turns and echoes do: the other way round both would wait for ever.
    """
    of = select(escalation.c.conversation_id).filter_by(id=escalation_id).scalar_subquery()
    connection.execute(select(conversation.c.id).where(conversation.c.id == of).with_for_update())
    row = connection.execute(select(escalation).filter_by(id=escalation_id).with_for_update()).mappings().first()
    if row is None or row["status"] not in WAITING:
        raise NotEscalated(escalation_id)
    return row


def unfinished(connection: Connection, conversation_id: str) -> RowMapping | None:
    """The escalation that waits in this conversation, or is held by an officer."""
    waiting = select(escalation).filter_by(conversation_id=conversation_id).where(escalation.c.status.in_(WAITING))
    return connection.execute(waiting).mappings().first()


def opened(
    connection: Connection,
    known: RowMapping,
    reason: Reason,
    now: datetime,
    due_at: datetime,
    matter_of: MatterOf | None,
    **values: Any,
) -> RowMapping:
    """A new escalation of the conversation `known`; nobody waits yet, as far as it knows."""
    matter = matter_of(connection, known["id"]) if matter_of else Matter()
    row = {
        "conversation_id": known["id"],
        "reason": reason,
        "status": "open",
        "province": known["province"],
        "channel": known["channel"],
        "commune": matter.commune,
        "vendor": matter.vendor,
        "topic": matter.topic,
        "opened_at": now,
        "due_at": due_at,
        **values,
    }
    number = insert_returning_id(connection, escalation, row)
    return connection.execute(select(escalation).filter_by(id=number)).mappings().one()


def back_to_queue(connection: Connection, row: RowMapping) -> Held:
    """Nobody holds the escalation `row` any more; its deadline stays."""
    waits = {"status": "open", "officer_id": None, "lease_until": None, "snoozed_until": None}
    connection.execute(update(escalation).filter_by(id=row["id"]).values(waits))
    give(connection, row["conversation_id"], Holder.QUEUE)
    return Held(row["id"], row["conversation_id"], Holder.QUEUE)


def give(connection: Connection, conversation_id: str, holder: Holder, **values: Any) -> RowMapping:
    """Make `holder` the conversation's owner; its row as it is now."""
    changed = (
        update(conversation)
        .where(conversation.c.id == conversation_id)
        .values(holder=holder, version=conversation.c.version + 1, **values)
        .returning(*conversation.c)
    )
    return connection.execute(changed).mappings().one()


def name_of(connection: Connection, officer_id: int | None) -> str | None:
    return None if officer_id is None else connection.scalar(select(officer.c.name).filter_by(id=officer_id))


def _finish(
    connection: Connection, escalation_id: int, status: str, now: datetime, officer_id: int | None
) -> tuple[RowMapping, bool]:
    """The escalation as it was, and whether its owner still waited for an answer."""
    row = locked(connection, escalation_id)
    if officer_id is not None and row["officer_id"] not in (None, officer_id):
        raise NotHolder(name_of(connection, row["officer_id"]))
    by = officer_id or row["officer_id"]
    waited = request_clock.end(connection, row["conversation_id"], Outcome.UNANSWERED, by, now)
    done = {"status": status, "closed_at": now, "lease_until": None, "snoozed_until": None}
    connection.execute(update(escalation).filter_by(id=escalation_id).values(done))
    _settle(connection, row["conversation_id"], now)
    return row, waited


def _settle(connection: Connection, conversation_id: str, now: datetime) -> None:
    """What a person has answered before its turn came is done: the bot neither answers it nor hands it over again."""
    answered = update(inbound).where(
        inbound.c.conversation_id == conversation_id,
        inbound.c.status == "pending",
        inbound.c.kind == "message",
        inbound.c.seq < officer_said(conversation_id),
    )
    connection.execute(answered.values(status="with_person", done_at=now))


def officer_said(conversation_id: str) -> ScalarSelect[Any]:
    """The number of the last message that a person wrote; null: none."""
    said = select(func.max(outbound.c.seq)).filter_by(conversation_id=conversation_id, sender="officer")
    return said.scalar_subquery()


def pending_since(connection: Connection, conversation_id: str) -> datetime | None:
    """When the oldest message that nobody has answered yet was received."""
    oldest = (
        select(inbound.c.received_at)
        .filter_by(conversation_id=conversation_id, status="pending", kind="message")
        .order_by(inbound.c.seq)
        .limit(1)
    )
    at: datetime | None = connection.scalar(oldest)
    return at
