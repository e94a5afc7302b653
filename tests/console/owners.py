"""Owners who write, and are handed to people, for tests of the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from bot import baton, inbox, outbox
from bot.baton import Reason
from console.context import ConsoleContext
from store.contacts import Contacts
from store.messages import InboundMessage, Reply
from store.tables import conversation, escalation, inbound

WITH_THE_BOT = "answered"


@dataclass
class Street:
    """The owners of one test. Everything happens at the test's clock."""

    context: ConsoleContext
    made: int = 0

    def owner(
        self, *said: str, name: str | None = None, channel: str = "webchat", waits: bool = True, **values: object
    ) -> str:
        """An owner who has written `said`, handed over unless they do not wait; the conversation's id."""
        self.made += 1
        address = f"owner {self.made}"

        def work(connection: Connection) -> str:
            now = self.context.clock.now()
            known = inbox.open_conversation(
                connection, self.context.keyring, channel, address, self.context.province, now
            )
            here = connection.execute(select(conversation).filter_by(channel=channel, address=address)).mappings().one()
            assert known is not None
            if name:
                Contacts(connection, self.context.keyring).set_name(here["contact_id"], name)
            return str(here["id"])

        id_ = self.context.database.run_now(work)
        for text in said:
            self.writes(id_, text)
        if waits:
            self.context.database.run_now(
                lambda c: baton.escalate(c, id_, Reason.ASKED, self.context.clock.now(), due_hours=24)
            )
        if values:
            self.context.database.run_now(
                lambda c: c.execute(update(escalation).filter_by(conversation_id=id_).values(**values))
            )
        return id_

    def writes(self, id_: str, text: str) -> None:
        """The message, as a turn leaves it behind."""
        self.made += 1

        def work(connection: Connection) -> None:
            now = self.context.clock.now()
            row = connection.execute(select(conversation).filter_by(id=id_)).mappings().one()
            message = InboundMessage(row["channel"], row["address"], f"message {self.made}", now, text)
            inbox.accept(connection, id_, message, now, None)
            connection.execute(update(inbound).filter_by(conversation_id=id_).values(status=WITH_THE_BOT))
            connection.execute(update(conversation).filter_by(id=id_).values(wake_at=None, last_heard_at=now))

        self.context.database.run_now(work)

    def bot_says(self, id_: str, text: str) -> None:
        def work(connection: Connection) -> None:
            channel = connection.scalar(select(conversation.c.channel).filter_by(id=id_))
            outbox.say(connection, id_, str(channel), [Reply(text)], self.context.clock.now())

        self.context.database.run_now(work)

    def row(self, id_: str) -> dict[str, object]:
        """The newest escalation of the conversation."""
        newest = select(escalation).filter_by(conversation_id=id_).order_by(escalation.c.id.desc()).limit(1)
        return dict(self.context.database.read_now(lambda c: c.execute(newest).mappings().one()))

    def holder(self, id_: str) -> str:
        return str(self.context.database.read_now(lambda c: c.scalar(select(conversation.c.holder).filter_by(id=id_))))

    def later(self, by: timedelta) -> datetime:
        self.context.clock.advance(by)  # type: ignore[attr-defined]
        return self.context.clock.now()
