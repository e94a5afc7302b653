"""A platform of one's own: the smallest simulator there can be."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from integrations.simulation.delivery import Delivery, Terms
from integrations.simulation.errors import ControlError
from integrations.simulation.faults import Fault
from integrations.simulation.people import Bubble, Person, Wish
from integrations.simulation.simulator import Simulator
from integrations.simulation.switches import Switches
from tests.browser.conftest import browser as browser  # a fixture

from .hotline import Hotline

PAUSES = (1.0, 10.0)


class Post(Simulator[Person]):
    """Takes `POST /send {"to", "text"}`; its citizens write."""

    provider = "post"
    terms = Terms(deadline_seconds=0.2, pause=lambda failures: dict(enumerate(PAUSES, 1)).get(failures))

    def __init__(self, **options: Any) -> None:
        super().__init__(Switches(), **options)
        self.actions = {"write": self.write, "photo": self.photo}
        self._ids = itertools.count(1)
        self.new_person("Bà Lan")

    def routes(self) -> Iterable[web.RouteDef]:
        return [web.post("/send", self.send)]

    async def send(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.journal.accept(body["to"], "m1", body["text"], body)
        self.people.say(self.people.find(body["to"]), Bubble("account", body["text"]))
        return web.json_response({"ok": True})

    def write(self, person: Person, wish: Wish) -> Mapping[str, Any]:
        self.people.say(person, Bubble("person", wish.text("text")))
        number = wish.text("text").encode()
        self.deliverer.post(Delivery(person.id, "wrote", number, lambda attempt: {"X-Attempt": str(attempt)}))
        return {}

    def photo(self, person: Person, wish: Wish) -> Mapping[str, Any]:
        if wish.upload is None:
            raise ControlError("Thiếu ảnh.")
        return {"path": self.media.put(wish.upload)}

    def new_person(self, name: str) -> Person:
        return self.people.add(Person(str(next(self._ids)), name))

    def not_found(self, request: web.Request) -> web.Response:
        return web.json_response({"lost": request.path}, status=404)

    def refusal(self, fault: Fault) -> web.Response:
        return web.json_response({"kind": fault.kind, "code": fault.code})

    def abilities(self) -> Mapping[str, Any]:
        return {"skin": "plain", "title": "Bưu cục", "account": "Hotline"}


@pytest.fixture
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline().running() as hotline:
        yield hotline


@pytest.fixture
async def post(hotline: Hotline) -> AsyncIterator[Post]:
    simulator = Post(webhook=hotline.url, retry_scale=0.001)
    async with simulator.running():
        yield simulator


Call = Callable[..., Any]


@pytest.fixture
async def call(post: Post) -> AsyncIterator[Call]:
    """`await call("GET", path, …)` → (status, JSON)."""
    async with aiohttp.ClientSession() as session:

        async def ask(method: str, path: str, **options: Any) -> tuple[int, Any]:
            async with session.request(method, post.url + path, **options) as answer:
                return answer.status, await answer.json()

        yield ask
