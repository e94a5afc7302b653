"""eSMS for tests: its simulator with the real client, answers written by a test, a place that hears reports."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from integrations.registry import settings_for
from integrations.sms.esms import callback
from integrations.sms.esms.client import EsmsGateway
from integrations.sms.esms.sim_account import EsmsSwitches
from integrations.sms.esms.simulator import EsmsSimulator
from integrations.sms.gateway import Bulk

LAN = "+84900000001"
FIXTURES = Path(callback.__file__).parent / "fixtures"


def fixture(name: str) -> str:
    return (FIXTURES / name).read_text().strip()


def message(request_id: str = "r-1", phone: str = LAN, text: str = "UBND xa thong bao: hop thon", **more: Any) -> Bulk:
    return Bulk(phone, text, "state_notice", request_id, **more)


@contextlib.asynccontextmanager
async def client_of(url: str, **account: str) -> AsyncIterator[EsmsGateway]:
    known = {**EsmsSimulator().account(), "ESMS_API_URL": url, **account}
    gateway = EsmsGateway.from_settings(settings_for(known))
    try:
        yield gateway
    finally:
        await gateway.close()


@contextlib.asynccontextmanager
async def esms(journal: Path | None = None, **switches: Any) -> AsyncIterator[tuple[EsmsSimulator, EsmsGateway]]:
    simulator = EsmsSimulator(EsmsSwitches(**switches))
    if journal is not None:
        simulator.journal.keep_in(journal)
    async with simulator.running() as url, client_of(url) as gateway:
        yield simulator, gateway


@contextlib.asynccontextmanager
async def answering(body: str, status: int = 200, kind: str = "application/json") -> AsyncIterator[EsmsGateway]:
    """A client whose platform always says the same."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, status=status, content_type=kind)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server(access_log=None)
    async with client_of(str(server.make_url("")).rstrip("/")) as gateway:
        yield gateway
    await server.close()


@dataclass
class Ear:
    """`heard`: the queries of all calls. `status`: what is answered; None: nothing within the caller's patience."""

    url: str = ""
    status: int | None = 200
    heard: list[dict[str, str]] = field(default_factory=list)


@contextlib.asynccontextmanager
async def listening(status: int | None = 200) -> AsyncIterator[Ear]:
    ear, ended = Ear(status=status), asyncio.Event()

    async def hear(request: web.Request) -> web.Response:
        ear.heard.append(dict(request.query))
        if ear.status is None:
            await ended.wait()
        return web.Response(status=ear.status or 200, text="ok")

    app = web.Application()
    app.router.add_get("/cb", hear)
    server = TestServer(app)
    await server.start_server(access_log=None, shutdown_timeout=0.1)
    ear.url = str(server.make_url("/cb"))
    yield ear
    ended.set()
    await server.close()
