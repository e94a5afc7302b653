"""What comes between a claim and its result, twice, too late or out of order: nobody is called a second time for it,
and no row is left where nobody looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from programme import ledger
from programme.ledger import State
from scheduler import bulk_marking, bulk_results, bulk_zalo
from scheduler.bulk_calls import Call, Result
from scheduler.bulk_claims import claim
from scheduler.dispatcher import Dispatcher
from store.campaign_tables import campaign_run, gateway_state, recipient
from store.tables import outbound
from tests.scheduler.bulk import FakeGateway, Room, reasons, states, talk


def claimed(room: Room, dispatcher: Dispatcher, run_id: int, people: int) -> list[Call]:
    """Their calls, which nobody makes. The pace of a run begins with its first look."""
    room.database.run_now(partial(claim, dispatcher.rooms, run_id, 0))
    room.clock.advance(timedelta(seconds=1))
    calls = room.database.run_now(partial(claim, dispatcher.rooms, run_id, people)).calls
    assert len(calls) == people
    return calls


def row_of(room: Room, run_id: int) -> Any:
    return room.database.read_now(lambda c: c.execute(select(recipient).filter_by(run_id=run_id)).one())


async def test_a_report_that_comes_while_rows_are_marked_is_not_written_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, gateway = room.plan(2), FakeGateway()
    values_of = bulk_marking.values_of

    def with_report(connection: Connection, *rest: Any) -> Any:
        own = update(recipient).where(recipient.c.contact_id == 1)
        connection.execute(own.values(status="delivered"))
        return values_of(connection, *rest)

    monkeypatch.setattr(bulk_marking, "values_of", with_report)
    await room.send(room.dispatcher(gateway))
    assert states(room.database, run_id) == {"delivered": 1, "accepted": 1}
    assert [message.phone for message in gateway.journal] == ["+84910000001"]


@pytest.mark.parametrize("late", [State.WAITING, State.SENDING])
async def test_a_result_that_comes_after_a_row_was_given_up_does_not_take_it_up_again(room: Room, late: State) -> None:
    run_id, gateway = room.plan(1), FakeGateway(remembers=timedelta(0))
    dispatcher = room.dispatcher(gateway)
    (call,) = claimed(room, dispatcher, run_id, 1)
    room.clock.advance(timedelta(minutes=2))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"uncertain": 1}
    result = Result(call, late, "esms_not_sent", room.clock.now(), call.step)
    room.database.run_now(partial(bulk_results.write, [result], room.clock.now()))
    assert states(room.database, run_id) == {"uncertain": 1}
    taken = Result(call, State.ACCEPTED, message_id="7")
    room.database.run_now(partial(bulk_results.write, [taken], room.clock.now()))
    assert states(room.database, run_id) == {"accepted": 1}


async def test_results_that_are_written_twice_do_not_touch_who_was_claimed_since(room: Room) -> None:
    run_id = room.plan(1)
    dispatcher = room.dispatcher(FakeGateway())
    (call,) = claimed(room, dispatcher, run_id, 1)
    not_called = Result(call, State.WAITING, was_called=False)
    room.database.run_now(partial(bulk_results.write, [not_called], room.clock.now()))
    assert (row_of(room, run_id).tried_at, row_of(room, run_id).attempts) == (None, 0)
    (again,) = claimed(room, dispatcher, run_id, 1)
    room.database.run_now(partial(bulk_results.write, [not_called], room.clock.now()))
    row = row_of(room, run_id)
    assert (row.status, row.request_id, row.attempts) == ("sending", again.request_id, 1)
    assert row.tried_at is not None


async def test_a_run_that_breaks_pauses_and_the_others_go_on(room: Room) -> None:
    broken = room.plan(2, window={"from": "soon"})
    whole, gateway = room.plan(0), FakeGateway()
    await room.send(room.dispatcher(gateway))
    runs = select(campaign_run.c.status, campaign_run.c.pause_reason).order_by(campaign_run.c.id)
    assert room.database.read_now(lambda c: [tuple(one) for one in c.execute(runs)]) == [
        ("paused", "run_broke"),
        ("ended", None),
    ]
    assert states(room.database, broken) == {"waiting": 2}
    assert states(room.database, whole) == {"accepted": 2}


async def test_a_text_that_cannot_be_made_fails_its_own_row_only(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, values: Any, **_: bool) -> str:
        if values["name"] == "Chị 0":
            raise ValueError(text)
        return text

    monkeypatch.setattr("scheduler.dispatcher.render", broken)
    run_id, gateway = room.plan(2), FakeGateway()
    await room.send(room.dispatcher(gateway))
    assert states(room.database, run_id) == {"failed": 1, "accepted": 1}
    assert reasons(room.database, run_id) == {"text_broke", None}


async def test_rows_that_wait_for_a_stopped_gateway_do_not_keep_others_from_the_next(room: Room) -> None:
    run_id = room.plan(30, gateways=["one", "two"], pace_per_minute=600)
    first, second = FakeGateway(), FakeGateway("two")
    dispatcher = room.dispatcher(first, second)
    claimed(room, dispatcher, run_id, 10)  # killed, with as many calls as its pace has in a second
    room.clock.advance(timedelta(minutes=1))
    stop = {"stopped_until": room.clock.now() + timedelta(minutes=9), "stopped_for": "esms_103"}
    room.database.run_now(lambda c: c.execute(update(gateway_state).filter_by(gateway="one").values(stop)))
    await room.send(dispatcher, 5)
    assert states(room.database, run_id) == {"sending": 10, "accepted": 20}
    assert len(second.journal) == 20 and not first.journal
    room.clock.advance(timedelta(minutes=10))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 30}
    assert len(first.journal) == 10


@pytest.mark.parametrize("end", ["deadline", "cancelled"])
async def test_a_run_that_is_over_waits_for_nobody(room: Room, end: str) -> None:
    run_id = room.plan(3, deadline=room.clock.now() + timedelta(seconds=30))
    dispatcher = room.dispatcher(FakeGateway())
    claimed(room, dispatcher, run_id, 2)
    if end == "cancelled":
        assert room.database.run_now(lambda c: ledger.cancel(c, run_id))
    room.clock.advance(timedelta(minutes=1))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"uncertain": 2, "skipped": 1}
    assert room.database.read_now(lambda c: c.scalar(select(campaign_run.c.ended_at))) is not None


async def test_a_message_that_zalo_takes_after_all_does_not_go_by_sms_as_well(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, sms = room.plan(1, channels=["zalo", "sms"]), FakeGateway()
    talk(room, 1)
    dispatcher = room.dispatcher(sms)
    await room.send(dispatcher)
    room.database.run_now(lambda c: c.execute(update(outbound).values(status="held")))
    follow, became = bulk_zalo.follow, bulk_zalo._became

    def while_the_owner_writes(connection: Connection, *rest: Any) -> int:
        def read(message: Any, now: datetime) -> Any:
            connection.execute(update(outbound).values(status="waiting"))
            return became(message, now)

        monkeypatch.setattr(bulk_zalo, "_became", read)
        return follow(connection, *rest)

    monkeypatch.setattr(bulk_zalo, "follow", while_the_owner_writes)
    room.clock.advance(timedelta(seconds=30))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"sending": 1}
    assert not sms.journal


async def test_a_result_that_cannot_be_written_takes_no_other_with_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = bulk_results.write

    def poisoned(results: Sequence[Result], now: datetime, connection: Connection) -> list[tuple[int, str]]:
        if any(one.call.phone.endswith("3") for one in results):
            raise ValueError("nobody expected this")
        return write(results, now, connection)

    monkeypatch.setattr(bulk_results, "write", poisoned)
    run_id, gateway = room.plan(6), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 5, "sending": 1}
    monkeypatch.undo()
    room.clock.advance(timedelta(minutes=1))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 6}
    assert len(gateway.sent) == 6


@pytest.mark.parametrize(("part", "step"), [("dispatcher", "_look"), ("receipts", "ask_due")])
async def test_a_fault_that_nobody_expected_ends_neither_sending_nor_asking(
    room: Room, monkeypatch: pytest.MonkeyPatch, part: str, step: str
) -> None:
    sending = room.dispatcher(FakeGateway())
    running = sending if part == "dispatcher" else sending.receipts
    seen = asyncio.Event()
    tries: list[int] = []

    async def broken() -> None:
        tries.append(len(tries))
        if len(tries) == 3:
            seen.set()
        raise ValueError("nobody expected this")

    monkeypatch.setattr(running, step, broken)
    monkeypatch.setattr("scheduler.dispatcher.LONGEST_NAP_SECONDS", 0.001)
    monkeypatch.setattr("scheduler.bulk_receipts.NAP_SECONDS", 0.001)
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(10):
        await seen.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
