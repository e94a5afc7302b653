"""The processes of bench/campaign_kills.py: those that send a campaign, each of which can be killed, and the gateway,
which lives on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bench.machine import FOLDER, Running, hotline_environment, new_file
from integrations.sms.esms.sim_taken import Message
from tools.services.machine import free_port

MORNING = datetime.fromisoformat("2026-11-23T09:00:00+07:00")
TEXT = "Chao {{ name }}, mai anh/chi co lop."
SIMULATE, SERVE = "simulate", "serve"
PYTHON = (sys.executable, "-m")
# Answers that come late, so that kills fall between the gateway's yes and our commit
DELAY_MS, REPORT_MS = 100, 300
SEND = "SendMultipleMessage"
FAULTS: Sequence[Mapping[str, Any]] = (
    {"kind": "timeout_after", "share": 0.002, "path": SEND},
    {"kind": "reset_after", "share": 0.01, "path": SEND},
    {"kind": "reset_before", "share": 0.005, "path": SEND},
    {"kind": "http_500", "share": 0.005, "path": SEND},
)
SWITCHES = {
    "delay_ms": DELAY_MS,
    "report_ms": REPORT_MS,
    "duplicate_events": "true",
    "in_order": "false",
    "template_check": "false",
    "journal": "false",
}
LAST_KILL = 0.95  # of the recipients: after it there must be something left to do
SECONDS_FOR_A_KILL = 5.0  # that a serving process takes to be there again
START_SECONDS = 60.0


@dataclass(frozen=True)
class Drill:
    """One campaign. `way`: SIMULATE or SERVE."""

    way: str
    engine: str
    database_url: str
    kills: int
    recipients: int
    seed: int

    @property
    def pace_per_second(self) -> float:
        """As fast as it goes where nobody sends while one is dead; else slowly enough for all the kills."""
        return 5000.0 if self.way == SIMULATE else max(20.0, self.recipients / (self.kills + 1) / SECONDS_FOR_A_KILL)

    @property
    def targets(self) -> list[int]:
        """How many messages the gateway has taken when each kill comes."""
        chance = random.Random(f"{self.seed}:{self.way}:{self.engine}")
        return sorted(chance.randrange(1, int(self.recipients * LAST_KILL)) for _ in range(self.kills))


class Gateway:
    """The stand-in for eSMS, never killed. `account`: the settings that lead to it."""

    def __init__(self, name: str) -> None:
        self.name, self.journal = name, new_file(f"{name}.jsonl")
        self.account: dict[str, str] = {}
        self._read, self.taken = 0, Counter[str]()

    @contextlib.asynccontextmanager
    async def running(self, seed: int) -> AsyncIterator[Gateway]:
        """Raises Unavailable."""
        options = [part for name, value in SWITCHES.items() for part in ("--switch", f"{name}={value}")]
        command = (*PYTHON, "integrations.sms.esms.simulator", "--seed", str(seed), *options)
        where = ("--journal", str(self.journal), "--now", MORNING.isoformat())
        process = Running(self.name, (*command, *where), hotline_environment(""))
        try:
            url = (await process.line(r"http://127\.0\.0\.1:\d+", START_SECONDS))[0]
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{url}/__sim/account") as answer:
                    self.account = {name: str(value) for name, value in (await answer.json()).items()}
                for fault in FAULTS:
                    async with session.post(f"{url}/__sim/faults", json={**fault, "seed": str(seed)}) as answer:
                        answer.raise_for_status()
            yield self
        finally:
            await process.stop()

    def count(self) -> int:
        """Messages that it has written down so far."""
        with contextlib.suppress(FileNotFoundError), self.journal.open("rb") as file:
            file.seek(self._read)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            self._read += len(whole)
            for line in whole.splitlines():
                kind, *fields = orjson.loads(line)
                if kind == "taken":
                    self.taken[Message(*fields).phone] += 1
        return self.taken.total()


class Senders:
    """The processes that send, each started anew by its name, on one clock that goes on."""

    def __init__(self, drill: Drill, gateway: Gateway) -> None:
        self.drill, self.gateway, self.began = drill, gateway, time.time()
        count = 2 if drill.way == SERVE and drill.engine == "postgresql" else 1
        self.ports = {f"{drill.way}{number + 1}": free_port() for number in range(count)}
        self.processes: dict[str, Running] = {}

    async def start(self, name: str) -> None:
        """Raises Unavailable."""
        drill = self.drill
        env = {**hotline_environment(drill.database_url), **self.gateway.account}
        env |= {"SMS_GATEWAY": "esms", "HOTLINE_SIMULATORS": "false", "HOTLINE_NOW": MORNING.isoformat()}
        if drill.way == SIMULATE:
            command: tuple[str | Path, ...] = (*PYTHON, "hotline.cli", "campaign", "simulate", self._file(), "--json")
        else:
            command = (*PYTHON, "hotline.cli", "serve", "--port", str(self.ports[name]), "--internal-port", "0")
            now = MORNING + timedelta(seconds=time.time() - self.began)
            env |= {"HOTLINE_NOW": now.isoformat(), "HOTLINE_RASA_URL": "http://127.0.0.1:9"}  # nobody asks anything
        process = self.processes[name] = Running(f"kills-{name}", command, env)
        if drill.way == SERVE:
            await process.line("Khung chat", START_SECONDS)

    async def start_all(self) -> None:
        """Those that are dead. Raises Unavailable."""
        await asyncio.gather(*(self.start(name) for name in self.ports if name not in self.processes))

    def kill(self, names: Sequence[str]) -> None:
        """SIGKILL."""
        for name in names:
            if (process := self.processes.pop(name, None)) is not None:
                process.kill()

    def end(self) -> None:
        self.kill(list(self.processes))

    def check(self) -> None:
        """Raises Unavailable when one has ended by itself; the one that simulates does so when all is said."""
        for process in self.processes.values():
            if self.drill.way == SERVE or process.wait(0):
                process.check()

    @property
    def has_ended(self) -> bool:
        return self.drill.way == SIMULATE and any(one.wait(0) == 0 for one in self.processes.values())

    def _file(self) -> Path:
        file = FOLDER / "campaign-kills.json"
        said: dict[str, Any] = {"kind": "customer_care", "text": TEXT, "gateway": "esms"}
        said |= {"pace_per_second": self.drill.pace_per_second, "audience": {"count": self.drill.recipients}}
        file.write_text(json.dumps(said))
        return file
