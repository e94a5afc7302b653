"""Owners who left a survey unfinished, and tickers on their database."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.wakeups import Wakeups
from programme import responses
from programme.content import Content
from programme.responses import Kept, Origin
from programme.survey.definition import CONSENT, REFUSED, Answer, Item
from programme.survey.response import Response, answered, next_item
from scheduler.kinds import JobContext, JobKind
from scheduler.ticker import Ticker
from scheduler.watch import Watch
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database
from store.survey_tables import due_job
from store.tables import conversation, outbound
from tests.bot.conftest import Bot
from tests.bot.conftest import bot as bot
from tests.scheduler.bulk import Room


@dataclass
class Heard(Wakeups):
    """Remembers who was woken."""

    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def notify(self, key: str) -> None:
        self.keys.append(key)
        super().notify(key)


@dataclass
class Logged:
    """In the place of a module's log: its events and their values."""

    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def info(self, event: str, **values: object) -> None:
        self.events.append((event, values))

    def exception(self, event: str, **values: object) -> None:
        assert sys.exception() is not None
        self.events.append((event, values))


@dataclass
class Desk:
    """Owners and their surveys, and what the scheduler did about them."""

    bot: Bot
    content: Content
    heard: Heard
    database_url: str

    @property
    def database(self) -> Database:
        return self.bot.database

    @property
    def clock(self) -> ManualClock:
        return self.bot.clock

    @property
    def context(self) -> JobContext:
        watch = Watch(province="thai-nguyen")
        return JobContext(self.database, self.clock, self.content, self.heard, self.bot.keyring, watch)

    def ticker(self, kinds: Mapping[str, JobKind], database: Database | None = None) -> Ticker:
        return Ticker(database or self.database, self.clock, self.content, self.heard, self.bot.keyring, kinds)

    async def leave_unfinished(self, **origin: Any) -> Kept:
        """A new owner agrees to the survey, and answers no more than that."""
        conversation_id = await self.bot.open()
        row = await self.row(conversation_id)
        where = Origin(row.contact_id, row.channel, row.province, conversation_id)
        kept = Kept(Response(self.content.surveys.latest, {CONSENT: "yes_only"}), replace(where, **origin))
        return await self.database.run(self.saving(kept))

    def saving(self, kept: Kept) -> Callable[[Connection], Kept]:
        """A transaction that keeps the response as of now."""
        return lambda connection: responses.save(connection, self.bot.keyring, kept, self.clock.now())

    async def row(self, conversation_id: str) -> Any:
        return await self.database.read(lambda c: c.execute(select(conversation).filter_by(id=conversation_id)).one())

    async def said(self, kept: Kept) -> list[Any]:
        """The rows of the outbox in the owner's conversation."""
        rows = select(outbound).filter_by(conversation_id=kept.origin.conversation_id).order_by(outbound.c.seq)
        return await self.database.read(lambda c: list(c.execute(rows)))

    async def jobs(self) -> list[Any]:
        rows = select(due_job).order_by(due_job.c.due_at, due_job.c.kind)
        return await self.database.read(lambda c: list(c.execute(rows)))


@pytest.fixture
def context(database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> JobContext:
    """The rooms of a job that needs no bot."""
    return JobContext(database, clock, content, Wakeups(), keyring)


@pytest.fixture
def desk(bot: Bot, content: Content, database_url: str) -> Desk:
    return Desk(bot, content, Heard(), database_url)


@pytest.fixture
def room(database: Database, clock: ManualClock, content: Content, keyring: Keyring) -> Room:
    return Room(database, clock, content, keyring)


@contextmanager
def own_connection(desk: Desk) -> Iterator[Database]:
    """The same database, as another process opens it."""
    opened = open_database(desk.database_url, desk.bot.keyring, desk.clock)
    yield opened
    opened.close()


def one_more_answer(kept: Kept) -> Kept:
    item = next_item(kept.response)
    assert item is not None
    return kept.with_response(answered(kept.response, item.id, _some_answer(item)))


def all_answers(kept: Kept) -> Kept:
    while next_item(kept.response) is not None:
        kept = one_more_answer(kept)
    return kept


def _some_answer(item: Item) -> Answer:
    if item.options:
        value = item.options[0].value
        return [str(value)] if item.kind == "multi_choice" else value
    return REFUSED if not item.required else "00001"
