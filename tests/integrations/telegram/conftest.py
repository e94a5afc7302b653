"""A Bot API that answers as each test says, and a provider that talks to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from integrations.telegram.provider import TelegramProvider

TOKEN = "8100000001:AAHsecret-token_of-the-tests"

Answer = Callable[[web.Request], Any]


def said(status: int = 200, *, body: bytes | str = b"", **headers: str) -> Answer:
    """An answer with this body, a new one for each call."""
    content = body.encode() if isinstance(body, str) else body
    return lambda _: web.Response(status=status, body=content, headers=headers)


def ok(result: Any = True) -> Answer:
    return said(body=json.dumps({"ok": True, "result": result}))


def refusal(status: int, description: str, **parameters: Any) -> Answer:
    answer = {"ok": False, "error_code": status, "description": description}
    return said(status, body=json.dumps(answer | ({"parameters": parameters} if parameters else {})))


def message(message_id: int = 91) -> dict[str, Any]:
    chat = {"id": 5012345678, "type": "private"}
    return {"message_id": message_id, "date": 1795400000, "chat": chat, "text": "ok"}


@dataclass
class BotApi:
    """`answers`: by method in lower case. `calls`: (method, fields) as they came; an upload is (name, type, bytes)."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    files: dict[str, Answer] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def call(self, request: web.Request) -> web.StreamResponse:
        fields = {
            key: (value.filename, value.content_type, value.file.read()) if isinstance(value, web.FileField) else value
            for key, value in (await request.post()).items()
        }
        method = request.match_info["method"].lower()
        self.calls.append((method, fields))
        if request.match_info["token"] != TOKEN:
            return refusal(401, "Unauthorized")(request)
        usual = ok(message()) if method.startswith("send") else ok()
        answer = self.answers.get(method, usual)(request)
        return await answer if asyncio.iscoroutine(answer) else answer

    async def file(self, request: web.Request) -> web.StreamResponse:
        return self.files.get(request.match_info["path"], said(404))(request)


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    stub = BotApi()
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", stub.call)
    app.router.add_get("/file/bot{token}/{path:.+}", stub.file)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1, access_log=None)
    stub.url = str(server.make_url("")).rstrip("/")
    yield stub
    await server.close()


@pytest.fixture
async def provider(api: BotApi) -> AsyncIterator[TelegramProvider]:
    made = TelegramProvider(TOKEN, api.url)
    yield made
    await made.close()
