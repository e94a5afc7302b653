"""eSMS as a gateway: what each answer comes to, and that a repeated call is never a second message."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import structlog

from integrations.errors import Fate, SendFailed
from integrations.simulation.people import Wish
from integrations.sms import transport
from integrations.sms.esms import errors
from integrations.sms.esms.client import SEND, EsmsGateway
from integrations.sms.esms.sim_account import API_KEY, SECRET_KEY
from integrations.sms.gateway import Bulk, Report, Taken
from tests.integrations.sms.esms_stand_in import LAN, answering, client_of, esms, fixture, listening, message


async def refused(gateway: EsmsGateway, bulk: Bulk | None = None) -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await gateway.send(bulk or message())
    return caught.value


async def test_a_message_that_is_taken_has_an_id_and_is_witnessed_once() -> None:
    async with esms() as (simulator, gateway):
        taken = await gateway.send(message())
        assert taken.message_id in simulator.taken.messages
        assert simulator.accepted(LAN) == 1
        assert simulator.taken.by_request == {"r-1": 1}


async def test_accents_go_out_as_they_are_when_the_message_says_so() -> None:
    async with esms() as (simulator, gateway):
        await gateway.send(message(text="Xã Hợp Tiến thông báo: họp thôn 8 giờ", unicode=True))
        [one] = simulator.taken.messages.values()
        assert one.text == "Xã Hợp Tiến thông báo: họp thôn 8 giờ"


@pytest.mark.parametrize("code", sorted(set(errors.TABLE) - {errors.REPEATED}))
async def test_every_code_of_the_table_has_its_fate(code: int) -> None:
    async with esms() as (simulator, gateway):
        simulator.faults.arm({"kind": "error", "code": code})
        failure = await refused(gateway)
    assert failure.error == errors.error(code)
    assert failure.error.fate is errors.TABLE[code][0]
    assert simulator.accepted(LAN) == 0


async def test_a_code_that_nobody_has_described_is_final_and_somebody_is_told() -> None:
    async with esms() as (simulator, gateway):
        simulator.faults.arm({"kind": "error", "code": 9999})
        failure = await refused(gateway)
    assert (failure.error.code, failure.error.fate, failure.error.alarm) == ("esms_9999", Fate.REFUSED, True)


@pytest.mark.parametrize(
    ("switches", "bulk", "code"),
    [
        ({}, message(phone="+84123"), 108),
        ({}, message(text="Chao ban"), 146),
        ({}, message(text="UBND xã thông báo: họp"), 146),
        ({"unregistered": "mobifone"}, message(), 177),
        ({"banned_word": "hop thon"}, message(), 201),
        ({"balance": 849}, message(), 103),
        ({"ip_allowed": False}, message(), 140),
        ({"locked": True}, message(), 143),
        ({"errors_status": 400, "locked": True}, message(), 143),
    ],
)
async def test_the_simulator_refuses_what_esms_refuses(switches: dict[str, Any], bulk: Bulk, code: int) -> None:
    async with esms(**switches) as (simulator, gateway):
        assert (await refused(gateway, bulk)).error.code == f"esms_{code}"
        assert not simulator.taken.messages


async def test_a_blocked_number_a_wrong_brandname_and_wrong_keys_are_told_apart() -> None:
    async with esms() as (simulator, gateway):
        simulator.people.find(LAN).blocked = True
        assert (await refused(gateway)).error.code == "esms_99"
        async with client_of(simulator.url, ESMS_BRANDNAME="KHAC") as other:
            assert (await refused(other, message(phone="+84900000002"))).error.code == "esms_104"
        async with client_of(simulator.url, ESMS_SECRET_KEY="x") as other:
            failure = await refused(other)
    assert (failure.error.code, failure.error.fate) == ("esms_101", Fate.CHANNEL_DOWN)


async def test_whoever_calls_too_fast_waits_a_moment() -> None:
    async with esms(per_second=1) as (_, gateway):
        await gateway.send(message())
        failure = await refused(gateway, message("r-2"))
    assert (failure.error.fate, failure.after_seconds) == (Fate.BACK_OFF, errors.BACK_OFF_SECONDS)


@pytest.mark.parametrize("kind", ["reset_after", "timeout_after"])
async def test_an_answer_that_was_lost_is_asked_for_again_and_is_no_second_message(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.3)
    async with esms() as (simulator, gateway):
        simulator.faults.arm({"kind": kind, "count": 1, "seconds": 1, "path": "SendMultipleMessage"})
        assert (await refused(gateway)).error == errors.OUTCOMES.no_answer
        assert await gateway.send(message()) == Taken(None)
        assert simulator.accepted(LAN) == 1
        simulator.clock.advance(gateway.remembers)
        assert await gateway.send(message()) == Taken(None)
        simulator.clock.advance(timedelta(hours=24) - gateway.remembers)
        assert (await gateway.send(message())).message_id
    assert simulator.accepted(LAN) == 2


async def test_a_repetition_while_the_first_call_is_not_answered_may_be_busy() -> None:
    async with esms(repeat_while_busy=199, delay_ms=100) as (simulator, gateway):
        first = asyncio.create_task(gateway.send(message()))
        while not simulator.accepted(LAN):
            await asyncio.sleep(0)
            await asyncio.wait([first], timeout=0.01)
        assert (await refused(gateway)).error.fate is Fate.UNCERTAIN
        assert (await first).message_id
    assert simulator.accepted(LAN) == 1


@pytest.mark.parametrize("kind", ["http_500", "http_502", "html", "reset_before"])
async def test_what_says_nothing_about_the_message_leaves_it_uncertain(kind: str) -> None:
    async with esms() as (simulator, gateway):
        simulator.faults.arm({"kind": kind})
        assert (await refused(gateway)).error.fate is Fate.UNCERTAIN


@pytest.mark.parametrize(
    "body",
    [
        *("", "[]", "100", "null", "{", "{}", '{"CodeResult":null}', '{"CodeResult":true}', '{"CodeResult":"1e2"}'),
        *(
            '{"CodeResult":[100]}',
            '{"CodeResult":"\uff11\uff10\uff10"}',
            '{"CodeResult":-1}',
            "{" * 5000,
            '"' + "a" * 400_000 + '"',
        ),
    ],
)
async def test_an_answer_that_cannot_be_read_leaves_it_uncertain(body: str) -> None:
    async with answering(body) as gateway:
        assert (await refused(gateway)).error == errors.OUTCOMES.not_json


async def test_a_body_that_esms_cannot_read_was_not_taken() -> None:
    async with answering(fixture("send_malformed.json"), 400) as gateway:
        assert (await refused(gateway)).error == errors.MALFORMED


@pytest.mark.parametrize(("name", "code"), [("send_bad_keys.json", "esms_101"), ("send_template.json", "esms_146")])
async def test_the_answers_of_the_pages_are_read(name: str, code: str) -> None:
    async with answering(fixture("send_accepted.json")) as gateway:
        assert await gateway.send(message()) == Taken("d5330a9bf1a64c9c8a8f2f1f0b2c7e5a156")
    async with answering(fixture("send_repeated.json")) as gateway:
        assert await gateway.send(message()) == Taken(None)
    async with answering(fixture(name)) as gateway:
        assert (await refused(gateway)).error.code == code


async def test_nobody_at_the_other_end_means_certainly_not_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with client_of(f"http://127.0.0.1:{taken.getsockname()[1]}") as gateway:
            assert (await refused(gateway)).error.fate is Fate.RETRY


async def test_what_became_of_a_message_is_asked_for() -> None:
    async with esms(report_ms=10_000) as (simulator, gateway):
        ids = [(await gateway.send(message(f"r-{n}", f"+8490000010{n}"))).message_id or "" for n in range(2)]
        simulator.taken.messages[ids[1]].fate = "failed"
        assert await gateway.ask(ids[0]) is None
        for seconds, state in ((2, "accepted"), (4, "accepted"), (5, "delivered")):
            simulator.clock.advance(timedelta(seconds=seconds))
            report = await gateway.ask(ids[0])
            assert report is not None and (report.state, report.price) == (state, 850)
        failed = await gateway.ask(ids[1])
        assert failed is not None and (failed.state, failed.reason) == ("failed", "esms_undelivered")
        assert await gateway.ask("nobody's") is None
        simulator.clock.advance(timedelta(days=7))
        assert await gateway.ask(ids[0]) is None


async def test_states_and_balance_are_read_as_in_the_pages() -> None:
    async with answering(fixture("status_delivered.json")) as gateway:
        assert await gateway.ask("d533156") == Report("delivered", "d533156", price=850)
    async with answering(fixture("balance.json")) as gateway:
        assert await gateway.balance() == 36693
    async with answering('{"CodeResponse":"100","SendStatus":99}') as gateway:
        with pytest.raises(SendFailed) as caught:
            await gateway.ask("d533156")
        assert caught.value.error.fate is Fate.RETRY
    async with answering("<html>", kind="text/html") as gateway:
        for call in (gateway.ask("d533156"), gateway.balance()):
            with pytest.raises(SendFailed) as caught:
                await call
            assert caught.value.error.fate is Fate.RETRY


async def test_the_balance_falls_with_every_part() -> None:
    async with esms(balance=10_000) as (_, gateway):
        await gateway.send(message(text="UBND xa thong bao: " + "a" * 150))
        assert await gateway.balance() == 10_000 - 2 * 850


async def test_paths_and_bodies_are_held_to_the_letter() -> None:
    async with esms() as (simulator, _), aiohttp.ClientSession() as session:
        good = {"ApiKey": API_KEY, "SecretKey": SECRET_KEY, "Phone": "0900000001", "Brandname": "CDS.XA"}
        good |= {"Content": "UBND xa thong bao: hop", "SmsType": "2", "RequestId": "r-9", "Sandbox": "1"}

        async def post(body: Any, path: str = SEND) -> tuple[int, Any]:
            async with session.post(simulator.url + path, json=body) as answer:
                return answer.status, await (answer.json() if answer.content_type.endswith("json") else answer.text())

        malformed = (200, {"error": "Invalid request"})
        assert (await post(good, SEND.rstrip("/")))[0] == 404
        assert await post([]) == malformed
        assert await post(good | {"IsUnicode": 0}) == malformed
        assert await post({name: value for name, value in good.items() if name != "Phone"}) == malformed
        assert await post(good | {"RequestId": "a" * 51}) == malformed
        assert (await post({name: value for name, value in good.items() if name != "SmsType"}))[1][
            "CodeResult"
        ] == "300"
        assert (await post(good | {"SmsType": "9"}))[1]["CodeResult"] == "118"
        async with session.post(simulator.url + SEND, data="{}") as answer:
            assert await answer.json() == malformed[1]
        code = (await post(good))[1]
        assert code["CodeResult"] == "100" and code["SMSID"]
        assert not simulator.taken.messages  # a sandbox keeps nothing
        few = good | {"Phones": ["0900000001"] * 40, "SmsType": "1"}
        path = SEND.replace("SendMultipleMessage_V4_post_json", "SendMultipleSMSBrandname_json")
        assert (await post(few, path))[1]["CodeResult"] == "107"
        assert (await post(few | {"Phones": [f"09{n:08}" for n in range(5001)]}, path))[1]["CodeResult"] == "120"


async def test_neither_keys_nor_numbers_nor_texts_get_into_a_log_or_an_exception(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = []
    with structlog.testing.capture_logs() as logs:
        for kind in ("http_500", "html", "reset_before", "reset_after", "error"):
            async with esms() as (simulator, gateway):
                simulator.faults.arm({"kind": kind, "code": 101})
                for call in (gateway.send(message()), gateway.ask("an-id"), gateway.balance()):
                    with pytest.raises(SendFailed) as caught:
                        await call
                    failure: BaseException | None = caught.value
                    while failure is not None:
                        said.append(repr(failure) + str(failure))
                        failure = failure.__cause__ or failure.__context__ if failure.__cause__ else None
            assert API_KEY not in str(simulator.journal.entries)
    everything = repr(logs) + caplog.text + " ".join(said)
    assert not any(part in everything for part in (API_KEY, SECRET_KEY, "900000001", "hop thon"))
    assert logs


async def test_what_a_number_had_five_minutes_ago_does_not_arrive_twice() -> None:
    async with listening() as ear, esms(report_ms=0) as (simulator, gateway):
        for number in (1, 2):
            await gateway.send(message(f"r-{number}", callback=ear.url))
        await simulator.callbacks.settle()
        simulator.clock.advance(timedelta(minutes=5))
        await gateway.send(message("r-3", callback=ear.url))
        await simulator.callbacks.settle()
    fates = {one["RequestId"]: (one["SendSuccess"], one["SendFailed"]) for one in ear.heard}
    assert fates == {"r-1": ("1", "0"), "r-2": ("0", "1"), "r-3": ("1", "0")}


async def test_a_telephone_that_is_off_gets_nothing() -> None:
    async with esms() as (simulator, gateway):
        lan = simulator.people.find(LAN)
        simulator.actions["switch_off"](lan, Wish({}))
        taken = await gateway.send(message())
        assert simulator.taken.messages[taken.message_id or ""].fate == "failed"
        assert not lan.bubbles
