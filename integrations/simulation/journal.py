"""The witness: whatever reached the platform, was accepted, or was sent to the webhook, in order and numbered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from integrations.simulation.clock import SimulatedClock

Entry = dict[str, Any]

# Kinds of entries, each with `n` (from 1, without gaps), `at` (ISO-8601, simulated time) and `kind`:
REQUEST = "request"  # method, path, status, ms; also fault, and what the handler noted (error, user)
ACCEPTED = "accepted"  # a message to a person: number (from 1), user, message_id, text, body
DELIVERY = "delivery"  # one attempt of a webhook call: delivery, event, user, attempt, status, ms, problem
GIVEN_UP = "given_up"  # a webhook call that will not be tried again, or had nowhere to go: delivery, event, user
CONTROL = "control"  # what was done through the control API: action, and its own fields


class Pulse:
    """Wakes whoever waits for news."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def beat(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Whether there was news within `seconds`. Look at the state before, without awaiting in between."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True


class Journal:
    """Kept in memory as long as the simulator lives; what was accepted also in a file, where `keep_in` names one.

    `is_kept`: whether entries are, at this moment.
    """

    def __init__(self, clock: SimulatedClock, pulse: Pulse) -> None:
        self.entries: list[Entry] = []
        self._clock, self._pulse = clock, pulse
        self._accepted = 0
        self._kept_in: Path | None = None
        self.is_kept: Callable[[], bool] = lambda: True

    def keep_in(self, path: Path) -> None:
        """Begin with what an earlier simulator accepted, and write down each message before its answer goes out.

        A line that a kill cut off was never answered: it is taken out of the file.
        """
        written = path.read_bytes() if path.exists() else b""
        for line in written.split(b"\n")[:-1]:
            kept = json.loads(line)
            self._accepted = kept["number"]
            self.entries.append({**kept, "n": len(self.entries) + 1})
        with path.open("ab") as file:
            file.truncate(written.rfind(b"\n") + 1)
        self._kept_in = path

    def add(self, kind: str, **fields: Any) -> Entry:
        """Write one entry; `fields` must be JSON."""
        if not self.is_kept():
            return {}
        entry = {"n": len(self.entries) + 1, "at": self._clock.now().isoformat(), "kind": kind, **fields}
        self.entries.append(entry)
        self._pulse.beat()
        return entry

    def accept(self, user: str, message_id: str, text: str, body: Any) -> Entry:
        """A message was taken for `user` (the platform's id); `body` as it was sent, files left out."""
        self._accepted += 1
        entry = self.add(ACCEPTED, number=self._accepted, user=user, message_id=message_id, text=text, body=body)
        if self._kept_in is not None:
            with self._kept_in.open("ab", buffering=0) as file:
                file.write(json.dumps(entry).encode() + b"\n")
        return entry

    def after(self, n: int, limit: int | None = None) -> list[Entry]:
        """The entries with higher numbers than `n`, at most `limit`."""
        return self.entries[max(n, 0) :][:limit]

    def of(self, kind: str) -> list[Entry]:
        """All entries of one kind."""
        return [entry for entry in self.entries if entry["kind"] == kind]

    async def wait_for(self, wanted: Callable[[Entry], bool], after: int = 0, seconds: float = 5.0) -> Entry:
        """The first entry after number `after` that is `wanted`; raises TimeoutError after `seconds` of real time."""
        async with asyncio.timeout(seconds):
            while True:
                for entry in self.entries[after:]:
                    if wanted(entry):
                        return entry
                after = len(self.entries)
                await self._pulse.wait(seconds)
