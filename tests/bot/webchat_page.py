"""What the web chat page does over HTTP, for tests of the server's side."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.web.app import public_app
from hotline.serve import LOOPBACK, bind, server_for
from tests.bot.conftest import Bot


class Page:
    """What the web chat page does over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, url: str, bot: Bot) -> None:
        self.http, self.url, self.bot = http, url, bot
        self.token = ""

    async def begin(self) -> aiohttp.ClientResponse:
        response = await self.http.post(f"{self.url}/webchat/conversations")
        self.token = (await response.json())["token"]
        return response

    async def post(self, body: Any, token: str | None = None) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        async with self.http.post(f"{self.url}/webchat/messages", data=data, headers=headers) as response:
            return response.status, await response.json()

    async def events(self, until_ready: bool = True, **query: int) -> list[dict[str, Any]]:
        """The events that are replayed, up to `ready`."""
        found = []
        async with self.http.get(f"{self.url}/webchat/events", params=query) as response:
            assert response.status == 200
            async for event, data in sse(response):
                if event == "ready":
                    return found
                found.append(data)
        return found


async def sse(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    event = ""
    async for line in response.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


@pytest.fixture
async def page(bot: Bot) -> AsyncIterator[Page]:
    listener = bind(LOOPBACK, 0)
    server = server_for(public_app(bot.web))
    serving = asyncio.create_task(server.serve([listener]))
    url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    jar = aiohttp.CookieJar(unsafe=True)  # cookies for an address instead of a name
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Page(http, url, bot)
    server.should_exit = True
    await serving
