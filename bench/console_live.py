"""Measures how soon an owner's message is on the officer's screen: from the web chat's POST to the console's event.

    python -m bench.console_live [--quick]

`hotline up` on SQLite; every officer holds one conversation and has it open. This process is both sides, so that one
clock times both ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp
from sqlalchemy import Connection, select

from bench import chat
from bench.catalogue import Sheet
from bench.console import SECRET, sign_in
from bench.figures import Times
from bench.machine import FOLDER
from bench.part import run_alone
from bench.product import START_SECONDS, running_product, sentences
from bench.scale import Scale
from console.sessions import COOKIE
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database, open_database
from store.tables import conversation

SEED = 148
WAIT_SECONDS = 10.0
WARM_SECONDS = 2.0
_MARK = re.compile(r"\bso(\d+)so\b")


@dataclass
class Screen:
    """An officer with one conversation open. `shown`: by the message's number, when it was here."""

    url: str
    cookie: str
    csrf: str
    talk: str
    owner: str
    shown: dict[int, float] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.cookie}", "X-CSRF-Token": self.csrf}

    async def take(self, session: aiohttp.ClientSession) -> None:
        """Hold the conversation. Raises aiohttp.ClientResponseError."""
        address = f"{self.url}/console/conversations/{self.talk}/take"
        async with session.post(address, headers=self.headers, allow_redirects=False) as response:
            response.raise_for_status()

    @contextlib.asynccontextmanager
    async def open(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        """Follow the page's events; the first news have come."""
        ready = asyncio.Event()
        following = asyncio.create_task(self._follow(session, ready))
        try:
            await asyncio.wait_for(ready.wait(), WAIT_SECONDS)
            yield
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
                await following

    async def _follow(self, session: aiohttp.ClientSession, ready: asyncio.Event) -> None:
        address = f"{self.url}/console/events?conversation={self.talk}"
        # an event of many entries is longer than a line may be by default
        async with session.get(address, headers=self.headers, read_bufsize=2**22) as response:
            response.raise_for_status()
            event = ""
            async for line in response.content:
                if line.startswith(b"event: "):
                    event = line[7:].strip().decode()
                elif line.startswith(b"data: "):
                    ready.set()
                    if event == "thread":
                        now = time.perf_counter()
                        for number in _MARK.findall(json.loads(line[6:])["html"]):
                            self.shown.setdefault(int(number), now)


async def measure(sheet: Sheet, scale: Scale) -> None:
    """Start the product, measure it, stop it. Raises Unavailable."""
    name = "console-live"
    async with running_product(name) as (_, url), chat.client() as session:
        await chat.answering(url, session, START_SECONDS)
        database = open_database(f"sqlite:///{FOLDER / name}.db", Keyring(SECRET), Clock())
        try:
            screens = [await _opened(url, session, database, number) for number in range(scale.console_open)]
        finally:
            database.close()
        async with contextlib.AsyncExitStack() as open_screens:
            for screen in screens:
                await screen.take(session)
                await open_screens.enter_async_context(screen.open(session))
            await _written(screens, session, scale.console_per_second, WARM_SECONDS, 0)
            first = 10**6
            planned = await _written(screens, session, scale.console_per_second, scale.console_seconds, first)
            await _all_shown(screens, planned)
    shown = {number: at for screen in screens for number, at in screen.shown.items()}
    ms = Times(tuple((shown[number] - due) * 1000 for number, due in planned.items()))
    sheet.put(sheet["console_live"].timed(ms, note=f"max {max(ms.ms):.0f} ms; {len(screens)} consoles open"))


async def _opened(url: str, session: aiohttp.ClientSession, database: Database, number: int) -> Screen:
    """An owner at the web chat, and the officer who will look after them."""
    before = await database.read(_talks)
    async with session.post(f"{url}/webchat/conversations") as response:
        response.raise_for_status()
        owner = (await response.json())["token"]
    (talk,) = (await database.read(_talks)) - before
    clock, keyring = Clock(), Keyring(SECRET)
    _, cookie, csrf = await database.run(lambda c: sign_in(c, keyring, number, clock.now()))
    return Screen(url, cookie, csrf, talk, owner)


def _talks(connection: Connection) -> set[str]:
    return set(connection.scalars(select(conversation.c.id)))


async def _written(
    screens: Sequence[Screen], session: aiohttp.ClientSession, rate: float, seconds: float, first: int
) -> dict[int, float]:
    """Owners write at random instants (Poisson), each message with its number from `first`; when each was due."""
    chance, said = random.Random(SEED), sentences(100)
    dues: dict[int, float] = {}
    due, number = time.perf_counter() + 0.2, first
    until = due + seconds
    while due < until:
        dues[number] = due
        due, number = due + chance.expovariate(rate), number + 1
    sending = []
    for number, due in dues.items():
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        screen, text = chance.choice(screens), f"{chance.choice(said)} so{number}so"
        sending.append(asyncio.create_task(_send(session, screen, text)))
    await asyncio.gather(*sending)
    return dues


async def _send(session: aiohttp.ClientSession, screen: Screen, text: str) -> None:
    headers = {"Authorization": f"Bearer {screen.owner}"}
    body = {"id": uuid.uuid4().hex, "text": text}
    async with session.post(f"{screen.url}/webchat/messages", json=body, headers=headers) as response:
        response.raise_for_status()


async def _all_shown(screens: Sequence[Screen], planned: dict[int, float]) -> None:
    """Raises AssertionError when a message is on no screen within WAIT_SECONDS."""
    until = time.perf_counter() + WAIT_SECONDS
    while missing := set(planned).difference(*(screen.shown for screen in screens)):
        if time.perf_counter() > until:
            raise AssertionError(f"{len(missing)} of {len(planned)} messages are on no officer's screen")
        await asyncio.sleep(chat.LOOK_SECONDS)


if __name__ == "__main__":
    run_alone("console_live", __doc__, measure)
