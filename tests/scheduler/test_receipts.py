"""Reports of many messages taken together come to the same as one after the other."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.exc import OperationalError

from bot.receipt_batches import ReceiptBatches
from integrations.errors import Fate
from integrations.sms.gateway import Bulk, Report, Taken
from programme import receipts
from programme.receipts import Outcome
from store.campaign_tables import campaign_run, receipt, recipient
from tests.scheduler.bulk import FakeGateway, Room, refusal, states


async def _accepted(room: Room, people: int) -> list[RowMapping]:
    run_id = room.plan(people)
    await room.send(room.dispatcher(FakeGateway()))
    of = select(recipient).filter_by(run_id=run_id).order_by(recipient.c.id)
    return list(room.database.read_now(lambda c: c.execute(of).mappings().all()))


async def test_a_batch_is_taken_in_the_order_in_which_it_was_told(room: Room) -> None:
    first, second, third = await _accepted(room, 3)
    told = [
        Report("accepted", request_id=first["request_id"]),
        Report("delivered", request_id=first["request_id"], price=850),
        Report("delivered", message_id=first["gateway_message_id"]),
        Report("failed", request_id=second["request_id"], reason="blocked"),
        Report("delivered", request_id=second["request_id"]),
        Report("delivered", request_id="nobody"),
        Report("sent", request_id=third["request_id"]),
        Report("failed", request_id=third["request_id"], reason="off"),
    ]
    outcomes = room.database.run_now(lambda c: receipts.take_all(c, "one", told, room.clock.now(), "callback"))
    assert [one.value for one in outcomes] == [
        *("recorded", "obeyed", "duplicate", "obeyed", "recorded", "unknown", "unreadable", "obeyed")
    ]
    assert states(room.database, first["run_id"]) == {"delivered": 1, "failed": 2}
    row = room.database.read_now(lambda c: c.execute(select(recipient).filter_by(id=first["id"])).mappings().one())
    assert (row["price"], row["reason"], row["next_at"]) == (850, None, None) and row["final_at"] is not None
    recent = str(room.database.read_now(lambda c: c.scalar(select(campaign_run.c.recent))))
    assert recent.count("1") == 2 and len(recent) == 3  # in the place of two successes


async def test_reports_at_once_are_each_answered_and_kept_once(room: Room) -> None:
    rows = await _accepted(room, 60)
    batches = ReceiptBatches(room.database, room.clock)
    told = [Report("delivered", request_id=row["request_id"]) for row in rows] * 2
    outcomes = await asyncio.gather(*(batches.take("one", one) for one in told), batches.take("two", told[0]))
    assert outcomes[:60] == [Outcome.OBEYED] * 60 and outcomes[60:120] == [Outcome.DUPLICATE] * 60
    assert outcomes[120] is Outcome.FOREIGN
    assert states(room.database, rows[0]["run_id"]) == {"delivered": 60}
    assert room.database.read_now(lambda c: c.scalar(select(func.count()).select_from(receipt))) == 60


async def test_one_that_breaks_takes_nobody_with_it(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = await _accepted(room, 3)
    batches, take_all = ReceiptBatches(room.database, room.clock), receipts.take_all

    def broken(connection, gateway, reports, now, by):  # type: ignore[no-untyped-def]
        if any(one.request_id == rows[1]["request_id"] for one in reports):
            raise OperationalError("UPDATE", {}, Exception("deadlock detected"))
        return take_all(connection, gateway, reports, now, by)

    monkeypatch.setattr(receipts, "take_all", broken)
    told = [Report("delivered", request_id=row["request_id"]) for row in rows]
    outcomes = await asyncio.gather(*(batches.take("one", one) for one in told), return_exceptions=True)
    assert outcomes[0] is outcomes[2] is Outcome.OBEYED
    assert isinstance(outcomes[1], OperationalError)  # whoever told it is not answered, and tells it again
    assert states(room.database, rows[0]["run_id"]) == {"delivered": 2, "accepted": 1}


async def test_what_the_pause_rule_looks_at_counts_each_failure_once_and_does_not_grow(room: Room) -> None:
    run_id = room.plan(12, pause_rule={"percent": 10, "of_last": 10})
    gateway = FakeGateway(remembers=timedelta(0))

    async def first_without_an_answer(message: Bulk) -> Taken:
        if message.phone.endswith("0"):
            raise refusal("timed_out", Fate.UNCERTAIN)
        return gateway.take(message)

    gateway.answer = first_without_an_answer
    await room.send(room.dispatcher(gateway))
    of = select(recipient.c.request_id, recipient.c.status).filter_by(run_id=run_id).order_by(recipient.c.id)
    rows = room.database.read_now(lambda c: c.execute(of).all())

    def fail(*request_ids: str) -> str:
        told = [Report("failed", request_id=one, reason="off") for one in request_ids]
        room.database.run_now(lambda c: receipts.take_all(c, "one", told, room.clock.now(), "callback"))
        return str(room.database.read_now(lambda c: c.scalar(select(campaign_run.c.recent))))

    room.database.run_now(lambda c: c.execute(update(campaign_run).values(recent="1000")))
    uncertain = [row.request_id for row in rows if row.status == "uncertain"]
    taken = [row.request_id for row in rows if row.status == "accepted"]
    assert fail(*uncertain) == "1000"  # counted when it became uncertain
    assert fail(taken[0]) == "1001"
    assert fail(*taken[1:]) == "1" * 10
