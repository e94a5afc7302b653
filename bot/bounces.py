"""Mails of ours that came back: what becomes of their rows.

The idempotency story: a row only goes from sent (or uncertain) to failed, so that a report that is read twice changes
nothing. Only whom we wrote to knows a Message-ID of ours, so that nobody else can make a mail of ours fail.
"""

from __future__ import annotations

from sqlalchemy import Connection, or_, select, update

from integrations.email.errors import BOUNCED, DELAYED, UNKNOWN_ADDRESS
from integrations.email.mail import Bounce
from store.crypto import Keyring
from store.mail_threads import CHANNEL, outbound_named
from store.tables import conversation, outbound

_WENT_OUT = ("sending", "sent", "delivered", "uncertain")
# The mailbox or its domain does not exist (RFC 3463, 5.1.x)
_NO_SUCH = "5.1."


def take(connection: Connection, keyring: Keyring, bounce: Bounce) -> list[str]:
    """Write what `bounce` reports; the conversations that it is about."""
    told = []
    for message_id in bounce.message_ids:
        row = outbound_named(keyring, message_id)
        if row is None:
            continue
        # A repetition by a person has the Message-ID of the row that it repeats
        sent = (
            select(outbound.c.id, outbound.c.conversation_id)
            .join(conversation, conversation.c.id == outbound.c.conversation_id)
            .where(
                conversation.c.channel == CHANNEL,
                or_(outbound.c.provider_message_id == message_id, outbound.c.id == row),
                outbound.c.status.in_(_WENT_OUT),
            )
        )
        for id_, conversation_id in connection.execute(sent).all():
            code = BOUNCED.code if bounce.is_final else DELAYED.code
            values = {"error": code, "decide_at": None} | ({"status": "failed"} if bounce.is_final else {})
            connection.execute(update(outbound).where(outbound.c.id == id_).values(values))
            told.append(str(conversation_id))
        if told and bounce.is_final and bounce.status.startswith(_NO_SUCH):
            unreachable = update(conversation).where(conversation.c.id.in_(told))
            connection.execute(unreachable.values(unreachable=UNKNOWN_ADDRESS.code))
    return list(dict.fromkeys(told))
