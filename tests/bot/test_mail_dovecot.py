"""The mailbox on a real mail server: fetched by UID, waited for, marked when kept, numbered anew."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from imapclient import IMAPClient

from bot.attachments import of_thread
from bot.mail_poller import MailPoller
from bot.wakeups import INBOX
from integrations.email.mailbox import LOGIN_REFUSED, Mailbox, MailboxClosed
from store.alarm_queries import mailbox_trouble
from store.mail_addresses import read_mail_server
from tests.bot.conftest import Bot
from tests.bot.mailing import mail_house
from tools.services.dovecot import Dovecot
from tools.services.machine import Machine

LARGE = 30_000_000


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    service = Dovecot(Machine())
    try:
        service.start()
        yield service
    finally:
        service.stop()


def put(client: IMAPClient, number: int, body: bytes = b"Xin chao\r\n") -> None:
    head = f"From: hoa@example.vn\r\nSubject: viec {number}\r\nMessage-ID: <{number}@example.vn>\r\n"
    client.append("INBOX", head.encode() + (body if body.startswith(b"Content") else b"\r\n" + body))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_real_mail_server(bot: Bot, dovecot: Dovecot) -> None:
    server = read_mail_server(f"imap://{dovecot.user}:{dovecot.password}@127.0.0.1:{dovecot.port}", "imap")
    async with mail_house(bot) as house:
        house.provider.imap = server
        house.poller = MailPoller(
            bot.database, bot.keyring, bot.clock, house.provider, bot.web.intake, house.poller.letterbox
        )
        poller = house.poller
        client = await asyncio.to_thread(IMAPClient, "127.0.0.1", dovecot.port, ssl=False)
        call = asyncio.to_thread
        await call(client.login, dovecot.user, dovecot.password)
        await call(put, client, 1)
        assert await poller.look() == 1 and await poller.look() == 0
        await call(client.select_folder, "INBOX", True)
        assert await call(client.search, "SEEN") == [1]

        # What arrives while it waits is there at once, long before the wait would end
        running = asyncio.create_task(poller.run())
        for number in (2, 3):
            news = bot.web.wakeups.listen(INBOX)
            await call(put, client, number)
            await bot.web.wakeups.wait(news, 10)
            news.cancel()
        async with asyncio.timeout(10):
            while len(await house.messages()) < 3:
                await bot.web.wakeups.wait(bot.web.wakeups.listen(INBOX), 0.1)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

        # Attached: 30 MB, of which the reader holds no more than the words
        part = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        small, large = b"JVBERi0xLjQK\r\n", b"QUFB" * 19 + b"\r\n"
        mixed = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nCo tep\r\n--b\r\n" + part
        await call(put, client, 4, mixed + small + b"--b\r\n" + part + large * (LARGE // len(large)) + b"--b--\r\n")
        again = MailPoller(bot.database, bot.keyring, bot.clock, house.provider, bot.web.intake, poller.letterbox)
        assert await again.look() in (1, 2, 3)  # the last reader may have ended before it noted how far it was
        await house.fetcher.fetch_due()
        last = (await house.messages())[-1]
        files = await bot.database.read(lambda c: of_thread(c, last.conversation_id, [last.seq])[last.seq])
        assert [(one.status, one.error) for one in files] == [("stored", None), ("failed", "too_large")]

        # What came between a look and the wait is not waited for
        box = await call(Mailbox, server)
        await call(put, client, 5)
        async with asyncio.timeout(15):
            await call(box.wait, 60)
        await call(box.close)

        # Numbered anew: every mail is looked at again, none is taken twice
        await again._close()
        await call(client.logout)
        dovecot.number_anew()
        assert await again.look() == 5 and len(await house.messages()) == 5
        assert await again.look() == 0
        await again._close()

        wrong = read_mail_server(f"imap://{dovecot.user}:wrong@127.0.0.1:{dovecot.port}", "imap")
        with pytest.raises(MailboxClosed) as closed:
            await call(Mailbox, wrong)
        assert closed.value.code == LOGIN_REFUSED
        await again._note_trouble(closed.value.code)
        assert (await bot.database.read(mailbox_trouble))[0] == LOGIN_REFUSED  # type: ignore[index]
        assert await again.look() == 0 and await bot.database.read(mailbox_trouble) is None
        await again._close()
