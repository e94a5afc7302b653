"""Nobody is missed and nobody is reminded twice, whatever happens between a claim and its result."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from integrations.errors import Fate
from integrations.sms.gateway import Bulk, Report, Taken
from programme import ledger, receipts
from programme.receipts import Outcome
from scheduler.bulk_claims import claim
from store.campaign_tables import campaign_run, recipient
from store.contacts import Contacts
from tests.scheduler.bulk import FakeGateway, Room, reasons, refusal, states


async def test_everybody_is_reached_once_and_the_run_ends(room: Room) -> None:
    run_id, gateway = room.plan(450), FakeGateway()
    await room.send(room.dispatcher(gateway))
    assert states(room.database, run_id) == {"accepted": 450}
    assert len({message.phone for message in gateway.journal}) == len(gateway.journal) == 450
    status = room.database.read_now(lambda c: c.scalar(select(campaign_run.c.status).filter_by(id=run_id)))
    assert status == "ended"


async def test_two_dispatchers_share_a_run(room: Room) -> None:
    run_id, gateway = room.plan(300), FakeGateway()
    both = [room.dispatcher(gateway), room.dispatcher(gateway)]
    for _ in range(3):
        await asyncio.gather(*(one.send_due() for one in both))
        room.clock.advance(timedelta(seconds=1))
    assert states(room.database, run_id) == {"accepted": 300}
    assert len(gateway.journal) == 300


async def test_who_was_marked_and_perhaps_called_is_repeated_under_the_same_name(room: Room) -> None:
    run_id, gateway = room.plan(5), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    await dispatcher.send_due()
    room.clock.advance(timedelta(seconds=1))
    lost = room.database.run_now(partial(claim, dispatcher.rooms, run_id, 3)).calls
    for call in lost[:2]:  # killed between call and result; the third one between claim and call
        gateway.take(Bulk(call.phone, "", call.kind, call.request_id))
    room.clock.advance(timedelta(minutes=2))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 5}
    assert len({message.phone for message in gateway.sent.values()}) == len(gateway.sent) == 5


async def test_where_the_gateway_forgets_nothing_is_repeated(room: Room) -> None:
    run_id, gateway = room.plan(4), FakeGateway(remembers=timedelta(0))
    dispatcher = room.dispatcher(gateway)
    await dispatcher.send_due()
    room.clock.advance(timedelta(seconds=1))
    assert len(room.database.run_now(partial(claim, dispatcher.rooms, run_id, 2)).calls) == 2
    room.clock.advance(timedelta(minutes=2))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 2, "uncertain": 2}
    assert len(gateway.journal) == 2
    assert "interrupted" in reasons(room.database, run_id)


@pytest.mark.parametrize(("hours", "becomes", "calls"), [(24, "accepted", 2), (0, "uncertain", 1)])
async def test_a_time_out_after_acceptance(room: Room, hours: int, becomes: str, calls: int) -> None:
    run_id, gateway = room.plan(1), FakeGateway(remembers=timedelta(hours=hours))

    async def once(message: Bulk) -> Taken:
        taken = gateway.take(message)
        if len(gateway.journal) == 1:
            raise refusal("timed_out", Fate.UNCERTAIN)
        return taken

    gateway.answer = once
    await room.send(room.dispatcher(gateway), 12)
    assert states(room.database, run_id) == {becomes: 1}
    assert len(gateway.journal) == calls and len(gateway.sent) == 1
    assert len({message.request_id for message in gateway.journal}) == 1


async def test_the_next_gateway_takes_only_what_the_first_certainly_did_not(room: Room) -> None:
    run_id = room.plan(4, gateways=["one", "two"])
    first, second = FakeGateway(remembers=timedelta(0)), FakeGateway("two")

    async def refuse(message: Bulk) -> Taken:
        fate = Fate.UNCERTAIN if message.phone.endswith(("0", "1")) else Fate.REFUSED
        raise refusal("esms_104", fate)

    first.answer = refuse
    await room.send(room.dispatcher(first, second))
    assert states(room.database, run_id) == {"uncertain": 2, "accepted": 2}
    assert {message.phone[-1] for message in second.journal} == {"2", "3"}


async def test_a_gateway_that_is_down_pauses_the_run_and_loses_nobody(room: Room) -> None:
    run_id, gateway = room.plan(3), FakeGateway()

    async def down(message: Bulk) -> Taken:
        raise refusal("esms_103", Fate.CHANNEL_DOWN)

    gateway.answer = down
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"waiting": 3}
    assert room.database.run_now(lambda c: ledger.resume(c, run_id, ["one"]))
    gateway.answer = None
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 3}


async def test_too_many_errors_pause(room: Room) -> None:
    run_id, gateway = room.plan(60, pause_rule={"percent": 10, "of_last": 100}, pace_per_minute=600), FakeGateway()

    async def refuse(message: Bulk) -> Taken:
        raise refusal("esms_146", Fate.REFUSED)

    gateway.answer = refuse
    await room.send(room.dispatcher(gateway), 8)
    run = room.database.read_now(lambda c: c.execute(select(campaign_run).filter_by(id=run_id)).one())
    assert (run.status, run.pause_reason) == ("paused", "too_many_errors")
    assert states(room.database, run_id)["waiting"] > 0


async def test_after_the_deadline_nothing_leaves(room: Room) -> None:
    run_id = room.plan(3, deadline=room.clock.now() + timedelta(seconds=1))
    gateway = FakeGateway()
    await room.send(room.dispatcher(gateway))
    assert states(room.database, run_id) == {"skipped": 3}
    assert reasons(room.database, run_id) == {"too_late"}
    assert not gateway.journal


async def test_a_cancelled_run_skips_who_still_waited(room: Room) -> None:
    run_id, gateway = room.plan(30, pace_per_minute=600), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher, 2)
    assert room.database.run_now(lambda c: ledger.cancel(c, run_id))
    await room.send(dispatcher)
    reached = len(gateway.journal)
    assert 0 < reached < 30
    assert states(room.database, run_id) == {"accepted": reached, "skipped": 30 - reached}


async def test_an_erased_contact_and_a_changed_number_are_left_out(room: Room) -> None:
    run_id, gateway = room.plan(3), FakeGateway()

    def change(connection: object) -> None:
        contacts = Contacts(connection, room.keyring)  # type: ignore[arg-type]
        contacts.set_phone(1, "+84912345678")
        contacts.forget(2)

    room.database.run_now(change)
    await room.send(room.dispatcher(gateway))
    assert states(room.database, run_id) == {"skipped": 2, "accepted": 1}
    assert {"number_changed", "no_number"} <= reasons(room.database, run_id)


async def test_the_pace_is_kept_also_when_the_clock_is_set_back(room: Room) -> None:
    run_id, gateway = room.plan(60, pace_per_minute=600), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher, 2)
    before = len(gateway.journal)
    room.clock.advance(timedelta(hours=-1))
    await room.send(dispatcher, 2)
    assert before <= len(gateway.journal) <= before + 20
    await room.send(dispatcher, 8)
    assert states(room.database, run_id) == {"accepted": 60}


async def test_receipts_are_obeyed_once_and_late_ones_recorded(room: Room) -> None:
    run_id, gateway = room.plan(1), FakeGateway()
    await room.send(room.dispatcher(gateway))
    row = room.database.read_now(lambda c: c.execute(select(recipient).filter_by(run_id=run_id)).one())

    def take(gateway_name: str, **said: str) -> Outcome:
        report = Report(**said)  # type: ignore[arg-type]
        return room.database.run_now(lambda c: receipts.take(c, gateway_name, report, room.clock.now(), "callback"))

    assert take("two", state="delivered", request_id=row.request_id) is Outcome.FOREIGN
    assert take("one", state="delivered", request_id="nobody") is Outcome.UNKNOWN
    assert take("one", state="delivered", request_id=row.request_id) is Outcome.OBEYED
    assert take("one", state="delivered", message_id=row.gateway_message_id) is Outcome.DUPLICATE
    assert take("one", state="failed", request_id=row.request_id, reason="blocked") is Outcome.RECORDED
    assert states(room.database, run_id) == {"delivered": 1}
