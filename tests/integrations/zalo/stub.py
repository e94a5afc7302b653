"""A stand-in for Zalo's hosts that answers exactly what a test wants, however strange, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Script = Callable[[web.Request], Awaitable[web.StreamResponse]]
ACCEPTED = {"error": 0, "message": "Success", "data": {"message_id": "m1", "quota": {"remain": "7", "total": 8}}}


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes


@dataclass
class Stub:
    """`script`: what is answered in turn, the last one for ever; a dict is JSON."""

    script: list[Any] = field(default_factory=lambda: [ACCEPTED])
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.asked.append(Asked(request.method, request.path, headers, dict(request.query), body))
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, dict):
            return web.json_response(said)
        return await said(request)

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.asked]


@contextlib.asynccontextmanager
async def running(*script: Any) -> AsyncIterator[Stub]:
    stub = Stub(list(script)) if script else Stub()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stub.answer)
    server = TestServer(app)
    await server.start_server()
    stub.url = str(server.make_url("")).rstrip("/")
    yield stub
    await server.close()


def page(status: int, text: str = "<html>Bad Gateway</html>", **headers: str) -> Script:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)

    return answer


def told(body: Any, **headers: str) -> Script:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


async def reset(request: web.Request) -> web.StreamResponse:
    request.transport.abort()
    return web.Response()


async def silence(request: web.Request) -> web.StreamResponse:
    """Until the other side has had enough."""
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(0.01)
    return web.Response()
