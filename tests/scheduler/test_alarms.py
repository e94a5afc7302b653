"""Alarms: told once when they open, every six hours while they last, once when they are over; a failure loses none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from integrations.errors import Fate, ProviderError, SendFailed
from scheduler import alarms
from scheduler.alarms import AGAIN_AFTER, watch
from scheduler.kinds import JobContext
from scheduler.moments import Condition, Moment
from scheduler.watch import Watch
from store.channel_tables import alarm
from store.clock import ManualClock
from tests.scheduler.conftest import Logged

MINUTE = timedelta(minutes=1)
UNREACHED = SendFailed(ProviderError("telegram_not_sent", Fate.RETRY, "x"))


class Died(BaseException):
    """As kill -9: nothing of ours catches it."""


@dataclass
class Officers:
    """Who is told. `failure` comes before they have heard it, `death` after."""

    heard: list[str] = field(default_factory=list)
    failure: Exception | None = None
    death: BaseException | None = None

    async def tell(self, text: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.heard.append(text)
        if self.death is not None:
            raise self.death


@dataclass
class Trouble:
    """A condition that a test switches."""

    name: str = "rain"
    detail: str | None = None
    failure: Exception | None = None

    def check(self, _: Moment) -> str | None:
        if self.failure is not None:
            raise self.failure
        return self.detail

    @property
    def condition(self) -> Condition:
        return Condition(self.name, f"trời mưa {self.name}", "Mang ô.", self.check)


@dataclass
class Duty:
    """The job, its officers and a condition."""

    context: JobContext
    clock: ManualClock
    officers: Officers = field(default_factory=Officers)
    trouble: Trouble = field(default_factory=Trouble)

    async def look(self, *more: Trouble) -> list[str]:
        """What the officers hear at one look."""
        self.officers.heard.clear()
        await watch(self.context, tuple(trouble.condition for trouble in (self.trouble, *more)))
        return list(self.officers.heard)

    async def rows(self) -> list[Any]:
        return await self.context.database.read(lambda c: list(c.execute(select(alarm).order_by(alarm.c.id))))


@pytest.fixture
def duty(context: JobContext, clock: ManualClock) -> Duty:
    officers = Officers()
    return Duty(replace(context, watch=Watch(sender=officers, place="Thái Nguyên")), clock, officers)


async def test_an_alarm_is_told_once_with_whose_it_is_since_when_and_what_to_do(duty: Duty) -> None:
    assert await duty.look() == []
    duty.trouble.detail = "Mưa to."
    (told,) = await duty.look()
    assert told == ("🔴 Hotline Thái Nguyên: trời mưa rain.\nMưa to.\nTừ lúc 09:00 ngày 23/11.\nViệc cần làm: Mang ô.")
    for _ in range(5):
        duty.clock.advance(MINUTE)
        assert await duty.look() == []


async def test_it_is_told_again_every_six_hours_with_what_is_wrong_now(duty: Duty) -> None:
    duty.trouble.detail = "Mưa to."
    await duty.look()
    duty.trouble.detail = "Mưa rất to."
    duty.clock.advance(AGAIN_AFTER - MINUTE)
    assert await duty.look() == []
    duty.clock.advance(MINUTE)
    (told,) = await duty.look()
    assert "vẫn còn: trời mưa" in told and "Mưa rất to." in told and "Từ lúc 09:00" in told
    duty.clock.advance(MINUTE)
    assert await duty.look() == []
    (row,) = await duty.rows()
    assert row.detail == "Mưa rất to."


async def test_its_end_is_told_once_and_it_may_open_again(duty: Duty) -> None:
    duty.trouble.detail = "Mưa to."
    await duty.look()
    duty.trouble.detail = None
    duty.clock.advance(MINUTE)
    assert await duty.look() == ["✅ Hotline Thái Nguyên: đã hết: trời mưa rain. Bắt đầu lúc 09:00 ngày 23/11."]
    assert await duty.look() == []
    duty.trouble.detail = "Mưa to."
    assert len(await duty.look()) == 1
    first, second = await duty.rows()
    assert first.closed_at == duty.clock.now() and second.closed_at is None


async def test_what_cannot_be_told_is_tried_again_and_keeps_no_other_alarm_back(duty: Duty) -> None:
    duty.trouble.detail, duty.officers.failure = "Mưa to.", UNREACHED
    assert await duty.look(Trouble("wind", "Gió to.")) == []
    assert [row.told_at for row in await duty.rows()] == [None, None]
    duty.officers.failure = None
    duty.clock.advance(MINUTE)
    assert len(await duty.look(Trouble("wind", "Gió to."))) == 2


async def test_the_end_is_told_even_if_the_first_try_fails(duty: Duty) -> None:
    duty.trouble.detail = "Mưa to."
    await duty.look()
    duty.trouble.detail, duty.officers.failure = None, UNREACHED
    assert await duty.look() == []
    duty.officers.failure = None
    assert len(await duty.look()) == 1


async def test_what_nobody_was_told_of_ends_silently(duty: Duty) -> None:
    duty.trouble.detail, duty.officers.failure = "Mưa to.", UNREACHED
    await duty.look()
    duty.trouble.detail, duty.officers.failure = None, None
    assert await duty.look() == []
    (row,) = await duty.rows()
    assert row.closed_at is not None


@pytest.mark.parametrize("ending", [False, True], ids=["opening", "ending"])
async def test_a_process_that_dies_after_telling_repeats_it_once(duty: Duty, ending: bool) -> None:
    duty.trouble.detail = "Mưa to."
    if ending:
        await duty.look()
        duty.trouble.detail = None
    duty.officers.death = Died()
    with pytest.raises(Died):
        await duty.look()
    duty.officers.death = None
    assert len(await duty.look()) == 1
    assert await duty.look() == []


async def test_a_condition_that_breaks_hides_no_other_and_ends_no_alarm(
    duty: Duty, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = Logged()
    monkeypatch.setattr(logged, "error", logged.info, raising=False)
    monkeypatch.setattr(alarms, "log", logged)
    duty.trouble.detail = "Mưa to."
    await duty.look()
    duty.trouble.failure = ZeroDivisionError()
    (told,) = await duty.look(Trouble("wind", "Gió to."))
    assert "Gió to." in told
    assert [row.closed_at for row in await duty.rows()] == [None, None]
    assert ("alarm_check_broke", {"alarm": "rain"}) in logged.events


async def test_without_officers_to_tell_the_log_has_it_once_by_its_name(
    duty: Duty, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = Logged()
    monkeypatch.setattr(logged, "error", logged.info, raising=False)
    monkeypatch.setattr(alarms, "log", logged)
    duty.trouble.detail = "Mưa to."
    context = replace(duty.context, watch=Watch())
    for detail in ("Mưa to.", "Mưa to.", None):
        duty.trouble.detail = detail
        await watch(context, (duty.trouble.condition,))
    assert logged.events == [("alarm_opened", {"alarm": "rain"}), ("alarm_over", {"alarm": "rain"})]


async def test_an_alarm_of_another_version_is_left_alone(duty: Duty) -> None:
    duty.trouble.detail = "Mưa to."
    await duty.look()
    await watch(duty.context, ())
    (row,) = await duty.rows()
    assert row.closed_at is None
