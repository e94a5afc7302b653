"""One owner at the web chat: messages travel and are repeated, replies come back and are compared."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from bench.owners.meaning import Message, Step
from bench.owners.owner import Owner
from bench.owners.reference import Expected
from bench.owners.replies import faults
from bench.owners.tally import Tally, Wrong
from integrations.webchat.client import address_of

REPLY_SECONDS = 180.0  # a turn that a killed worker had taken waits 10 s for its lease, more than once if killed again
POLL_SECONDS = 0.01
RETRY_SECONDS = (0.1, 1.0)  # from and to: each time twice as long
TRANSCRIPT_LINES = 14


class Outbox:
    """Hands new replies to the owners who wait for them: one look at the database for all, read-only."""

    _ROWS = """SELECT outbound.id, outbound.in_reply_to, outbound.reply, inbound.provider_message_id
        FROM outbound LEFT JOIN inbound ON inbound.id = outbound.in_reply_to
        WHERE outbound.id > ? ORDER BY outbound.id"""

    def __init__(self, database: Path, tally: Tally) -> None:
        self.database, self.tally = database, tally
        self._last = 0
        self._waiting: dict[str, asyncio.Future[list[Mapping[str, Any]]]] = {}
        self._answered: set[str] = set()
        self._extra: dict[str, list[str]] = {}

    def expect(self, message_id: str) -> None:
        """Replies to this message will be asked for."""
        self._waiting[message_id] = asyncio.get_running_loop().create_future()

    async def replies(self, message_id: str) -> list[Mapping[str, Any]]:
        """All replies to a message; a turn writes them together. Raises Wrong when none comes."""
        try:
            return await asyncio.wait_for(self._waiting[message_id], REPLY_SECONDS)
        except TimeoutError:
            raise Wrong(f"no reply within {REPLY_SECONDS:.0f} s") from None
        finally:
            del self._waiting[message_id]

    def second_replies(self, address: str) -> list[str]:
        """What was said again to messages of this owner that had been answered."""
        return self._extra.pop(address, [])

    async def follow(self) -> None:
        """Ends only when it is cancelled."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            while True:
                with contextlib.suppress(sqlite3.OperationalError):  # while a killed writer's log is being recovered
                    self.look(connection.execute(self._ROWS, (self._last,)).fetchall())
                await asyncio.sleep(POLL_SECONDS)

    def look(self, rows: Sequence[tuple[int, int | None, str, str | None]]) -> None:
        """Deliver rows of `outbound`, in their order."""
        said: dict[str, list[Mapping[str, Any]]] = {}
        for id_, in_reply_to, reply, message_id in rows:
            self._last = id_
            if in_reply_to is None or message_id is None:
                self.tally.holding += 1  # said while the dialogue was away; it answers nothing
            else:
                said.setdefault(message_id, []).append(json.loads(reply))
        for message_id, replies in said.items():
            if message_id in self._answered:
                self._extra.setdefault(message_id.partition(":")[0], []).append(str(replies[0]["text"]))
                continue
            self._answered.add(message_id)
            if (waiting := self._waiting.get(message_id)) and not waiting.done():
                waiting.set_result(replies)


class Line:
    """The way to the web chat: repeats until it is accepted, as a page does."""

    def __init__(self, url: str, session: aiohttp.ClientSession, tally: Tally) -> None:
        self.url, self.session, self.tally = url, session, tally

    async def open(self) -> str:
        """The token of a new conversation."""
        return str((await self._post("/webchat/conversations", {}, ""))["token"])

    async def deliver(self, token: str, id_: str, message: Message) -> tuple[int, bool]:
        """The message's number, and whether it was known."""
        accepted = await self._post("/webchat/messages", {"id": id_, **message.body}, token)
        return int(accepted["seq"]), bool(accepted["duplicate"])

    async def _post(self, path: str, body: Mapping[str, str], token: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        pause, longest = RETRY_SECONDS
        while True:
            try:
                async with self.session.post(self.url + path, json=body, headers=headers) as response:
                    if response.status < 400:
                        answer: dict[str, Any] = await response.json()
                        return answer
                    if response.status < 500:
                        raise Wrong(f"{response.status} {await response.text()}")
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                pass
            self.tally.retries += 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)


class Visit:
    """One owner at the web chat, from the first word to the last."""

    def __init__(self, owner: Owner, line: Line, outbox: Outbox, tally: Tally) -> None:
        self.owner, self.line, self.outbox, self.tally = owner, line, outbox, tally
        self.token = ""
        self.transcript: deque[str] = deque(maxlen=TRANSCRIPT_LINES if tally.plan.only is None else None)
        self._sent: list[tuple[str, Message, int]] = []

    @property
    def address(self) -> str:
        return address_of(self.token)

    @property
    def messages(self) -> int:
        return len(self._sent)

    async def run(self) -> None:
        """Raises Wrong at the first thing that is."""
        self.token = await self.line.open()
        while (step := self.owner.next_step()) is not None:
            if step.again is not None:
                await self._again(*self._sent[step.again])
            await self._step(step)
            if second := self.outbox.second_replies(self.address[:32]):
                raise Wrong(f"answered twice: {second}")

    async def _step(self, step: Step) -> None:
        """Deliver all messages, then look at what follows from each in the order of their delivery."""
        ids = []
        for message in step.messages:
            id_ = f"owner-{self.owner.number:05d}-{len(self._sent):04d}"
            ids.append(f"{self.address[:32]}:{id_}")
            self.outbox.expect(ids[-1])
            seq = await self._deliver(id_, message, step.copies)
            if self._sent and seq <= self._sent[-1][2]:
                raise Wrong(f"number {seq} after number {self._sent[-1][2]}")
            self._sent.append((id_, message, seq))
            self.transcript.append(f"{seq} > {message.text or message.payload} ({step.copies})")
        for id_, message in zip(ids, step.messages, strict=True):
            expected = self.owner.reference.take(message.meaning)
            self._compare(expected, await self.outbox.replies(id_))
            self.tally.turns += 1

    async def _deliver(self, id_: str, message: Message, copies: str) -> int:
        if copies == "two at once":
            both = await asyncio.gather(*(self.line.deliver(self.token, id_, message) for _ in range(2)))
            self.tally.duplicates += 1
            if both[0][0] != both[1][0]:
                raise Wrong(f"one message has the numbers {both[0][0]} and {both[1][0]}")
            return both[0][0]
        seq, _ = await self.line.deliver(self.token, id_, message)
        if copies == "two":
            await self._again(id_, message, seq)
        return seq

    async def _again(self, id_: str, message: Message, seq: int) -> None:
        self.tally.duplicates += 1
        found, is_known = await self.line.deliver(self.token, id_, message)
        if not is_known or found != seq:
            raise Wrong(f"a message delivered again got number {found}, not {seq}")

    def _compare(self, expected: Expected, replies: Sequence[Mapping[str, Any]]) -> None:
        self.transcript += [f"  < {one['text'][:160]!r} [{one.get('entry')}]" for one in replies]
        if found := faults(self.owner.world.questions, expected, replies):
            raise Wrong("; ".join(found))
