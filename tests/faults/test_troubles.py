"""Whatever the platforms, the dialogue and the clocks do: what was received is answered once, in order, or accounted
for.
"""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.polling import TelegramPoller
from tests.faults.street import ROUNDS, Street, converse, say_back


async def test_without_troubles_everything_is_answered_once_and_in_order(street: Street) -> None:
    verdict = await converse(street, 60)
    assert (verdict.messages, verdict.answered, verdict.faults) == (60, 60, [])


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "http_500"},
        {"kind": "http_502"},
        {"kind": "html"},
        {"kind": "reset_before"},
        {"kind": "reset_after"},
        {"kind": "timeout_after", "seconds": 0.05},
        {"kind": "rate_limit", "seconds": 3},
    ],
    ids=lambda fault: fault["kind"],
)
async def test_whatever_the_provider_answers_nothing_is_lost_or_said_twice(
    street: Street, fault: dict[str, Any]
) -> None:
    paths = {street.zalo: "/v3.0/oa/message/cs", street.telegram: "/sendMessage"}
    for simulator, path in paths.items():
        simulator.faults.arm({**fault, "share": 0.3, "path": path, "seed": 7})
    verdict = await converse(street, 40)
    assert verdict.messages == 40 and verdict.faults == []
    assert verdict.answered + verdict.uncertain == 40
    if fault["kind"] == "rate_limit":
        assert verdict.uncertain == 0  # certainly not taken, so all of it goes out later


async def test_a_storm_of_429_delays_and_loses_nothing(street: Street) -> None:
    street.zalo.faults.arm({"kind": "rate_limit", "seconds": 5, "path": "/v3.0/oa/message/cs"})
    street.telegram.faults.arm({"kind": "rate_limit", "seconds": 5, "path": "/sendMessage"})

    def storm_ends(chance: random.Random) -> None:
        if chance.random() < 0.2:
            street.telegram.faults.clear()

    verdict = await converse(street, 40, during=storm_ends)
    assert (verdict.answered, verdict.uncertain, verdict.faults) == (40, 0, [])


async def test_clocks_that_jump_lose_and_repeat_nothing(street: Street) -> None:
    def jump(chance: random.Random) -> None:
        street.bot.clock.advance(timedelta(seconds=chance.choice((-90, -5, 5, 40, 90))))

    verdict = await converse(street, 40, during=jump)
    assert verdict.messages == 40 and verdict.faults == []
    assert verdict.answered + verdict.with_person + verdict.uncertain == 40


async def test_a_dialogue_that_is_away_for_a_while_is_waited_for(street: Street) -> None:
    async def away(_: dict[str, Any]) -> web.Response:
        return web.Response(status=503)

    def comes_and_goes(chance: random.Random) -> None:
        street.bot.rasa.answer = away if chance.random() < 0.5 else say_back

    street.bot.rasa.answer = away
    await converse(street, 30, during=comes_and_goes)
    street.bot.rasa.answer = say_back
    for _ in range(ROUNDS):
        await street.round()
    verdict = await street.verdict()
    assert verdict.messages == 30 and verdict.faults == []
    assert verdict.answered + verdict.with_person == 30


async def test_a_poller_confirms_only_what_is_kept(street: Street) -> None:
    """The database is away while updates come: they come again."""
    person = next(iter(street.telegram.people))
    street.write(street.telegram, person, "câu hỏi của cửa hàng kể từ dòng 1")
    taken: list[int] = []

    async def fails_once(channel: str, events: Any) -> None:
        taken.append(len(events))
        if len(taken) == 1:
            raise OSError
        await street.intake.take(channel, events)

    poller = TelegramPoller(street.bot.database, street.bot.clock, street.provider, fails_once, naps=(0.01,))
    polling = asyncio.create_task(poller.run())
    async with asyncio.timeout(20):
        while len(taken) < 2:
            await asyncio.sleep(0.02)
    polling.cancel()
    await asyncio.wait([polling])
    for _ in range(5):
        await street.round()
    verdict = await street.verdict()
    assert (verdict.answered, verdict.faults) == (1, [])


async def test_webhooks_survive_a_connection_that_ends_in_the_middle(street: Street) -> None:
    host, port = street.url.split("/")[2].split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b'POST /webhooks/zalo HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n{"app_id":')
    await writer.drain()
    writer.close()
    async with aiohttp.ClientSession() as session, session.post(street.url, data=b"{}") as answer:
        assert answer.status == 401
