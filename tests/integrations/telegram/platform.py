"""The simulated Telegram for tests: running, called over HTTP as a bot would, and a hotline that its webhook calls."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web
from PIL import Image

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.people import Upload, Wish
from integrations.telegram.sim_account import BOT_TOKEN, TelegramSwitches
from integrations.telegram.sim_chats import Chat
from integrations.telegram.simulator import TelegramSimulator

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class StillClock(SimulatedClock):
    """Moves only when it is moved: however slow the machine, no limit is over before the test says so."""

    @staticmethod
    def _system_now() -> datetime:
        return NOW


@dataclass
class Platform:
    """The simulator, and a bot that calls it."""

    simulator: TelegramSimulator
    http: aiohttp.ClientSession
    url: str

    @property
    def person(self) -> Chat:
        return next(iter(self.simulator.people))

    async def ask(self, method: str, token: str = BOT_TOKEN, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """A call with a JSON body: status and answer."""
        async with self.http.post(f"{self.url}/bot{token}/{method}", json=parameters) as answer:
            return answer.status, await answer.json()

    async def result(self, method: str, **parameters: Any) -> Any:
        """What a call answers, which must succeed."""
        status, body = await self.ask(method, **parameters)
        assert (status, body["ok"]) == (200, True), body
        return body["result"]

    async def refusal(self, method: str, **parameters: Any) -> str:
        """Why a call is refused; the status is the error's code."""
        status, body = await self.ask(method, **parameters)
        assert not body["ok"] and status == body["error_code"], body
        return str(body["description"])

    def act(self, action: str, chat: Chat | None = None, upload: Upload | None = None, **fields: Any) -> dict[str, Any]:
        """Something the person does on the phone."""
        return dict(self.simulator.actions[action](chat or self.person, Wish(fields, upload)))

    def advance(self, **by: float) -> None:
        self.simulator.clock.advance(timedelta(**by))

    async def settled(self) -> None:
        """Everything that could be told to the webhook has been."""
        await self.simulator.postman.settle()

    async def updates(self, **parameters: Any) -> list[dict[str, Any]]:
        return list(await self.result("getUpdates", **parameters))


@contextlib.asynccontextmanager
async def telegram(webhook: str | None = None, retry_scale: float = 0.001, **switches: Any) -> AsyncIterator[Platform]:
    """A platform with one person, to whom the bot may write; no update is waiting."""
    simulator = TelegramSimulator(
        TelegramSwitches(**switches), webhook=webhook, clock=StillClock(), retry_scale=retry_scale
    )
    async with simulator.running() as url, aiohttp.ClientSession() as http:
        platform = Platform(simulator, http, url)
        platform.person.started = True
        yield platform


@dataclass
class Hotline:
    """What its webhook was told. `statuses` are answered in turn, then 200 with `body`; `gate` holds answers back."""

    url: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answer_headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    gate: asyncio.Event | None = None

    async def hear(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.updates.append(json.loads(raw) if raw.startswith(b"{") else {"raw": raw})
        if self.gate is not None:
            await self.gate.wait()
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers=self.answer_headers)
        return web.Response(text="" if self.body is None else json.dumps(self.body))

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates]


@contextlib.asynccontextmanager
async def hotline() -> AsyncIterator[Hotline]:
    heard = Hotline()
    app = web.Application(client_max_size=8 << 20)
    app.add_routes([web.post("/webhooks/telegram", heard.hear)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        heard.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/telegram"
        yield heard
    finally:
        await runner.cleanup()


def ids(updates: Iterable[Mapping[str, Any]]) -> list[int]:
    return [update["update_id"] for update in updates]


def picture(width: int = 200, height: int = 100) -> Upload:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(out, "PNG")
    return Upload("ảnh.png", "image/png", out.getvalue())
