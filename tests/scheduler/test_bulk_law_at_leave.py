"""Between the law's word and the message's leaving: hours that end, refusals, texts that are lawful no more."""

from __future__ import annotations

import copy
import dataclasses
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import Connection, insert, select, update

from programme import opt_outs
from programme.bulk_law import load_bulk_law
from programme.consents import NEWS_CONSENT
from scheduler.bulk_claims import claim
from store.campaign_tables import recipient
from store.contacts import Contacts
from store.tables import consent, contact, outbound
from tests.scheduler.bulk import FakeGateway, Room, reasons, states, talk

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
AD: dict[str, Any] = {
    "kind": "advertising",
    "variants": [{"id": "A", "share": 100, "text": "[QC] Moi khao sat. Tu choi: {{ stop }}", "unicode": False}],
}


def _agree(room: Room) -> None:
    def work(connection: Connection) -> None:
        for who in connection.scalars(select(contact.c.id)).all():
            row = {"purpose": NEWS_CONSENT, "text_version": 1, "channel": "paper", "given_at": room.clock.now()}
            connection.execute(insert(consent).values(contact_id=who, **row))

    room.database.run_now(work)


def _until(room: Room, hour: int, minute: int, second: int) -> None:
    now = room.clock.now().astimezone(ZONE)
    room.clock.advance(now.replace(hour=hour, minute=minute, second=second, microsecond=0) - now)


async def test_what_was_claimed_before_the_hours_ended_is_not_called_after(room: Room) -> None:
    run_id, gateway = room.plan(3), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    await dispatcher.send_due()
    _until(room, 19, 59, 58)
    claimed = room.database.run_now(partial(claim, dispatcher.rooms, run_id, 3))
    before = len(gateway.journal)
    room.clock.advance(timedelta(seconds=3))
    for call in claimed.calls:
        await dispatcher._call(call)
    await room.send(dispatcher)
    assert claimed.calls and len(gateway.journal) == before
    assert states(room.database, run_id).get("waiting") == len(claimed.calls)
    assert "hours" in reasons(room.database, run_id)
    _until(room, 8, 0, 0)
    room.clock.advance(timedelta(days=1))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 3}


async def test_a_repeated_call_waits_for_the_morning_as_uncertain(room: Room) -> None:
    run_id, gateway = room.plan(1), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    _until(room, 19, 59, 58)
    await dispatcher.send_due()
    room.clock.advance(timedelta(seconds=1))
    calls = room.database.run_now(partial(claim, dispatcher.rooms, run_id, 1)).calls
    assert calls or gateway.journal
    room.clock.advance(timedelta(minutes=2))
    before = len(gateway.journal)
    await room.send(dispatcher)
    assert len(gateway.journal) == before and "waiting" not in states(room.database, run_id)


async def test_a_label_that_the_law_no_longer_knows_keeps_the_message_back(room: Room, tmp_path: Path) -> None:
    raw = yaml.safe_load((Path(__file__).parents[2] / "content/national/bulk_law.yaml").read_text("utf-8"))
    rules = raw["rules"]
    documents = {rule["document"]: None for rule in rules}
    old = next(rule for rule in rules if rule["rule"] == "label" and "advertising" in rule["kinds"])
    tomorrow = room.clock.now().astimezone(ZONE).date() + timedelta(days=1)
    rules.append({**copy.deepcopy(old), "labels": ["[QUANG CAO]"], "valid_from": tomorrow})
    old["valid_until"] = tomorrow - timedelta(days=1)
    (tmp_path / "law.yaml").write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    room.content = dataclasses.replace(room.content, bulk_law=load_bulk_law(tmp_path / "law.yaml", documents))
    run_id, gateway = room.plan(2, pace_per_minute=60, **AD), FakeGateway()
    _agree(room)
    dispatcher = room.dispatcher(gateway)
    await dispatcher.send_due()
    await dispatcher.send_due()
    sent = len(gateway.journal)
    room.clock.advance(timedelta(days=1))
    await room.send(dispatcher, 5)
    assert sent < 2 and len(gateway.journal) == sent
    assert states(room.database, run_id).get("skipped") == 2 - sent and "label" in reasons(room.database, run_id)


async def test_a_fixed_line_is_no_way_for_an_sms(room: Room) -> None:
    def work(connection: Connection) -> None:
        contacts = Contacts(connection, room.keyring)
        contacts.set_phone(contacts.add(room.clock.now()), "+842083855123")

    room.database.run_now(work)
    run_id, gateway = room.plan(1), FakeGateway()
    await room.send(room.dispatcher(gateway))
    assert states(room.database, run_id) == {"accepted": 1, "skipped": 1}
    assert "fixed_line" in reasons(room.database, run_id) and len(gateway.journal) == 1


def _in_the_outbox(room: Room) -> list[str]:
    return room.database.read_now(lambda c: list(c.scalars(select(outbound.c.status).order_by(outbound.c.id))))


async def test_what_waits_in_the_outbox_does_not_leave_at_night(room: Room) -> None:
    run_id = room.plan(1, channels=["zalo"])
    talk(room, _somebody(room))
    dispatcher = room.dispatcher()
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"sending": 1} and _in_the_outbox(room) == ["waiting"]
    _until(room, 20, 0, 1)
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"waiting": 1} and _in_the_outbox(room) == ["settled"]
    assert reasons(room.database, run_id) == {"hours"}
    _until(room, 8, 0, 1)
    room.clock.advance(timedelta(days=1))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"sending": 1} and _in_the_outbox(room) == ["settled", "waiting"]


async def test_who_refuses_is_not_told_what_waits_in_the_outbox(room: Room) -> None:
    run_id = room.plan(1, channels=["zalo"])
    who = _somebody(room)
    talk(room, who)
    dispatcher = room.dispatcher()
    await room.send(dispatcher)
    room.database.run_now(lambda c: opt_outs.stop(c, room.keyring, room.clock.now(), "sms", phone="+84910000000"))
    assert _in_the_outbox(room) == ["settled"]
    assert states(room.database, run_id) == {"skipped": 1} and reasons(room.database, run_id) == {"opted_out"}
    room.clock.advance(timedelta(minutes=1))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"skipped": 1}


async def test_what_has_begun_to_leave_is_not_taken_back(room: Room) -> None:
    run_id = room.plan(1, channels=["zalo"])
    who = _somebody(room)
    talk(room, who)
    await room.send(room.dispatcher())
    room.database.run_now(lambda c: c.execute(update(outbound).values(status="sending")))
    room.database.run_now(lambda c: opt_outs.stop(c, room.keyring, room.clock.now(), "zalo", contact_id=who))
    assert _in_the_outbox(room) == ["sending"] and states(room.database, run_id) == {"sending": 1}


def _somebody(room: Room) -> int:
    return int(room.database.read_now(lambda c: c.scalar(select(recipient.c.contact_id))) or 0)
