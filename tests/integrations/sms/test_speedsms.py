"""SpeedSMS as a gateway, against its simulator: what is sent, what each answer means, what its webhook says."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from integrations.errors import Fate, NotReadable, SendFailed
from integrations.registry import settings_for
from integrations.simulation.people import Wish
from integrations.sms.gateway import Bulk, Opinion, Report
from integrations.sms.registry import open_gateways
from integrations.sms.speedsms import callback, errors
from integrations.sms.speedsms.callback import read_report
from integrations.sms.speedsms.client import SpeedSmsGateway
from integrations.sms.speedsms.simulator import ACCESS_TOKEN, SpeedSmsSimulator, SpeedSmsSwitches
from tests.integrations.simulation.hotline import Hotline

LAN = "+84900000001"
FIXTURES = Path(callback.__file__).parent / "fixtures"


def message(phone: str = LAN, text: str = "Moi ba con du lop") -> Bulk:
    return Bulk(phone, text, "customer_care", "r-1")


@contextlib.asynccontextmanager
async def speedsms(**switches: Any) -> AsyncIterator[tuple[SpeedSmsSimulator, SpeedSmsGateway]]:
    sim = SpeedSmsSimulator(SpeedSmsSwitches(**switches))
    async with sim.running():
        gateway = SpeedSmsGateway.from_settings(settings_for(sim.account()))
        try:
            yield sim, gateway
        finally:
            await gateway.close()


@contextlib.asynccontextmanager
async def answering(body: Any, status: int = 200) -> AsyncIterator[SpeedSmsGateway]:
    """A gateway whose platform always says the same."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    gateway = SpeedSmsGateway(str(server.make_url("")).rstrip("/"), "t", "HOTLINE")
    try:
        yield gateway
    finally:
        await gateway.close()
        await server.close()


async def failure(call: Any) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        await call
    return raised.value


async def test_a_message_goes_out_under_the_own_brandname_and_is_paid_for() -> None:
    async with speedsms() as (sim, gateway):
        taken = await gateway.send(message())
        (accepted,) = sim.journal.of("accepted")
        assert accepted["body"] == {
            "to": ["84900000001"],
            "content": "Moi ba con du lop",
            "sms_type": 3,
            "sender": "HOTLINE",
        }
        assert (taken.message_id, taken.price) == (accepted["message_id"], 250)


async def test_what_became_of_it_can_be_asked() -> None:
    async with speedsms(reports=False) as (sim, gateway):
        id_ = (await gateway.send(message())).message_id
        assert id_ is not None
        assert await gateway.ask(id_) == Report("delivered", id_)
        sim.statuses[id_][0]["status"] = 5
        assert await gateway.ask(id_) == Report("accepted", id_)
        sim.statuses[id_][0]["status"] = 64
        assert await gateway.ask(id_) == Report("failed", id_, reason="speedsms_undelivered")
        sim.statuses[id_] = []
        assert await gateway.ask(id_) is None
        assert await gateway.ask("1") is None


@pytest.mark.parametrize("bare", [False, True])
async def test_the_balance_is_read_in_both_shapes(bare: bool) -> None:
    async with speedsms(bare_account=bare, balance=12_345) as (_, gateway):
        assert await gateway.balance() == 12_345


async def test_a_success_that_leaves_our_number_out_is_none() -> None:
    data = {"tranId": 5, "totalSMS": 0, "totalPrice": 0, "invalidPhone": ["84900000001"]}
    async with answering({"status": "success", "code": "00", "data": data}) as gateway:
        failed = await failure(gateway.send(message()))
    assert (failed.error.code, failed.error.fate) == ("speedsms_105", Fate.UNREACHABLE)


async def test_another_number_left_out_is_not_ours() -> None:
    data = {"tranId": 5, "totalSMS": 1, "totalPrice": 250, "invalidPhone": ["84900000009"]}
    async with answering({"status": "success", "code": "00", "data": data}) as gateway:
        assert (await gateway.send(message())).message_id == "5"


@pytest.mark.parametrize(
    ("changes", "switches", "code", "fate"),
    [
        ({"phone": "+84200000001"}, {}, "speedsms_105", Fate.UNREACHABLE),
        ({"text": "Mời bà con"}, {}, "speedsms_110", Fate.REFUSED),
        ({"text": "a" * 613}, {}, "speedsms_113", Fate.REFUSED),
        ({"text": ""}, {}, "speedsms_101", Fate.REFUSED),
        ({}, {"balance": 249}, "speedsms_300", Fate.CHANNEL_DOWN),
    ],
)
async def test_what_the_platform_refuses_has_its_code(changes: Any, switches: Any, code: str, fate: Fate) -> None:
    async with speedsms(**switches) as (sim, gateway):
        failed = await failure(gateway.send(message(**changes)))
        assert (failed.error.code, failed.error.fate) == (code, fate)
        assert sim.journal.of("accepted") == []


@pytest.mark.parametrize(
    ("code", "fate", "alarm"),
    [
        ("007", Fate.CHANNEL_DOWN, True),
        (8, Fate.CHANNEL_DOWN, True),
        ("009", Fate.CHANNEL_DOWN, True),
        ("500", Fate.UNCERTAIN, False),
        ("998", Fate.REFUSED, True),
    ],
)
async def test_each_code_has_its_fate(code: Any, fate: Fate, alarm: bool) -> None:
    async with answering({"status": "error", "code": code, "message": "x"}) as gateway:
        error = (await failure(gateway.send(message()))).error
    assert (error.fate, error.alarm) == (fate, alarm)


@pytest.mark.parametrize(
    "body", [{}, {"status": "success", "code": "105"}, {"status": "error", "code": "00"}, {"status": "success"}]
)
async def test_an_answer_that_says_nothing_leaves_it_uncertain(body: Any) -> None:
    async with answering(body) as gateway:
        assert (await failure(gateway.send(message()))).error.fate is Fate.UNCERTAIN


async def test_a_wrong_token_stops_the_gateway() -> None:
    async with speedsms() as (sim, _):
        gateway = SpeedSmsGateway(sim.url, "wrong", "HOTLINE")
        for call in (gateway.send(message()), gateway.balance(), gateway.ask("1")):
            error = (await failure(call)).error
            assert (error.code, error.fate, error.alarm) == ("speedsms_401", Fate.CHANNEL_DOWN, True)
        await gateway.close()


async def test_an_address_that_is_not_the_apis_takes_nothing() -> None:
    async with answering({"name": "Not Found", "code": 0, "status": 404}, 404) as gateway:
        assert (await failure(gateway.send(message()))).error == errors.MALFORMED


async def test_the_sixty_first_call_of_a_minute_waits_as_long_as_it_is_told() -> None:
    async with speedsms(per_minute=1) as (sim, gateway):
        sim.clock.advance(timedelta(seconds=60 - sim.clock.now().second))
        await gateway.send(message())
        failed = await failure(gateway.send(message()))
        assert (failed.error.fate, len(sim.journal.of("accepted"))) == (Fate.BACK_OFF, 1)
        assert failed.after_seconds is not None and 50 <= failed.after_seconds <= 60


async def test_a_lost_answer_is_uncertain_because_a_second_call_is_a_second_message() -> None:
    async with speedsms() as (sim, gateway):
        assert gateway.remembers == timedelta(0)
        sim.faults.arm({"kind": "reset_after", "count": 1})
        assert (await failure(gateway.send(message()))).error.fate is Fate.UNCERTAIN
        await gateway.send(message())
        assert len(sim.journal.of("accepted")) == 2


@pytest.mark.parametrize("kind", ["http_500", "html", "reset_before"])
async def test_only_reading_is_simply_tried_again(kind: str) -> None:
    async with speedsms() as (sim, gateway):
        sim.faults.arm({"kind": kind})
        assert (await failure(gateway.send(message()))).error.fate is Fate.UNCERTAIN
        assert (await failure(gateway.balance())).error.fate is Fate.RETRY
        assert (await failure(gateway.ask("1"))).error.fate is Fate.RETRY


async def test_no_server_means_not_sent() -> None:
    async with speedsms() as (_, gateway):
        pass
    gateway = SpeedSmsGateway("http://127.0.0.1:9", ACCESS_TOKEN, "HOTLINE")
    assert (await failure(gateway.send(message()))).error.fate is Fate.RETRY
    await gateway.close()


async def test_neither_token_nor_number_nor_text_is_logged() -> None:
    async with speedsms(balance=0) as (_, gateway):
        with structlog.testing.capture_logs() as said:
            failed = await failure(gateway.send(message()))
    assert said and not any(part in f"{said} {failed!r}" for part in (ACCESS_TOKEN, "900000001", "Moi ba con"))


async def test_the_simulator_reports_and_replies_as_the_webhook_is_read() -> None:
    async with Hotline().running() as hotline:
        sim = SpeedSmsSimulator(SpeedSmsSwitches(ids_are_text=False), webhook=hotline.url, retry_scale=0.0001)
        async with sim.running():
            gateway = SpeedSmsGateway.from_settings(settings_for(sim.account()))
            lan, hung = sim.people
            sim.actions["block"](hung, Wish({}))
            ids = [(await gateway.send(message(f"+{one.id}"))).message_id for one in (lan, hung)]
            await sim.deliverer.settle()
            sim.actions["reply"](lan, Wish({"text": "TC"}))
            await sim.deliverer.settle()
            await gateway.close()
        read = [read_report(call[0]) for call in hotline.calls]
    assert {one.message_id: one.state for one in read if isinstance(one, Report)} == {
        ids[0]: "delivered",
        ids[1]: "failed",
    }
    (opinion,) = [one for one in read if isinstance(one, Opinion)]
    assert (opinion.phone, opinion.text) == (LAN, "TC")


def test_every_genuine_call_is_read() -> None:
    read = {path.stem: read_report(path.read_bytes()) for path in sorted(FIXTURES.glob("*.json"))}
    assert read["delivered"] == Report("delivered", "123456")
    assert read["not_yet"] == Report("accepted", "123457")
    assert read["undelivered"] == Report("failed", "123458", reason="speedsms_undelivered")
    assert read["incoming"] == Opinion("+84901234567", "TC", "speedsms-123459")
    bare = read["incoming_bare"]
    assert isinstance(bare, Opinion) and (bare.phone, bare.text) == ("+84901234567", "tu choi")
    again = read_report((FIXTURES / "incoming_bare.json").read_bytes())
    assert isinstance(again, Opinion) and again.id_ != bare.id_  # a second STOP without a number is heard as well
    assert len(read) == 5


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "speedsms_not_json"),
        (b"[1]", "speedsms_not_json"),
        (b'{"type": "hello"}', "speedsms_type"),
        (b'{"type": ["report"], "tranId": "1"}', "speedsms_type"),
        (b'{"type": "report", "status": 0}', "speedsms_no_id"),
        (b'{"type": "report", "tranId": true, "status": 0}', "speedsms_no_id"),
        (b'{"type": "report", "tranId": "../user/info", "status": 0}', "speedsms_no_id"),
        (b'{"type": "report", "tranId": "1"}', "speedsms_status"),
        (b'{"type": "report", "tranId": "1", "status": -1}', "speedsms_status"),
        (b'{"type": "report", "tranId": "1", "status": 0.5}', "speedsms_status"),
        (b'{"type": "sms", "phone": "19001234", "content": "TC"}', "speedsms_sender"),
        (b'{"type": "sms", "phone": "0901234567"}', "speedsms_inbound"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, code: str) -> None:
    with pytest.raises(NotReadable) as raised:
        read_report(body)
    assert str(raised.value) == code


def test_it_is_opened_where_there_is_an_account_and_first_where_it_is_chosen() -> None:
    account = {
        "SPEEDSMS_ACCESS_TOKEN": "t",
        "SPEEDSMS_SENDER": "HOTLINE",
        "ESMS_API_KEY": "k",
        "ESMS_SECRET_KEY": "s",
        "ESMS_BRANDNAME": "HOTLINE",
    }
    assert list(open_gateways(settings_for(account)))[:2] == ["esms", "speedsms"]
    assert next(iter(open_gateways(settings_for({**account, "SMS_GATEWAY": "speedsms"})))) == "speedsms"
    assert open_gateways(settings_for({})) == {}
