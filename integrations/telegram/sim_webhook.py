"""How Telegram calls a webhook: chats in parallel, within a chat one after another, and again until it is taken."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.delivery import LONGEST_ANSWER_BYTES, Deliverer, Terms
from integrations.simulation.journal import DELIVERY, Journal
from integrations.simulation.switches import Switches
from integrations.telegram.sim_updates import Updates, Waiting

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
LONGEST_RETRY_AFTER = 3600
GONE = 410
GONE_FOR = timedelta(hours=23)
DEFAULT_CONNECTIONS = 40


def pause(failures: int) -> float:
    """Seconds after so many failed attempts: soon at first, then doubling up to one or two minutes."""
    return min(2.0 ** (failures - 1), random.uniform(60, 120))  # noqa: S311 - chance, no secret


TERMS = Terms(deadline_seconds=60, pause=pause, parallel=DEFAULT_CONNECTIONS)


class Postman(Deliverer):
    """Takes from the queue of updates what the base class is handed one by one. `secret`: "" = none was agreed.

    `execute(method, parameters)`: what a method in the body of a 2xx answer is given to; its result goes nowhere.
    """

    def __init__(
        self,
        updates: Updates,
        execute: Callable[[str, Mapping[str, Any]], None],
        journal: Journal,
        clock: SimulatedClock,
        switches: Switches,
        *,
        url: str | None,
        secret: str,
        retry_scale: float,
    ) -> None:
        super().__init__(journal, clock, switches, TERMS, url=url, retry_scale=retry_scale)
        self.secret, self.max_connections = secret, DEFAULT_CONNECTIONS
        self.last_error: tuple[datetime, str] | None = None
        self._updates, self._execute = updates, execute
        self._busy = set[int]()
        self._gone_since: datetime | None = None
        self._rests = set[asyncio.Timeout]()

    async def open(self) -> None:
        await super().open()
        self.wake()

    def set(self, url: str | None, secret: str = "", max_connections: int = DEFAULT_CONNECTIONS) -> None:
        """Call there from now on, at once what waits for its next attempt; None = nowhere."""
        self.url, self.secret, self.max_connections = url, secret, max_connections
        self.last_error = self._gone_since = None
        self._slots = asyncio.Semaphore(max_connections)
        for rest in self._rests:
            rest.reschedule(asyncio.get_running_loop().time())
        self.wake()

    def changed(self) -> None:
        self.set(self.url, self.secret, self.max_connections)

    def wake(self) -> None:
        """Something may be waiting to be sent."""
        for lane in self._updates.lanes() if self._calls else ():
            if lane not in self._busy:
                self._busy.add(lane)
                self._start(self._walk(lane))

    def forge(self, body: bytes, headers: Mapping[str, str]) -> None:
        """One call that is not Telegram's, as it is."""
        self._start(self._forge(body, headers))

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "pending": self._updates.count(self._clock.now())}

    @property
    def _calls(self) -> bool:
        return self.url is not None and self.enabled and self._session is not None

    async def _walk(self, lane: int) -> None:
        attempt, before = 0, 0
        try:
            while self._calls and (waiting := self._updates.head(lane, self._clock.now())) is not None:
                attempt, before = (attempt if waiting.place == before else 0), waiting.place
                retry_after = await self._try(waiting, attempt)
                attempt += 1
                if retry_after is not None and self._calls:
                    await self._rest(retry_after or pause(attempt))
        finally:
            self._busy.discard(lane)

    async def _rest(self, seconds: float) -> None:
        """Wait for the next attempt, not longer than until the webhook is another."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as rest:
                self._rests.add(rest)
                try:
                    await self._clock.sleep(seconds * self._scale)
                finally:
                    self._rests.discard(rest)

    async def _try(self, waiting: Waiting, attempt: int) -> float | None:
        """One attempt: None when it was taken, else the seconds that were asked for, 0 when none were."""
        update, started = waiting.update, time.monotonic()
        headers = {"Content-Type": "application/json", **({SECRET_HEADER: self.secret} if self.secret else {})}
        async with self._slots:
            status, answer, asked = await self._send(json.dumps(update.as_json()).encode(), headers)
        taken = status in self.terms.good
        self.delivered += taken
        self.failures += not taken
        self._journal.add(
            DELIVERY,
            delivery=waiting.place,
            update_id=update.id,
            event=update.kind,
            user=str(update.lane),
            attempt=attempt,
            status=status,
            ms=round((time.monotonic() - started) * 1000, 1),
        )
        if taken:
            self._gone_since = None
            self._updates.acknowledge(waiting)
            self._read_answer(answer)
            return None
        self._note_failure(status)
        return asked

    async def _forge(self, body: bytes, headers: Mapping[str, str]) -> None:
        status, _, _ = await self._send(body, {"Content-Type": "application/json", **headers})
        self._journal.add(DELIVERY, event="forged", status=status)

    async def _send(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes, float]:
        """Status (0 = no answer), body, and the seconds in Retry-After."""
        if self._session is None or self.url is None:
            return 0, b"", 0
        data = io.BytesIO(body)
        try:
            async with self._session.post(self.url, data=data, headers=headers, allow_redirects=False) as answer:
                asked = answer.headers.get("Retry-After", "")
                seconds = min(int(asked), LONGEST_RETRY_AFTER) if asked.isascii() and asked.isdecimal() else 0
                return answer.status, await answer.content.read(LONGEST_ANSWER_BYTES), seconds
        except (TimeoutError, aiohttp.ClientError):
            return 0, b"", 0

    def _note_failure(self, status: int) -> None:
        now = self._clock.now()
        wrong = f"Wrong response from the webhook: {status}" if status else "Connection failed"
        self.last_error = now, wrong
        if status != GONE:
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = now
        elif now - self._gone_since > GONE_FOR:
            self.set(None)

    def _read_answer(self, answer: bytes) -> None:
        try:
            wanted = json.loads(answer)
        except (ValueError, RecursionError):
            return
        if isinstance(wanted, dict) and isinstance(method := wanted.pop("method", None), str):
            self._execute(method, wanted)
