"""Calls that no platform would make, by the thousand: none breaks anything, and none that is signed is lost.

`python -m bench.fuzzing` throws a hundred thousand at each channel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bench.fuzzed_calls import Calls
from bench.fuzzing import NOW, Fuzzing, Outcome, opened
from bot import reports
from hotline.app import Hotline
from integrations.errors import NotGenuine
from integrations.registry import CHANNELS, specimen
from integrations.telegram import webhook as telegram_webhook
from programme.content import Content
from store.clock import ManualClock

SEED = 148
FEW, MANY = 200, 1500


@dataclass
class Target:
    hotline: Hotline
    clock: ManualClock

    async def fuzz(self, channel: str, count: int, seed: int = SEED) -> Outcome:
        try:
            return await Fuzzing(self.hotline, self.clock, channel, seed).run(0, count)
        finally:
            await self.hotline.finish()
            await self.hotline.close()


@pytest.fixture
def target(database_url: str, content: Content) -> Iterator[Target]:
    clock = ManualClock(NOW)
    yield Target(opened(database_url, content, clock), clock)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_whatever_is_thrown_at_a_webhook_nothing_breaks_and_nothing_signed_is_lost(
    target: Target, channel: str
) -> None:
    outcome = await target.fuzz(channel, MANY)
    assert outcome.violations == [], outcome.report()
    assert (outcome.calls, outcome.signed) == (MANY, MANY // 2)
    assert set(outcome.answers) <= {200, 401, 413} and outcome.answers[200] == MANY // 2
    assert {"InboundMessage", "Unread", "Reachability", "unreadable"} <= outcome.kinds.keys()


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_call_can_be_made_again_from_its_number(channel: str) -> None:
    one, other = Calls(specimen(channel), SEED), Calls(specimen(channel), SEED)
    whole = [one.make(number) for number in range(FEW)]
    assert [other.make(number) for number in reversed(range(FEW))] == whole[::-1]
    assert [Calls(specimen(channel), SEED + 1).make(number) for number in range(FEW)] != whole


# --- the witness sees what it must


async def test_it_sees_that_an_unsigned_call_is_believed(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_webhook, "verify", lambda headers, secret: None)
    outcome = await target.fuzz("telegram", FEW)
    assert any("unsigned, answered with 200" in violation for violation in outcome.violations)
    assert any("new rows in this round" in violation for violation in outcome.violations)


async def test_it_sees_that_a_signed_call_is_refused(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise NotGenuine("telegram_secret_wrong")

    monkeypatch.setattr(telegram_webhook, "verify", refuse)
    outcome = await target.fuzz("telegram", FEW)
    assert any("signed, and not believed" in violation for violation in outcome.violations)


async def test_it_sees_that_something_is_answered_and_not_kept(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "keep_event", lambda *_, **__: True)
    outcome = await target.fuzz("zalo", FEW)
    assert any("signed, and not kept" in violation for violation in outcome.violations)


async def test_it_sees_that_a_call_breaks_us(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any, **__: Any) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(reports, "keep_event", breaks)
    outcome = await target.fuzz("zalo", FEW)
    assert any("signed, answered with 500" in violation for violation in outcome.violations)
