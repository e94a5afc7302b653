"""The hotline as processes that can be killed one by one: apps, dialogue, Redis; and the platforms, which live on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench.machine import Running, hotline_environment
from hotline.paths import ROOT
from tools.services.machine import Machine, free_port
from tools.services.redis import Redis
from tools.services.redis_server import PrivateRedis
from tools.test_suites import COMPILED_ONCE

PYTHON, HOTLINE = ROOT / ".venv" / "bin" / "python", ROOT / ".venv" / "bin" / "hotline"
START_SECONDS = 60.0
# Zalo repeats a webhook after 30 s, 5 min, … and turns it off in the end. Here the hotline dies oftener than anybody's
# would: repetitions come every 0.6 s, until it is up.
RETRY_SCALE = 0.02
SWITCHES = {"zalo": ("tireless=true", "receipts=none"), "telegram": ()}


@dataclass
class Platform:
    """A simulator that is never killed: the witness."""

    name: str
    url: str
    running: Running


class Killable:
    """One process; `start` waits until it answers."""

    def __init__(self, name: str, command: list[str | Path], env: Mapping[str, str], url: str) -> None:
        self.name, self.command, self.env, self.url = name, command, env, url
        self.running: Running | None = None
        self.starts = 0

    async def start(self, session: aiohttp.ClientSession) -> None:
        """Raises Unavailable."""
        self.starts += 1
        self.running = Running(f"{self.name}-{self.starts % 3}", self.command, self.env)
        async with asyncio.timeout(START_SECONDS):
            while not await _answers(session, f"{self.url}/healthz"):
                self.running.check()
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL."""
        if self.running is not None:
            self.running.kill()
            self.running = None


class House:
    """Everything that runs. `apps`: one on SQLite; two share PostgreSQL and Redis."""

    def __init__(self, name: str, database_url: str, apps: int) -> None:
        self.name, self.database_url = name, database_url
        self.platforms: dict[str, Platform] = {}
        self._apps, self._machine = apps, Machine()
        self.apps: list[Killable] = []
        self.dialogue: Killable | None = None
        self.redis: PrivateRedis | None = None
        self._redis_service = Redis(self._machine)

    @contextlib.asynccontextmanager
    async def running(self, session: aiohttp.ClientSession) -> AsyncIterator[House]:
        """Everything started, and all of it ended afterwards."""
        try:
            for name in ("zalo", "telegram"):
                await self._start_platform(name)
            await self._start_services(session)
            yield self
        finally:
            for process in [*self.apps, *([self.dialogue] if self.dialogue else [])]:
                process.kill()
            for platform in self.platforms.values():
                platform.running.kill()
            self._redis_service.stop()

    async def _start_platform(self, name: str) -> None:
        command: list[str | Path] = [PYTHON, "-m", f"integrations.{name}.simulator", "--retry-scale", str(RETRY_SCALE)]
        for switch in SWITCHES[name]:
            command += ["--switch", switch]
        running = Running(f"{self.name}-{name}", command, hotline_environment(""))
        found = await running.line(r"http://127\.0\.0\.1:\d+", START_SECONDS)
        self.platforms[name] = Platform(name, found[0], running)

    async def _start_services(self, session: aiohttp.ClientSession) -> None:
        port = free_port()
        command: list[str | Path] = [PYTHON, "-m", "bench.outages.echo_dialogue", "--port", str(port)]
        dialogue_url = f"http://127.0.0.1:{port}"
        self.dialogue = Killable(f"{self.name}-dialogue", command, hotline_environment(""), dialogue_url)
        await self.dialogue.start(session)
        if self._apps > 1:
            self.redis = self._redis_service.start_private()
        env = await self._app_environment(session, dialogue_url)
        for number in range(self._apps):
            app_port = free_port()
            serve: list[str | Path] = [HOTLINE, "serve", "--port", str(app_port), "--internal-port", "0"]
            url = f"http://127.0.0.1:{app_port}"
            app = Killable(f"{self.name}-app{number + 1}", serve, env, url)
            await app.start(session)
            self.apps.append(app)
        await self.send_webhooks_to(session, self.apps[0])

    async def _app_environment(self, session: aiohttp.ClientSession, dialogue_url: str) -> dict[str, str]:
        accounts: dict[str, str] = {}
        for platform in self.platforms.values():
            account = await self.ask(session, platform, "GET", "/__sim/account")
            accounts |= {name: str(value) for name, value in account.items() if name.isupper()}
        return {
            **hotline_environment(self.database_url),
            **COMPILED_ONCE,
            **accounts,
            "HOTLINE_RASA_URL": dialogue_url,
            "HOTLINE_REDIS_URL": self.redis.url if self.redis else "",
            "ZALO_PER_MINUTE": "100000",
        }

    async def send_webhooks_to(self, session: aiohttp.ClientSession, app: Killable) -> None:
        """What a proxy in front of several processes does. Telegram is polled."""
        body = {"url": f"{app.url}/webhooks/zalo", "enabled": True}
        await self.ask(session, self.platforms["zalo"], "POST", "/__sim/webhook", body)

    async def ask(
        self, session: aiohttp.ClientSession, platform: Platform, method: str, path: str, body: Any = None
    ) -> Any:
        """One call of a simulator's control API."""
        async with session.request(method, platform.url + path, json=body) as response:
            response.raise_for_status()
            return await response.json()


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=1)) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
