"""ZBS templates by number as a gateway of bulk messages, against the Zalo simulator (rule Z19)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from integrations.errors import Fate, SendFailed
from integrations.registry import settings_for
from integrations.sms.gateway import Bulk, Gateway, Report
from integrations.sms.registry import NAMES, open_gateways
from integrations.zalo.provider import ZaloProvider
from integrations.zalo.zbs import ZbsGateway
from store.database import Database
from store.events import NumberReached
from tests.integrations.zalo.simulated import Zalo, zalo
from tests.integrations.zalo.test_simulator_templates import at

LAN = "+84900000001"
VALUES = {"ten": "Bà Lan", "ma_yeu_cau": "YC-12"}


def message(**changes: Any) -> Bulk:
    fields = {"phone": LAN, "text": "", "kind": "customer_care", "request_id": "r-1", "template": "400001"}
    return Bulk(**{**fields, "values": VALUES, **changes})


@contextlib.asynccontextmanager
async def opened(database: Database, **switches: Any) -> AsyncIterator[tuple[Zalo, ZaloProvider, ZbsGateway]]:
    async with zalo(**switches) as platform:
        at(platform, 9)
        settings = settings_for(platform.sim.account(), zalo_per_minute=120)
        provider = ZaloProvider.from_settings(settings, database, platform.sim.clock)
        gateway: Gateway = open_gateways(settings, provider)["zbs"]
        assert isinstance(gateway, ZbsGateway)
        try:
            yield platform, provider, gateway
        finally:
            await provider.close()


async def failure(call: Any) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        await call
    return raised.value


async def test_a_template_goes_to_a_number_and_its_delivery_names_our_request(database: Database) -> None:
    async with opened(database) as (platform, provider, gateway):
        decomposed = "Ba\u0300 Lan"
        taken = await gateway.send(message(request_id="r" * 50, values={**VALUES, "ten": decomposed}))
        (accepted,) = platform.sim.journal.of("accepted")
        assert accepted["body"]["phone"] == "84900000001"
        assert accepted["body"]["template_data"]["ten"] == "Bà Lan"
        assert accepted["message_id"] == taken.message_id
        await platform.sim.deliverer.settle()
        ((body, headers),) = platform.hotline.calls
        (event,) = provider.read_webhook(headers, body, platform.sim.clock.now())
        assert isinstance(event, NumberReached)
        assert (event.message_id, event.tracking_id) == (taken.message_id, "r" * 48)


async def test_it_can_be_asked(database: Database) -> None:
    async with opened(database) as (platform, _, gateway):
        id_ = (await gateway.send(message())).message_id
        assert id_ is not None
        assert await gateway.ask(id_) == Report("delivered", id_)
        platform.sim.templates.statuses[id_] = 0
        assert await gateway.ask(id_) == Report("accepted", id_)
        assert await gateway.ask("unknown & odd") is None


async def test_it_shares_the_rate_of_the_account_and_repeats_nothing(database: Database) -> None:
    async with opened(database) as (platform, _, gateway):
        assert (gateway.per_second, gateway.remembers) == (2.0, timedelta(0))
        platform.sim.faults.arm({"kind": "reset_after", "count": 1, "path": "/message/template"})
        assert (await failure(gateway.send(message()))).error.fate is Fate.UNCERTAIN
        await gateway.send(message())
        assert len(platform.sim.journal.of("accepted")) == 2


async def test_an_expired_token_is_renewed_on_the_way(database: Database) -> None:
    async with opened(database) as (platform, _, gateway):
        platform.sim.clock.advance(timedelta(hours=26))
        await gateway.send(message())
        assert len(platform.sim.journal.of("accepted")) == 1


@pytest.mark.parametrize(
    ("changes", "code", "fate"),
    [
        ({"template": None}, "zalo_zbs_no_template", Fate.REFUSED),
        ({"template": "1"}, "zalo_zbs_-109", Fate.REFUSED),
        ({"template": "400003"}, "zalo_zbs_-131", Fate.REFUSED),
        ({"values": {"ten": "a"}}, "zalo_zbs_-1122", Fate.REFUSED),
        ({"values": {**VALUES, "ten": "a" * 31}}, "zalo_zbs_-1121", Fate.REFUSED),
        ({"phone": "+84999999999"}, "zalo_zbs_-118", Fate.UNREACHABLE),
    ],
)
async def test_what_zalo_refuses_has_its_fate(database: Database, changes: Any, code: str, fate: Fate) -> None:
    async with opened(database) as (platform, _, gateway):
        error = (await failure(gateway.send(message(**changes)))).error
        assert (error.code, error.fate) == (code, fate)
        assert platform.sim.journal.of("accepted") == []


async def test_an_empty_account_stops_it_and_an_empty_quota_makes_it_wait(database: Database) -> None:
    async with opened(database, template_quota=0) as (platform, _, gateway):
        failed = await failure(gateway.send(message()))
        assert (failed.error.code, failed.error.fate, failed.after_seconds) == ("zalo_zbs_-144", Fate.RETRY, 3600)
        platform.sim.switches.template_quota, platform.sim.switches.balance = 5, 0
        assert (await failure(gateway.send(message()))).error.fate is Fate.CHANNEL_DOWN


async def test_at_night_it_waits_for_the_morning(database: Database) -> None:
    async with opened(database) as (platform, _, gateway):
        platform.sim.clock.advance(timedelta(hours=14))
        failed = await failure(gateway.send(message()))
        assert failed.error.fate is Fate.RETRY and failed.after_seconds is not None
        assert 6.9 * 3600 < failed.after_seconds <= 7 * 3600


@pytest.mark.parametrize("code", [-114, -139, -141])
async def test_who_refuses_is_not_reached(database: Database, code: int) -> None:
    async with opened(database) as (platform, _, gateway):
        platform.act("refuse_templates", code=code)
        assert (await failure(gateway.send(message()))).error.fate is Fate.UNREACHABLE


def test_without_zalo_there_is_none() -> None:
    assert "zbs" in NAMES and "zbs" not in open_gateways(settings_for({}))
