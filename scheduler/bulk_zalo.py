"""Reminders in conversations: messages of the conversation's own outbox, which the ledger follows.

The way "zalo" is Zalo's free window: who has written within 48 hours can be answered without a template and without a
price. The way "chat" is the conversation with the bot in which the owner wrote last, on Zalo within that window. One
that a person holds is left alone: the next channel's turn comes, or the row waits. What becomes of a message is the
outbox's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select, update

from bot import outbox
from bot.baton import Holder
from programme import receipts
from programme.campaign_plan import CHAT, TALKS
from programme.campaign_text import MissingValue, render
from programme.content import Content
from programme.ledger import State
from store.campaign_tables import campaign_run, recipient
from store.channel_tables import channel_link
from store.messages import Button, Reply
from store.tables import conversation, outbound

HELD = "held"
# Where the bot talks with owners, by the way of a campaign
_CHANNELS = {"zalo": ("zalo",), CHAT: ("zalo", "telegram", "webchat")}
# PROTOCOLS: free for 48 hours after the owner's last interaction; the rest is for the outbox's own waits.
FREE_WINDOW = timedelta(hours=47)
LOOK_AGAIN = timedelta(seconds=20)
_UNSENT = ("waiting", "held")


def talks(connection: Connection, rows: Sequence[Mapping[str, Any]], way: str, now: datetime) -> dict[int, RowMapping]:
    """By contact, the conversation that may be written to for free: where they wrote last. `way`: one of TALKS."""
    contacts = {row["contact_id"] for row in rows}
    linked = select(channel_link.c.from_contact_id, channel_link.c.to_contact_id).where(
        channel_link.c.from_contact_id.in_(contacts), channel_link.c.undone_at.is_(None)
    )
    homes = {contact: contact for contact in contacts} | {left: kept for left, kept in connection.execute(linked)}
    in_window = conversation.c.last_heard_at > now - FREE_WINDOW
    of = (
        select(conversation)
        .where(
            conversation.c.contact_id.in_(set(homes.values())),
            conversation.c.channel.in_(_CHANNELS[way]),
            conversation.c.unreachable.is_(None),
            or_(conversation.c.channel != "zalo", in_window),
        )
        .order_by(conversation.c.last_heard_at.nulls_first(), conversation.c.id)
    )
    latest = {row["contact_id"]: row for row in connection.execute(of).mappings()}
    return {contact: latest[home] for contact, home in homes.items() if home in latest}


def is_at_rest(talk: RowMapping) -> bool:
    """Nobody is in the middle of something there, and no person holds it."""
    return talk["holder"] == Holder.BOT and talk["wake_at"] is None


def say_all(
    connection: Connection,
    content: Content,
    rows: Sequence[Mapping[str, Any]],
    variant_of: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    values: Mapping[int, Mapping[str, str]],
    of: Mapping[int, RowMapping],
    way: str,
    now: datetime,
    token: str,
) -> int:
    """Put the messages into the outbox, in this transaction; how many rows have changed. `of`, `way`: as in `talks`."""
    changed = 0
    for row in sorted(rows, key=lambda one: str(of[one["contact_id"]]["id"])):
        own = select(conversation).where(conversation.c.id == of[row["contact_id"]]["id"]).with_for_update()
        talk = connection.execute(own).mappings().one()
        if not is_at_rest(talk) or talk["version"] != of[row["contact_id"]]["version"]:
            continue  # a turn began, or one has ended since the law was asked: it stays waiting
        try:
            variant = variant_of(row)
            said = (variant.get("chat") or {}).get(talk["language"] or "vi", variant)
            text = render(said["text"], values[row["id"]])
        except MissingValue as missing:
            _change(connection, row, status=State.SKIPPED, reason=f"no_{missing.name}"[:40], final_at=now)
            changed += 1
            continue
        stop = Button(content.phrases.say("survey_no_nudge_button", talk["language"] or "vi"), "/opt_out")
        asked = [Button(**one) for one in said.get("buttons", ())]
        reply = Reply(text, (*asked, stop), entry="campaign")
        outbox.say(connection, talk["id"], talk["channel"], [reply], now, bulk=True, offered=outbox.offered_by([reply]))
        last = select(func.max(outbound.c.id)).where(outbound.c.conversation_id == talk["id"])
        _change(
            connection,
            row,
            status=State.SENDING,
            reason=None,
            channel=way,
            gateway=None,
            attempt=token,
            attempts=row["attempts"] + 1,
            outbound_id=connection.scalar(last),
            next_at=now + LOOK_AGAIN,
            tried_at=row["tried_at"] or now,
        )
        changed += 1
    return changed


def follow(
    connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime, onward: tuple[str, str] | None
) -> int:
    """Take over what became of the messages of rows that are `sending`; how many have changed.

    `onward`: the channel and gateway whose turn comes when a message certainly did not go.
    """
    ids = [row["outbound_id"] for row in rows]
    said = {row["id"]: row for row in connection.execute(select(outbound).where(outbound.c.id.in_(ids))).mappings()}
    changed = 0
    for row in rows:
        message = said.get(row["outbound_id"])
        values = _became(message, now)
        if values is None and message is not None and message["status"] == "held":
            settled = update(outbound).where(outbound.c.id == message["id"], outbound.c.status == "held")
            # The owner may have written just now: then it goes, and nothing goes another way
            if connection.execute(settled.values(status="settled", decide_at=None)).rowcount:
                values = {"status": State.FAILED, "reason": "window_closed", "final_at": now, "next_at": None}
        if values is None:
            _change(connection, row, next_at=now + LOOK_AGAIN)
            continue
        if values["status"] == State.FAILED and onward is not None:
            values = {"status": State.WAITING, "reason": values["reason"], "next_at": None, "outbound_id": None}
            values |= {"channel": onward[0], "gateway": onward[1]}
        _change(connection, row, **values)
        changed += 1
    return changed


def _became(message: RowMapping | None, now: datetime) -> dict[str, Any] | None:
    if message is None:
        return {"status": State.UNCERTAIN, "reason": "message_gone", "next_at": None}
    if message["status"] in ("delivered", "seen"):
        return {"status": State.DELIVERED, "accepted_at": message["sent_at"] or now, "final_at": now, "next_at": None}
    if message["status"] == "sent":
        return {"status": State.ACCEPTED, "accepted_at": message["sent_at"] or now, "next_at": now + LOOK_AGAIN}
    if message["status"] == "failed":
        return {"status": State.FAILED, "reason": (message["error"] or "failed")[:40], "final_at": now, "next_at": None}
    if message["status"] == "settled" or (message["status"] == "uncertain" and message["decide_at"] is None):
        return {"status": State.UNCERTAIN, "reason": (message["error"] or "settled")[:40], "next_at": None}
    return None


def hear(recipient_id: int, now: datetime, connection: Connection) -> None:
    """Take over what was heard of a message that is `accepted`: it arrived, or did not after all.

    It is not sent another way then, since days may have passed."""
    found = connection.execute(select(recipient.c.run_id, recipient.c.outbound_id).filter_by(id=recipient_id)).one()
    message = connection.execute(select(outbound).where(outbound.c.id == found.outbound_id)).mappings().one_or_none()
    values = _became(message, now)
    if values is None or values["status"] not in (State.DELIVERED, State.FAILED):
        return
    values.pop("accepted_at", None)
    if values["status"] == State.FAILED:  # the run's row before the recipient's, as everybody takes them
        connection.execute(select(campaign_run.c.id).where(campaign_run.c.id == found.run_id).with_for_update())
    own = update(recipient).where(recipient.c.id == recipient_id, recipient.c.status == State.ACCEPTED)
    if connection.execute(own.values(values)).rowcount and values["status"] == State.FAILED:
        receipts.note_late_failures(connection, found.run_id)


def withdraw(connection: Connection, run_id: int, reason: str, now: datetime) -> None:
    """What still waits in the outbox does not go any more: the run was cancelled, or it is too late."""
    theirs = select(recipient.c.outbound_id).where(
        recipient.c.run_id == run_id, recipient.c.status == State.SENDING, recipient.c.channel.in_(TALKS)
    )
    waits = update(outbound).where(outbound.c.id.in_(theirs), outbound.c.status.in_(_UNSENT))
    taken = waits.values(status="settled", decide_at=None).returning(outbound.c.id)
    ids = list(connection.scalars(taken))
    if ids:
        own = update(recipient).where(recipient.c.outbound_id.in_(ids), recipient.c.status == State.SENDING)
        connection.execute(own.values(status=State.SKIPPED, reason=reason, next_at=None, final_at=now))


def _change(connection: Connection, row: Mapping[str, Any], **values: Any) -> None:
    connection.execute(update(recipient).where(recipient.c.id == row["id"]).values(values))
