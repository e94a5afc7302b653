"""Switching models in a running service: no turn waits, none is lost, and only what training wrote is loaded."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any, AsyncIterator, Dict, List

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from conftest import App, Caller
from nlu.loaded import HELD, LoadedModels
from nlu.rasa_runtime import digest_file
from nlu.service import Service
from nlu.turns import StatelessProcessor


def copied(model: Path, folder: Path, name: str) -> Path:
    copy = Path(shutil.copy(model, folder / f"{name}.tar.gz"))
    shutil.copy(digest_file(model), digest_file(copy))
    return copy


@pytest.fixture
async def models(model: Path, processor: StatelessProcessor, tmp_path: Path) -> LoadedModels:
    for name in ("second", "third"):
        copied(model, tmp_path, name)
    return LoadedModels(processor, "first", [tmp_path])


@pytest.fixture
async def caller(models: LoadedModels, app: App) -> AsyncIterator[Caller]:
    client = TestClient(TestServer(Service(models).app()))
    await client.start_server()
    yield Caller(client, app)
    await client.close()


async def fetch(caller: Caller, body: Any) -> "tuple[int, Dict[str, Any]]":
    response = await caller.client.post("/model", json=body)
    return response.status, await response.json()


async def answered_by(caller: Caller, **named: Any) -> str:
    status, body = await caller.post(text="xin chào em", **named)
    assert status == 200, body
    return body["model"]


async def test_a_fetched_model_answers_and_the_state_goes_on(caller: Caller) -> None:
    await caller.say("ai hỗ trợ xã Tân Cương")
    assert await fetch(caller, {"model": "second"}) == (200, {"model": "second"})
    assert await answered_by(caller) == "second"
    status, body = await caller.post(text="xin chào em", state=caller.state)
    assert (status, body["state"]["slots"]) == (200, caller.state["slots"])  # of the same flows: nothing is forgotten


async def test_a_turn_never_waits_for_the_model_it_names_and_gets_it_as_soon_as_it_is_there(caller: Caller) -> None:
    assert await answered_by(caller, model="second") == "first"
    for _ in range(200):
        if await answered_by(caller, model="second") == "second":
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the named model never answered")
    assert await answered_by(caller, model="first") == "first"  # the former one is still here


async def test_a_turn_under_way_ends_with_the_model_it_began_with(caller: Caller, app: App) -> None:
    healthy, began, go_on = app.answer, asyncio.Event(), asyncio.Event()

    async def held(call: Dict[str, Any]) -> web.Response:
        began.set()
        await go_on.wait()
        return await healthy(call)

    app.answer = held
    turn = asyncio.ensure_future(caller.post(text="ai hỗ trợ xã tôi"))
    await began.wait()
    for name in ("second", "third"):  # so many that its own is not even held any more
        assert (await fetch(caller, {"model": name}))[0] == 200
    go_on.set()
    status, body = await turn
    assert (status, body["model"]) == (200, "first")


async def test_no_more_models_are_held_than_the_last_two(caller: Caller, models: LoadedModels) -> None:
    for name in ("second", "third", "second"):
        await fetch(caller, {"model": name})
    assert sorted(models.names) == ["second", "third"] and len(models.names) == HELD


@pytest.mark.parametrize("name", ["../second", "fourth", "", "a" * 65, "second.tar.gz"])
async def test_what_is_no_archive_of_the_folders_changes_nothing(caller: Caller, name: str) -> None:
    status, body = await fetch(caller, {"model": name})
    assert (status, body["code"]) == (404, "model_unknown")
    assert await answered_by(caller, model=name) == "first"


async def test_a_changed_archive_is_refused(caller: Caller, tmp_path: Path) -> None:
    archive = tmp_path / "second.tar.gz"
    archive.write_bytes(archive.read_bytes() + b"x")
    assert (await fetch(caller, {"model": "second"}))[0] == 404
    assert await answered_by(caller) == "first"


@pytest.mark.parametrize("body", [[], {}, {"model": 1}])
async def test_nonsense_is_a_bad_request(caller: Caller, body: Any) -> None:
    assert (await fetch(caller, body))[0] == 400
    assert (await caller.post(text="xin chào", model=5))[0] == 400


async def test_one_model_is_loaded_once_however_many_want_it(
    processor: StatelessProcessor, model: Path, tmp_path: Path
) -> None:
    copied(model, tmp_path, "second")
    loads: List[str] = []

    def load(archive: str) -> StatelessProcessor:
        loads.append(archive)
        return processor

    models = LoadedModels(processor, "first", [tmp_path], load)
    await asyncio.gather(*(models.fetch("second") for _ in range(5)))
    assert len(loads) == 1 and models.present == "second"


async def test_the_last_model_is_let_go_after_a_while_and_can_be_had_again(
    processor: StatelessProcessor, model: Path, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        copied(model, tmp_path, name)
    models = LoadedModels(processor, "first", [tmp_path], lambda _: processor, held_seconds=0.0)
    await models.fetch("second")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert models.names == ["second"]
    await models.fetch("first")
    assert models.present == "first"
