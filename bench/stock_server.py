"""The peer: an unmodified `rasa run` from bench/stock with our archive, and an unmodified `python -m rasa_sdk` for it.

In-memory tracker store, which is Rasa's default and its fastest; the REST channel answers when the turn is over. The
action server runs in our environment, because the survey's engine needs a newer Python than Rasa does.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from bench.chat import Answer, NoReply
from bench.machine import FOLDER, LOOK_SECONDS, Running, environment
from hotline.paths import ROOT
from tools.services.machine import free_port

ACTIONS = "bench.stock_actions"
ACTION_PYTHON = ROOT / ".venv" / "bin" / "python"
STOCK_PYTHON = ROOT / "bench" / "stock" / ".venv" / "bin" / "python"
START_SECONDS = 90.0
SEPARATOR = "\n\n"


class StockServer:
    """Both processes. Raises Unavailable when they cannot be started."""

    def __init__(self, archive: Path) -> None:
        action_port, port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        env = environment(
            PYTHONPATH=str(ROOT), SANIC_HOST="127.0.0.1", TF_CPP_MIN_LOG_LEVEL="3", MPLCONFIGDIR=str(FOLDER)
        )
        FOLDER.mkdir(parents=True, exist_ok=True)
        credentials, endpoints = FOLDER / "credentials.yml", FOLDER / "endpoints.yml"
        credentials.write_text("rest:\n")
        endpoints.write_text(f"action_endpoint: {{url: 'http://127.0.0.1:{action_port}/webhook'}}\n")
        self.action_server = Running(
            "stock-actions", [ACTION_PYTHON, "-m", "rasa_sdk", "--actions", ACTIONS, "-p", str(action_port)], env
        )
        serve: list[str | Path] = [
            STOCK_PYTHON,
            "-m",
            "rasa",
            "run",
            "--model",
            archive,
            "-i",
            "127.0.0.1",
            "-p",
            str(port),
        ]
        serve += ["--enable-api", "--endpoints", endpoints, "--credentials", credentials]
        self.server = Running("stock-server", serve, env)

    async def ready(self) -> None:
        """Wait until both answer."""
        await self.action_server.line("is up and running", START_SECONDS)
        await self.server.line("server is up and running", START_SECONDS)
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while True:  # it says so a moment before it listens
                with contextlib.suppress(aiohttp.ClientConnectionError):
                    async with session.get(self.url):
                        return
                await asyncio.sleep(LOOK_SECONDS)

    def seconds_since_start(self) -> float:
        """Since the first of the two was started."""
        return self.action_server.seconds_since_start()

    def resident_mb(self) -> float:
        return self.server.resident_mb() + self.action_server.resident_mb()

    async def stop(self) -> None:
        await self.server.stop()
        await self.action_server.stop()


class StockChat:
    """One conversation with the stock server."""

    def __init__(self, url: str, session: aiohttp.ClientSession, sender: str) -> None:
        self._url, self._session, self.sender = url, session, sender

    async def close(self) -> None:
        """Nothing is open between two messages."""

    async def say(self, text: str, *expected: str) -> Answer:
        """Send `text` and wait for its replies. Raises NoReply when they do not begin as `expected`, one by one."""
        started = time.perf_counter()
        body = {"sender": self.sender, "message": text}
        timeout = aiohttp.ClientTimeout(60)
        async with self._session.post(f"{self._url}/webhooks/rest/webhook", json=body, timeout=timeout) as response:
            response.raise_for_status()
            messages = await response.json()
        ended = time.perf_counter()
        # Pictures, and what our web chat reads besides the text, come as messages of their own. Rasa cuts a text where
        # an empty line is.
        replies = [message["text"] for message in messages if "text" in message]
        if not _begin_as(replies, expected):
            raise NoReply(f"not {expected} to {text}, only {replies}")
        return Answer(replies[-1], (ended - started) * 1000)

    async def press(self, payload: str, *expected: str) -> Answer:
        """Rasa's own way to press a button: its payload as the text."""
        return await self.say(payload, *expected)

    async def events(self) -> list[dict[str, Any]]:
        """Everything that has happened in this conversation, as the server keeps it."""
        url = f"{self._url}/conversations/{self.sender}/tracker"
        async with self._session.get(url, params={"include_events": "ALL"}) as response:
            response.raise_for_status()
            tracker: dict[str, Any] = await response.json()
        return list(tracker["events"])

    async def become(self, events: list[dict[str, Any]]) -> None:
        """Make this conversation one in which `events` have happened, through the server's own API."""
        url = f"{self._url}/conversations/{self.sender}/tracker/events"
        async with self._session.put(url, json=events, timeout=aiohttp.ClientTimeout(60)) as response:
            response.raise_for_status()


def _begin_as(replies: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether the first of `replies` begins the first of `expected`, and later ones the others."""
    said = SEPARATOR.join(replies)
    first, *others = expected or ("",)
    if not replies or not said.startswith(first):
        return False
    place = len(first)
    for beginning in others:
        place = said.find(SEPARATOR + beginning, place)
        if place < 0:
            return False
        place += len(SEPARATOR + beginning)
    return True
