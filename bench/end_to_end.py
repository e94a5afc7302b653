"""Measures the whole way of a message: from the webhook call until the provider is called with the answer.

This process is Zalo: it sends what people write, takes what they are answered, and reports echo and receipt, as Zalo
does. So one clock times both ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from bench import chat, zalo
from bench.catalogue import Sheet
from bench.figures import Times
from bench.machine import FOLDER
from bench.product import START_SECONDS, running_product
from bench.product_turns import look_into
from bench.scale import Scale
from bench.survey_walk import Script
from bench.wire import Wires
from integrations.zalo.sim_shapes import Shown
from programme.content import load_content

SEED = 148
CONNECTIONS = 32
GREETING, BEGIN = "xin chào", "làm khảo sát"
# Before writing again one reads; so long also the later parts of an answer have to come.
READING_SECONDS = 2.0
REPLY_SECONDS = 10.0
GREETINGS_PER_SECOND = 25


@dataclass
class Writer:
    """Somebody who takes the survey, or asks questions. `waits_since`: None while nothing is unanswered."""

    user: str
    takes_survey: bool
    turns: int = 0
    expected: str = ""
    waits_since: float | None = None


class Traffic:
    """People who write at random instants (Poisson), each only when the last answer has been read."""

    def __init__(self, script: Script, questions: Sequence[str], people: int) -> None:
        self._script, self._questions, self._chance = script, questions, random.Random(SEED)
        self.writers = {zalo.person(n): Writer(zalo.person(n), takes_survey=n % 2 == 0) for n in range(people)}
        self._idle: dict[bool, list[Writer]] = {True: [], False: []}
        self._news = asyncio.Event()
        self._reports: set[asyncio.Task[int]] = set()
        self.wires: Wires | None = None
        self.ms: list[float] = []
        self.refused, self.wrong = 0, 0

    def take(self, user: str, message_id: str, shown: Shown, at: float) -> None:
        """A message has arrived on somebody's phone."""
        writer = self.writers[user]
        if writer.waits_since is not None:
            self.ms.append((at - writer.waits_since) * 1000)
            self.wrong += not shown.text.startswith(writer.expected)
            writer.waits_since = None
            asyncio.get_running_loop().call_later(READING_SECONDS, self._rest, writer)
        for event in (zalo.echoed(user, message_id, shown.text), zalo.received(user, message_id)):
            report = asyncio.create_task(self._call(event))
            self._reports.add(report)
            report.add_done_callback(self._reports.discard)

    async def greet(self) -> None:
        """Everybody has written once and was greeted and told who answers; it is not measured."""
        for writer in self.writers.values():
            await self._write(writer, GREETING, time.perf_counter())
            await asyncio.sleep(1 / GREETINGS_PER_SECOND)
        await self.finish()
        await asyncio.sleep(READING_SECONDS)
        self.ms.clear()

    async def write(self, per_second: float, seconds: float) -> None:
        """Survey and questions in equal shares."""
        due = began = time.perf_counter()
        async with asyncio.TaskGroup() as sending:
            while due < began + seconds:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                writer = await self._somebody(takes_survey=self._chance.random() < 0.5)
                sending.create_task(self._write(writer, self._next(writer), due))
                due += self._chance.expovariate(per_second)

    async def finish(self) -> int:
        """Wait for what is not answered; what is not answered even then counts as REPLY_SECONDS. How many these are."""
        until = time.perf_counter() + REPLY_SECONDS
        while time.perf_counter() < until and any(one.waits_since is not None for one in self.writers.values()):
            await asyncio.sleep(0.05)
        await asyncio.gather(*self._reports)
        unanswered = sum(one.waits_since is not None for one in self.writers.values())
        self.ms += [REPLY_SECONDS * 1000] * unanswered
        return unanswered

    def _rest(self, writer: Writer) -> None:
        self._idle[writer.takes_survey].append(writer)
        self._news.set()

    async def _somebody(self, takes_survey: bool) -> Writer:
        idle = self._idle[takes_survey]
        while not idle:
            self._news.clear()
            await self._news.wait()
        return idle.pop(self._chance.randrange(len(idle)))

    def _next(self, writer: Writer) -> str:
        """What is written next: an offered button's payload, an answer in words, or a question."""
        writer.turns += 1
        if not writer.takes_survey:
            return self._chance.choice(self._questions)
        step = self._script.step(writer.turns - 1)
        writer.expected = step.expected[0]
        return BEGIN if step.item is None else step.message

    async def _write(self, writer: Writer, text: str, due: float) -> None:
        writer.waits_since = due
        self.refused += await self._call(zalo.written(writer.user, uuid.uuid4().hex, text)) != 200

    async def _call(self, event: dict[str, object]) -> int:
        assert self.wires is not None
        return await self.wires.post(zalo.call(event, time.time()))


async def measure(questions: Sequence[str], sheet: Sheet, scale: Scale) -> None:
    """Start the product, measure it, stop it. Raises Unavailable."""
    traffic = Traffic(Script(load_content()), questions, scale.end_to_end_people)
    platform = zalo.Platform(traffic.take)
    async with contextlib.AsyncExitStack() as running:
        account = await running.enter_async_context(platform.running())
        _, url = await running.enter_async_context(running_product("end-to-end", account))
        session = await running.enter_async_context(chat.client())
        await chat.answering(url, session, START_SECONDS)
        traffic.wires = await running.enter_async_context(Wires.opened(url, CONNECTIONS))
        await traffic.greet()
        await traffic.write(scale.messages_per_second, scale.end_to_end_seconds)
        unanswered = await traffic.finish()
    times, kept = Times(tuple(traffic.ms)), look_into(FOLDER / "end-to-end.db")
    note = (
        f"p50 {times.p50:.0f} ms, p99 {times.p99:.0f} ms (an unclear message waits 2.5 s for more); {unanswered} not"
        f" answered, counted as {REPLY_SECONDS:.0f} s, {kept.unanswered} not by the bot; {traffic.wrong}"
        f" answered otherwise than the survey's engine, {traffic.refused} calls and {platform.refused} messages refused"
    )
    sheet.put(sheet["end_to_end"].timed(times, note=note))
