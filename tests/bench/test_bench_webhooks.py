"""The benchmark's Zalo is believed and is strict, and its load generator forgives no waiting."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
import pytest

from bench import end_to_end, zalo
from bench.catalogue import Sheet
from bench.end_to_end import Traffic
from bench.figures import Times
from bench.outages.reconciliation import Verdict
from bench.outages.run import Plan as Outage
from bench.outages.run import Result as Outcome
from bench.robustness import told_of_kills
from bench.scale import FULL, QUICK
from bench.survey_walk import Script
from bench.webhook_load import Plan, Result, load
from bench.webhooks import burst, receipts, told
from bench.wire import Wires, post
from integrations.zalo.signature import OA, Secrets
from integrations.zalo.sim_account import APP_ID, OA_ID, OA_SECRET
from integrations.zalo.sim_shapes import Shown
from integrations.zalo.webhook import Webhook
from programme.content import Content
from store.events import Echo, Event, Receipt
from store.messages import InboundMessage

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Answer = Callable[[bytes], Awaitable[bytes]]


@contextlib.asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[str]:
    """Answers each request by what `answer` makes of its body; hangs up after an empty answer and where it says so."""
    tasks = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                said = await answer(await reader.readexactly(length))
                writer.write(said)
                if not said or b"Connection: close" in said:
                    break
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


# --- the wire


async def test_a_connection_that_the_server_has_closed_is_opened_again() -> None:
    answers = itertools.chain([OK, b""], itertools.repeat(OK))

    async def answer(_: bytes) -> bytes:
        return next(answers)

    async with server(answer) as url, Wires.opened(url, 1) as wires:
        assert [await wires.post(post("/", b"{}", {})) for _ in range(4)] == [200, 0, 200, 200]


async def test_a_connection_that_was_closed_while_nobody_used_it_costs_no_call() -> None:
    async def answer(_: bytes) -> bytes:
        return OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    async with server(answer) as url, Wires.opened(url, 1) as wires:
        for _ in range(3):
            assert await wires.post(post("/", b"{}", {})) == 200
            await asyncio.sleep(0.02)  # the end of the connection has come


async def test_an_answer_that_is_not_waited_for_is_not_taken_for_the_next_one() -> None:
    async def answer(body: bytes) -> bytes:
        await asyncio.sleep(0.05 if body == b"slow" else 0)
        return OK.replace(b"200", b"503") if body == b"slow" else OK

    async with server(answer) as url, Wires.opened(url, 1) as wires:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wires.post(post("/", b"slow", {})), 0.01)
        assert await wires.post(post("/", b"fast", {})) == 200


# --- Zalo


def read(call: bytes) -> Event:
    head, _, body = call.partition(b"\r\n\r\n")
    headers = dict(line.decode().lower().split(": ", 1) for line in head.split(b"\r\n")[1:])
    (event,) = Webhook(APP_ID, OA_ID, Secrets({OA: OA_SECRET}, (OA,))).read(headers, body, NOW)
    return event


def test_calls_are_signed_and_read_as_what_they_report() -> None:
    user, at = zalo.person(7), NOW.timestamp()

    message = read(zalo.call(zalo.written(user, "m1", "xin chào"), at))
    assert isinstance(message, InboundMessage)
    assert (message.address, message.text, message.received_at) == (user, "xin chào", NOW)
    assert isinstance(read(zalo.call(zalo.echoed(user, "m2", "Dạ"), at)), Echo)
    arrived = [read(zalo.call(kind(user, "m2"), at)) for kind in (zalo.received, zalo.seen)]
    assert [isinstance(one, Receipt) and one.seen for one in arrived] == [False, True]
    assert {getattr(one, "address", "") for one in arrived} == {user}


@pytest.mark.parametrize(
    ("token", "message", "error"),
    [
        (zalo.ACCESS, {"text": "Dạ"}, 0),
        ("another", {"text": "Dạ"}, zalo.NO_SUCH_TOKEN),
        (zalo.ACCESS, {"text": "Dạ" * 1001}, -201),
        (zalo.ACCESS, {"words": "Dạ"}, -201),
    ],
)
async def test_the_platform_takes_only_what_zalo_would(token: str, message: dict[str, str], error: int) -> None:
    taken: list[tuple[str, str]] = []
    platform = zalo.Platform(lambda user, _, shown, at: taken.append((user, shown.text)))
    async with platform.running() as account, aiohttp.ClientSession() as session:
        body = {"recipient": {"user_id": "3"}, "message": message}
        url = f"{account['ZALO_OPENAPI_URL']}/v3.0/oa/message/cs"
        async with session.post(url, json=body, headers={"access_token": token}) as response:
            assert (await response.json())["error"] == error

    assert taken == ([] if error else [("3", "Dạ")])
    assert (platform.taken, platform.refused) == ((0, 1) if error else (1, 0))


# --- the load


async def test_a_call_behind_a_stall_counts_from_the_instant_for_which_it_was_planned() -> None:
    stalled, open_again = 0, asyncio.Event()

    async def answer(_: bytes) -> bytes:
        nonlocal stalled
        stalled += 1
        if stalled == 1:
            asyncio.get_running_loop().call_later(0.3, open_again.set)
        await open_again.wait()
        return OK

    async with server(answer) as url:
        events = [zalo.written(zalo.person(n), str(n), "a") for n in range(150)]
        result = await load(Plan(url, 1000, 1, events))

    assert result.statuses == [200] * 150
    # 150 calls in 0.15 s: more than there are connections, and all of them before the stall is over
    assert Times(tuple(result.ms)).p50 > 150
    assert stalled == 150


def test_what_was_not_answered_by_200_is_told() -> None:
    assert "no error" in told(Result([1.0, 2500.0], [200, 200], 0.5))
    assert "1 later than the 2 s" in told(Result([1.0, 2500.0], [200, 200], 0.5))
    assert "2 errors: {503: 1, 0: 1}" in told(Result([1.0, 2.0, 3.0], [503, 0, 200], 0.5))


def test_a_burst_is_of_people_who_ask_two_questions_each() -> None:
    events = burst(["một", "hai", "ba"], QUICK)

    assert len(events) == QUICK.webhooks_per_second * QUICK.webhook_seconds
    assert set(Counter(event["sender"]["id"] for event in events).values()) == {2}
    assert len({event["message"]["msg_id"] for event in events}) == len(events)


def test_receipts_report_messages_that_there_are() -> None:
    events = receipts([("3", "a"), ("4", "b")], QUICK)

    assert Counter(event["event_name"] for event in events) == {"user_received_message": 2, "user_seen_message": 2}
    assert {event["recipient"]["id"] for event in events} == {"3", "4"}


# --- end to end


async def test_the_first_answer_ends_the_time_and_is_reported_back(content: Content) -> None:
    called: list[str] = []

    async def answer(body: bytes) -> bytes:
        called.append(json.loads(body)["event_name"])
        return OK

    traffic = Traffic(Script(content), ["bao giờ có kết quả"], 2)
    async with server(answer) as url, Wires.opened(url, 2) as traffic.wires:
        await traffic._write(traffic.writers[zalo.person(1)], "a", asyncio.get_running_loop().time())
        for number in range(2):
            traffic.take(zalo.person(1), str(number), Shown("text", "Dạ"), asyncio.get_running_loop().time())
        assert await traffic.finish() == 0

    assert len(traffic.ms) == 1
    assert Counter(called) == {"user_send_text": 1, "oa_send_text": 2, "user_received_message": 2}


async def test_who_is_not_answered_counts_as_the_longest_wait(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end_to_end, "REPLY_SECONDS", 0.1)

    async def answer(_: bytes) -> bytes:
        return OK

    traffic = Traffic(Script(content), [], 1)
    async with server(answer) as url, Wires.opened(url, 1) as traffic.wires:
        await traffic._write(traffic.writers[zalo.person(0)], "a", 0.0)
        assert await traffic.finish() == 1

    assert traffic.ms == [100.0]


# --- kills


def test_kills_are_told_with_what_remains_uncertain() -> None:
    verdict = Verdict(messages=9, answered=8, uncertain=1, lost=["zalo 3: a"])
    words = told_of_kills(Outcome(Outage(2, 50, 1, 1, "sqlite:///x"), verdict, Counter(app1=1, dialogue=1), 3.0))

    assert "2 kills (app1 1, dialogue 1)" in words and "1 uncertain" in words and "lost 1" in words
    assert words.endswith("lost zalo 3: a")


def test_a_tail_is_judged_by_its_99th_percentile() -> None:
    sheet = Sheet()
    figure = sheet["webhook_durable"].tailed(Times((*[10.0] * 98, 51.0, 900.0)))

    assert (figure.value, figure.p95, figure.met) == (51.0, 10.0, False)


def test_a_smoke_run_has_its_webhooks_kills_and_fuzzed_calls_too() -> None:
    assert sum(FULL.kills) == 100 and all(QUICK.kills)
    assert 0 < QUICK.fuzzed_bodies < FULL.fuzzed_bodies
    assert 0 < QUICK.webhook_seconds < FULL.webhook_seconds
