"""A bot whose mailbox lies on a mail server on the loopback, driven look by look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from bot.attachments import Fetcher
from bot.mail import Letterbox
from bot.mail_poller import MailPoller
from bot.pace import Pace
from bot.sender import Sender
from integrations.email.provider import EmailProvider
from integrations.email.sim_imap import StoredMail
from integrations.email.simulator import ADDRESS, MailSimulator
from integrations.registry import settings_for
from integrations.simulation.clock import SimulatedClock
from integrations.simulation.people import Wish
from store.channel_tables import channel_event
from store.mail_tables import mail_message, mail_ticket
from store.messages import Reply
from store.tables import conversation, inbound
from tests.bot.conftest import Bot
from tests.conftest import NOW

ASKER = "chi.hoa@example.vn"


@dataclass
class MailHouse:
    """`server`: where mails lie and go to."""

    bot: Bot
    server: MailSimulator
    provider: EmailProvider
    poller: MailPoller
    sender: Sender
    fetcher: Fetcher

    def put(
        self, mail: str | bytes, sender: str | None = ASKER, message_id: str | None = "<1@example.vn>"
    ) -> StoredMail:
        """A mail lies in the mailbox: its headers, an empty line and its text, with From and Message-ID before them."""
        head = f"From: {sender}\r\n" if sender else ""
        head += f"Message-ID: {message_id}\r\n" if message_id else ""
        body = mail if isinstance(mail, bytes) else mail.replace("\n", "\r\n").encode()
        return self.server.imap.append(head.encode() + body)

    async def look(self) -> int:
        """Read what is new, and let the bot do its part."""
        count = await self.poller.look()
        await self.bot.work()
        await self.sender.deliver_due()
        return count

    async def write(self, text: str, **fields: Any) -> None:
        """The simulated citizen writes, and everything that follows happens."""
        self.server.actions[fields.pop("action", "text")](self.person, Wish({"text": text, **fields}))
        await self.look()

    @property
    def person(self) -> Any:
        return next(iter(self.server.people))

    @property
    def brought(self) -> list[EmailMessage]:
        """The mails that the citizen has got."""
        return [message_from_bytes(one, policy=policy.default) for one in [self.person.last] if one]  # type: ignore[misc]

    @property
    def accepted(self) -> list[dict[str, Any]]:
        return self.server.journal.of("accepted")

    async def rows(self, table: Any, **where: Any) -> list[Any]:
        asked = select(table).filter_by(**where).order_by(*table.primary_key.columns)
        return await self.bot.database.read(lambda c: list(c.execute(asked).all()))

    async def messages(self) -> list[Any]:
        rows = await self.rows(inbound, channel="email")
        return [row for row in rows if row.kind == "message"]

    async def tickets(self) -> list[Any]:
        return await self.rows(mail_ticket)

    async def facts(self) -> list[Any]:
        return await self.rows(mail_message)

    async def conversations(self) -> list[Any]:
        asked = select(conversation).filter_by(channel="email").order_by(conversation.c.created_at, conversation.c.id)
        return await self.bot.database.read(lambda c: list(c.execute(asked).all()))

    async def refused(self) -> list[tuple[str, str | None]]:
        return [(row.name, row.error) for row in await self.rows(channel_event, channel="email")]

    async def say(self, conversation_id: str, text: str, sender: str = "officer") -> None:
        """An officer's answer goes out."""
        from bot import outbox

        now = self.bot.clock.now()
        await self.bot.database.run(
            lambda c: outbox.say(c, conversation_id, "email", [Reply(text)], now, sender=sender)
        )
        await self.sender.deliver_due()


@asynccontextmanager
async def mail_house(bot: Bot) -> AsyncIterator[MailHouse]:
    server = MailSimulator(clock=SimulatedClock(NOW))
    async with server.running():
        settings = settings_for(server.account())
        provider = EmailProvider.from_settings(settings, bot.database, bot.keyring)
        letterbox = Letterbox(bot.keyring, "thai-nguyen", bot.clock.timezone, 30)
        intake = bot.web.intake
        poller = MailPoller(bot.database, bot.keyring, bot.clock, provider, intake, letterbox, wait_seconds=0.2)
        sender = Sender(bot.database, bot.clock, {"email": provider}, Pace(bot.clock), bot.web.files, bot.web.wakeups)
        bot.runner.sender = sender
        fetcher = Fetcher(bot.database, bot.keyring, bot.clock, {"email": provider}, bot.web.wakeups)
        yield MailHouse(bot, server, provider, poller, sender, fetcher)
        await poller._close()
        poller._thread.shutdown()


__all__ = ["ADDRESS", "ASKER", "MailHouse", "mail_house"]
