"""A campaign with its recipients, and a gateway that does as each test wants and keeps a journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from integrations.errors import Fate, ProviderError, SendFailed
from integrations.sms.gateway import Bulk, Report, Taken
from programme import ledger
from store.campaign_tables import campaign, recipient
from store.clock import Clock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.tables import contact

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
        return None

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


def states(database: Database, run_id: int) -> dict[str, int]:
    """State → rows, those that there are; and the sum is right."""
    counts = database.read_now(lambda connection: ledger.counts(connection, run_id))
    assert counts.reconciles
    return {state.value: rows for state, rows in counts.by_state.items() if rows}


def reasons(database: Database, run_id: int) -> set[str | None]:
    of = select(recipient.c.reason).where(recipient.c.run_id == run_id)
    return set(database.read_now(lambda connection: connection.scalars(of).all()))
