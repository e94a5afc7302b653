"""The peer: an unmodified `rasa run` and `python -m rasa_sdk` from bench/stock, on the loopback, with our archive.

In-memory tracker store, which is Rasa's default and its fastest; the REST channel answers when the turn is over.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import aiohttp

from bench.chat import Answer, NoReply
from bench.machine import FOLDER, Running, environment
from hotline.paths import ROOT
from tools.services.machine import free_port

STOCK_PYTHON = ROOT / "bench" / "stock" / ".venv" / "bin" / "python"
START_SECONDS = 90.0


class StockServer:
    """Both processes. Raises Unavailable when they cannot be started."""

    def __init__(self, archive: Path, actions: str) -> None:
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
            "stock-actions", [STOCK_PYTHON, "-m", "rasa_sdk", "--actions", actions, "-p", str(action_port)], env
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
        self._url, self._session, self._sender = url, session, sender

    async def close(self) -> None:
        """Nothing is open between two messages."""

    async def say(self, text: str, expected: str = "") -> Answer:
        """Send `text` and wait for the replies. Raises NoReply when the first does not begin with `expected`."""
        started = time.perf_counter()
        body = {"sender": self._sender, "message": text}
        timeout = aiohttp.ClientTimeout(60)
        async with self._session.post(f"{self._url}/webhooks/rest/webhook", json=body, timeout=timeout) as response:
            response.raise_for_status()
            replies = await response.json()
        ended = time.perf_counter()
        if not replies or not replies[0]["text"].startswith(expected):
            raise NoReply(f"no “{expected}…” to {text}, only {replies}")
        return Answer(replies[0]["text"], (ended - started) * 1000)

    async def press(self, payload: str, expected: str = "") -> Answer:
        """Rasa's own way to press a button: its payload as the text."""
        return await self.say(payload, expected)

    async def events(self) -> list[dict[str, Any]]:
        """Everything that has happened in this conversation, as the server keeps it."""
        url = f"{self._url}/conversations/{self._sender}/tracker"
        async with self._session.get(url, params={"include_events": "ALL"}) as response:
            response.raise_for_status()
            tracker: dict[str, Any] = await response.json()
        return list(tracker["events"])

    async def become(self, events: list[dict[str, Any]]) -> None:
        """Make this conversation one in which `events` have happened, through the server's own API."""
        url = f"{self._url}/conversations/{self._sender}/tracker/events"
        async with self._session.put(url, json=events, timeout=aiohttp.ClientTimeout(60)) as response:
            response.raise_for_status()
