"""The simulated eSMS's calls: a queue by due time, a few callers, repeated only when nobody answers in time."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.delivery import Deliverer, Terms
from integrations.simulation.journal import DELIVERY, GIVEN_UP, Journal
from integrations.sms.esms.sim_account import EsmsSwitches
from integrations.sms.esms.sim_http import Line, NotHttp

REPEATS = 5
# Between attempts; the platform does not say
PAUSE_SECONDS = 60.0
PARALLEL = 40
# What is due within it is called at once: no waking up for each of thousands of messages
GRAIN_SECONDS = 0.01
TERMS = Terms(deadline_seconds=10, pause=lambda failures: PAUSE_SECONDS if failures <= REPEATS else None)


@dataclass(slots=True)
class Call:
    """A GET of `url` with `query`. `user`: the number it is about. `answered(status, body)`: of whatever was said."""

    url: str
    query: Mapping[str, str]
    event: str
    user: str
    answered: Callable[[int, bytes], None] | None = None
    attempt: int = 0
    number: int = 0


class Callbacks(Deliverer):
    """`url`: of calls that belong to no message (what comes in by the short code)."""

    def __init__(
        self, journal: Journal, clock: SimulatedClock, switches: EsmsSwitches, *, url: str | None, retry_scale: float
    ) -> None:
        super().__init__(journal, clock, switches, TERMS, url=url, retry_scale=retry_scale)
        self._own = switches

    def later(self, seconds: float, call: Call) -> None:
        """Call after so many seconds of simulated time."""
        if self._session is None:
            return  # not running: nobody is called
        call.number = next(self._numbers)
        self.pending += 1
        self._put(seconds, call)

    async def open(self) -> None:
        self._heap: list[tuple[float, int, Call]] = []
        self._earlier, self._idle = asyncio.Event(), asyncio.Event()
        self._due = asyncio.Queue[Call](PARALLEL)
        await super().open()
        self._start(self._watch())
        for _ in range(PARALLEL):
            self._start(self._call_due())

    async def settle(self, seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while self.pending:
                self._idle.clear()
                await self._idle.wait()

    def _put(self, seconds: float, call: Call) -> None:
        due = self._clock.now().timestamp() + seconds
        if not self._heap or due < self._heap[0][0]:
            self._earlier.set()
        heapq.heappush(self._heap, (due, call.number, call))

    async def _watch(self) -> None:
        while True:
            self._earlier.clear()
            left = self._heap[0][0] - self._clock.now().timestamp() if self._heap else 3600.0
            if left <= 0:
                await self._due.put(heapq.heappop(self._heap)[2])
                continue
            waits = [asyncio.ensure_future(self._clock.sleep(max(left, GRAIN_SECONDS)))]
            waits.append(asyncio.ensure_future(self._wait_for_earlier()))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()

    async def _wait_for_earlier(self) -> None:
        await self._earlier.wait()

    async def _call_due(self) -> None:
        line = Line()
        try:
            while True:
                call = await self._due.get()
                if not await self._one(call, line):
                    call.attempt += 1
                    self._put(PAUSE_SECONDS * self._scale, call)
        finally:
            line.close()

    async def _one(self, call: Call, line: Line) -> bool:
        """Whether that was all; False: to be repeated."""
        started = time.monotonic()
        status, answer, problem = await self._get(call, line)
        good = 200 <= status < 300
        self.delivered += good
        self.failures += not good
        self._journal.add(
            DELIVERY,
            delivery=call.number,
            event=call.event,
            user=call.user,
            attempt=call.attempt,
            status=status,
            ms=round((time.monotonic() - started) * 1000, 1),
            **({"problem": problem} if problem else {}),
        )
        if problem == "timeout" and call.attempt < REPEATS and self.enabled:
            return False
        if not good:
            self.given_up += 1
            self._journal.add(GIVEN_UP, delivery=call.number, event=call.event, user=call.user)
        if call.answered is not None and status:
            call.answered(status, answer)
        self.pending -= 1
        if not self.pending:
            self._idle.set()
        return True

    async def _get(self, call: Call, line: Line) -> tuple[int, bytes, str]:
        if not self.enabled:
            return 0, b"", "closed"
        try:
            async with asyncio.timeout(self._own.callback_deadline_ms / 1000):
                return (*await line.get(call.url, call.query), "")
        except TimeoutError:
            line.close()
            return 0, b"", "timeout"
        except (OSError, EOFError, NotHttp) as error:
            line.close()
            return 0, b"", type(error).__name__
