"""What a provider reports about our own messages, written to them: echoes, receipts; and events that are only kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection, RowMapping, Update, bindparam, func, null, select, update

from bot import holding, outbox
from bot.matters import MatterOf
from integrations.fitting import LIMITS, shown_text
from store.backlog import UNDELIVERED
from store.channel_tables import channel_event
from store.database import insert_if_new
from store.events import Echo, Receipt
from store.logs import get_logger
from store.messages import Reply
from store.tables import UtcDateTime, conversation, outbound
from store.text import clean

log = get_logger("bot.reports")

LONGEST_NAME = 60
LONGEST_REASON = 200


def _arrival(status: str, column: str, before: tuple[str, ...]) -> Update:
    """Built once: receipts are the most frequent of all events. An uncertain message that has arrived did go out."""
    own = update(outbound).where(
        outbound.c.conversation_id == bindparam("conversation"),
        outbound.c.provider_message_id.in_(bindparam("ids", expanding=True)),
        outbound.c.status.in_((*before, "sending", "uncertain")),
    )
    at = bindparam("at", type_=UtcDateTime())
    sent_at = func.coalesce(outbound.c.sent_at, at)
    return own.values({"status": status, column: at, "sent_at": sent_at, "decide_at": null(), "error": null()})


_DELIVERED = _arrival("delivered", "delivered_at", ("sent",))
_SEEN = _arrival("seen", "seen_at", ("sent", "delivered"))


_LOCK = select(conversation.c.id).where(conversation.c.id == bindparam("conversation")).with_for_update()
_KNOWN = select(outbound.c.id).where(
    outbound.c.conversation_id == bindparam("conversation"), outbound.c.provider_message_id == bindparam("provider_id")
)
_OPEN = (
    select(outbound.c.id, outbound.c.reply, outbound.c.decide_at)
    .where(
        outbound.c.conversation_id == bindparam("conversation"),
        UNDELIVERED,
        outbound.c.status.in_(("sending", "uncertain")),
    )
    # What nobody waits for any more comes last: the bot often says the same again
    .order_by((outbound.c.status == "uncertain") & outbound.c.decide_at.is_(None), outbound.c.seq)
)
_WENT_OUT = update(outbound).where(outbound.c.id == bindparam("message")).values(outbox.WENT_OUT)
_GO_ON = (
    update(conversation)
    .where(conversation.c.id == bindparam("conversation"), conversation.c.send_at.is_not(None))
    .values(send_at=bindparam("at"))
)


class Echoed(Enum):
    """What an echo told: nothing new; that a message of ours went out; and that others need wait for it no more; that
    a person wrote elsewhere."""

    KNOWN, SENT, DECIDED, BY_PERSON = range(4)


def echo(
    connection: Connection,
    conversation_id: str,
    channel: str,
    said: Echo,
    now: datetime,
    due_hours: int,
    matter_of: MatterOf | None = None,
) -> Echoed:
    """Our own message is known as sent; any other was written by a person, who takes the baton."""
    here, id_ = {"conversation": conversation_id}, {"provider_id": said.provider_message_id}
    connection.execute(_LOCK, here)
    if connection.scalar(_KNOWN, here | id_) is not None:
        return Echoed.KNOWN
    ours = _own(connection, conversation_id, channel, said)
    if ours is None:
        _written_elsewhere(connection, conversation_id, channel, said, now)
        app = holding.APPS.get(channel, channel)
        holding.wrote_elsewhere(connection, conversation_id, app, now, due_hours, matter_of)
        return Echoed.BY_PERSON
    connection.execute(_WENT_OUT, id_ | {"message": ours["id"], "at": now})
    if ours["decide_at"] is None:
        return Echoed.SENT
    connection.execute(_GO_ON, here | {"at": now})
    return Echoed.DECIDED


def _own(connection: Connection, conversation_id: str, channel: str, said: Echo) -> RowMapping | None:
    """The message of ours whose call is open or whose outcome is unknown and that says just this."""
    for row in connection.execute(_OPEN, {"conversation": conversation_id}).mappings():
        reply = Reply.from_json(row["reply"])
        if (reply.image or reply.file) and not said.text:
            return row
        # Buttons that the provider minds go out as a numbered list
        as_list = replace(LIMITS[channel], buttons=0)
        if said.text and any(_same(said.text, shown_text(reply, limits)) for limits in (LIMITS[channel], as_list)):
            return row
    return None


def _same(echoed: str, said: str) -> bool:
    return clean(echoed).split() == clean(said).split()


def _written_elsewhere(connection: Connection, conversation_id: str, channel: str, said: Echo, now: datetime) -> None:
    changed = (
        update(conversation)
        .where(conversation.c.id == conversation_id)
        .values(version=conversation.c.version + 1, last_seq=conversation.c.last_seq + 1, offered=[])
        .returning(*conversation.c)
    )
    row = connection.execute(changed).mappings().one()
    outbox.append(connection, row, [Reply(said.text)], now, sender="officer")
    own = update(outbound).filter_by(conversation_id=conversation_id, seq=row["last_seq"])
    sent = {"status": "sent", "provider_message_id": said.provider_message_id, "sent_at": said.at}
    connection.execute(own.values(sent))
    log.info("person_wrote_elsewhere", conversation=conversation_id)


def receipt(connection: Connection, conversation_id: str, arrived: Receipt) -> bool:
    """Delivered or seen; only forward, in whatever order receipts come. Whether something changed."""
    values = {"conversation": conversation_id, "ids": list(arrived.provider_message_ids), "at": arrived.at}
    return connection.execute(_SEEN if arrived.seen else _DELIVERED, values).rowcount > 0


def release_held(connection: Connection, conversation_id: str, now: datetime) -> bool:
    """The owner has written, so the window is open: what was held goes out. Whether there was something."""
    held = update(outbound).where(
        outbound.c.conversation_id == conversation_id, UNDELIVERED, outbound.c.status == "held"
    )
    if not connection.execute(held.values(status="waiting", error=None, decide_at=None)).rowcount:
        return False
    connection.execute(update(conversation).filter_by(id=conversation_id).values(send_at=now))
    return True


def keep_event(
    connection: Connection,
    channel: str,
    event_id: str,
    name: str,
    now: datetime,
    body: str | None = None,
    reason: str = "",
) -> bool:
    """Keep an event that is no message; with a reason it waits for a person. Whether it is new."""
    row = {
        "channel": channel,
        "event_id": event_id,
        "name": name[:LONGEST_NAME],
        "status": "dead" if reason else "done",
        "error": reason[:LONGEST_REASON] or None,
        "body": body,
        "received_at": now,
    }
    return insert_if_new(connection, channel_event, row) is not None
