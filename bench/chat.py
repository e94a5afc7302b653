"""Owners at our web chat: messages go to the public port, replies come back on the event stream.

A reply's event is sent after the transaction that wrote its outbox row, so the time until it arrives here is an upper
bound of "webhook to outbox row": it holds the request's way, the turn, the commit, one look into the database by the
event stream and the event's way.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

REPLY_SECONDS = 10.0
LOOK_SECONDS = 0.02


class NoReply(Exception):
    """A message was not answered as expected within REPLY_SECONDS: what would be measured is not that turn."""


@dataclass(frozen=True)
class Answer:
    """The last reply to a message. `ms`: from sending the message until that reply was here."""

    text: str
    ms: float


@dataclass(frozen=True)
class _Arrived:
    seq: int
    at: float
    text: str


@contextlib.asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """Kept-alive connections, as many as there are conversations; no cookie of one reaches another."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, connect=REPLY_SECONDS)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as session:
        yield session


async def answering(url: str, session: aiohttp.ClientSession, seconds: float) -> None:
    """Wait until our app says that it can take and answer messages. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with session.get(f"{url}/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(LOOK_SECONDS)


class Chat:
    """One owner's conversation. Open it with `opened`."""

    def __init__(self, url: str, session: aiohttp.ClientSession, token: str) -> None:
        self._url, self._session, self._token = url, session, token
        self._arrived: deque[_Arrived] = deque(maxlen=50)
        self._news, self._ready = asyncio.Event(), asyncio.Event()
        self._following = asyncio.create_task(self._follow())

    @classmethod
    async def opened(cls, url: str, session: aiohttp.ClientSession) -> Chat:
        """A new conversation whose event stream is open."""
        async with session.post(f"{url}/webchat/conversations") as response:
            response.raise_for_status()
            token = (await response.json())["token"]
        chat = cls(url, session, token)
        await asyncio.wait_for(chat._ready.wait(), REPLY_SECONDS)
        return chat

    async def close(self) -> None:
        self._following.cancel()
        with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
            await self._following

    async def say(self, text: str, *expected: str) -> Answer:
        """Write `text` and wait for one reply per beginning of `expected`, in that order; without any, for one reply.

        Raises NoReply.
        """
        return await self._send({"text": text}, expected or ("",))

    async def press(self, payload: str, *expected: str) -> Answer:
        """Press a button; the rest as in `say`."""
        return await self._send({"payload": payload}, expected or ("",))

    async def _send(self, message: dict[str, str], expected: Sequence[str]) -> Answer:
        started = time.perf_counter()
        body = {"id": uuid.uuid4().hex, **message}
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._session.post(f"{self._url}/webchat/messages", json=body, headers=headers) as response:
            response.raise_for_status()
            seq = after = (await response.json())["seq"]
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                for beginning in expected:
                    reply = await self._reply_after(after, beginning)
                    after = reply.seq
        except TimeoutError as late:
            others = [reply.text for reply in self._arrived if reply.seq > seq]
            raise NoReply(f"not {expected} within {REPLY_SECONDS:.0f} s to {message}, only {others}") from late
        return Answer(reply.text, (reply.at - started) * 1000)

    async def _reply_after(self, seq: int, beginning: str) -> _Arrived:
        while True:
            for reply in self._arrived:
                if reply.seq > seq and reply.text.startswith(beginning):
                    return reply
            self._news.clear()
            await self._news.wait()

    async def _follow(self) -> None:
        headers = {"Cookie": f"hotline_webchat={self._token}"}
        async with self._session.get(f"{self._url}/webchat/events", headers=headers) as response:
            response.raise_for_status()
            event = ""
            async for line in response.content:
                if line.startswith(b"event: "):
                    event = line[7:].strip().decode()
                elif line.startswith(b"data: "):
                    self._take(event, json.loads(line[6:]))

    def _take(self, event: str, data: dict[str, Any]) -> None:
        if event == "ready":
            self._ready.set()
        elif event == "message" and data["direction"] == "out":
            self._arrived.append(_Arrived(data["seq"], time.perf_counter(), data["text"]))
            self._news.set()
