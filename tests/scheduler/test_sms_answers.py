"""Refusals by SMS where the gateway's call carries no answer: confirmed by a message of their own, once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot import restored
from bot.sms_words import hear_and_answer
from bot.wakeups import Wakeups
from integrations.errors import Fate
from integrations.sms.gateway import Bulk, Opinion, Taken
from programme import opt_outs, sms_answers
from scheduler.sms_answers import SmsAnswerer
from store import forgotten
from store.sms_tables import sms_answer
from tests.scheduler.bulk import FakeGateway, Room, refusal

PHONE = "+84901888484"


def write(room: Room, text: str, id_: str = "1", phone: str = PHONE) -> bool:
    """What a person writes to the number; whether an answer waits."""
    said = Opinion(phone, text, id_)
    kept = (room.keyring, room.content.phrases, "speedsms", said, room.clock.now(), room.clock.timezone)
    return room.database.run_now(lambda connection: hear_and_answer(connection, *kept))


def answerer(room: Room, gateway: FakeGateway) -> SmsAnswerer:
    return SmsAnswerer(room.database, room.clock, {gateway.name: gateway}, Wakeups())


def rows(room: Room) -> list[Any]:
    return list(room.database.read_now(lambda c: c.execute(select(sms_answer).order_by(sms_answer.c.id)).all()))


def speedsms(**changes: Any) -> FakeGateway:
    return FakeGateway("speedsms", remembers=timedelta(0), **changes)


async def test_a_refusal_is_confirmed_once_with_its_time_at_any_hour(room: Room) -> None:
    gateway = speedsms()
    night = room.clock.now().astimezone(room.clock.timezone).replace(hour=23, minute=40)
    room.clock.advance(night - room.clock.now())
    assert write(room, "dung gui tin cho toi nua")
    assert not write(room, "dung gui tin cho toi nua")  # delivered again
    assert not write(room, "TC", "2")  # said again: it is known
    assert await answerer(room, gateway).send_due() == 1
    (sent,) = gateway.journal
    assert sent.phone == PHONE and sent.text.isascii() and len(sent.text) <= 160
    assert f"luc 23:40 {night:%d/%m/%Y}" in sent.text
    (row,) = rows(room)
    assert (row.status, row.phone, row.settled_at) == ("sent", None, room.clock.now())
    assert await answerer(room, gateway).send_due() == 0
    assert write(room, "NHAN LAI TIN NHAN", "3")
    await answerer(room, gateway).send_due()
    assert "nhan lai" in gateway.journal[-1].text


async def test_other_words_cost_no_message(room: Room) -> None:
    assert not write(room, "toi muon dang ky khoa hoc")
    assert rows(room) == []


async def test_what_was_certainly_not_taken_is_tried_again_and_given_up_after_a_day(room: Room) -> None:
    gateway = speedsms()
    failures = [refusal("speedsms_not_sent", Fate.RETRY), refusal("speedsms_429", Fate.BACK_OFF, 90)]

    async def answer(message: Bulk) -> Taken:
        if failures:
            raise failures.pop(0)
        return gateway.take(message)

    gateway.answer = answer
    write(room, "TC")
    assert await answerer(room, gateway).send_due() == 1
    for seconds, calls in ((1, 0), (1, 1), (60, 0), (31, 1)):
        room.clock.advance(timedelta(seconds=seconds))
        assert await answerer(room, gateway).send_due() == calls
    assert rows(room)[0].status == "sent" and len(gateway.sent) == 1
    failures[:] = [refusal("speedsms_300", Fate.CHANNEL_DOWN)] * 1000
    write(room, "NHAN LAI TIN NHAN", "2")
    for _ in range(26 * 6):
        await answerer(room, gateway).send_due()
        room.clock.advance(timedelta(minutes=10))
    assert (rows(room)[1].status, rows(room)[1].reason, rows(room)[1].phone) == ("failed", "speedsms_300", None)
    since = rows(room)[1].settled_at - timedelta(minutes=1)
    assert room.database.read_now(lambda c: sms_answers.unconfirmed(c, since)) == 1


@pytest.mark.parametrize(
    ("failure", "becomes"),
    [
        (refusal("speedsms_no_answer", Fate.UNCERTAIN), ("uncertain", "speedsms_no_answer")),
        (refusal("speedsms_105", Fate.UNREACHABLE), ("failed", "speedsms_105")),
        (TimeoutError(), ("uncertain", "timed_out")),
        (ValueError("broken"), ("uncertain", "answerer_broke")),
    ],
)
async def test_what_may_have_gone_is_not_sent_again(room: Room, failure: Exception, becomes: tuple[str, str]) -> None:
    gateway = speedsms()

    async def answer(_: Bulk) -> Taken:
        raise failure

    gateway.answer = answer
    write(room, "TC")
    for _ in range(3):
        await answerer(room, gateway).send_due()
        room.clock.advance(timedelta(hours=1))
    assert len(gateway.journal) == 1
    (row,) = rows(room)
    assert (row.status, row.reason) == becomes and row.phone is None
    key = forgotten.phone_key(room.keyring, PHONE)
    assert room.database.read_now(lambda c: opt_outs.is_stopped(c, [], [key]))  # in force all the same


async def test_whoever_died_while_sending_leaves_it_uncertain(room: Room) -> None:
    gateway = speedsms()
    write(room, "TC")
    taken = room.database.run_now(lambda c: sms_answers.take(c, ("speedsms",), room.clock.now()))
    assert taken is not None
    assert await answerer(room, gateway).send_due() == 0
    room.clock.advance(sms_answers.LEASE)
    assert await answerer(room, gateway).send_due() == 0
    assert [(row.status, row.reason) for row in rows(room)] == [("uncertain", "interrupted")]
    late = partial(sms_answers.settle, one=taken, status="sent", reason=None, now=room.clock.now())
    room.database.run_now(late)
    assert rows(room)[0].status == "uncertain" and gateway.journal == []


async def test_nobody_is_written_to_all_day_at_our_cost(room: Room) -> None:
    waiting = [write(room, "TC" if number % 2 == 0 else "NHAN LAI TIN NHAN", str(number)) for number in range(12)]
    assert waiting.count(True) == sms_answers.MOST_A_DAY
    assert write(room, "TC", "x", "+84901888485")
    room.clock.advance(timedelta(days=1))
    assert write(room, "TC", "13")


async def test_after_a_restore_no_confirmation_goes_out_again(room: Room) -> None:
    gateway = speedsms()
    write(room, "TC")

    def settle(connection: Connection) -> None:
        restored.settle(connection, room.content, room.clock.now())

    room.database.run_now(settle)
    assert await answerer(room, gateway).send_due() == 0 and gateway.journal == []
    assert [(row.status, row.reason, row.phone) for row in rows(room)] == [("uncertain", "restored", None)]


async def test_a_gateway_that_is_not_open_here_keeps_it_waiting(room: Room) -> None:
    write(room, "TC")
    assert await answerer(room, FakeGateway("esms")).send_due() == 0
    assert rows(room)[0].status == "waiting"
