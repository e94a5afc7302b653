"""Wake-ups: inside one process, and among several through Redis, which may be away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator

import pytest

from bot.shared_wakeups import MOST_HINTS, SharedWakeups
from bot.wakeups import INBOX, Wakeups
from store.redis_link import RedisLink
from tools.services.redis_server import PrivateRedis

LONG = 20.0  # seconds; nobody waits so long unless something is broken


@contextlib.asynccontextmanager
async def process(url: str) -> AsyncIterator[SharedWakeups]:
    """One app process' wake-ups, relayed."""
    link = RedisLink(url, retry_seconds=0.01)
    wakeups = SharedWakeups(link)
    running = asyncio.create_task(wakeups.run())
    yield wakeups
    running.cancel()
    ended, _ = await asyncio.wait([running], timeout=LONG)
    assert ended and running.cancelled()
    await link.close()


async def heard(speaker: Wakeups, listener: Wakeups, key: str) -> bool:
    """Whether what one process is told reaches the other; told again and again, since hints may be dropped."""
    waiter = listener.listen(key)
    for _ in range(int(LONG / 0.02)):
        speaker.notify(key)
        if await listener.wait(asyncio.shield(waiter), 0.02):
            return True
    waiter.cancel()
    return False


# --- inside one process ---


async def test_who_waits_for_a_key_is_woken_by_it_and_by_no_other() -> None:
    wakeups = Wakeups()
    first, second, other = wakeups.listen("a"), wakeups.listen("a"), wakeups.listen("b")
    wakeups.notify("a")
    assert await wakeups.wait(first, LONG) and await wakeups.wait(second, LONG)
    assert not await wakeups.wait(other, 0)


async def test_news_between_listening_and_waiting_is_not_missed() -> None:
    wakeups = Wakeups()
    waiter = wakeups.listen(INBOX)
    wakeups.notify(INBOX)
    assert await wakeups.wait(waiter, LONG)


async def test_nothing_is_kept_of_those_who_no_longer_wait() -> None:
    wakeups = Wakeups()
    wakeups.listen("a").cancel()
    assert not await wakeups.wait(wakeups.listen("b"), 0)
    await asyncio.sleep(0)
    assert not wakeups._waiting


async def test_who_is_told_to_end_ends_even_if_the_news_comes_at_the_same_time() -> None:
    wakeups = Wakeups()
    waiting = asyncio.create_task(wakeups.wait(wakeups.listen("a"), LONG))
    await asyncio.sleep(0)
    wakeups.notify("a")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


# --- among several ---


async def test_a_wake_up_reaches_the_other_processes_both_ways(redis_url: str) -> None:
    async with process(redis_url) as one, process(redis_url) as two:
        assert await heard(one, two, INBOX)
        assert await heard(two, one, "conversation")


async def test_a_wake_up_reaches_the_own_process_at_once_and_its_echo_wakes_nobody(redis_url: str) -> None:
    async with process(redis_url) as one, process(redis_url) as two:
        assert await heard(one, two, "ready") and await heard(two, one, "ready")
        waiter = one.listen("a")
        one.notify("a")
        assert waiter.done()
        again, there = one.listen("a"), two.listen("end")
        one.notify("end")
        assert await two.wait(there, LONG)  # so the echo of "a", told before it, has gone round
        two.notify("back")
        assert await one.wait(one.listen("back"), LONG)
        assert not again.done()
        again.cancel()


async def test_hotlines_that_share_a_redis_do_not_hear_each_other(redis_url: str) -> None:
    async with (
        process(redis_url) as one,
        process(redis_url) as two,
        process(redis_url + "x") as stranger,
        process(redis_url + "x") as friend,
    ):
        assert await heard(one, two, "ready") and await heard(friend, stranger, "ready")
        waiter = stranger.listen(INBOX)
        assert await heard(one, two, INBOX) and await heard(friend, stranger, "anything else")
        assert not await stranger.wait(waiter, 0)


@pytest.mark.parametrize("noise", [b"\xff\xfe", b"", b"[]", b"7", b"null", b"{", b"[[1], {}]", b"\x00" * 1000])
async def test_what_is_no_hint_is_passed_over(redis_url: str, noise: bytes) -> None:
    async with process(redis_url) as one, process(redis_url) as two:
        assert await heard(one, two, "ready")
        await one.link.client.publish(one.channel, noise)
        assert await heard(one, two, INBOX)


async def test_telling_is_harmless_and_bounded_without_redis_and_without_a_relay(private_redis: PrivateRedis) -> None:
    private_redis.kill()
    link = RedisLink(private_redis.url)
    wakeups = SharedWakeups(link)
    for _ in range(3 * MOST_HINTS):
        wakeups.notify(uuid.uuid4().hex)
    assert len(wakeups._hints) == MOST_HINTS
    waiter = wakeups.listen(INBOX)
    wakeups.notify(INBOX)
    assert waiter.done()
    await link.close()


async def test_many_hints_for_one_key_are_told_as_one(redis_url: str) -> None:
    async with process(redis_url) as one, process(redis_url) as two:
        assert await heard(one, two, "ready")
        subscription = one.link.client.pubsub(ignore_subscribe_messages=True)
        await subscription.subscribe(one.channel)
        await subscription.get_message(ignore_subscribe_messages=False, timeout=LONG)
        for _ in range(100):
            one.notify(INBOX)
        one.notify("last")
        hints = ["ready"]
        while hints == ["ready"]:  # the last of them may still have been on its way
            message = await subscription.get_message(timeout=LONG)
            assert message is not None
            hints = json.loads(message["data"])[1:]
        await subscription.aclose()
        assert hints == [INBOX, "last"]


async def test_when_redis_is_killed_the_own_process_goes_on_and_the_others_hear_again_once_it_is_back(
    private_redis: PrivateRedis,
) -> None:
    async with process(private_redis.url) as one, process(private_redis.url) as two:
        assert await heard(one, two, "ready")
        private_redis.kill()
        waiter, there = one.listen(INBOX), two.listen(INBOX)
        one.notify(INBOX)
        assert waiter.done()
        assert not await two.wait(there, 0.05)
        private_redis.start()
        assert await heard(one, two, INBOX) and await heard(two, one, INBOX)
