"""A hotline that only writes down what its webhook is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Hotline:
    """What came to its webhook. `statuses` are answered in turn, then 200; `delays` (seconds) likewise, then 0."""

    url: str = ""
    calls: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        self.calls.append((await request.read(), {name.lower(): value for name, value in request.headers.items()}))
        status = self.statuses.pop(0) if self.statuses else 200
        await asyncio.sleep(self.delays.pop(0) if self.delays else 0)
        return web.Response(status=status)

    @property
    def bodies(self) -> list[str]:
        return [body.decode() for body, _ in self.calls]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.calls]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Hotline]:
        app = web.Application(client_max_size=8 << 20)
        app.add_routes([web.post("/webhooks/x", self.hear)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/x"
            yield self
        finally:
            await runner.cleanup()
