"""Reads the mailbox: one process does, and marks a mail as read only when it is kept.

The idempotency story. `mailbox.last_uid` is where reading goes on; it is written after the mails before it are durable,
so that a killed reader's successor fetches some of them again, and each is known by its identity. When the server has
numbered its mails anew (UIDVALIDITY), all are looked at again.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from bot import bounces, reports
from bot.inbox import Accepted
from bot.intake import Intake
from bot.mail import KeptMeanwhile, Letterbox
from integrations.email.mail import Machine, Mail, MailPart
from integrations.email.mailbox import FOLDER, Mailbox, MailboxClosed, Sized
from integrations.email.provider import EmailProvider, source_of
from integrations.email.reading import Unreadable, read
from store import leadership
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database, insert_if_new
from store.logs import get_logger
from store.mail_addresses import MailServer
from store.mail_tables import mailbox
from store.mail_threads import CHANNEL
from store.messages import Attachment, InboundMessage, Kind

log = get_logger("bot.mail_poller")

ROLE = "mail_poller"
# One wait for news; the lead is renewed in between. Without IDLE it is the pause between two looks.
WAIT_SECONDS = 30.0
LEASE = timedelta(seconds=120)
FOLLOWER_NAP_SECONDS = 15.0
TROUBLE_SECONDS = (2.0, 5.0, 15.0, 30.0, 60.0)
# Of a mailbox that was there before us: what nobody has read for so long is no request any more.
FIRST_LOOK = timedelta(days=30)
LARGEST_MAIL = 64 << 20
# A mail at which the server breaks off again and again would keep all behind it from being read.
MOST_TRIES = 5
MAIL_TOO_LARGE, NO_SENDER, NOT_FETCHED = "mail_too_large", "mail_no_sender", "mail_not_fetched"
LED_ELSEWHERE = "led_elsewhere"
_NO_TROUBLE = {"trouble": None, "trouble_since": None}

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """`search`: instead of what is above `last_uid`, when the UIDs of before mean nothing."""

    last_uid: int
    search: Callable[[Mailbox, int], list[int]] | None = None


class MailPoller:
    """One per process; of all processes one reads."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        clock: Clock,
        provider: EmailProvider,
        intake: Intake,
        letterbox: Letterbox,
        naps: Sequence[float] = TROUBLE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.database, self.keyring, self.clock = database, keyring, clock
        self.provider, self.intake, self.letterbox = provider, intake, letterbox
        self.naps, self.wait_seconds = naps, wait_seconds
        self.name = secrets.token_hex(16)
        self.box = box_name(provider.imap)
        # One thread: a connection is used by one at a time
        self._thread = ThreadPoolExecutor(1, "mailbox")
        self._open: Mailbox | None = None
        self._broken_off = 0, 0  # the UID at which the server broke off, and how often in a row

    async def run(self) -> None:
        """Read until cancelled; whatever else happens is logged and tried again."""
        failures = 0
        try:
            while True:
                try:
                    leads = await self.database.run(self._lead)
                    nap = 0.0 if leads else FOLLOWER_NAP_SECONDS
                    if leads:
                        await self.look()
                        failures = 0
                        await self._wait()
                    else:
                        await self._close()
                except MailboxClosed as closed:
                    nap = self.naps[min(failures, len(self.naps) - 1)]
                    failures += 1
                    log.warning("mailbox_closed", code=closed.code, again_in_seconds=nap)
                    await self._close()
                    await self._note_trouble(closed.code)
                except Exception:
                    # The database is away, or a fault of ours: what was not kept is fetched again
                    log.exception("mail_polling_broke")
                    nap = self.naps[min(failures, len(self.naps) - 1)]
                    failures += 1
                    await self._close()
                await asyncio.sleep(nap)
        finally:
            if self._open is not None:
                self._open.abort()
            await self._close()
            self._thread.shutdown(wait=False)
            await self._give_up()

    async def look(self) -> int:
        """Take everything that is new; how many mails there were. Raises MailboxClosed."""
        if self._open is None:
            self._open = await self._call(Mailbox, self.provider.imap)
        count = await self._look(self._open)
        await self.database.run(self._well)
        return count

    async def _look(self, box: Mailbox) -> int:
        place = await self.database.run(partial(self._where, box.uid_validity))
        if place.search is None:
            return (await self._take_all(box, place.last_uid, box.newer))[0]
        # Counted before it is searched: what comes meanwhile lies above, and is found next time
        highest = await self._call(box.highest)
        count, last = await self._take_all(box, 0, partial(place.search, box), advance=False)
        await self.database.run(partial(self._advance, box.uid_validity, max(highest, last)))
        return count

    async def _wait(self) -> None:
        if self._open is not None:
            await self._call(self._open.wait, self.wait_seconds)

    async def _take_all(
        self, box: Mailbox, last: int, search: Callable[[int], list[int]], advance: bool = True
    ) -> tuple[int, int]:
        """How many there were above `last`, and the highest UID. Not to `advance`: begun anew when it is broken off."""
        count = 0
        while uids := await self._call(search, last):
            for uid, sized in (await self._call(box.sized, uids)).items():
                await self._take(box, uid, sized)
            await self._call(box.mark_read, uids)
            count, last = count + len(uids), uids[-1]
            if advance:
                await self.database.run(partial(self._advance, box.uid_validity, last))
            if not await self.database.run(self._lead):
                raise MailboxClosed(LED_ELSEWHERE)
        return count, last

    async def _take(self, box: Mailbox, uid: int, sized: Sized) -> None:
        """Returns when it is durable, as a message or with the reason why it is none. Raises MailboxClosed, and
        OperationalError, InterfaceError when the database is away.
        """
        tries = self._broken_off[1] if self._broken_off[0] == uid else 0
        if tries >= MOST_TRIES:
            where = f"UIDVALIDITY {box.uid_validity}, UID {uid}"
            identity = self.keyring.lasting_hash(where, "mail_identity").hex()
            return await self._record(identity, "mail", where, NOT_FETCHED)
        if sized.size > LARGEST_MAIL:
            header = await self._call(box.header, uid)
            identity = self.keyring.lasting_hash(header, "mail_identity").hex()
            return await self._record(identity, "mail", header, MAIL_TOO_LARGE)
        try:
            mail = await self._call(self._read, box, uid)
        except MailboxClosed:
            self._broken_off = uid, tries + 1
            raise
        except Unreadable as damage:
            header = await self._call(box.header, uid)
            identity = self.keyring.lasting_hash(header, "mail_identity").hex()
            return await self._record(identity, "mail", header, str(damage))
        if mail is None:
            return
        try:
            await self._keep(box, uid, mail, sized.received_at)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("mail_not_kept", kind=type(error).__name__)
            await self._record(mail.identity, "mail", mail.header, f"mail_{type(error).__name__}")

    def _read(self, box: Mailbox, uid: int) -> Mail | None:
        skeleton = box.skeleton(uid)
        return None if skeleton is None else read(skeleton, self.keyring, self.provider.address)

    async def _keep(self, box: Mailbox, uid: int, mail: Mail, received_at: datetime) -> None:
        if mail.bounce is not None:
            told = await self.database.run(partial(bounces.take, keyring=self.keyring, bounce=mail.bounce))
            for conversation_id in told:
                self.intake.wakeups.notify(conversation_id)
            return await self._record(mail.identity, Machine.BOUNCE, mail.header)
        if mail.machine is not None:
            # Somebody's mail program may mark all it sends; their answers are answers
            is_answer = mail.machine is Machine.BULK and await self.database.read(
                lambda connection: self.letterbox.enters(connection, mail)
            )
            if not is_answer:
                return await self._record(mail.identity, mail.machine, mail.header)
        if mail.sender is None:
            return await self._record(mail.identity, "mail", mail.header, NO_SENDER)

        def source(part: MailPart) -> str:
            return source_of(box.uid_validity, uid, part.part, mail)

        def accept(_: datetime | None, connection: Connection) -> Accepted:
            return self.letterbox.place(mail, received_at, source, self.clock.now(), connection)

        # Only what others are told of it: its conversation is found, and it is stored, by `accept`
        attached = tuple(Attachment(Kind.FILE) for _ in mail.parts)
        message = InboundMessage(CHANNEL, mail.identity, mail.identity, received_at, attachments=attached)
        try:
            await self.intake.take_message(message, accept)
        except KeptMeanwhile:
            log.info("mail_kept_meanwhile")

    async def _record(self, identity: str, name: str, header: str, reason: str = "") -> None:
        """A mail that is no message; with a reason it waits for a person."""
        now = self.clock.now()
        await self.database.run(lambda c: reports.keep_event(c, CHANNEL, identity, name, now, header, reason))
        if reason:
            log.error("mail_dead", code=reason)

    async def _call(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments))

    # --- within a transaction

    def _lead(self, connection: Connection) -> bool:
        return leadership.take(connection, ROLE, self.name, self.clock.now(), LEASE)

    def _where(self, uid_validity: int, connection: Connection) -> Place:
        """Where reading goes on."""
        now = self.clock.now()
        insert_if_new(connection, mailbox, {"name": self.box, "last_uid": 0, "began_at": now})
        row = connection.execute(select(mailbox).filter_by(name=self.box)).mappings().one()
        if row["uid_validity"] == uid_validity:
            return Place(row["last_uid"])
        if row["uid_validity"] is None:
            return Place(0, lambda box, uid: box.unread_since(uid, row["began_at"] - FIRST_LOOK))
        log.warning("mailbox_numbered_anew")
        return Place(0, lambda box, uid: box.unread_or_since(uid, row["began_at"]))

    def _well(self, connection: Connection) -> None:
        """That everything could be read ends every trouble; that the mailbox could be opened would not be enough."""
        connection.execute(update(mailbox).where(mailbox.c.trouble.is_not(None)).values(_NO_TROUBLE))

    def _advance(self, uid_validity: int, uid: int, connection: Connection) -> None:
        here = update(mailbox).where(mailbox.c.name == self.box)
        connection.execute(here.values(uid_validity=uid_validity, last_uid=uid))

    def _troubled(self, code: str, connection: Connection) -> None:
        now = self.clock.now()
        insert_if_new(connection, mailbox, {"name": self.box, "last_uid": 0, "began_at": now})
        connection.execute(update(mailbox).where(mailbox.c.name != self.box).values(_NO_TROUBLE))
        since = func.coalesce(mailbox.c.trouble_since, now)
        connection.execute(update(mailbox).filter_by(name=self.box).values(trouble=code, trouble_since=since))

    # --- ending

    async def _note_trouble(self, code: str) -> None:
        if code == LED_ELSEWHERE:
            return
        try:
            await self.database.run(partial(self._troubled, code))
        except SQLAlchemyError:
            log.exception("mail_trouble_not_noted")

    async def _close(self) -> None:
        box, self._open = self._open, None
        if box is not None:
            box.abort()
            await self._call(box.close)

    async def _give_up(self) -> None:
        try:
            await self.database.run(lambda connection: leadership.give_up(connection, ROLE, self.name))
        except Exception:
            log.exception("mail_lead_not_given_up")  # the lease ends by itself


def box_name(server: MailServer) -> str:
    """Another server or user is another mailbox; the row does not say whose."""
    return hashlib.sha256(f"{server.user}@{server.host}:{server.port}/{FOLDER}".encode()).hexdigest()
