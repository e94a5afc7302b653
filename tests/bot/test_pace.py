"""Pace: no provider is called faster than it allows, by one process or by several through Redis, if clocks jump too."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.pace import FORGET_FROM, LONGEST_PAUSE_SECONDS, Pace
from bot.shared_pace import SharedPace
from integrations.provider import Rate
from store.clock import ManualClock
from store.redis_link import RedisLink
from tests.conftest import NOW
from tools.services.redis_server import PrivateRedis

CHANNEL = "telegram"
RATE = Rate(per_second=10, burst=5, chat_seconds=1, chat_burst=2)
OVERALL = Rate(per_second=10, burst=5)
UNLIMITED = Rate(per_second=0, burst=0)


@pytest.fixture(params=["in process", "redis"])
async def paces(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[list[Pace]]:
    """Two askers of the same limits: one object twice, or two processes on one Redis, by the clock of the test."""
    if request.param == "in process":
        yield [Pace(clock)] * 2
        return
    url = request.getfixturevalue("redis_url")
    links = [RedisLink(url), RedisLink(url)]
    yield [SharedPace(clock, link, time_of_redis=False) for link in links]
    for link in links:
        await link.close()


async def sent_at_once(pace: Pace, rate: Rate, address: str = "a", bulk: bool = False) -> int:
    """How many messages may go now."""
    count = 0
    while await pace.ready_in(CHANNEL, address, rate, bulk) == 0:
        count += 1
    return count


async def test_a_burst_goes_at_once_and_then_one_by_one(paces: list[Pace], clock: ManualClock) -> None:
    one, two = paces
    assert await sent_at_once(one, OVERALL, "a") == 5
    assert await two.ready_in(CHANNEL, "b", OVERALL, bulk=False) == pytest.approx(0.1)
    clock.advance(timedelta(seconds=0.1))
    assert await sent_at_once(two, OVERALL, "b") == 1
    clock.advance(timedelta(hours=1))
    assert await sent_at_once(one, OVERALL) == 5


async def test_one_conversation_has_its_own_pace_and_does_not_hold_up_others(
    paces: list[Pace], clock: ManualClock
) -> None:
    one, two = paces
    assert await sent_at_once(one, RATE, "a") == 2
    assert await two.ready_in(CHANNEL, "a", RATE, bulk=False) == pytest.approx(1.0)
    assert await sent_at_once(two, RATE, "b") == 2
    clock.advance(timedelta(seconds=1))
    assert await sent_at_once(one, RATE, "a") == 1


async def test_who_must_wait_for_the_conversation_takes_nothing_from_the_channel(paces: list[Pace]) -> None:
    one, two = paces
    assert await sent_at_once(one, RATE, "a") == 2
    for _ in range(10):
        assert await two.ready_in(CHANNEL, "a", RATE, bulk=False) > 0
    assert [await two.ready_in(CHANNEL, str(number), RATE, bulk=False) for number in range(3)] == [0, 0, 0]


async def test_the_wait_is_exact_asked_again_after_it_one_may_go(paces: list[Pace], clock: ManualClock) -> None:
    one, two = paces
    rate = Rate(per_second=100 / 60, burst=3, chat_seconds=0.7)
    for _ in range(20):
        while wait := await one.ready_in(CHANNEL, "a", rate, bulk=False):
            clock.advance(timedelta(seconds=wait) - timedelta(microseconds=1))
            assert await two.ready_in(CHANNEL, "a", rate, bulk=False) == pytest.approx(0.000001)
            clock.advance(timedelta(microseconds=1))


async def test_channels_have_nothing_to_do_with_each_other(paces: list[Pace]) -> None:
    one, two = paces
    assert await sent_at_once(one, OVERALL) == 5
    await two.back_off(CHANNEL, None, 60)
    assert await two.ready_in("zalo", "a", OVERALL, bulk=False) == 0


async def test_without_limits_nobody_waits_but_pauses_count(paces: list[Pace]) -> None:
    one, two = paces
    for _ in range(100):
        assert await one.ready_in(CHANNEL, "a", UNLIMITED, bulk=False) == 0
    await one.back_off(CHANNEL, "a", 7)
    assert await two.ready_in(CHANNEL, "a", UNLIMITED, bulk=False) == pytest.approx(7)


# --- replies before bulk ---


async def test_bulk_leaves_a_fifth_of_the_burst_to_replies(paces: list[Pace], clock: ManualClock) -> None:
    one, two = paces
    rate = Rate(per_second=10, burst=10)
    assert await sent_at_once(one, rate, bulk=True) == 8
    assert await two.ready_in(CHANNEL, "b", rate, bulk=True) == pytest.approx(0.1)
    assert await sent_at_once(two, rate, bulk=False) == 2
    # The fifth must come back before bulk goes on
    assert await one.ready_in(CHANNEL, "a", rate, bulk=True) == pytest.approx(0.3)
    clock.advance(timedelta(seconds=0.3))
    assert await sent_at_once(one, rate, bulk=True) == 1


@pytest.mark.parametrize("burst", [0, 1, 2, 4])
async def test_bulk_goes_too_where_the_burst_is_too_small_for_a_reserve(
    paces: list[Pace], clock: ManualClock, burst: int
) -> None:
    one, _ = paces
    for _ in range(5):
        assert await one.ready_in(CHANNEL, "a", Rate(per_second=10, burst=burst), bulk=True) == 0
        clock.advance(timedelta(seconds=0.1) * max(burst, 1))


async def test_replies_go_while_bulk_always_asks_first(paces: list[Pace], clock: ManualClock) -> None:
    """A campaign and owners who write, 8 replies a second at a rate of 10: every reply goes at once."""
    one, two = paces
    bulk = 0
    for _ in range(50):
        bulk += await sent_at_once(one, OVERALL, bulk=True)
        assert await two.ready_in(CHANNEL, "b", OVERALL, bulk=False) == 0
        clock.advance(timedelta(seconds=0.125))
    assert bulk >= 10  # and what is left is the campaign's


# --- pauses ---


async def test_a_pause_of_one_conversation_holds_up_no_other(paces: list[Pace], clock: ManualClock) -> None:
    one, two = paces
    await one.back_off(CHANNEL, "a", 30)
    assert await two.ready_in(CHANNEL, "a", RATE, bulk=False) == pytest.approx(30)
    assert await two.ready_in(CHANNEL, "b", RATE, bulk=False) == 0
    clock.advance(timedelta(seconds=30))
    assert await one.ready_in(CHANNEL, "a", RATE, bulk=False) == 0


async def test_a_pause_of_the_channel_holds_up_all(paces: list[Pace], clock: ManualClock) -> None:
    one, two = paces
    await one.back_off(CHANNEL, None, 60)
    for pace in paces:
        assert await pace.ready_in(CHANNEL, "a", RATE, bulk=False) == pytest.approx(60)
    clock.advance(timedelta(seconds=59))
    assert await two.ready_in(CHANNEL, "b", RATE, bulk=False) == pytest.approx(1)


async def test_of_two_pauses_the_longer_counts(paces: list[Pace]) -> None:
    one, two = paces
    await one.back_off(CHANNEL, "a", 30)
    await two.back_off(CHANNEL, "a", 3)
    assert await two.ready_in(CHANNEL, "a", RATE, bulk=False) == pytest.approx(30)
    await two.back_off(CHANNEL, "a", 40)
    assert await one.ready_in(CHANNEL, "a", RATE, bulk=False) == pytest.approx(40)


async def test_a_nonsensical_pause_is_brought_to_reason(paces: list[Pace]) -> None:
    one, two = paces
    await one.back_off(CHANNEL, "a", -5)
    assert await two.ready_in(CHANNEL, "a", RATE, bulk=False) == 0
    await one.back_off(CHANNEL, "a", float("inf"))
    assert await two.ready_in(CHANNEL, "a", RATE, bulk=False) == pytest.approx(LONGEST_PAUSE_SECONDS)


# --- clocks that jump ---


async def test_a_clock_set_back_blocks_nobody_longer_than_at_first(paces: list[Pace], clock: ManualClock) -> None:
    one, two = paces
    assert await sent_at_once(one, RATE, "a") == 2
    await one.back_off(CHANNEL, "b", 30)
    clock.advance(timedelta(days=-365))
    assert await two.ready_in(CHANNEL, "a", RATE, bulk=False) <= 1
    assert await two.ready_in(CHANNEL, "b", RATE, bulk=False) <= 30
    clock.advance(timedelta(seconds=30))
    assert await one.ready_in(CHANNEL, "a", RATE, bulk=False) == 0
    assert await two.ready_in(CHANNEL, "b", RATE, bulk=False) == 0


async def test_a_clock_set_forward_gives_no_more_than_a_burst(paces: list[Pace], clock: ManualClock) -> None:
    one, _ = paces
    assert await sent_at_once(one, OVERALL) == 5
    clock.advance(timedelta(days=365))
    assert await sent_at_once(one, OVERALL) == 5


# --- whatever is asked, by whomever ---

RATES = st.builds(
    Rate,
    per_second=st.sampled_from([0.5, 100 / 60, 10, 29.7, 1000]),
    burst=st.integers(1, 12),
    chat_seconds=st.sampled_from([0, 0.1, 1, 1.05]),
    chat_burst=st.integers(1, 3),
)
# Microseconds that pass, and then who asks at the same time: (conversation, bulk)
ASKERS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=8)
STEPS = st.lists(st.tuples(st.integers(0, 3_000_000), ASKERS), max_size=30)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def accepted(paces: list[Pace], clock: ManualClock, rate: Rate, steps: list) -> dict[str, list[float]]:
    """When each conversation's messages went, in seconds. Who asks in one step asks concurrently, in two processes."""
    channel, went = uuid.uuid4().hex, {"a": [], "b": [], "c": []}
    begin = clock.now()
    for passed, askers in steps:
        clock.advance(timedelta(microseconds=passed))
        questions = [
            paces[number % 2].ready_in(channel, address, rate, bulk) for number, (address, bulk) in enumerate(askers)
        ]
        for (address, _), wait in zip(askers, await asyncio.gather(*questions), strict=True):
            if wait == 0:
                went[address].append((clock.now() - begin).total_seconds())
    return went


def assert_in_every_window(times: list[float], per_second: float, burst: int) -> None:
    times = sorted(times)
    for first, since in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + per_second * (times[last] - since) + 1e-6


def assert_kept(went: dict[str, list[float]], rate: Rate) -> None:
    assert_in_every_window([time for times in went.values() for time in times], rate.per_second, rate.burst)
    if rate.chat_seconds:
        for times in went.values():
            assert_in_every_window(times, 1 / rate.chat_seconds, rate.chat_burst)


@FEW
@given(RATES, STEPS)
def test_in_no_window_more_goes_than_the_burst_and_the_rate_allow(rate: Rate, steps: list) -> None:
    clock = ManualClock(NOW)
    assert_kept(asyncio.run(accepted([Pace(clock)] * 2, clock, rate, steps)), rate)


@FEW
@given(RATES, STEPS)
def test_in_no_window_more_goes_from_several_processes_together(redis_url: str, rate: Rate, steps: list) -> None:
    async def ask() -> dict[str, list[float]]:
        clock, links = ManualClock(NOW), [RedisLink(redis_url), RedisLink(redis_url)]
        paces: list[Pace] = [SharedPace(clock, link, time_of_redis=False) for link in links]
        went = await accepted(paces, clock, rate, steps)
        for link in links:
            await link.close()
        return went

    assert_kept(asyncio.run(ask()), rate)


@FEW
@given(
    RATES,
    st.lists(
        st.tuples(
            st.integers(-5_000_000, 5_000_000),
            st.sampled_from("abc"),
            st.booleans(),
            st.one_of(st.none(), st.floats(0, 4)),
        ),
        max_size=30,
    ),
)
def test_redis_decides_as_the_process_does_pauses_and_clocks_set_back_included(
    redis_url: str, rate: Rate, steps: list
) -> None:
    async def ask() -> None:
        clock, link, channel = ManualClock(NOW), RedisLink(redis_url), uuid.uuid4().hex
        inside, shared = Pace(clock), SharedPace(clock, link, time_of_redis=False)
        for passed, address, bulk, pause in steps:
            clock.advance(timedelta(microseconds=passed))
            if pause is not None:
                for pace in (inside, shared):
                    await pace.back_off(channel, None if bulk else address, pause)
            waits = [await pace.ready_in(channel, address, rate, bulk) for pace in (inside, shared)]
            assert waits[0] == waits[1]
        await link.close()

    asyncio.run(ask())


# --- what is particular to one of them ---


async def test_a_process_forgets_conversations_whose_pace_is_of_no_use_any_more(clock: ManualClock) -> None:
    pace = Pace(clock)
    rate = Rate(per_second=0, burst=1, chat_seconds=1)
    for number in range(20 * FORGET_FROM):
        assert await pace.ready_in(CHANNEL, str(number), rate, bulk=False) == 0
        clock.advance(timedelta(milliseconds=10))
    assert len(pace._limits) <= FORGET_FROM
    assert await pace.ready_in(CHANNEL, str(number), rate, bulk=False) > 0  # but not the latest


async def test_redis_forgets_by_itself_and_is_not_told_who_is_written_to(redis_url: str, clock: ManualClock) -> None:
    link = RedisLink(redis_url)
    pace = SharedPace(clock, link)
    await pace.ready_in(CHANNEL, "84912345678", RATE, bulk=False)
    await pace.back_off(CHANNEL, "84912345678", 30)
    keys = [key async for key in link.client.scan_iter(f"{link.prefix}:*", count=1000)]
    assert len(keys) == 3
    for key in keys:
        assert "84912345678" not in key
        assert 0 < await link.client.pttl(key) <= 91_000
    await link.close()


async def test_by_the_time_of_redis_processes_agree_whatever_their_clocks_say(redis_url: str) -> None:
    links = [RedisLink(redis_url), RedisLink(redis_url)]
    rate = Rate(per_second=0.01, burst=3)
    now, yesterday = (SharedPace(ManualClock(NOW - timedelta(days=n)), link) for n, link in enumerate(links))
    assert await sent_at_once(now, rate) == 3
    assert 0 < await yesterday.ready_in(CHANNEL, "b", rate, bulk=False) <= 100
    await yesterday.back_off(CHANNEL, "c", 300)
    assert 200 < await now.ready_in(CHANNEL, "c", rate, bulk=False) <= 300
    for link in links:
        await link.close()


async def test_while_redis_is_away_a_process_keeps_half_the_rate_and_the_pauses_it_knows(
    private_redis: PrivateRedis, clock: ManualClock
) -> None:
    link = RedisLink(private_redis.url, retry_seconds=0)
    pace = SharedPace(clock, link)
    rate = Rate(per_second=0.001, burst=10)
    await pace.back_off(CHANNEL, "paused", 30)
    assert await sent_at_once(pace, rate) == 10
    private_redis.kill()
    assert await sent_at_once(pace, rate) == 5
    assert await pace.ready_in(CHANNEL, "b", rate, bulk=False) == pytest.approx(2000)
    await pace.back_off(CHANNEL, "paused too", 40)
    private_redis.start()
    assert await sent_at_once(pace, rate) == 10  # shared again
    assert await pace.ready_in(CHANNEL, "paused", UNLIMITED, bulk=False) == pytest.approx(30)
    assert await pace.ready_in(CHANNEL, "paused too", UNLIMITED, bulk=False) == pytest.approx(40)
    await link.close()
