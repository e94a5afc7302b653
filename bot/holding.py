"""What officers do with conversations: take, answer, pass on, put off, give back to the queue; what owners write
meanwhile.

Only the holder may send, and only the holder's acts count: whoever else tries gets NotHolder. Like `bot.baton`, state
and words change together, in the caller's transaction, under the lock of the conversation's row.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, select, update

from bot import outbox
from bot.baton import (
    OFFICER_LEASE,
    Held,
    Holder,
    NotEscalated,
    NotHolder,
    Reason,
    back_to_queue,
    give,
    locked,
    name_of,
    officer_named,
    opened,
    pending_since,
    unfinished,
)
from bot.matters import MatterOf
from bot.officer_voice import OfficerVoice, may_be_said
from bot.reading import RATE_SERVICE
from programme import request_clock
from programme.thanks_said import only_thanks
from store.console_tables import request
from store.messages import Reply
from store.tables import conversation, escalation

# What is put off longer is closed: the owner writes again, or the officer takes the conversation then.
LONGEST_SNOOZE = timedelta(days=30)


# Who answers from a provider's own app is not known by name, so that nobody can be asked to give it up.
APPS = {"zalo": "Zalo OA Manager"}


def take(
    connection: Connection, escalation_id: int, officer_id: int, now: datetime, voice: OfficerVoice | None = None
) -> Held:
    """The officer holds the conversation until the lease ends; every act of theirs renews it.

    Taking twice is taking once. With a `voice` the owner who still waits is told who will answer and by when, at the
    first taking of an escalation. What an app holds anybody may take. Raises NotEscalated, NotHolder.
    """
    row = locked(connection, escalation_id)
    if row["status"] == "taken" and row["officer_id"] != officer_id:
        holder = name_of(connection, row["officer_id"])
        if holder not in APPS.values():
            raise NotHolder(holder)
    held = _hold(connection, row, officer_id, now)
    _say_who_answers(connection, row, officer_id, voice, now)
    return held


def take_over(
    connection: Connection,
    conversation_id: str,
    officer_id: int,
    now: datetime,
    due_hours: int,
    matter_of: MatterOf | None = None,
) -> Held:
    """The officer takes a conversation that nobody handed over. What waits is taken as by `take`, unannounced.

    The owner waits for nobody, unless the bot had not answered their last message yet. Raises NotHolder, and
    LookupError where there is no such conversation.
    """
    known = _locked_conversation(connection, conversation_id)
    row = unfinished(connection, conversation_id)
    if row is not None:
        return take(connection, row["id"], officer_id, now)
    due_at = now + timedelta(hours=due_hours)
    row = opened(connection, known, Reason.OFFICER, now, due_at, matter_of)
    since = pending_since(connection, conversation_id)
    if since is not None:
        since = min(since, now)
        request_clock.start(connection, row, since, since + timedelta(hours=due_hours))
    return _hold(connection, row, officer_id, now)


def answer(connection: Connection, escalation_id: int, officer_id: int, reply: Reply, now: datetime) -> Held:
    """Send `reply` as the officer, who takes the conversation if it still waits; the request is answered.

    Only the holder may send: raises NotHolder, NotEscalated.
    """
    held = take(connection, escalation_id, officer_id, now)
    here = held.conversation_id
    channel = connection.execute(select(conversation.c.channel).filter_by(id=here)).scalar_one()
    # The bot's buttons are not what "2" refers to any more
    outbox.say(connection, here, channel, [reply], now, sender="officer", offered=[])
    request_clock.answered(connection, here, officer_id, now)
    return held


def wrote_elsewhere(
    connection: Connection,
    conversation_id: str,
    app: str,
    now: datetime,
    due_hours: int,
    matter_of: MatterOf | None = None,
) -> None:
    """A person has answered from the provider's own app: they hold the conversation as long as any officer does.

    `app`: the officer's name for the log, since the provider may not say who it was. Where an officer of ours holds it
    already, nothing but the clock changes: both write to the owner, and the thread shows both.
    """
    officer_id = officer_named(connection, app, now)
    row = unfinished(connection, conversation_id)
    if row is None:
        known = _locked_conversation(connection, conversation_id)
        due_at = now + timedelta(hours=due_hours)
        row = opened(connection, known, Reason.WROTE_ELSEWHERE, now, due_at, matter_of)
    with contextlib.suppress(NotHolder):
        take(connection, row["id"], officer_id, now)
    request_clock.answered(connection, conversation_id, officer_id, now)


def transfer(
    connection: Connection,
    escalation_id: int,
    from_officer_id: int | None,
    to_officer_id: int,
    now: datetime,
    voice: OfficerVoice | None = None,
) -> Held:
    """Pass the conversation on; deadline and thread stay as they are. None: a supervisor gives it to `to_officer_id`,
    whoever holds it, or out of the queue: with a `voice` the owner is told then, as by `take`. Raises NotHolder,
    NotEscalated.
    """
    row = locked(connection, escalation_id)
    _refuse_others(connection, row, from_officer_id)
    held = _hold(connection, row, to_officer_id, now)
    _say_who_answers(connection, row, to_officer_id, voice, now)
    return held


def release(connection: Connection, escalation_id: int, officer_id: int | None, now: datetime) -> Held:
    """Give the conversation back to the queue, with its old deadline. None: a supervisor takes it away.

    What waits in the queue stays there. Raises NotHolder, NotEscalated.
    """
    row = locked(connection, escalation_id)
    if row["status"] == "open" and officer_id is None:
        return Held(row["id"], row["conversation_id"], Holder.QUEUE)
    _refuse_others(connection, row, officer_id)
    return back_to_queue(connection, row)


def release_all_of(connection: Connection, officer_id: int, now: datetime) -> list[Held]:
    """Everything the officer holds goes back to the queue: their account has ended."""
    of = select(escalation.c.id).filter_by(status="taken", officer_id=officer_id).order_by(escalation.c.conversation_id)
    freed = []
    for id_ in connection.scalars(of).all():
        with contextlib.suppress(NotEscalated, NotHolder):  # finished, or passed on, meanwhile
            freed.append(release(connection, id_, officer_id, now))
    return freed


def snooze(connection: Connection, escalation_id: int, officer_id: int, until: datetime, now: datetime) -> Held:
    """Put the conversation off: its officer keeps it and the bot is silent, until then or until the owner writes.

    The clock of a request goes on. Raises NotHolder, NotEscalated; ValueError for a time that is past, or further away
    than LONGEST_SNOOZE.
    """
    if not now < until <= now + LONGEST_SNOOZE:
        raise ValueError("snoozed until a time that is past or too far away")
    row = locked(connection, escalation_id)
    _refuse_others(connection, row, officer_id)
    put_off = {"snoozed_until": until, "lease_until": until + OFFICER_LEASE}
    connection.execute(update(escalation).filter_by(id=escalation_id).values(put_off))
    return Held(row["id"], row["conversation_id"], Holder.OFFICER, officer_id)


def wake_snoozed(connection: Connection, now: datetime) -> list[Held]:
    """What was put off until now comes back to its officer, who has a whole lease from then on."""
    due = select(escalation.c.id).where(escalation.c.status == "taken", escalation.c.snoozed_until <= now)
    woken = []
    for id_ in connection.scalars(due.order_by(escalation.c.conversation_id)).all():
        with contextlib.suppress(NotEscalated):
            row = locked(connection, id_)
            if row["snoozed_until"] is not None and row["snoozed_until"] <= now:
                _wake(connection, row, now)
                woken.append(Held(id_, row["conversation_id"], Holder.OFFICER, row["officer_id"]))
    return woken


def heard(connection: Connection, conversation_id: str, text: str, payload: str | None, at: datetime) -> bool:
    """The owner has written while a person has the conversation. Whether that changes the queue.

    A wait begins where none was under way; "cảm ơn" and a rating wait for nothing. What was put off comes
    back to its officer. The caller has numbered the message, and so holds the conversation's lock.
    """
    row = unfinished(connection, conversation_id)
    if row is None:
        return False
    snoozed = row["snoozed_until"] is not None
    if snoozed:
        _wake(connection, row, at)
    if row["waiting_since"] is not None or only_thanks(text) or (payload or "").startswith(f"/{RATE_SERVICE}"):
        return snoozed
    return request_clock.start(connection, row, at, request_clock.promise_of(connection, row, at)) or snoozed


def owner_told_late(connection: Connection, request_id: int, voice: OfficerVoice, now: datetime) -> Held | None:
    """Apologise to the owner of a request that was not answered by its time. Once: the request remembers it.

    None where there is nothing to say: it was answered or finished meanwhile, is not due yet, was said before, or would
    not reach the owner at once and for nothing.
    """
    here = connection.scalar(select(request.c.conversation_id).filter_by(id=request_id))
    if here is None:
        return None
    known = _locked_conversation(connection, here)
    late = update(request).where(
        request.c.id == request_id,
        request.c.ended_at.is_(None),
        request.c.due_at <= now,
        request.c.owner_told_at.is_(None),
    )
    row = unfinished(connection, here)
    if row is None or not may_be_said(known, now) or not connection.execute(late.values(owner_told_at=now)).rowcount:
        return None
    outbox.say(connection, here, known["channel"], [voice.late(known["language"] or "vi")], now)
    return Held(row["id"], here, Holder(known["holder"]), row["officer_id"])


def _hold(connection: Connection, row: RowMapping, officer_id: int, now: datetime) -> Held:
    if row["status"] == "open" or row["officer_id"] != officer_id:
        give(connection, row["conversation_id"], Holder.OFFICER)
    held = {
        "status": "taken",
        "officer_id": officer_id,
        "lease_until": now + OFFICER_LEASE,
        "taken_at": row["taken_at"] or now,
        "snoozed_until": None,
    }
    connection.execute(update(escalation).filter_by(id=row["id"]).values(held))
    return Held(row["id"], row["conversation_id"], Holder.OFFICER, officer_id)


def _refuse_others(connection: Connection, row: RowMapping, officer_id: int | None) -> None:
    """Raises NotHolder for everybody but the holder; None: somebody who need not be."""
    if officer_id is not None and (row["status"] != "taken" or row["officer_id"] != officer_id):
        raise NotHolder(name_of(connection, row["officer_id"]))


def _wake(connection: Connection, row: RowMapping, now: datetime) -> None:
    awake = {"snoozed_until": None, "lease_until": now + OFFICER_LEASE}
    connection.execute(update(escalation).filter_by(id=row["id"]).values(awake))


def _say_who_answers(
    connection: Connection, row: RowMapping, officer_id: int, voice: OfficerVoice | None, now: datetime
) -> None:
    """At the first taking of an escalation, `row` as it was before it, while its owner waits."""
    if voice is None or row["taken_at"] is not None or row["waiting_since"] is None:
        return
    known = _locked_conversation(connection, row["conversation_id"])
    if may_be_said(known, now):
        name = name_of(connection, officer_id) or ""
        words = voice.taken(known["language"] or "vi", name, row["due_at"], now)
        outbox.say(connection, known["id"], known["channel"], [words], now)


def _locked_conversation(connection: Connection, conversation_id: str) -> RowMapping:
    known = select(conversation).filter_by(id=conversation_id).with_for_update()
    row = connection.execute(known).mappings().first()
    if row is None:
        raise LookupError(conversation_id)
    return row
