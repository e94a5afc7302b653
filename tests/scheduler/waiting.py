"""Requests that wait, people who should hear of it, and what they heard."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from bot.wakeups import Wakeups
from integrations.errors import Fate, ProviderError, SendFailed
from programme.content import Content
from scheduler.kinds import JobContext
from scheduler.officer_notices import OFFICER_NOTICES
from scheduler.sla_watch import SLA_WATCH
from scheduler.watch import Watch
from store.clock import ManualClock
from store.console_tables import account, officer_notice, open_tab, request
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from store.tables import conversation, escalation, officer, outbound

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass
class Chats:
    """In the place of Telegram. `refuses`: what it answers for which chat."""

    said: list[tuple[str, str]] = field(default_factory=list)
    refuses: dict[str, Fate] = field(default_factory=dict)

    async def tell(self, chat: str, text: str) -> None:
        if chat in self.refuses:
            raise SendFailed(ProviderError("telegram_test", self.refuses[chat], "x"))
        self.said.append((chat, text))

    def heard(self, chat: str) -> list[str]:
        return [text for to, text in self.said if to == chat]


class Office:
    """A province's people and what waits for them."""

    def __init__(self, database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> None:
        self.database, self.clock, self.keyring = database, clock, keyring
        self.chats, self.wakeups = Chats(), Wakeups()
        watch = Watch(notices=self.chats, place="Thái Nguyên", address="https://hotline.example")
        self.context = JobContext(database, clock, content, self.wakeups, keyring, watch)
        self._numbers = itertools.count(1)

    def person(self, name: str, role: str = "officer", **values: Any) -> int:
        """An account whose chat is called like themselves; its number is the officer's too."""
        row = {"login": name, "role": role, "telegram_chat": name, "created_at": self.clock.now()} | values

        def add(connection: Any) -> int:
            number = insert_returning_id(connection, officer, {"name": name, "created_at": self.clock.now()})
            return insert_returning_id(connection, account, row | {"officer_id": number, "id": number})

        return self.database.run_now(add)

    def ask(self, opened_at: datetime | None = None, holder: int | None = None, **values: Any) -> int:
        """An owner waits since then; the request's number."""
        now, number = opened_at or self.clock.now(), next(self._numbers)
        place = {"province": "thai-nguyen", "channel": "telegram"}
        due = {"opened_at": now, "due_at": now + 24 * HOUR}
        talk = {"id": f"c{number}", "address": str(number), "holder": "queue", "version": 0, "last_seq": 0}
        status = {"status": "open" if holder is None else "taken", "officer_id": holder, "reason": "asked_for_person"}

        def add(connection: Any) -> int:
            contact = Contacts(connection, self.keyring).add(now, None)
            connection.execute(insert(conversation).values(**talk, **place, contact_id=contact, created_at=now))
            case = {"conversation_id": f"c{number}", **place, **due, **status, "topic": "tax", "waiting_since": now}
            matter = insert_returning_id(connection, escalation, case)
            row = {"conversation_id": f"c{number}", "escalation_id": matter, "is_first": True, **place, **due}
            return insert_returning_id(connection, request, row | values)

        return self.database.run_now(add)

    def end(self, request_id: int) -> None:
        ended = update(request).filter_by(id=request_id).values(ended_at=self.clock.now(), outcome="answered")
        self.database.run_now(lambda c: c.execute(ended))

    def look_at(self, account_id: int, request_id: int, seen_at: datetime) -> None:
        here = self.request(request_id).conversation_id
        tab = {"account_id": account_id, "conversation_id": here, "seen_at": seen_at}
        self.database.run_now(lambda c: c.execute(insert(open_tab).values(tab)))

    async def minute(self) -> None:
        """What the scheduler does in a minute."""
        await SLA_WATCH.run(self.context)
        await OFFICER_NOTICES.run(self.context)

    def without_telegram(self) -> None:
        self.context = replace(self.context, watch=replace(self.context.watch, notices=None))

    def request(self, number: int) -> Any:
        return self.database.read_now(lambda c: c.execute(select(request).filter_by(id=number)).one())

    def notices(self) -> list[tuple[int, int, str, str]]:
        """Account, request, kind and status of each."""
        columns = officer_notice.c
        rows = select(columns.account_id, columns.request_id, columns.kind, columns.status).order_by(columns.id)
        return self.database.read_now(lambda c: [tuple(row) for row in c.execute(rows)])

    def said_to_owners(self) -> list[Any]:
        return self.database.read_now(lambda c: list(c.execute(select(outbound).order_by(outbound.c.id))))
