"""What gateways are asked about, how often and for how long."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, select, update

from integrations.errors import Fate
from integrations.sms.gateway import Report
from store.campaign_tables import receipt, recipient
from store.tables import outbound
from tests.scheduler.bulk import FakeGateway, Room, reasons, refusal, states, talk


def its_id(room: Room, run_id: int) -> str:
    of = select(recipient.c.gateway_message_id).filter_by(run_id=run_id)
    return str(room.database.read_now(lambda c: c.scalar(of)))


async def test_who_has_not_reported_is_asked_after_ten_minutes_and_then_less_often(room: Room) -> None:
    run_id, gateway = room.plan(1), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher)
    id_ = its_id(room, run_id)
    for minutes, asked in ((9, 0), (2, 1), (5, 1), (7, 2), (15, 2), (10, 3)):
        room.clock.advance(timedelta(minutes=minutes))
        await dispatcher.receipts.ask_due()
        assert gateway.asked == [id_] * asked
    gateway.reports[id_] = Report("delivered", message_id=id_)
    room.clock.advance(timedelta(hours=2))
    await dispatcher.receipts.ask_due()
    assert states(room.database, run_id) == {"delivered": 1}
    assert room.database.read_now(lambda c: c.scalar(select(receipt.c.by))) == "polling"
    room.clock.advance(timedelta(hours=2))
    assert await dispatcher.receipts.ask_due() == 0


async def test_after_a_week_nobody_is_asked_and_the_row_stays_accepted(room: Room) -> None:
    run_id, gateway = room.plan(1), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher)
    gateway.reports[its_id(room, run_id)] = refusal("esms_99", Fate.RETRY)
    for _ in range(9 * 24):
        room.clock.advance(timedelta(hours=1))
        await dispatcher.receipts.ask_due()
    assert 7 < len(gateway.asked) < 25
    assert states(room.database, run_id) == {"accepted": 1}
    assert room.database.read_now(lambda c: c.scalar(select(recipient.c.next_at).filter_by(run_id=run_id))) is None
    assert len(gateway.journal) == 1


@pytest.mark.parametrize(
    ("heard", "becomes"),
    [("sent", "accepted"), ("delivered", "delivered"), ("seen", "delivered"), ("failed", "failed")],
)
async def test_in_a_conversation_the_message_says_what_became_of_it(room: Room, heard: str, becomes: str) -> None:
    run_id = room.plan(1, channels=["zalo"])
    talk(room, 1)
    dispatcher = room.dispatcher()
    await room.send(dispatcher)
    for status in ("sent", heard):
        now_it_is = update(outbound).values(status=status, error=None)
        room.database.run_now(partial(Connection.execute, statement=now_it_is))
        room.clock.advance(timedelta(minutes=15))
        await dispatcher.send_due()
        assert states(room.database, run_id) == {"accepted": 1} or status == heard
        await dispatcher.receipts.ask_due()
    assert states(room.database, run_id) == {becomes: 1}
    assert reasons(room.database, run_id) == {"failed" if heard == "failed" else None}
