"""What gateways say of themselves (too fast, out of order, not reached) costs no message its turn, no run its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from integrations.errors import Fate
from integrations.sms.esms.sim_api import count_parts
from integrations.sms.gateway import Bulk, Taken
from store.campaign_tables import campaign_run, recipient
from tests.scheduler.bulk import FakeGateway, Room, reasons, refusal, states


def status(room: Room, run_id: int) -> str | None:
    return room.database.read_now(lambda c: c.scalar(select(campaign_run.c.status).filter_by(id=run_id)))


async def test_a_gateway_out_of_order_hands_over_to_the_next_and_the_run_goes_on(room: Room) -> None:
    run_id = room.plan(150, gateways=["one", "two"])
    first, second = FakeGateway(), FakeGateway("two")

    async def down(message: Bulk) -> Taken:
        raise refusal("esms_103", Fate.CHANNEL_DOWN)

    first.answer = down
    await room.send(room.dispatcher(first, second))
    assert states(room.database, run_id) == {"accepted": 150}
    assert status(room, run_id) == "ended"
    assert len(second.journal) == 150


async def test_a_gateway_that_wants_an_hour_of_rest_is_not_called_again_at_once(room: Room) -> None:
    run_id, gateway = room.plan(1), FakeGateway()

    async def too_fast(message: Bulk) -> Taken:
        raise refusal("speedsms_429", Fate.BACK_OFF, 3600)

    gateway.answer = too_fast
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher, 60)
    assert len(gateway.journal) == 1
    gateway.answer = None
    room.clock.advance(timedelta(minutes=10))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 1}


async def test_being_too_fast_uses_up_none_of_a_messages_attempts(room: Room) -> None:
    run_id, gateway = room.plan(1), FakeGateway()

    async def too_fast_then_not_reached(message: Bulk) -> Taken:
        if len(gateway.journal) <= 8:
            raise refusal("esms_160", Fate.BACK_OFF, 1)
        if len(gateway.journal) == 9:
            raise refusal("esms_not_sent", Fate.RETRY)
        return gateway.take(message)

    gateway.answer = too_fast_then_not_reached
    await room.send(room.dispatcher(gateway), 40)
    assert states(room.database, run_id) == {"accepted": 1}


async def test_the_next_gateway_is_tried_as_often_as_the_first(room: Room) -> None:
    run_id = room.plan(1, gateways=["one", "two"])
    first, second = FakeGateway(), FakeGateway("two")

    async def not_reached(message: Bulk) -> Taken:
        raise refusal("esms_not_sent", Fate.RETRY)

    async def at_first_not_reached(message: Bulk) -> Taken:
        if len(second.journal) == 1:
            raise refusal("speedsms_not_sent", Fate.RETRY)
        return second.take(message)

    first.answer, second.answer = not_reached, at_first_not_reached
    await room.send(room.dispatcher(first, second), 90)
    assert states(room.database, run_id) == {"accepted": 1}
    assert reasons(room.database, run_id) == {None}


@pytest.mark.parametrize(
    ("text", "unicode", "goes_as"),
    [("Chao ban. " * 12, True, False), ("Chào bạn. " * 12, True, True), ("Chào bạn. " * 12, False, False)],
)
async def test_as_many_parts_are_counted_as_the_gateway_counts(
    room: Room, text: str, unicode: bool, goes_as: bool
) -> None:
    run_id = room.plan(1, variants=[{"id": "A", "share": 100, "text": text, "unicode": unicode}])
    gateway = FakeGateway()
    await room.send(room.dispatcher(gateway))
    (message,) = gateway.journal
    assert message.unicode is goes_as
    of = select(recipient.c.parts).filter_by(run_id=run_id)
    assert room.database.read_now(lambda c: c.scalar(of)) == count_parts(message.text, message.unicode)


@pytest.mark.parametrize(("gateway", "becomes"), [("esms", "paused"), ("simulator", "running")])
async def test_a_run_without_a_gateway_pauses_unless_it_is_another_processs_simulation(
    room: Room, gateway: str, becomes: str
) -> None:
    run_id = room.plan(1, gateways=[gateway])
    await room.send(room.dispatcher())
    assert status(room, run_id) == becomes
    assert states(room.database, run_id) == {"waiting": 1}
