"""A small trained model (probe/), its service over HTTP, and an app that runs its custom actions as each test wants."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, AsyncIterator, Awaitable, Callable, Dict, List, Optional, Tuple

import pytest

from nlu import rasa_runtime  # before any import of rasa

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from nlu.loaded import LoadedModels
from nlu.service import Service
from nlu.train import train
from nlu.turns import StatelessProcessor

PROBE = Path(__file__).parent / "probe"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rasa_runtime.quiet()
    archive = tmp_path_factory.mktemp("model") / "probe.tar.gz"
    return train(PROBE / "config.yml", PROBE / "domain.yml", [PROBE / "nlu.yml", PROBE / "rules.yml"], archive)


@pytest.fixture(scope="session")
def processor(model: Path) -> StatelessProcessor:
    return StatelessProcessor(str(model))


async def note(call: Dict[str, Any]) -> web.Response:
    """The app's healthy answer: remembers what was asked in a slot and says a word."""
    events = [{"event": "slot", "name": "noted", "value": call["tracker"]["latest_message"]["text"]}]
    return web.json_response({"events": events, "responses": [{"text": f"ran {call['next_action']}"}]})


@dataclass
class App:
    """Where custom actions are called back. `calls`: the bodies that came, with the turn's id."""

    answer: Callable[[Dict[str, Any]], Awaitable[web.Response]] = note
    calls: List[Tuple[str, Dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    async def actions(self, request: web.Request) -> web.Response:
        call = json.loads(await request.read())
        self.calls.append((request.headers["X-Turn"], call))
        return await self.answer(call)


@pytest.fixture
async def app() -> AsyncIterator[App]:
    made = App()
    web_app = web.Application()
    web_app.router.add_post("/actions", made.actions)
    server = TestServer(web_app)
    await server.start_server()
    made.url = str(server.make_url("/actions"))
    yield made
    await server.close()


@dataclass
class Caller:
    """Speaks to the service as the app does, handing the state on from turn to turn."""

    client: TestClient
    app: App
    state: Optional[Dict[str, Any]] = None

    async def post(self, **changes: Any) -> Tuple[int, Dict[str, Any]]:
        body = {
            "turn_id": "turn-1",
            "actions_url": self.app.url,
            "deadline_ms": 3000,
            "conversation": "c-1",
            "message_id": "1",
            "state": self.state,
            **changes,
        }
        response = await self.client.post("/turn", data=json.dumps(body))
        return response.status, await response.json()

    async def say(self, text: str, **changes: Any) -> List[str]:
        """The texts of the replies to a turn that must succeed."""
        status, body = await self.post(text=text, **changes)
        assert status == 200, body
        self.state = body["state"]
        return [reply["text"] for reply in body["replies"]]


@pytest.fixture
async def caller(processor: StatelessProcessor, app: App) -> AsyncIterator[Caller]:
    models = LoadedModels(processor, "probe")
    client = TestClient(TestServer(Service(models).app()))
    await client.start_server()
    yield Caller(client, app)
    await client.close()


async def slow(_: Dict[str, Any]) -> web.Response:
    await asyncio.sleep(5)
    return web.json_response({"events": [], "responses": []})


__all__ = ["App", "Caller", "aiohttp", "slow"]
