"""A process and its Redis: asked, it answers soon or not at all; the log says once that it is lost, and once back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from store import redis_link
from store.redis_link import RedisAway, RedisLink
from tools.services.redis_server import PrivateRedis


@pytest.fixture
async def silent_url() -> AsyncIterator[str]:
    """A server that takes connections and never says a word."""
    connected: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: connected.append(writer), "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for writer in connected:
        writer.close()
        await writer.wait_closed()
    await server.wait_closed()


async def test_a_redis_that_is_killed_and_comes_back_is_reported_once_each(
    private_redis: PrivateRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_link, "ANSWER_SECONDS", 20)  # a busy machine takes its time to connect
    link = RedisLink(private_redis.url, retry_seconds=0)
    with capture_logs() as logs:
        assert await link.ask(link.client.ping)
        private_redis.kill()
        for _ in range(3):
            with pytest.raises(RedisAway):
                await link.ask(link.client.ping)
        private_redis.start()
        assert await link.ask(link.client.ping)
        assert await link.ask(link.client.ping)
    await link.close()
    assert [entry["event"] for entry in logs] == ["redis_lost", "redis_back"]
    assert private_redis.url not in str(logs)


async def test_while_redis_is_known_to_be_away_nobody_waits_for_it(silent_url: str) -> None:
    link = RedisLink(silent_url, retry_seconds=60)
    loop = asyncio.get_running_loop()
    before = loop.time()
    with pytest.raises(RedisAway):
        await link.ask(link.client.ping)
    assert loop.time() - before < 5  # half a second, on a machine that has other things to do
    asked = 0

    async def never_asked() -> None:
        nonlocal asked
        asked += 1

    with pytest.raises(RedisAway):
        await link.ask(never_asked)
    assert asked == 0
    await link.close()


async def test_one_finds_out_whether_redis_is_back_while_the_others_go_on(silent_url: str) -> None:
    link = RedisLink(silent_url, retry_seconds=0.01)
    link.lost(ConnectionError())
    await asyncio.sleep(0.02)
    link._retry_seconds = 60
    asked = asyncio.Event()

    async def ask_and_wait() -> None:
        asked.set()
        await link.client.ping()

    first = asyncio.create_task(link.ask(ask_and_wait))
    await asked.wait()
    with pytest.raises(RedisAway):
        await link.ask(link.client.ping)
    assert not first.done()
    with pytest.raises(RedisAway):
        await first
    await link.close()


async def test_who_is_told_to_end_while_it_asks_ends(redis_server: str) -> None:
    link = RedisLink(redis_server)
    for steps in range(40):
        for _ in range(5):
            asking = asyncio.create_task(link.ask(link.client.ping))
            for _ in range(steps):
                await asyncio.sleep(0)
            if asking.cancel():
                await asyncio.wait([asking])
                assert asking.cancelled(), steps
    await link.close()


async def test_a_url_may_name_the_hotline_by_a_prefix(redis_server: str) -> None:
    assert RedisLink(redis_server).prefix == "hotline"
    assert RedisLink(f"{redis_server}?prefix=thanh-hoa").prefix == "thanh-hoa"
    link = RedisLink(f"{redis_server}?prefix=thanh-hoa")
    assert await link.ask(link.client.ping)
    await link.close()
    with pytest.raises(ValueError):
        RedisLink("http://127.0.0.1")
