"""Measures the pages that officers wait for, on PostgreSQL after a year of a hundred thousand owners.

    python -m bench.console [--quick]

The console's app is called in this process, so that what is timed is the page: session, queries, rendering, audit row.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from sqlalchemy import Connection, select, text
from starlette.applications import Starlette
from starlette.routing import Mount

from bench.catalogue import Sheet
from bench.console_data import LONG, OFFICERS, PROVINCE, SEED, Size, Year, fill, put_in_queue
from bench.figures import Times
from bench.part import run_alone
from bench.postgres import new_database
from bench.scale import Scale
from bot.baton import Holder, officer_named
from bot.dialogue import Dialogue, TurnRegister
from bot.files import Files
from bot.model_switch import ModelSwitch
from bot.wakeups import Wakeups
from console import sessions
from console.app import console_app
from console.context import ConsoleContext
from console.roles import Role
from console.sessions import COOKIE
from console.words import load_words
from programme.content import Content, load_content
from programme.training_examples import TrainingExamples
from store.clock import ManualClock
from store.console_tables import account
from store.crypto import Keyring
from store.database import Database, insert_returning_id, open_database
from store.migrate import migrate
from store.tables import conversation, escalation

SECRET = "benchmarks keep no personal data at all"
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
SITE = "http://console.bench"
WARM = 5
# Frequent words, rare ones, several, beginnings, quoted, nothing at all, names, a number; some narrowed
SEARCHES = (
    *("q=da", "q=a+", "q=xin+chao", "q=xin+ch", "q=cam+on+em+nhieu", "q=thue", "q=hoa+don+dien+tu", "q=ten+mien"),
    *("q=ng", "q=vietqr", "q=dong+hy", "q=%22ma+otp%22", "q=khong+co+tu+nay", "q=xyzabc", "q=alo+the+a+hoa+don"),
    *("q=nguyen+thi", "q=ma+trieu", "q=0910012345", "q=tan+cuong+thue", "q=nhan+dien+khuon+mat"),
    *("q=thue&channel=telegram", "q=dong+hy&channel=webchat", "q=xin+chao&period=30", "q=ten+mien&period=7"),
)
QUEUES = ("", "?commune={commune}", "?channel=telegram", "?view=mine", "?topic=survey&channel=zalo")


@dataclass(frozen=True)
class Browser:
    """An officer's, signed in."""

    client: httpx.AsyncClient
    csrf: str
    officer_id: int

    async def timed(self, path: str) -> float:
        """Milliseconds until the page is here. Raises AssertionError for any other answer."""
        began = time.perf_counter()
        answer = await self.client.get(path)
        ms = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise AssertionError(f"{path} was answered by {answer.status_code}")
        return ms

    async def take(self, talk: str) -> int:
        """The status of the answer to the button's click."""
        address, data = f"/console/conversations/{talk}/take", {"csrf": self.csrf}
        return (await self.client.post(address, data=data)).status_code


async def measure(sheet: Sheet, scale: Scale) -> None:
    """On a database of its own. Raises Unavailable."""
    with new_database() as url:
        newest = Database(url)
        migrate(newest)
        newest.close()
        keyring = Keyring(SECRET)
        size = Size(scale.console_owners, scale.console_messages, scale.console_long_talk)
        year = Year(size, load_content(), keyring, NOW)
        database = open_database(url, keyring, ManualClock(NOW))
        try:
            async with console_of(database, year.content, keyring, OFFICERS) as officers:
                await asyncio.to_thread(fill, url, year)
                await _pages(officers, url, year, sheet, scale)
                sheet.put(sheet["console_take"].counted(await _races(officers, database, year, scale)))
        finally:
            database.close()


@contextlib.asynccontextmanager
async def console_of(
    database: Database, content: Content, keyring: Keyring, people: int, role: Role = Role.OFFICER
) -> AsyncIterator[list[Browser]]:
    """So many officers' browsers, numbered from 1."""
    clock, wakeups = ManualClock(NOW), Wakeups()
    nobody = Dialogue("", "", TurnRegister())
    context = ConsoleContext(
        database=database,
        clock=clock,
        keyring=keyring,
        wakeups=wakeups,
        content=content,
        providers={},
        files=Files(database, content, clock),
        province=PROVINCE,
        words=load_words(),
        switch=ModelSwitch(database, clock, keyring, wakeups, nobody, ""),
        examples=TrainingExamples(),
    )
    site = Starlette(routes=[Mount("/console", console_app(context))])
    async with contextlib.AsyncExitStack() as clients:
        browsers = []
        for number in range(people):
            officer_id, token, csrf = database.run_now(lambda c, n=number: sign_in(c, keyring, n, NOW, role))  # type: ignore[misc]
            transport = httpx.ASGITransport(site, raise_app_exceptions=False)
            client = await clients.enter_async_context(httpx.AsyncClient(transport=transport, base_url=SITE))
            client.cookies.set(COOKIE, token, path="/console")
            browsers.append(Browser(client, csrf, officer_id))
        yield browsers


def sign_in(
    connection: Connection, keyring: Keyring, number: int, now: datetime, role: Role = Role.OFFICER
) -> tuple[int, str, str]:
    """A new officer's number, the cookie of their browser, and what their changes bring along."""
    officer_id = officer_named(connection, f"Cán bộ {number}", now)
    row = {"officer_id": officer_id, "login": f"officer{number}", "role": role, "created_at": now}
    account_id = insert_returning_id(connection, account, row)
    _, token = sessions.begin(connection, keyring, account_id, "bench", "127.0.0.1", now)
    found = sessions.find(connection, keyring, token, now)
    if found is None:
        raise AssertionError("a new session opens nothing")
    return officer_id, token, found[0].csrf


async def _pages(officers: Sequence[Browser], url: str, year: Year, sheet: Sheet, scale: Scale) -> None:
    first = officers[0]
    some, held = scale.console_waiting, scale.console_waiting // 8
    await asyncio.to_thread(put_in_queue, url, year, 0, some + held, held)
    queues = [f"/console/queue{which.format(commune=year.codes[0])}" for which in QUEUES]
    sheet.put(sheet["console_queue"].timed(await timed(first, queues, scale.console_samples)))
    talk = f"/console/conversations/{LONG}"
    around = [talk, f"{talk}?at={scale.console_long_talk // 2}"]
    sheet.put(sheet["console_conversation"].timed(await timed(first, around, scale.console_samples)))
    searches = [f"/console/search?{query}" for query in SEARCHES]
    by_query = [await timed(first, [one], max(scale.console_samples // len(searches), 1)) for one in searches]
    slowest = max(range(len(searches)), key=lambda n: by_query[n].p50)
    note = f"slowest: {SEARCHES[slowest]}, median {by_query[slowest].p50:.0f} ms"
    together = Times(tuple(ms for times in by_query for ms in times.ms))
    sheet.put(sheet["console_search"].timed(together, note=note))
    await asyncio.to_thread(put_in_queue, url, year, some + held, scale.console_owners)
    sheet.put(sheet["console_queue_full"].timed(await timed(first, queues, scale.console_samples)))


async def timed(browser: Browser, paths: Sequence[str], samples: int) -> Times:
    """The pages one after the other, in turn about."""
    for number in range(WARM):
        await browser.timed(paths[number % len(paths)])
    return Times(tuple([await browser.timed(paths[number % len(paths)]) for number in range(samples)]))


async def _races(officers: Sequence[Browser], database: Database, year: Year, scale: Scale) -> float:
    """How often two officers who took a conversation at once did not leave exactly one holder, who was told so."""
    chance, wrong = random.Random(SEED), 0
    rows = select(escalation.c.conversation_id).filter_by(status="open").order_by(escalation.c.id)
    talks = database.read_now(lambda c: list(c.scalars(rows.limit(scale.console_races))))
    if len(talks) != scale.console_races:
        raise AssertionError(f"only {len(talks)} conversations wait")
    for talk in talks:
        both = chance.sample(officers, 2)
        statuses = await asyncio.gather(*(one.take(talk) for one in both))
        told = [one.officer_id for one, status in zip(both, statuses, strict=True) if status == 303]
        held = database.read_now(lambda c, id_=talk: _holders(c, id_))
        wrong += sorted(statuses) != [303, 409] or held != (Holder.OFFICER, told)
    return wrong


def _holders(connection: Connection, talk: str) -> tuple[str, list[int]]:
    """Who holds it: as the conversation says, and the officers of its unfinished escalations."""
    holder = connection.execute(select(conversation.c.holder).filter_by(id=talk)).scalar_one()
    rows = select(escalation.c.officer_id).where(
        escalation.c.conversation_id == talk, text("status IN ('open', 'taken')")
    )
    return holder, list(connection.scalars(rows))


if __name__ == "__main__":
    run_alone("console", __doc__, measure)
