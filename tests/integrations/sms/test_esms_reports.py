"""What eSMS says by itself: reports and the short code, as parsed by us and as its simulator makes them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import NotGenuine, NotReadable
from integrations.sms.esms.callback import read_callback
from integrations.sms.esms.inbound import answer, read_inbound, sign
from integrations.sms.gateway import Opinion, Report, Taken
from tests.integrations.sms.esms_stand_in import LAN, client_of, esms, fixture, listening, message

ROOT = Path(__file__).parents[3]


def query(name: str, **changes: str) -> dict[str, str]:
    return dict(parse_qsl(fixture(f"{name}.txt"), keep_blank_values=True)) | changes


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("callback_delivered", Report("delivered", "d533156", "r-1", price=850)),
        ("callback_failed_two_parts", Report("failed", "d533156", None, "esms_undelivered", 1700)),
        ("callback_sent", Report("accepted", "d533156", "r-1", price=850)),
        ("callback_rejected", Report("failed", "d533156", "r-1", "esms_rejected", 0)),
    ],
)
def test_reports_of_the_pages_are_read(name: str, report: Report) -> None:
    assert read_callback(query(name)) == report


@pytest.mark.parametrize(
    "changes",
    [
        {"SMSID": "", "RequestId": ""},
        {"SMSID": "a" * 81},
        {"SendStatus": ""},
        {"SendStatus": "6"},
        {"SendStatus": "5; DROP TABLE"},
        {"SendSuccess": "0"},
        {"SendSuccess": "nan"},
        {"SendSuccess": "-1"},
        {"SendSuccess": "1e400"},
    ],
)
def test_a_report_that_says_nothing_certain_is_not_read(changes: dict[str, str]) -> None:
    with pytest.raises(NotReadable):
        read_callback(query("callback_delivered", **changes))


@given(st.dictionaries(st.sampled_from(["SMSID", "RequestId", "SendStatus", "SendSuccess", "TotalPrice"]), st.text()))
def test_whatever_is_called_is_a_report_or_not_readable(said: dict[str, str]) -> None:
    with contextlib.suppress(NotReadable):
        assert read_callback(said).state in ("accepted", "delivered", "failed")


def test_the_signature_of_the_short_code_is_that_of_the_page() -> None:
    assert sign("key1", "cp1", "smsid1", "noi dung", "20260101080000") == "UH/yds6nnsdm+RQTebJJGw=="
    assert read_inbound(query("inbound"), "key1") == Opinion("+84901888484", "noi dung", "smsid1")


@pytest.mark.parametrize(
    "changes",
    [
        *({"sign": ""}, {"sign": "UH/yds6nnsdm+RQTebJJGx=="}, {"sign": "é"}, {"content": "TC"}),
        *({"smsid": "smsid2"}, {"cpid": "cp2"}, {"receiverTime": "20260101080001"}),
    ],
)
def test_a_message_that_was_changed_is_not_believed(changes: dict[str, str]) -> None:
    with pytest.raises(NotGenuine):
        read_inbound(query("inbound", **changes), "key1")


@pytest.mark.parametrize(("field", "value"), [("sender", "8041"), ("smsid", ""), ("smsid", "a" * 81)])
def test_a_genuine_message_without_a_number_or_an_id_is_not_read(field: str, value: str) -> None:
    said = query("inbound", **{field: value})
    said["sign"] = sign("key1", said["cpid"], said["smsid"], said["content"], said["receiverTime"])
    with pytest.raises(NotReadable):
        read_inbound(said, "key1")


def test_the_answer_to_the_short_code_is_well_formed_whatever_stands_in_it() -> None:
    said = answer("a<b>&", "84901888484", "Cô Lan & bác <Hùng>")
    assert "Cô Lan &amp; bác &lt;Hùng&gt;" in said and "<Smsid>a&lt;b&gt;&amp;</Smsid>" in said


async def test_a_report_comes_when_its_time_has_come_and_names_the_message() -> None:
    async with listening() as ear, esms(report_ms=60_000) as (simulator, gateway):
        taken = await gateway.send(message(callback=ear.url))
        assert not ear.heard
        simulator.clock.advance(timedelta(minutes=1))
        await simulator.callbacks.settle()
        assert [read_callback(one) for one in ear.heard] == [Report("delivered", taken.message_id, "r-1", price=850)]


async def test_reports_may_come_twice_and_in_the_wrong_order_and_without_our_id() -> None:
    async with (
        listening() as ear,
        esms(report_ms=0, duplicate_events=True, in_order=False, empty_request_id=True) as (simulator, gateway),
    ):
        await gateway.send(message(callback=ear.url))
        await simulator.callbacks.settle()
    assert [one["SendStatus"] for one in ear.heard] == ["5", "5", "7"]
    assert {one["RequestId"] for one in ear.heard} == {""}


@pytest.mark.parametrize(("status", "calls"), [(200, 1), (500, 1), (404, 1), (None, 6)])
async def test_only_a_receiver_that_does_not_answer_is_called_again(status: int | None, calls: int) -> None:
    async with listening(status) as ear, esms(report_ms=0, callback_deadline_ms=20) as (simulator, gateway):
        await gateway.send(message(callback=ear.url))
        while simulator.callbacks.pending:
            simulator.clock.advance(timedelta(minutes=1))
            await asyncio.wait([asyncio.create_task(simulator.pulse.wait(0.05))])
    assert len(ear.heard) == calls


async def test_a_share_of_messages_is_never_reported() -> None:
    async with listening() as ear, esms(report_ms=0, silent_percent=30, undelivered_percent=20) as (simulator, gateway):
        for n in range(100):
            await gateway.send(message(f"r-{n}", f"+849{n:08}", callback=ear.url))
        await simulator.callbacks.settle()
    failed = sum(one["SendFailed"] != "0" for one in ear.heard)
    assert 5 < failed < 40 and 60 < len(ear.heard) < 90


async def test_a_simulator_that_was_killed_knows_what_it_had_taken(tmp_path: Path) -> None:
    """The file of one that ended in the middle of a line, with a report that nobody had heard."""
    file = tmp_path / "taken.jsonl"
    async with listening() as ear:
        async with esms(file, report_ms=3_600_000) as (_, gateway):
            first = await gateway.send(message(callback=ear.url))
        file.write_bytes(file.read_bytes() + b'["taken","half')
        async with esms(file, report_ms=0) as (simulator, gateway):
            assert await gateway.send(message()) == Taken(None)
            assert simulator.accepted(LAN) == 1
            await simulator.callbacks.settle()
            assert await gateway.send(message("r-2")) != Taken(None)
        async with esms(file, report_ms=0) as (simulator, _):
            await simulator.callbacks.settle()
            assert simulator.taken.by_request == {"r-1": 1, "r-2": 1}
    assert [one["SMSID"] for one in ear.heard] == [first.message_id]


async def test_a_process_of_its_own_witnesses_over_its_control_api(tmp_path: Path) -> None:
    command = ("-m", "integrations.sms.esms.simulator", "--follow-stdin", "--switch", "template_check=false")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, "--journal", str(tmp_path / "j"), stdin=pipe, stdout=pipe, cwd=ROOT
    )
    assert process.stdout is not None and process.stdin is not None
    url = (await process.stdout.readline()).decode().strip()
    async with client_of(url) as gateway, aiohttp.ClientSession() as session:
        await gateway.send(message(text="Hop thon"))
        async with session.get(f"{url}/__sim/accepted") as answer:
            assert await answer.json() == {"total": 1, "phones": {LAN: 1}, "requests": {"r-1": 1}}
        async with session.get(f"{url}/__sim/accepted", params={"phone": LAN}) as answer:
            assert (await answer.json())["messages"][0]["text"] == "Hop thon"
    process.stdin.close()
    assert await process.wait() == 0
