"""The product, killed and started again."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from pathlib import Path

import aiohttp

from bench.chat import answering
from bench.machine import Running, hotline_environment
from bench.owners.tally import Plan, Tally
from hotline.paths import ROOT
from tools.services.machine import free_port

START_SECONDS = 60.0
# What the product's log must not hold, whatever is killed.
BROKEN = ("turn_broke", "turns_failed", "turn_given_up", "state_unreadable", "request_failed")


class Service:
    """The product, started again whenever it is killed. All of it shares one process group, but for the Rasa service,
    which ends when its parent's pipe closes."""

    def __init__(self, name: str, database: Path) -> None:
        self.name, self.database, self.port = name, database, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._env = hotline_environment(f"sqlite:///{database}")
        self._running: Running | None = None
        self.broken: Counter[str] = Counter()

    @property
    def secret(self) -> str:
        return self._env["HOTLINE_SECRET_KEY"]

    async def start(self, session: aiohttp.ClientSession) -> None:
        """Start it and wait until it answers. Raises Unavailable."""
        command: list[str | Path] = [ROOT / ".venv" / "bin" / "hotline", "up", "--port", str(self.port)]
        self._running = Running(self.name, command, self._env)
        await self._running.line(re.escape(self.url), START_SECONDS)
        await answering(self.url, session, START_SECONDS)

    def kill(self) -> None:
        """SIGKILL."""
        if self._running is not None:
            self._running.kill()
            log = self._running.log.read_text(errors="replace")
            broken = {word: log.count(word) for word in BROKEN if word in log}
            if broken:  # the next start writes over the log
                self._running.log.replace(self._running.log.with_suffix(".broken.log"))
            self.broken.update(broken)
            self._running = None

    async def live(self, session: aiohttp.ClientSession, plan: Plan, tally: Tally) -> None:
        """Kill it and start it again, again and again. Ends only when it is cancelled. Raises Unavailable."""
        chance = random.Random(f"{plan.seed}:kills")
        while plan.kill_every and (plan.most_kills is None or tally.kills < plan.most_kills):
            await asyncio.sleep(chance.uniform(0.5, 1.5) * plan.kill_every)
            began = time.perf_counter()
            self.kill()
            tally.kills += 1
            await self.start(session)
            tally.away += time.perf_counter() - began
        await asyncio.Event().wait()
