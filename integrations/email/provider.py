"""E-mail as a channel: sends answers by SMTP, fetches what was attached by IMAP.

The idempotency story of a mail. Its Message-ID is made from the outbox row and so is known before anything is sent. A
connection that ends after the final dot leaves the row uncertain, never sent again by itself; a person's repetition
carries the same Message-ID, by which mail programs show one mail.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiosmtplib
from sqlalchemy import Connection, select

from integrations.email import errors
from integrations.email.letter import Thread, write
from integrations.email.mail import Mail
from integrations.email.mailbox import Mailbox, MailboxClosed
from integrations.email.reading import BROKEN, Unreadable, identity_of, read_part
from integrations.errors import FetchFailed, SendFailed
from integrations.fitting import LIMITS
from integrations.provider import Fetched, Outgoing, Rate, Sent
from store.crypto import Keyring
from store.database import Database
from store.mail_addresses import MailServer, read_mail_server
from store.mail_tables import mail_ticket
from store.mail_threads import CHANNEL, own_message_id, ticket_number
from store.settings import Settings
from store.tables import conversation

SMTP_SECONDS = 15
PARALLEL_FETCHES = 2  # mail servers mind many connections of one user
# Of a part that travels as base64 with its line breaks
PACKED = 1.4


class EmailProvider:
    """One account."""

    channel = CHANNEL
    limits = LIMITS[CHANNEL]
    # No provider says; what people write by hand is slower anyhow
    rate = Rate(per_second=2, burst=10)
    echoes = False

    def __init__(self, database: Database, keyring: Keyring, smtp: MailServer, imap: MailServer, address: str) -> None:
        """`address`: ours."""
        self.smtp, self.imap, self.address = smtp, imap, address
        self._database, self._keyring = database, keyring
        self._fetching = asyncio.Semaphore(PARALLEL_FETCHES)

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, keyring: Keyring) -> EmailProvider:
        """Of settings that have a mail account (`has_email`)."""
        if settings.smtp_url is None or settings.imap_url is None or settings.mail_from is None:
            raise ValueError("SMTP_URL, IMAP_URL or HOTLINE_MAIL_FROM is not set")
        smtp = read_mail_server(settings.smtp_url.get_secret_value(), "smtp")
        imap = read_mail_server(settings.imap_url.get_secret_value(), "imap")
        return cls(database, keyring, smtp, imap, settings.mail_from)

    def message_id(self, row: int) -> str:
        """Of the mail that carries this row of the outbox."""
        return own_message_id(self._keyring, row, self.address.partition("@")[2])

    async def send(self, message: Outgoing) -> Sent:
        thread = await self._database.read(lambda connection: self._thread(connection, message.address))
        if thread is None:
            raise SendFailed(errors.NO_TICKET)
        message_id = self.message_id(message.row)
        await deliver(self.smtp, self.address, thread.address, write(message, thread, self.address, message_id))
        return Sent(message_id)

    async def fetch(self, source: str, limit_bytes: int) -> Fetched:
        async with self._fetching:
            return await asyncio.to_thread(self._fetch, source, limit_bytes)

    async def invite(self, address: str) -> None:
        """Mail knows no windows."""

    async def acknowledge(self, token: str) -> None:
        """Nor buttons."""

    async def close(self) -> None:
        """Every connection ends with its call."""

    def _thread(self, connection: Connection, address: str) -> Thread | None:
        row = connection.execute(
            select(mail_ticket)
            .join(conversation, conversation.c.id == mail_ticket.c.conversation_id)
            .where(conversation.c.channel == CHANNEL, conversation.c.address == address)
        ).first()
        if row is None or row.address is None:
            return None
        number = ticket_number(row.id, row.year)
        return Thread(row.address, number, row.subject or "", row.last_message_id, row.thread or "")

    def _is(self, head: bytes, identity: str) -> bool:
        try:
            return identity_of(head, self._keyring) == identity
        except (*BROKEN, Unreadable):
            return False

    def _fetch(self, source: str, limit_bytes: int) -> Fetched:
        validity, uid, part, identity, message_id = source_parts(source)
        try:
            mailbox = Mailbox(self.imap)
        except MailboxClosed as closed:
            raise FetchFailed(closed.code, final=False) from None
        try:
            found: int | None = uid
            if mailbox.uid_validity != validity:
                named = mailbox.find(message_id) if message_id else []
                found = next((one for one in named if self._is(mailbox.head(one), identity)), None)
            collected = mailbox.part(found, part, int(limit_bytes * PACKED)) if found is not None else None
        except MailboxClosed as closed:
            raise FetchFailed(closed.code, final=False) from None
        finally:
            mailbox.close()
        if collected is None or not (collected.is_there and collected.content):
            raise FetchFailed("email_mail_gone", final=True)
        if collected.is_too_large:
            raise FetchFailed("too_large", final=True)
        try:
            return Fetched(read_part(bytes(collected.content)))
        except BROKEN:
            raise FetchFailed("email_part_broken", final=True) from None


def source_of(uid_validity: int, uid: int, part: int, mail: Mail) -> str:
    """Where an attachment lies, for `fetch`. When the mailbox has been numbered anew, its mail is found by the
    Message-ID and known by its identity: somebody else's may have the same Message-ID.
    """
    return f"{uid_validity} {uid} {part} {mail.identity} {mail.message_id or ''}"


def source_parts(source: str) -> tuple[int, int, int, str, str]:
    validity, uid, part, identity, message_id = source.split(" ", 4)
    return int(validity), int(uid), int(part), identity, message_id


async def deliver(server: MailServer, sender: str, recipient: str, mail: bytes) -> None:
    """One mail over one connection. Raises SendFailed: until the mail itself is sent it certainly was not taken."""
    client = await connect(server)
    try:
        await _step(client.mail(sender), lambda code, _: errors.of_sender(code))
        await _step(client.rcpt(recipient), errors.of_recipient)
        try:
            await client.data(mail)
        except aiosmtplib.SMTPResponseException as refused:
            raise errors.of_content(refused.code, str(refused.message)) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            raise SendFailed(errors.NO_ANSWER) from None
    finally:
        client.close()


async def connect(server: MailServer) -> aiosmtplib.SMTP:
    """Signed in, behind TLS unless the server is on the loopback. Raises SendFailed."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.implicit_tls,
        start_tls=server.needs_tls if not server.implicit_tls else False,
        timeout=SMTP_SECONDS,
    )
    try:
        await client.connect()
        await _sign_in(client, server)
    except aiosmtplib.SMTPAuthenticationError as refused:
        client.close()
        raise SendFailed(errors.LATER if refused.code < 500 else errors.LOGIN) from None
    except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError, TimeoutError) as broken:
        client.close()
        is_tls = isinstance(broken, ssl.SSLError) or isinstance(broken.__cause__, ssl.SSLError)
        raise SendFailed(errors.NO_TLS if is_tls else errors.NOT_CONNECTED) from None
    except aiosmtplib.SMTPResponseException as refused:
        client.close()
        raise SendFailed(errors.LATER if refused.code < 500 else errors.LOGIN) from None
    except aiosmtplib.SMTPException:
        client.close()
        # It offers no STARTTLS, or no way to sign in
        raise SendFailed(errors.NO_TLS if server.needs_tls and not server.implicit_tls else errors.LOGIN) from None
    return client


async def _sign_in(client: aiosmtplib.SMTP, server: MailServer) -> None:
    """By one way: a server that is asked in several with a wrong password hangs up, and nobody knows why."""
    await client.ehlo()
    offered = client.supported_auth_methods
    if "plain" in offered:
        await client.auth_plain(server.user, server.password)
    elif "login" in offered:
        await client.auth_login(server.user, server.password)
    else:
        await client.login(server.user, server.password)


async def _step(call: Awaitable[Any], refusal: Callable[[int, str], SendFailed]) -> None:
    try:
        await call
    except aiosmtplib.SMTPResponseException as refused:
        raise refusal(refused.code, str(refused.message)) from None
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        raise SendFailed(errors.NOT_CONNECTED) from None
