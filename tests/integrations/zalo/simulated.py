"""The Zalo simulator with a hotline that listens, for the tests of the simulator itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

from integrations.simulation.people import Wish
from integrations.zalo.sim_account import APP_ID, APP_SECRET, Citizen, ZaloSwitches
from integrations.zalo.simulator import ZaloSimulator
from tests.integrations.simulation.hotline import Hotline

CS = "/v3.0/oa/message/cs"


@dataclass
class Zalo:
    """`sim` runs; `hotline` is its webhook."""

    sim: ZaloSimulator
    hotline: Hotline
    session: aiohttp.ClientSession

    @property
    def lan(self) -> Citizen:
        return next(iter(self.sim.people))

    def act(self, action: str, citizen: Citizen | None = None, **fields: Any) -> Mapping[str, Any]:
        return self.sim.actions[action](citizen or self.lan, Wish(fields))

    def pass_time(self, **by: float) -> None:
        """Move the clock, and let the tokens be renewed on the way."""
        self.sim.clock.advance(timedelta(**by))
        self.sim.tokens.renew()

    async def events(self) -> list[dict[str, Any]]:
        """What has come to the webhook, once nothing is under way."""
        await self.sim.deliverer.settle()
        return self.hotline.events

    async def post(self, path: str, body: Any, token: str | None = None, **options: Any) -> Any:
        """The JSON of the answer; always HTTP 200."""
        headers = {"access_token": self.sim.tokens.access if token is None else token}
        async with self.session.post(self.sim.url + path, json=body, headers=headers, **options) as answer:
            assert answer.status == 200
            return await answer.json()

    async def get(self, path: str, **params: str) -> Any:
        headers = {"access_token": self.sim.tokens.access}
        async with self.session.get(self.sim.url + path, params=params, headers=headers) as answer:
            return await answer.json()

    async def token(self, secret: str = APP_SECRET, **form: str) -> Any:
        """The JSON that the token address answers."""
        url = f"{self.sim.url}/v4/oa/access_token"
        form = {"app_id": APP_ID, **form}
        async with self.session.post(url, data=form, headers={"secret_key": secret}) as answer:
            return await answer.json()

    async def say(self, message: Any, citizen: Citizen | None = None) -> Any:
        """Send a consultation message; the answer's JSON."""
        return await self.post(CS, {"recipient": {"user_id": (citizen or self.lan).id}, "message": message})


@contextlib.asynccontextmanager
async def zalo(**switches: Any) -> AsyncIterator[Zalo]:
    """Everything running, retries within milliseconds."""
    async with Hotline().running() as hotline, aiohttp.ClientSession() as session:
        sim = ZaloSimulator(ZaloSwitches(**switches), webhook=hotline.url, retry_scale=0.0001)
        async with sim.running():
            yield Zalo(sim, hotline, session)
