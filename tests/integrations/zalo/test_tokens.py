"""The pair of tokens: one refresher, written before it is used, and never lost without somebody knowing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from integrations.errors import Fate, ProviderError, SendFailed
from integrations.zalo import errors
from integrations.zalo.oauth import Pair
from integrations.zalo.token_state import LOST, REFUSED
from integrations.zalo.tokens import LEASE, Tokens, read_state
from store.channel_tables import zalo_token

FIRST = Pair("access-1", "refresh-1")
DUE = timedelta(hours=20)
EXPIRED = timedelta(hours=25)
BURNT = errors.OAUTH.error(-14014)


class OAuthStub:
    """Hands out pair after pair as Zalo does: each refresh token once. `failures` come first."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self.failures: list[ProviderError] = []
        self.valid = "refresh-1"
        self.gate: asyncio.Event | None = None

    async def refresh(self, token: str) -> Pair:
        self.used.append(token)
        await (self.gate.wait() if self.gate else asyncio.sleep(0))
        if self.failures:
            raise SendFailed(self.failures.pop(0))
        if token != self.valid:
            raise SendFailed(BURNT)
        number = int(token.rpartition("-")[2]) + 1
        self.valid = f"refresh-{number}"
        return Pair(f"access-{number}", self.valid)


@pytest.fixture
def oauth() -> OAuthStub:
    return OAuthStub()


@pytest.fixture
def tokens(database, clock, oauth) -> Tokens:
    return Tokens(database, clock, oauth, FIRST)


def row(database):
    return database.read_now(lambda c: c.execute(select(zalo_token)).mappings().one())


async def test_the_first_pair_comes_from_the_settings(tokens, database):
    assert await tokens.access() == "access-1"
    assert row(database)["refresh"] == "refresh-1"


async def test_the_settings_are_not_read_again(tokens, database, clock, oauth):
    await tokens.replace("access-9", "refresh-9")
    assert await Tokens(database, clock, oauth, FIRST).access() == "access-9"


async def test_without_any_pair_the_channel_is_down(database, clock, oauth):
    with pytest.raises(SendFailed) as failed:
        await Tokens(database, clock, oauth).access()
    assert (failed.value.error.code, failed.value.error.fate) == ("zalo_no_token", Fate.CHANNEL_DOWN)


async def test_the_tokens_are_encrypted(tokens, database):
    await tokens.access()
    stored = database.read_now(lambda c: c.exec_driver_sql("SELECT access, refresh FROM zalo_token").one())
    assert all(b"access-1" not in bytes(value) and b"refresh-1" not in bytes(value) for value in stored)


async def test_a_token_is_renewed_at_20_hours_and_not_before(tokens, clock, oauth):
    await tokens.access()
    clock.advance(DUE - timedelta(seconds=1))
    assert (await tokens.access(), oauth.used) == ("access-1", [])
    clock.advance(timedelta(seconds=1))
    assert (await tokens.access(), oauth.used) == ("access-2", ["refresh-1"])
    assert await tokens.access() == "access-2"


async def test_many_senders_renew_once(tokens, clock, oauth):
    await tokens.access()
    clock.advance(EXPIRED)
    assert set(await asyncio.gather(*(tokens.access() for _ in range(20)))) == {"access-2"}
    assert oauth.used == ["refresh-1"]


async def test_two_processes_renew_once(tokens, database, clock, oauth):
    other = Tokens(database, clock, oauth)
    await tokens.access()
    oauth.gate = asyncio.Event()
    first = asyncio.create_task(tokens.renewed("access-1"))
    while not oauth.used:
        await asyncio.sleep(0.001)
    with pytest.raises(SendFailed) as failed:
        await other.renewed("access-1")
    assert (failed.value.error.code, failed.value.error.fate) == ("zalo_token_renewing", Fate.RETRY)
    oauth.gate.set()
    assert await first == "access-2"
    assert await other.renewed("access-1") == "access-2"
    assert oauth.used == ["refresh-1"]


async def test_while_it_is_renewed_the_old_token_goes_on(tokens, clock, oauth):
    await tokens.access()
    clock.advance(DUE)
    oauth.gate = asyncio.Event()
    first = asyncio.create_task(tokens.access())
    while not oauth.used:
        await asyncio.sleep(0.001)
    assert await tokens.access() == "access-1"
    oauth.gate.set()
    assert await first == "access-2"


async def test_the_new_pair_is_on_disk_before_anybody_has_it(tokens, database, clock, oauth, monkeypatch):
    await tokens.access()
    run, broken = database.run, [OperationalError("disk full", None, Exception())]

    async def full_once(work):
        if oauth.used and broken:
            raise broken.pop()
        return await run(work)

    monkeypatch.setattr(database, "run", full_once)
    with pytest.raises(OperationalError):
        await tokens.renewed("access-1")
    assert row(database)["refresh"] == "refresh-1"
    clock.advance(LEASE)
    assert await tokens.renewed("access-1") == "access-2"
    assert row(database)["refresh"] == "refresh-2"
    assert oauth.used == ["refresh-1"]  # the pair that could not be written was not bought again


async def test_a_cancelled_caller_does_not_lose_the_pair(tokens, database, oauth):
    await tokens.access()
    oauth.gate = asyncio.Event()
    caller = asyncio.create_task(tokens.renewed("access-1"))
    while not oauth.used:
        await asyncio.sleep(0.001)
    caller.cancel()
    oauth.gate.set()
    await tokens.close()
    assert row(database)["access"] == "access-2"


async def test_a_lost_reply_is_told_and_the_old_token_goes_on_until_its_end(tokens, database, clock, oauth):
    await tokens.access()
    clock.advance(DUE)
    oauth.failures = [errors.NO_ANSWER]
    assert await tokens.access() == "access-1"
    assert database.read_now(read_state).trouble == LOST
    assert await tokens.access() == "access-1"
    assert len(oauth.used) == 1  # not again before the lease is over


async def test_after_a_lost_reply_the_old_refresh_token_may_still_work(tokens, database, clock, oauth):
    await tokens.access()
    clock.advance(DUE)
    oauth.failures = [errors.NO_ANSWER]
    await tokens.access()
    clock.advance(LEASE)
    assert await tokens.access() == "access-2"
    assert database.read_now(read_state).trouble is None


@pytest.mark.parametrize("code", [-14014, -118])
async def test_a_burnt_refresh_token_needs_a_person_and_is_not_tried_again(tokens, database, clock, oauth, code):
    await tokens.access()
    clock.advance(DUE)
    oauth.failures = [errors.NO_ANSWER, errors.OAUTH.error(code)]
    await tokens.access()
    clock.advance(LEASE)
    assert await tokens.access() == "access-1"
    assert database.read_now(read_state).trouble == REFUSED
    clock.advance(EXPIRED)
    with pytest.raises(SendFailed) as failed:
        await tokens.access()
    assert (failed.value.error.fate, failed.value.error.alarm) == (Fate.CHANNEL_DOWN, True)
    assert len(oauth.used) == 2
    await tokens.replace("access-7", "refresh-7")
    assert await tokens.access() == "access-7"
    assert database.read_now(read_state).trouble is None


async def test_zalo_out_of_reach_is_no_trouble_and_is_tried_again_after_a_pause(tokens, database, clock, oauth):
    await tokens.access()
    clock.advance(DUE)
    oauth.failures = [errors.NOT_SENT]
    assert await tokens.access() == "access-1"
    assert database.read_now(read_state).trouble is None
    assert (await tokens.access(), len(oauth.used)) == ("access-1", 1)
    clock.advance(LEASE)
    assert await tokens.access() == "access-2"


async def test_another_refusal_stops_the_channel_but_is_tried_again(tokens, database, clock, oauth):
    await tokens.access()
    clock.advance(EXPIRED)
    oauth.failures = [errors.OAUTH.error(-1)]
    with pytest.raises(SendFailed) as failed:
        await tokens.access()
    assert failed.value.error.fate is Fate.CHANNEL_DOWN
    assert database.read_now(read_state).trouble == "zalo_oauth_-1"
    clock.advance(LEASE)
    assert await tokens.access() == "access-2"


async def test_a_pasted_pair_is_not_overwritten_by_a_late_reply(tokens, database, oauth):
    await tokens.access()
    oauth.gate = asyncio.Event()
    late = asyncio.create_task(tokens.renewed("access-1"))
    while not oauth.used:
        await asyncio.sleep(0.001)
    await tokens.replace("access-7", "refresh-7")
    oauth.gate.set()
    assert await late == "access-7"
    assert row(database)["refresh"] == "refresh-7"


async def test_nor_while_the_pasted_pair_is_being_renewed(tokens, database, clock, oauth):
    await tokens.access()
    oauth.gate = asyncio.Event()
    late = asyncio.create_task(tokens.renewed("access-1"))
    while not oauth.used:
        await asyncio.sleep(0.001)
    await tokens.replace("access-7", "refresh-7")
    until = clock.now() + LEASE
    database.run_now(
        lambda c: c.execute(update(zalo_token).values(refreshing="another", refreshing_until=until)) and None
    )
    oauth.gate.set()
    await late
    assert (row(database)["refresh"], row(database)["refreshing"]) == ("refresh-7", "another")


async def test_a_late_reply_is_kept_although_its_lease_is_over(tokens, database, clock, oauth):
    """Its pair is the only valid one, whoever tried with the dead token meanwhile."""
    await tokens.access()
    oauth.gate = asyncio.Event()
    slow = asyncio.create_task(tokens.renewed("access-1"))
    while not oauth.used:
        await asyncio.sleep(0.001)
    clock.advance(LEASE)
    database.run_now(lambda c: c.execute(update(zalo_token).values(refreshing="another", trouble=REFUSED)) and None)
    oauth.gate.set()
    assert await slow == "access-2"
    assert (row(database)["refresh"], row(database)["trouble"]) == ("refresh-2", None)


async def test_a_clock_that_was_set_back_leaves_no_endless_lease(tokens, database, clock, oauth):
    await tokens.access()
    far = clock.now() + timedelta(days=30)
    database.run_now(lambda c: c.execute(update(zalo_token).values(refreshing="dead", refreshing_until=far)) and None)
    assert await tokens.renewed("access-1") == "access-2"


async def test_keeping_fresh_goes_on_without_a_message(tokens, clock, oauth):
    assert (await tokens.keep_fresh()).trouble is None
    clock.advance(DUE)
    state = await tokens.keep_fresh()
    assert (oauth.used, state.issued_at) == (["refresh-1"], clock.now())


async def test_keeping_fresh_never_raises(database, clock, oauth):
    assert await Tokens(database, clock, oauth).keep_fresh() is None


async def test_a_pair_that_nobody_renews_is_ageing_after_75_days(tokens, database, clock):
    await tokens.access()
    state = database.read_now(read_state)
    assert not state.is_ageing(clock.now() + timedelta(days=75))
    assert state.is_ageing(clock.now() + timedelta(days=75, seconds=1))


async def test_no_token_is_logged(tokens, clock, oauth):
    with structlog.testing.capture_logs() as logs:
        await tokens.access()
        clock.advance(DUE)
        oauth.failures = [errors.NO_ANSWER]
        await tokens.access()
        clock.advance(LEASE)
        await tokens.access()
    assert {entry["event"] for entry in logs} == {"zalo_pair_in_trouble", "zalo_pair_renewed"}
    assert "access-" not in repr(logs)
    assert "refresh-" not in repr(logs)
