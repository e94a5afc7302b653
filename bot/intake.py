"""What providers report is taken in here: durable before the provider is answered, and each event once.

The idempotency story. Messages are unique by the provider's id, for good (`bot.inbox`). Of other events a repetition
changes nothing: receipts only move forward, an echo finds its message by the provider's id, the rest is unique in
`channel_event`. All that an event changes is committed together, before the webhook answers 200.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, RowMapping, update
from sqlalchemy.exc import InterfaceError, OperationalError

from bot import inbox, metrics, outbox, reports
from bot.baton import Holder
from bot.buttons import as_pressed, may_be_sent
from bot.group_commit import GroupCommit
from bot.matters import matter_of
from bot.wakeups import ATTACHMENTS, INBOX, OUTBOX, QUEUE, Wakeups
from bot.worker import Worker
from integrations.provider import Provider
from integrations.sms.gateway import Report as BulkReport
from integrations.zalo.zbs import NAME as ZBS
from programme import receipts
from programme.content import Content
from store.clock import Clock
from store.contacts import Contacts, normalise_phone
from store.crypto import Keyring
from store.database import Database
from store.events import ContactShared, Echo, Event, NumberReached, Reachability, Receipt, Report, Unread
from store.logs import get_logger
from store.messages import InboundMessage, Reply
from store.tables import conversation
from store.text import clean

log = get_logger("bot.intake")

LONGEST_ID = 100
# The shortest window of any provider (Zalo's free one).
ALWAYS_OPEN = timedelta(hours=48)
GREET = "/greet"


# Stores a message; the first argument is until when an idle conversation may be taken for our own worker.
Accept = Callable[[datetime | None, Connection], inbox.Accepted]


@dataclass(frozen=True)
class Taken:
    """What an event that is no message came to. `wakes`: the conversation in which something is to be done or shown.

    `moves_queue`: a person may hold the conversation now who did not before.
    """

    wakes: str | None = None
    duplicate: bool = False
    moves_queue: bool = False


class Intake:
    """One per process. `providers`: by channel, for the acknowledgement of pressed buttons."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        clock: Clock,
        worker: Worker,
        wakeups: Wakeups,
        content: Content,
        province: str,
        providers: Mapping[str, Provider],
        most_in_a_minute: int,
    ) -> None:
        self.keyring, self.clock, self.worker, self.wakeups = keyring, clock, worker, wakeups
        self.content, self.province, self.providers = content, province, providers
        self.most_in_a_minute = most_in_a_minute
        self._commit = GroupCommit(database)
        self._acknowledging: set[asyncio.Task[None]] = set()

    async def take(self, channel: str, events: Sequence[Event]) -> None:
        """Returns when all of `events` are on disk. Raises OperationalError, InterfaceError when the database is away.

        What cannot be kept as what it is, is kept as a dead letter: it would come again and again, and hold up others.
        """
        await asyncio.gather(*(self._take_or_bury(channel, event) for event in events))

    async def finish(self) -> None:
        """Wait for acknowledgements that are under way."""
        await asyncio.gather(*self._acknowledging, return_exceptions=True)

    async def take_message(self, message: InboundMessage, accept: Accept) -> inbox.Accepted:
        """The same for one message of a channel that knows its conversations itself: `accept` stores it.

        Raises what `accept` raises; then nothing has happened.
        """
        lease = self.worker.lease()
        accepted = None
        try:
            accepted = await self._commit.run(f"{message.channel}:{message.address}", partial(accept, lease))
        finally:
            if lease is not None and (accepted is None or accepted.work is None):
                self.worker.release()
        if accepted.work is not None:
            self.worker.begin(accepted.work)
        else:
            self.wakeups.notify(INBOX)
        if message.attachments:
            self.wakeups.notify(ATTACHMENTS)
        self.wakeups.notify(accepted.conversation_id)
        if accepted.moves_queue:
            self.wakeups.notify(QUEUE)
        metrics.webhook_received(message.channel, int(not accepted.duplicate), int(accepted.duplicate))
        return accepted

    async def _take_or_bury(self, channel: str, event: Event) -> None:
        try:
            await self._take(channel, event)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("event_not_kept", channel=channel, kind=type(event).__name__)
            await self._take(channel, _dead_letter(event, error))

    async def _take(self, channel: str, event: Event) -> None:
        if isinstance(event, InboundMessage):
            message = replace(event, channel=channel)
            await self.take_message(message, partial(self._message, message))
            self._acknowledge(channel, message)
            return
        taken = await self._commit.run(f"{channel}:{getattr(event, 'address', '')}", self._work(channel, event))
        metrics.webhook_received(channel, int(not taken.duplicate), int(taken.duplicate))
        if taken.wakes is not None:
            for topic in (INBOX, OUTBOX, taken.wakes):
                self.wakeups.notify(topic)
        if taken.moves_queue:
            self.wakeups.notify(QUEUE)

    def _acknowledge(self, channel: str, message: InboundMessage) -> None:
        """Ends the spinner on the button; the press itself is safe already."""
        if message.acknowledge and channel in self.providers:
            task = asyncio.create_task(self.providers[channel].acknowledge(message.acknowledge))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    # --- one event, within a transaction

    def _work(self, channel: str, event: Report) -> Callable[[Connection], Taken]:
        match event:
            case Echo():
                return partial(self._echo, channel, event)
            case Receipt():
                return partial(self._receipt, channel, event)
            case Reachability():
                return partial(self._reachability, channel, event)
            case ContactShared():
                return partial(self._contact, channel, event)
            case NumberReached():
                return partial(self._number_reached, channel, event)
            case Unread():
                return partial(self._unread, channel, event)

    def _conversation(self, connection: Connection, channel: str, address: str, name: str | None = None) -> RowMapping:
        known = inbox.find_conversation(connection, channel, address)
        return known or inbox.begin_conversation(
            connection, self.keyring, channel, address, self.province, self.clock.now(), name
        )

    def _message(self, message: InboundMessage, lease: datetime | None, connection: Connection) -> inbox.Accepted:
        id_ = bounded(message.provider_message_id)
        known = self._conversation(connection, message.channel, bounded(message.address), message.sender_name)
        message = as_pressed(connection, known["id"], replace(message, provider_message_id=id_))
        if message.payload is not None and not may_be_sent(message.payload):
            message = replace(message, payload=None, text="")  # no button of ours: words that say nothing
        now = self.clock.now()
        try:
            accepted = inbox.accept(connection, known["id"], message, now, lease, self.most_in_a_minute)
        except inbox.ConversationGone:
            known = self._conversation(connection, message.channel, bounded(message.address), message.sender_name)
            accepted = inbox.accept(connection, known["id"], message, now, lease, self.most_in_a_minute)
        if not accepted.duplicate and known["last_seq"] and not _is_open(known["last_heard_at"], now):
            reports.release_held(connection, known["id"], now)
        if (
            accepted.is_flood
            and known["holder"] == Holder.BOT
            and inbox.begins_flood(connection, known["id"], accepted.seq, message.received_at)
        ):
            words = self.content.phrases.say("flood", known["language"] or "vi")
            outbox.say(connection, known["id"], known["channel"], [Reply(words, entry="flood")], now)
        return accepted

    def _echo(self, channel: str, echo: Echo, connection: Connection) -> Taken:
        address = bounded(echo.address)
        known = inbox.find_conversation_id(connection, channel, address)
        known = known or self._conversation(connection, channel, address)
        hours = self.content.packs.province(known["province"]).sla.hours
        about = partial(matter_of, self.content)
        echoed = reports.echo(connection, known["id"], channel, echo, self.clock.now(), hours, about)
        by_person = echoed is reports.Echoed.BY_PERSON
        wakes = by_person or echoed is reports.Echoed.DECIDED
        return Taken(known["id"] if wakes else None, echoed is reports.Echoed.KNOWN, moves_queue=by_person)

    def _receipt(self, channel: str, receipt: Receipt, connection: Connection) -> Taken:
        known = inbox.find_conversation_id(connection, channel, bounded(receipt.address))
        if known is None:
            return Taken()
        return Taken(duplicate=not reports.receipt(connection, known["id"], receipt))

    def _reachability(self, channel: str, event: Reachability, connection: Connection) -> Taken:
        if not reports.keep_event(connection, channel, bounded(event.event_id), "reachability", event.at):
            return Taken(duplicate=True)
        known = self._conversation(connection, channel, bounded(event.address), event.name)
        if known["last_heard_at"] is not None and event.at < known["last_heard_at"]:
            return Taken()  # it comes late: the owner has written since
        values: dict[str, object] = {}
        if event.reachable is not None:
            values["unreachable"] = None if event.reachable else "blocked"
        if event.opens_window:
            values["last_heard_at"] = event.at
        if values:
            connection.execute(update(conversation).filter_by(id=known["id"]).values(values))
        if not event.opens_window:
            return Taken(known["id"])
        reports.release_held(connection, known["id"], self.clock.now())
        self._greet(connection, known["id"], channel, event)
        return Taken(known["id"])

    def _greet(self, connection: Connection, conversation_id: str, channel: str, event: Reachability) -> None:
        """Who has just come is greeted by the dialogue, as if by "xin chào", unless something was said before."""
        begun = inbox.was_written_in(connection, conversation_id)
        if not begun:
            greeting = InboundMessage(channel, event.address, f"greet:{conversation_id}", event.at, payload=GREET)
            inbox.accept(connection, conversation_id, greeting, self.clock.now(), kind="event")

    def _contact(self, channel: str, event: ContactShared, connection: Connection) -> Taken:
        """The number counts as if it had been typed, so that the dialogue says what becomes of it."""
        known = self._conversation(connection, channel, bounded(event.address), event.name)
        phone = normalise_phone(event.phone or "")
        if phone is None:
            is_new = reports.keep_event(connection, channel, bounded(event.event_id), "contact_shared", event.at)
            taken = Taken(duplicate=not is_new)
        else:
            typed = InboundMessage(channel, event.address, event.event_id, event.at, phone)
            accepted = self._message(typed, None, connection)
            taken = Taken(accepted.conversation_id, accepted.duplicate)
        # After the conversation, as everybody who changes both: else two would wait for each other
        contacts = Contacts(connection, self.keyring)
        if event.name and contacts.get(known["contact_id"]).name is None:
            contacts.set_name(known["contact_id"], event.name)
        return taken

    def _number_reached(self, channel: str, event: NumberReached, connection: Connection) -> Taken:
        """It moves the campaign's ledger; of an event that came before nothing is left to be moved."""
        id_, now = bounded(event.event_id), self.clock.now()
        is_new = reports.keep_event(connection, channel, id_, event.name, now)
        report = BulkReport("delivered", event.message_id, event.tracking_id)
        receipts.take(connection, ZBS, report, now, "callback")
        return Taken(duplicate=not is_new)

    def _unread(self, channel: str, event: Unread, connection: Connection) -> Taken:
        id_, now = bounded(event.event_id), self.clock.now()
        is_new = reports.keep_event(connection, channel, id_, event.name, now, event.body, event.reason)
        if is_new and event.reason:
            log.error("event_dead", channel=channel, kind=event.name, code=event.reason)
        return Taken(duplicate=not is_new)


def _dead_letter(event: Event, error: Exception) -> Unread:
    """Known by the event's own id: when it comes again, it is the same letter."""
    name, words = type(event).__name__, clean(repr(event))
    own = getattr(event, "provider_message_id", None) or getattr(event, "event_id", None) or words
    return Unread(
        f"{name}:{hashlib.sha256(own.encode('utf-8', 'replace')).hexdigest()}", name, words, type(error).__name__
    )


def _is_open(last_heard_at: datetime | None, now: datetime) -> bool:
    """Whether nothing can be held: the last interaction was so recent that every window is open."""
    return last_heard_at is not None and now - last_heard_at < ALWAYS_OPEN


def bounded(id_: str) -> str:
    """A provider's id as it fits its column; what is longer stays unique by its digest."""
    return id_ if len(id_) <= LONGEST_ID else hashlib.sha256(id_.encode()).hexdigest()
