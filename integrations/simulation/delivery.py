"""Webhook calls: per person in order, over many persons in parallel, with a deadline and repeated when they fail."""

from __future__ import annotations

import asyncio
import io
import itertools
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

import aiohttp

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.journal import DELIVERY, GIVEN_UP, Journal
from integrations.simulation.switches import Switches

LONGEST_SHUFFLE_SECONDS = 0.05
LONGEST_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Delivery:
    """One call to make: exactly `body`, however often. `key`: calls with the same key keep their order (a person).

    `headers(attempt)`: those of the attempt, counted from 0. `event`: its name in the journal. `once`: one attempt,
    whatever comes of it (what a platform would not send: forgeries).
    """

    key: str
    event: str
    body: bytes
    headers: Callable[[int], Mapping[str, str]]
    once: bool = False


@dataclass(frozen=True)
class Terms:
    """How a platform calls. `deadline_seconds`: real time. `pause(failures)`: simulated seconds until the next attempt
    after so many failed ones, None = give up. `good`: the statuses that count as taken. `parallel`: calls at once.
    """

    deadline_seconds: float
    pause: Callable[[int], float | None]
    good: Collection[int] = range(200, 300)
    parallel: int = 40


class Deliverer:
    """One per simulator. `url`: where to call, None = nowhere. `enabled`: a platform may turn a webhook off.

    `on_answer` sees every answer that was taken (the delivery, the body); `on_given_up` every call that was given up.
    """

    on_answer: Callable[[Delivery, bytes], Awaitable[None]] | None = None
    on_given_up: Callable[[Delivery], None] | None = None

    def __init__(
        self,
        journal: Journal,
        clock: SimulatedClock,
        switches: Switches,
        terms: Terms,
        *,
        url: str | None = None,
        retry_scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.url, self.enabled, self.terms = url, True, terms
        self.delivered = self.given_up = self.failures = 0
        self.pending = 0  # neither taken nor given up, those waiting to be repeated included
        self._journal, self._clock, self._switches, self._scale = journal, clock, switches, retry_scale
        self._queues: dict[str, deque[tuple[int, Delivery]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._random = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Call only between `open` and `close`."""
        self._slots = asyncio.Semaphore(self.terms.parallel)
        timeout = aiohttp.ClientTimeout(total=self.terms.deadline_seconds)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        """Calls under way are broken off; what is still waiting is forgotten."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._queues.clear()
        self.pending = 0
        if self._session is not None:
            await self._session.close()
            self._session = None

    def changed(self) -> None:
        """`url` or `enabled` is another. A platform that keeps what it could not deliver goes on from here."""

    def post(self, delivery: Delivery) -> None:
        """Call as soon as its turn comes."""
        for _ in range(2 if self._switches.duplicate_events else 1):
            number = next(self._numbers)
            self.pending += 1
            if self._switches.in_order:
                self._enqueue(number, delivery)
            else:
                self._start(self._shuffled(number, delivery))

    async def settle(self, seconds: float = 5.0) -> None:
        """Wait until nothing is pending; raises TimeoutError after `seconds` of real time."""
        async with asyncio.timeout(seconds):
            while self._tasks:
                await asyncio.wait(self._tasks)

    def _enqueue(self, number: int, delivery: Delivery) -> None:
        queue = self._queues.get(delivery.key)
        if queue is None:
            queue = self._queues[delivery.key] = deque()
            self._start(self._work(delivery.key, queue))
        queue.append((number, delivery))

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, key: str, queue: deque[tuple[int, Delivery]]) -> None:
        while queue:
            await self._deliver(*queue[0])
            queue.popleft()
        del self._queues[key]

    async def _shuffled(self, number: int, delivery: Delivery) -> None:
        await asyncio.sleep(self._random.uniform(0, LONGEST_SHUFFLE_SECONDS))
        await self._deliver(number, delivery)

    async def _deliver(self, number: int, delivery: Delivery) -> None:
        taken = await self._until_taken(number, delivery)
        self.pending -= 1
        if taken:
            return
        self.given_up += 1
        self._journal.add(GIVEN_UP, delivery=number, event=delivery.event, user=delivery.key)
        if self.on_given_up is not None:
            self.on_given_up(delivery)

    async def _until_taken(self, number: int, delivery: Delivery) -> bool:
        for attempt in itertools.count():
            if self.url is None or not self.enabled:
                break
            if await self._attempt(number, delivery, attempt) or delivery.once:
                return True
            pause = self.terms.pause(attempt + 1)
            if pause is None:
                break
            await self._clock.sleep(pause * self._scale)
        return False

    async def _attempt(self, number: int, delivery: Delivery, attempt: int) -> bool:
        async with self._slots:
            started = time.monotonic()
            status, answer, problem = await self._call(delivery, attempt)
            taken = status in self.terms.good
            self.delivered += taken
            self.failures += not taken
            self._journal.add(
                DELIVERY,
                delivery=number,
                event=delivery.event,
                user=delivery.key,
                attempt=attempt,
                status=status,
                ms=round((time.monotonic() - started) * 1000, 1),
                **({"problem": problem} if problem else {}),
            )
        if taken and self.on_answer is not None:
            await self.on_answer(delivery, answer)
        return taken

    async def _call(self, delivery: Delivery, attempt: int) -> tuple[int, bytes, str]:
        """Status (0 = no answer), body, and what went wrong."""
        if self._session is None or self.url is None:
            return 0, b"", "closed"
        headers = {"Content-Type": "application/json", **delivery.headers(attempt)}
        try:
            async with self._session.post(
                self.url, data=io.BytesIO(delivery.body), headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, await answer.content.read(LONGEST_ANSWER_BYTES), ""
        except TimeoutError:
            return 0, b"", "timeout"
        except aiohttp.ClientError as error:
            return 0, b"", type(error).__name__

    def as_json(self) -> dict[str, object]:
        return {
            "url": self.url,
            "enabled": self.enabled,
            "delivered": self.delivered,
            "failures": self.failures,
            "given_up": self.given_up,
            "pending": self.pending,
        }
