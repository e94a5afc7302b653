"""What is left at SMS gateways is asked while campaigns need it, and stands beside what they still cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from bot.wakeups import Wakeups
from integrations.errors import Fate, SendFailed
from programme.campaign_plan import plan_of
from programme.gateway_needs import Need, needs, plan_price
from scheduler.balances import ask
from scheduler.kinds import JobContext
from store.campaign_tables import campaign, campaign_run, gateway_state, recipient
from tests.integrations.sms.esms_stand_in import esms
from tests.scheduler.bulk import FakeGateway, Room, refusal

TWO_PARTS = {"id": "A", "share": 100, "text": "Chao. " + "a" * 160, "unicode": False}


@dataclass
class Paid(FakeGateway):
    left: int | SendFailed | Exception = 0
    times: int = 0

    async def balance(self) -> int:
        self.times += 1
        if isinstance(self.left, Exception):
            raise self.left
        return self.left


def context(room: Room, *gateways: Any) -> JobContext:
    known = {gateway.name: gateway for gateway in gateways}
    return JobContext(room.database, room.clock, room.content, Wakeups(), room.keyring, gateways=known)


def account(room: Room, gateway: str = "one") -> Any:
    of = select(gateway_state).filter_by(gateway=gateway)
    return room.database.read_now(lambda c: c.execute(of).one_or_none())


def needed(room: Room) -> dict[str, Need]:
    return room.database.read_now(lambda c: needs(c, room.content, room.clock.now()))


def change(room: Room, table: Any, **values: Any) -> None:
    room.database.run_now(lambda c: c.execute(update(table).values(**values)))


async def test_nobody_is_asked_without_a_campaign(room: Room) -> None:
    gateway = Paid(left=5)
    await ask(context(room, gateway))
    assert gateway.times == 0 and account(room) is None
    room.plan(2, channels=["zalo"])
    await ask(context(room, gateway))
    assert gateway.times == 0


async def test_what_is_left_stands_beside_what_the_rest_of_a_run_costs_at_most(room: Room) -> None:
    run_id = room.plan(4, variants=[TWO_PARTS], gateways=["one", "two"])
    one, two = Paid(left=1000), Paid("two", left=7)
    await ask(context(room, one, two))
    assert (account(room).balance, account(room).needed) == (1000, None)  # nobody knows a price
    assert account(room).balance_at == room.clock.now()
    sent = update(recipient).where(recipient.c.run_id == run_id, recipient.c.id == 1)
    paid = {"status": "delivered", "gateway": "one", "channel": "sms", "price": 1700, "parts": 2}
    room.database.run_now(lambda c: c.execute(sent.values(paid)))
    await ask(context(room, one, two))
    assert account(room).needed == 3 * 2 * 850  # what the last ones cost
    assert (account(room, "two").balance, account(room, "two").needed) == (7, 0)  # it only stands by


async def test_what_waits_for_its_day_or_its_approval_counts_and_what_is_over_does_not(room: Room) -> None:
    room.plan(3)
    change(room, campaign_run, status="ended", ended_at=room.clock.now())
    change(room, recipient, status="accepted", gateway="one", channel="sms", price=500, parts=1)
    assert needed(room) == {"one": Need()}
    change(room, campaign, status="submitted", audience_count=40)
    assert needed(room) == {"one": Need(40, 20_000)}
    change(room, campaign, status="approved", schedule={"kind": "daily"}, next_at=room.clock.now())
    assert needed(room)["one"].messages == 40
    change(room, campaign, schedule={"kind": "once", "at": None})  # its run is frozen already
    assert needed(room)["one"].messages == 0
    change(room, campaign, status="draft")
    assert needed(room) == {"one": Need()}
    for status in ("ended", "cancelled"):
        change(room, campaign, status=status)
        assert needed(room) == {}
    change(room, campaign, status="draft", updated_at=room.clock.now() - timedelta(days=2))
    assert needed(room) == {}


@pytest.mark.parametrize(
    ("failure", "balance", "error"),
    [
        (refusal("esms_103", Fate.CHANNEL_DOWN), 0, "esms_103"),
        (refusal("esms_101", Fate.CHANNEL_DOWN), 900, "esms_101"),
        (TimeoutError(), 900, "timed_out"),
        (ValueError("broken"), 900, "balance_broke"),
    ],
)
async def test_a_gateway_that_does_not_say_keeps_what_it_said(
    room: Room, failure: Exception, balance: int, error: str
) -> None:
    room.plan(1)
    gateway = Paid(left=900)
    await ask(context(room, gateway))
    before = room.clock.now()
    room.clock.advance(timedelta(minutes=5))
    gateway.left = failure
    await ask(context(room, gateway, Paid("two", left=1)))
    assert (account(room).balance, account(room).balance_error) == (balance, error)
    assert account(room).balance_at == (room.clock.now() if balance == 0 else before)
    gateway.left = 800
    await ask(context(room, gateway))
    assert (account(room).balance, account(room).balance_error) == (800, None)


async def test_esms_says_what_is_left_and_a_gateway_without_an_account_is_left_alone(room: Room) -> None:
    room.plan(1, gateways=["esms", "one"])
    async with esms(balance=123_456) as (_, gateway):
        await ask(context(room, gateway, FakeGateway()))
    assert account(room, "esms").balance == 123_456 and account(room) is None


async def test_the_pace_of_a_gateway_is_not_touched(room: Room) -> None:
    room.plan(1)
    row = {"gateway": "one", "filled_at": room.clock.now(), "millitokens": 77, "stopped_for": "x"}

    def work(connection: Connection) -> None:
        connection.execute(insert(gateway_state).values(row))

    room.database.run_now(work)
    await ask(context(room, Paid(left=3)))
    assert (account(room).millitokens, account(room).stopped_for, account(room).balance) == (77, "x", 3)


def test_a_plan_is_priced_by_its_longest_text(room: Room) -> None:
    room.plan(1, variants=[{**TWO_PARTS, "share": 50}, {"id": "B", "share": 50, "text": "Chao.", "unicode": False}])
    change(room, recipient, gateway="one", channel="sms", price=300, parts=1)

    def work(connection: Connection) -> list[int | None]:
        plan = plan_of(connection.execute(select(campaign)).mappings().one())
        return [plan_price(connection, room.content, "thai-nguyen", plan, people) for people in (0, 10)]

    assert room.database.read_now(work) == [0, 6000]
