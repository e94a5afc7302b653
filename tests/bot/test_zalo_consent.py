"""From `hotline zalo connect` to the pair of tokens, with the administrator's browser in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.web.oauth import zalo_callback_route
from bot.web.verification import file_path, zalo_verification_route
from hotline.serve import LOOPBACK, bind, server_for
from integrations.zalo.consent import LIFE, Consent
from integrations.zalo.oauth import CALLBACK_PATH, OAuth
from integrations.zalo.sim_account import APP_ID, APP_SECRET, OA_ID
from integrations.zalo.simulator import ZaloSimulator
from integrations.zalo.tokens import Tokens
from integrations.zalo.transport import Transport
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from store.settings import Settings


@asynccontextmanager
async def served(*routes: BaseRoute, port: int = 0) -> AsyncIterator[str]:
    listener, server = bind(LOOPBACK, port), server_for(Starlette(routes=list(routes)))
    serving = asyncio.create_task(server.serve([listener]))
    yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


@dataclass
class Administrator:
    """Somebody with a browser. `home`: the hotline."""

    consent: Consent
    tokens: Tokens
    sim: ZaloSimulator
    browser: aiohttp.ClientSession
    home: str

    async def open(self, url: str) -> tuple[int, str]:
        async with self.browser.get(url) as page:
            return page.status, await page.text()

    async def agree(self, url: str) -> tuple[int, str]:
        """Open the consent page and agree; what the page says where that ends."""
        return await self.open(f"{url}&agree=1")

    async def callback(self, **query: str) -> tuple[int, str]:
        async with self.browser.get(self.home + CALLBACK_PATH, params=query) as page:
            assert page.headers["Cache-Control"] == "no-store"
            return page.status, await page.text()


@pytest.fixture
async def administrator(database: Database, clock: ManualClock, keyring: Keyring) -> AsyncIterator[Administrator]:
    sim, transport = ZaloSimulator(retry_scale=0.0001), Transport()
    async with sim.running(), aiohttp.ClientSession() as browser:
        oauth = OAuth(transport, sim.url, APP_ID, APP_SECRET, "")
        tokens = Tokens(database, clock, oauth)
        consent = Consent(keyring, clock, oauth, tokens, OA_ID)
        async with served(zalo_callback_route(consent)) as home:
            oauth.callback_url = home + CALLBACK_PATH
            yield Administrator(consent, tokens, sim, browser, home)
        await tokens.close()
        await transport.close()


def state_in(url: str) -> str:
    return url.rpartition("state=")[2]


async def test_who_agrees_connects_the_hotline(administrator: Administrator) -> None:
    status, page = await administrator.agree(administrator.consent.begin())
    assert status == 200 and "Đã kết nối" in page
    assert await administrator.tokens.access() == administrator.sim.tokens.access


async def test_the_address_tells_nothing_that_buys_tokens(administrator: Administrator) -> None:
    first, second = administrator.consent.begin(), administrator.consent.begin()
    assert state_in(first) != state_in(second)
    verifier = administrator.consent._verifier(state_in(first).rpartition("-")[0])
    assert len(verifier) == 43 and verifier not in first


@pytest.mark.parametrize(
    "state", ["", "x", f"9999999999-{'0' * 32}-{'0' * 64}", f"{'9' * 300}-{'0' * 32}-{'0' * 64}", "\u0660-1"]
)
async def test_a_state_that_is_not_ours_is_refused(administrator: Administrator, state: str) -> None:
    status, page = await administrator.callback(code="any", state=state, oa_id=OA_ID)
    assert status == 400 and "không do hotline tạo ra" in page


async def test_a_state_ends(administrator: Administrator, clock: ManualClock) -> None:
    url = administrator.consent.begin()
    clock.advance(LIFE + timedelta(seconds=1))
    status, page = await administrator.agree(url)
    assert status == 400 and "quá thời gian" in page


async def test_a_state_cannot_be_made_to_last(administrator: Administrator, clock: ManualClock) -> None:
    expires, rest = state_in(administrator.consent.begin()).split("-", 1)
    status, _ = await administrator.callback(code="any", state=f"{int(expires) + 1}-{rest}", oa_id=OA_ID)
    assert status == 400


async def test_the_consent_of_another_oa_is_refused(administrator: Administrator) -> None:
    state = state_in(administrator.consent.begin())
    status, page = await administrator.callback(code="any", state=state, oa_id="1")
    assert status == 400 and "ZALO_OA_ID" in page


async def test_who_does_not_agree_is_told_how_to_go_on(administrator: Administrator) -> None:
    status, page = await administrator.callback(state=state_in(administrator.consent.begin()), oa_id=OA_ID)
    assert status == 400 and "bấm đồng ý" in page


async def test_a_code_that_zalo_refuses_is_said_in_zalos_words(administrator: Administrator) -> None:
    state = state_in(administrator.consent.begin())
    status, page = await administrator.callback(code="used-up", state=state, oa_id=OA_ID)
    assert status == 502 and "hotline zalo connect" in page


async def test_a_code_of_zalos_own_consent_page_is_taken_at_the_command_line(administrator: Administrator) -> None:
    await administrator.consent.finish_by_hand(administrator.sim.oauth.new_code())
    assert await administrator.tokens.access() == administrator.sim.tokens.access


async def test_the_domains_proof_is_a_file_with_the_code() -> None:
    async with served(zalo_verification_route("HVAV9e-_x")) as home, aiohttp.ClientSession() as zalo:
        async with zalo.get(home + "/zalo_verifierHVAV9e-_x.html") as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith("text/html")
            assert '<meta name="zalo-platform-site-verification" content="HVAV9e-_x">' in await answer.text()
        async with zalo.get(home + file_path("other")) as answer:
            assert answer.status == 404


@pytest.mark.parametrize("code", ["a/b", "../x", 'a"b', "a b", "x" * 101])
def test_a_proof_that_is_no_part_of_a_file_name_is_refused(code: str) -> None:
    with pytest.raises(ValidationError, match="chữ cái"):
        Settings(_env_file=None, zalo_verification=code)
