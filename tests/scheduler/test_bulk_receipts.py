"""What gateways are asked about, how often and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, select, update

from integrations.errors import Fate, SendFailed
from integrations.sms.gateway import Bulk, Report, Taken
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


@dataclass
class ListingGateway(FakeGateway):
    """One that forgets nothing of what it took, but loses every answer."""

    remembers: timedelta = timedelta(0)
    lists: list[tuple[datetime, datetime]] = field(default_factory=list)
    listing: dict[str, Report] | SendFailed = field(default_factory=dict)

    async def listed(self, since: datetime, until: datetime) -> dict[str, Report]:
        self.lists.append((since, until))
        if isinstance(self.listing, SendFailed):
            raise self.listing
        return self.listing


async def lost(message: Bulk) -> Taken:
    raise refusal("one_no_answer", Fate.UNCERTAIN)


async def test_who_is_uncertain_is_looked_for_in_the_gateways_list_and_settled(room: Room) -> None:
    run_id, gateway = room.plan(3), ListingGateway(answer=lost)
    dispatcher = room.dispatcher(gateway)
    began = room.clock.now()
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"uncertain": 3}
    first, second, _ = (message.request_id for message in gateway.journal)
    gateway.listing = {
        first: Report("delivered", "m-1", first, price=850),
        second: Report("accepted", "m-2", second),
        "of-another-campaign": Report("delivered", "m-9", "of-another-campaign"),
    }
    await dispatcher.receipts.ask_due()
    assert gateway.lists == []  # not at once
    room.clock.advance(timedelta(minutes=11))
    await dispatcher.receipts.ask_due()
    ((since, until),) = gateway.lists
    assert since < began < until < began + timedelta(hours=1)
    assert states(room.database, run_id) == {"delivered": 1, "accepted": 1, "uncertain": 1}
    told = select(receipt.c.state, receipt.c.by, receipt.c.obeyed).order_by(receipt.c.recipient_id)
    rows = room.database.read_now(lambda c: [tuple(row) for row in c.execute(told)])
    assert rows == [("delivered", "polling", True), ("accepted", "polling", True)]
    await dispatcher.receipts.ask_due()
    assert gateway.asked == ["m-2"]  # its id is known now
    await room.send(dispatcher)
    assert len(gateway.journal) == 3


async def test_what_no_list_has_stays_uncertain_and_is_not_asked_for_ever(room: Room) -> None:
    run_id, gateway = room.plan(1), ListingGateway(answer=lost)
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher)
    gateway.listing = refusal("one_not_json", Fate.RETRY)
    for hour in range(4 * 24):
        room.clock.advance(timedelta(hours=1))
        await dispatcher.receipts.ask_due()
        if hour == 5:
            assert reasons(room.database, run_id) == {"one_no_answer"}
            gateway.listing = {}
    assert 4 < len(gateway.lists) < 15
    assert states(room.database, run_id) == {"uncertain": 1} and reasons(room.database, run_id) == {"not_listed"}
    assert room.database.read_now(lambda c: c.scalar(select(recipient.c.next_at).filter_by(run_id=run_id))) is None
    assert len(gateway.journal) == 1


async def test_a_gateway_without_a_list_leaves_it_as_it_is(room: Room) -> None:
    run_id, gateway = room.plan(1), FakeGateway(remembers=timedelta(0), answer=lost)
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher)
    for _ in range(60):
        room.clock.advance(timedelta(hours=1))
        await dispatcher.receipts.ask_due()
    assert gateway.asked == [] and reasons(room.database, run_id) == {"one_no_answer"}


async def test_a_repeated_call_that_names_no_message_gets_its_receipt_from_the_list(room: Room) -> None:
    gateway = ListingGateway(remembers=timedelta(hours=23))
    tries: list[Bulk] = []

    async def first_is_lost(message: Bulk) -> Taken:
        tries.append(message)
        if len(tries) == 1:
            raise refusal("one_no_answer", Fate.UNCERTAIN)
        return Taken(None)

    gateway.answer = first_is_lost
    run_id = room.plan(1)
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher, seconds=10)
    assert states(room.database, run_id) == {"accepted": 1}
    (id_,) = {message.request_id for message in tries}
    gateway.listing = {id_: Report("failed", "m-1", id_, "esms_undelivered")}
    room.clock.advance(timedelta(minutes=11))
    await dispatcher.receipts.ask_due()
    assert states(room.database, run_id) == {"failed": 1} and reasons(room.database, run_id) == {"esms_undelivered"}


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
