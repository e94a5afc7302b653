"""Throws calls at the webhooks that no platform would make, half of them signed, and counts what becomes of each.

    python -m bench.fuzzing --count 100000 --seed 148 [--channel zalo] [--first 0] [--database postgresql://…]

Through the public app, with a database of its own and nobody who answers. The status is 1 when a call was answered
with 5xx, an unsigned one was believed, a signed one was refused or lost, or memory grew.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import Column, Connection, func, select
from starlette.types import ASGIApp, Message

from bench.fuzzed_calls import Call, Calls
from bench.machine import FOLDER
from bot.intake import bounded
from bot.web.app import public_app
from bot.worker import Worker
from hotline.app import Hotline, compose
from integrations.errors import NotGenuine, NotReadable
from integrations.provider import Provider
from integrations.registry import CHANNELS, settings_for, specimen
from programme.content import Content, load_content
from store.channel_tables import channel_event
from store.clock import ManualClock
from store.contacts import normalise_phone
from store.events import ContactShared, Echo, Event, Receipt
from store.logs import configure_logs
from store.messages import InboundMessage
from store.tables import conversation, inbound, outbound

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a day after the fixtures
NOBODY = "http://127.0.0.1:1"  # where presses are acknowledged and turns are run
TOGETHER = 64
ROUND = 1024  # calls after which all of them are accounted for
WARM = 0.2  # share of the calls after which memory may not grow any more
MOST_GROWTH_MB = 16.0
MOST_TOLD = 20
# A person who writes this much more often than others is a flood, which is kept like anything else
STEP = timedelta(milliseconds=20)

Key = tuple[str, str]


class Unmanned(Worker):
    """Nobody answers: what comes in stays as it came."""

    def lease(self) -> None:
        return None


@dataclass
class Outcome:
    """`answers`: by status. `kinds`: what the signed ones were, as words of ours. Memory in MB."""

    channel: str
    seed: int
    calls: int = 0
    signed: int = 0
    rows: int = 0
    seconds: float = 0.0
    answers: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    warm_mb: float = 0.0
    end_mb: float = 0.0

    def report(self) -> str:
        """For people."""
        answers = ", ".join(f"{count} × {status}" for status, count in sorted(self.answers.items()))
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.kinds.most_common())
        lines = [
            f"{self.channel}: {self.calls} calls, {self.signed} signed, seed {self.seed},"
            f" {self.calls / max(self.seconds, 1e-9):.0f} calls/s",
            f"  answers   {answers}",
            f"  signed    {kinds}; {self.rows} rows",
            f"  memory    {self.warm_mb:.1f} MB after {WARM:.0%}, {self.end_mb:.1f} MB at the end",
            f"  wrong     {len(self.violations)}",
            *(f"    {violation}" for violation in self.violations[:MOST_TOLD]),
        ]
        return "\n".join(lines)


class Door:
    """The public app, called without a network in between."""

    def __init__(self, app: ASGIApp, channel: str) -> None:
        self._app, self._channel = app, channel

    async def post(self, call: Call) -> int:
        """The answer's status."""
        path = f"/webhooks/{self._channel}"
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in call.headers.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        status = 0

        async def receive() -> Message:
            return {"type": "http.request", "body": call.body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        try:
            await self._app(scope, receive, send)
        except Exception:  # noqa: BLE001 - a server would answer so
            return 500
        return status


class Ledger:
    """Which rows there must be for what was signed, and whether there are just these."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline

    async def present(self, keys: set[Key]) -> set[Key]:
        return await self._hotline.database.read(lambda c: _present(c, keys))

    async def count(self) -> int:
        return await self._hotline.database.read(_count)

    def expected(self, provider: Provider, call: Call) -> tuple[str, list[Key]]:
        """What a signed call is, and the rows that keep it; a receipt for nothing we sent needs none."""
        try:
            events = provider.read_webhook(call.headers, call.body, self._hotline.clock.now())
        except NotReadable:
            return "unreadable", [("event", f"body:{hashlib.sha256(call.body).hexdigest()}")]
        return ", ".join(type(event).__name__ for event in events), [
            key for event in events if (key := _key(event)) is not None
        ]


def _key(event: Event) -> Key | None:
    match event:
        case InboundMessage():
            return "inbound", bounded(event.provider_message_id)
        case Receipt():
            return None
        case Echo():
            return "outbound", f"{bounded(event.address)} {event.provider_message_id}"
        case ContactShared() if normalise_phone(event.phone or "") is not None:
            return "inbound", bounded(event.event_id)
        case _:
            return "event", bounded(event.event_id)


_ECHOED: Column[Any] = conversation.c.address + " " + outbound.c.provider_message_id  # type: ignore[assignment]
_KEPT = {
    "inbound": select(inbound.c.provider_message_id).where(inbound.c.kind == "message"),
    "event": select(channel_event.c.event_id),
    "outbound": select(_ECHOED).join_from(outbound, conversation).where(outbound.c.sender == "officer"),
}
_COLUMNS = {"inbound": inbound.c.provider_message_id, "event": channel_event.c.event_id, "outbound": _ECHOED}


def _present(connection: Connection, keys: set[Key]) -> set[Key]:
    found: set[Key] = set()
    for table, query in _KEPT.items():
        wanted = [key for of, key in keys if of == table]
        found |= {(table, key) for key in connection.scalars(query.where(_COLUMNS[table].in_(wanted)))}
    return found


def _count(connection: Connection) -> int:
    return sum(connection.scalar(select(func.count()).select_from(query.subquery())) or 0 for query in _KEPT.values())


class Fuzzing:
    """One channel's."""

    def __init__(self, hotline: Hotline, clock: ManualClock, channel: str, seed: int) -> None:
        self._provider, self._clock = hotline.channels.providers[channel], clock
        self._calls, self._ledger = Calls(specimen(channel), seed), Ledger(hotline)
        self._door = Door(public_app(hotline.web), channel)
        self.outcome = Outcome(channel, seed)

    async def run(self, first: int, count: int) -> Outcome:
        """The calls with the numbers from `first` on."""
        warm = first + int(count * WARM)
        for start in range(first, first + count, ROUND):
            if start >= warm and not self.outcome.warm_mb:
                self.outcome.warm_mb = _resident_mb()
            await self._round(start, min(start + ROUND, first + count))
        self.outcome.end_mb = _resident_mb()
        growth = self.outcome.end_mb - (self.outcome.warm_mb or self.outcome.end_mb)
        if growth > MOST_GROWTH_MB:
            self.outcome.violations.append(f"memory grew by {growth:.1f} MB")
        return self.outcome

    async def _round(self, start: int, end: int) -> None:
        calls = [self._calls.make(number) for number in range(start, end)]
        keys = {call.number: self._expected(call) for call in calls if call.is_signed}
        wanted = {key for of_call in keys.values() for key in of_call}
        known, before = await self._ledger.present(wanted), await self._ledger.count()
        began = time.perf_counter()
        await asyncio.gather(*(self._post(calls[lane::TOGETHER]) for lane in range(TOGETHER)))
        self.outcome.seconds += time.perf_counter() - began
        present, after = await self._ledger.present(wanted), await self._ledger.count()
        for number, of_call in keys.items():
            if not present.issuperset(of_call):
                self._violated(number, "signed, and not kept")
        if after - before != len(wanted - known):
            self._violated(start, f"{after - before} new rows in this round where {len(wanted - known)} were signed")
        self.outcome.rows += after - before
        self.outcome.calls += len(calls)
        self.outcome.signed += len(keys)

    def _expected(self, call: Call) -> list[Key]:
        try:
            kind, keys = self._ledger.expected(self._provider, call)
        except NotGenuine:
            self._violated(call.number, "signed, and not believed")
            return []
        except Exception as error:  # noqa: BLE001 - that it raises this is what must be told
            self._violated(call.number, f"the provider raised {type(error).__name__}")
            return []
        self.outcome.kinds[kind] += 1
        return keys

    async def _post(self, calls: Sequence[Call]) -> None:
        for call in calls:
            self._clock.advance(STEP)
            status = await self._door.post(call)
            self.outcome.answers[status] += 1
            if status != 200 if call.is_signed else not 400 <= status < 500:
                self._violated(call.number, f"{'' if call.is_signed else 'un'}signed, answered with {status}")

    def _violated(self, number: int, how: str) -> None:
        self.outcome.violations.append(f"call {number}: {how}")


def _resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def opened(database_url: str, content: Content, clock: ManualClock) -> Hotline:
    """A hotline with the simulators' accounts, though nothing is behind them, and nobody who answers."""
    account: dict[str, Any] = {}
    for channel in CHANNELS:
        simulator = specimen(channel).simulator()
        simulator.url = NOBODY
        account |= simulator.account()
    key = "what is fuzzed was never anybody's"
    settings = settings_for(account, database_url=database_url, secret_key=key, redis_url=None)
    hotline = compose(settings, content, NOBODY, NOBODY, clock)
    hotline.intake.worker = Unmanned(hotline.database, hotline.runner, hotline.clock, hotline.wakeups)
    return hotline


async def _run(options: argparse.Namespace) -> int:
    clock, broke = ManualClock(NOW), 0
    hotline = opened(options.database, load_content(), clock)
    try:
        for channel in options.channel or CHANNELS:
            outcome = await Fuzzing(hotline, clock, channel, options.seed).run(options.first, options.count)
            print(outcome.report(), flush=True)
            broke |= bool(outcome.violations)
    finally:
        await hotline.finish()
        await hotline.close()
    return broke


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.fuzzing", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="calls per channel")
    parser.add_argument("--seed", type=int, default=148)
    parser.add_argument("--first", type=int, default=0, help="the number of the first call, to see one again")
    parser.add_argument("--channel", action="append", choices=CHANNELS)
    parser.add_argument("--database", default=f"sqlite:///{FOLDER}/fuzzing.db", help="an empty database of its own")
    options = parser.parse_args(arguments)
    if options.database.endswith(f"{FOLDER}/fuzzing.db"):
        for old in FOLDER.glob("fuzzing.db*"):
            old.unlink()
    configure_logs(logging.CRITICAL)
    return uvloop.run(_run(options))


if __name__ == "__main__":
    sys.exit(main())
