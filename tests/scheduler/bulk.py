"""A campaign with its recipients, and a gateway that does as each test wants and keeps a journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.wakeups import Wakeups
from integrations.errors import Fate, ProviderError, SendFailed
from integrations.sms.gateway import Bulk, Report, Taken
from programme import ledger
from programme.content import Content
from scheduler.dispatcher import Dispatcher
from store.campaign_tables import campaign, recipient
from store.clock import Clock, ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.tables import contact, conversation

Answer = Callable[[Bulk], Awaitable[Taken]]


def refusal(code: str, fate: Fate, after: float | None = None) -> SendFailed:
    return SendFailed(ProviderError(code, fate, "Không gửi được."), after)


@dataclass
class FakeGateway:
    """`journal`: every call; `sent`: the messages that people get, as an idempotent gateway would count them."""

    name: str = "one"
    kinds: frozenset[str] = frozenset({"customer_care", "state_notice", "advertising"})
    remembers: timedelta = timedelta(hours=24)
    per_second: float = 0
    answer: Answer | None = None
    journal: list[Bulk] = field(default_factory=list)
    sent: dict[str, Bulk] = field(default_factory=dict)
    reports: dict[str, Report | SendFailed] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def send(self, message: Bulk) -> Taken:
        self.journal.append(message)
        if self.answer is not None:
            return await self.answer(message)
        return self.take(message)

    def take(self, message: Bulk) -> Taken:
        if self.remembers and message.request_id in self.sent:
            return Taken(None)
        self.sent[message.request_id] = message
        return Taken(f"{self.name}-{message.request_id}", 500)

    async def ask(self, message_id: str) -> Report | None:
        self.asked.append(message_id)
        report = self.reports.get(message_id)
        if isinstance(report, SendFailed):
            raise report
        return report

    async def close(self) -> None:
        return None


def plan(database: Database, keyring: Keyring, clock: Clock, people: int, **changes: Any) -> int:
    """A campaign with so many recipients, frozen; the run's id."""

    def work(connection: Connection) -> int:
        now = clock.now()
        contacts = Contacts(connection, keyring)
        for number in range(people):
            contacts.set_phone(contacts.add(now, f"Chị {number}"), f"+8491{number:07}")
        row: dict[str, Any] = {
            "province": "thai-nguyen",
            "name": "Nhắc",
            "kind": "customer_care",
            "variants": [{"id": "A", "share": 100, "text": "Chao {{ name }}.", "unicode": False}],
            "channels": ["sms"],
            "gateways": ["one"],
            "pace_per_minute": 60_000,
            "audience": {},
            "schedule": {},
            "window": {},
            "stops": [],
            "pause_rule": {"percent": 10, "of_last": 500},
            "status": "approved",
            "created_by": "An",
            "edited_by": "An",
            "created_at": now,
            "updated_at": now,
        } | changes
        connection.execute(insert(campaign), row)
        planned = connection.execute(select(campaign).order_by(campaign.c.id.desc())).mappings().first()
        assert planned is not None
        return ledger.freeze(connection, planned, now, select(contact.c.id), now)

    return database.run_now(work)


class Room:
    """What every test of the dispatcher works with."""

    def __init__(self, database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> None:
        self.database, self.clock, self.content, self.keyring = database, clock, content, keyring

    def plan(self, people: int, **changes: object) -> int:
        run_id = plan(self.database, self.keyring, self.clock, people, **changes)
        self.clock.advance(timedelta(seconds=2))  # its pace begins to count with the first look
        return run_id

    def dispatcher(self, *gateways: FakeGateway) -> Dispatcher:
        known = {gateway.name: gateway for gateway in gateways}
        return Dispatcher(self.database, self.clock, self.content, self.keyring, known, Wakeups())

    async def send(self, dispatcher: Dispatcher, seconds: int = 3) -> None:
        """So many seconds go by, one after the other."""
        for _ in range(seconds):
            await dispatcher.send_due()
            self.clock.advance(timedelta(seconds=1))


def states(database: Database, run_id: int) -> dict[str, int]:
    """State → rows, those that there are; and the sum is right."""
    counts = database.read_now(lambda connection: ledger.counts(connection, run_id))
    assert counts.reconciles
    return {state.value: rows for state, rows in counts.by_state.items() if rows}


def reasons(database: Database, run_id: int) -> set[str | None]:
    of = select(recipient.c.reason).where(recipient.c.run_id == run_id)
    return set(database.read_now(lambda connection: connection.scalars(of).all()))


def talk(room: Room, contact_id: int, *, heard: timedelta = timedelta(0), holder: str = "bot") -> None:
    """A conversation on Zalo in which the owner wrote so long ago."""
    now = room.clock.now()
    row = {
        "id": f"zalo-{contact_id}",
        "channel": "zalo",
        "address": f"u{contact_id}",
        "contact_id": contact_id,
        "province": "thai-nguyen",
        "holder": holder,
        "version": 1,
        "last_seq": 0,
        "last_heard_at": now - heard,
        "created_at": now,
    }
    room.database.run_now(lambda connection: connection.execute(insert(conversation), row))
