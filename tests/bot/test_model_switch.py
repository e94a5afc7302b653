"""Which model answers follows the database, in every process; going back is one click that loses nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import Connection, select

from bot.dialogue import Dialogue, DialogueUnavailable, TurnRegister
from bot.model_switch import ModelSwitch
from bot.wakeups import Wakeups
from programme import trained_models
from programme.trained_models import NotSwitchable
from store.audit import Actor
from store.clock import ManualClock
from store.console_tables import audit_log
from store.crypto import Keyring
from store.database import Database

HA = Actor("Hà", None)


class Rasa:
    """The service, as far as it has models. `asked`: which ones were asked for."""

    def __init__(self, *models: str) -> None:
        self.models, self.asked = set(models), []  # type: ignore[var-annotated]

    async def model(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        self.asked.append(name)
        if name in self.models:
            return web.json_response({"model": name})
        return web.json_response({"code": "model_unknown", "detail": "no"}, status=404)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/model", self.model)
        server = TestServer(app)
        await server.start_server()
        yield str(server.make_url("")).rstrip("/")
        await server.close()


class House:
    """Two app processes on one database."""

    def __init__(self, database: Database, clock: ManualClock, keyring: Keyring, url: str) -> None:
        self.database, self.clock = database, clock
        self.one, self.two = (
            ModelSwitch(database, clock, keyring, Wakeups(), Dialogue(url, "", TurnRegister()), "r1") for _ in range(2)
        )

    def trained(self, name: str, release: str = "r1", is_live: bool = True) -> None:
        def work(c: Connection) -> None:
            now = self.clock.now()
            model = trained_models.add(c, name, release, [1], True, {"overall": {}}, now)
            if is_live:
                trained_models.activate(c, model, "gate", None, now)

        self.database.run_now(work)

    def live(self) -> str:
        found = self.database.read_now(trained_models.live)
        return found.model.name if found else ""

    async def close(self) -> None:
        for switch in (self.one, self.two):
            await switch.dialogue.close()


@pytest.fixture
async def rasa() -> Rasa:
    return Rasa("r1", "r1-a", "r1-b")


@pytest.fixture
async def house(rasa: Rasa, database: Database, clock: ManualClock, keyring: Keyring) -> AsyncIterator[House]:
    async with rasa.running() as url:
        made = House(database, clock, keyring, url)
        database.run_now(lambda c: trained_models.settle(c, "r1", lambda _: True, clock.now()))
        yield made
        await made.close()


async def test_every_process_follows_what_the_database_says_and_asks_the_service_once(house: House, rasa: Rasa) -> None:
    house.trained("r1-a")
    for switch in (house.one, house.two, house.one):
        await switch.follow()
        assert switch.dialogue.model == "r1-a"
    assert rasa.asked == ["r1-a", "r1-a"]


async def test_one_click_goes_back_and_a_second_press_does_not_go_forth_again(house: House, rasa: Rasa) -> None:
    house.trained("r1-a"), house.trained("r1-b")
    await house.one.follow()
    assert await house.one.back(HA, None, from_="r1-b") == "r1-a"
    assert (house.one.dialogue.model, house.live()) == ("r1-a", "r1-a")  # here at once, without a look
    assert await house.one.back(HA, None, from_="r1-b") == "r1-a"
    assert house.live() == "r1-a"
    await house.two.follow()
    assert house.two.dialogue.model == "r1-a"
    logged = house.database.read_now(lambda c: c.execute(select(audit_log.c.actor, audit_log.c.object)).all())
    assert [tuple(row) for row in logged] == [("Hà", "model r1-a")]


async def test_without_a_model_before_there_is_nothing_to_go_back_to(house: House) -> None:
    with pytest.raises(NotSwitchable, match="nothing_before"):
        await house.one.back(HA, None, from_="r1")


async def test_a_model_whose_archive_is_gone_is_not_switched_to(house: House, rasa: Rasa) -> None:
    house.trained("r1-a"), house.trained("r1-b")
    rasa.models.discard("r1-a")
    with pytest.raises(NotSwitchable, match="model_missing"):
        await house.one.switch("r1-a", HA, None)
    assert house.live() == "r1-b"


async def test_a_process_whose_service_lacks_the_live_model_goes_on_with_what_it_has(house: House, rasa: Rasa) -> None:
    await house.one.follow()
    rasa.models.discard("r1-a")
    house.trained("r1-a")
    await house.one.follow()
    assert house.one.dialogue.model == "r1"
    rasa.models.add("r1-a")
    await house.one.follow()
    assert house.one.dialogue.model == "r1-a"


async def test_a_model_of_another_release_is_neither_followed_nor_switched_to(house: House) -> None:
    await house.one.follow()
    house.trained("r2-a", "r2")
    await house.one.follow()
    assert house.one.dialogue.model == "r1"
    with pytest.raises(NotSwitchable, match="other_release"):
        await house.one.switch("r2-a", HA, None)


async def test_while_the_service_is_down_nothing_is_switched_by_hand_and_what_the_database_says_is_asked_of_it_later(
    house: House,
) -> None:
    house.trained("r1-a")
    house.one.dialogue.rasa_url = "http://127.0.0.1:9"
    with pytest.raises(DialogueUnavailable):
        await house.one.switch("r1", HA, None)
    assert house.live() == "r1-a"
    await house.one.follow()
    assert house.one.dialogue.model == "r1-a"  # each turn names it, so that the service has it once it is back
