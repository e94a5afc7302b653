"""By which way each recipient is reached, when nobody is, and what a clock that is set back or a restore changes."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot import restored
from integrations.errors import Fate
from integrations.sms.gateway import Bulk, Taken
from programme import ledger
from programme.consents import NEWS_CONSENT
from scheduler.bulk_claims import claim
from store.campaign_tables import campaign, campaign_run, recipient
from store.channel_tables import channel_link
from store.contacts import Contacts
from store.tables import consent, contact, conversation, outbound
from tests.scheduler.bulk import FakeGateway, Room, reasons, refusal, states, talk

WITH_ZBS = {"id": "A", "share": 100, "text": "Chao.", "unicode": False, "zbs": {"template": "7", "variables": {}}}


def ways(room: Room, run_id: int) -> dict[int, str | None]:
    """Contact → the channel it has come to."""
    of = select(recipient.c.contact_id, recipient.c.channel).where(recipient.c.run_id == run_id)
    return {row.contact_id: row.channel for row in room.database.read_now(lambda c: c.execute(of).all())}


def rows(room: Room, run_id: int) -> list[Any]:
    of = select(recipient).where(recipient.c.run_id == run_id).order_by(recipient.c.contact_id)
    return list(room.database.read_now(lambda c: c.execute(of).all()))


async def test_chat_while_its_window_is_open_then_zbs_then_sms(room: Room) -> None:
    run_id = room.plan(4, channels=["zalo", "zbs", "sms"], variants=[WITH_ZBS])
    talk(room, 1)
    talk(room, 2, heard=timedelta(days=3))
    talk(room, 3, holder="officer")
    zbs, sms = FakeGateway("zbs"), FakeGateway()

    async def not_on_zalo(message: Bulk) -> Taken:
        if message.phone.endswith("3"):
            raise refusal("zalo_-119", Fate.REFUSED)
        return zbs.take(message)

    zbs.answer = not_on_zalo
    await room.send(room.dispatcher(zbs, sms))
    assert ways(room, run_id) == {1: "zalo", 2: "zbs", 3: "zbs", 4: "sms"}
    assert [message.phone[-1] for message in sms.journal] == ["3"]
    assert all(message.template == "7" for message in zbs.journal)


async def test_who_can_only_be_reached_where_an_officer_talks_waits(room: Room) -> None:
    run_id = room.plan(1, channels=["zalo"])
    talk(room, 1, holder="officer")
    await room.send(room.dispatcher())
    assert states(room.database, run_id) == {"waiting": 1}
    assert reasons(room.database, run_id) == {"held"}


async def test_outside_the_campaigns_own_hours_everybody_waits(room: Room) -> None:
    opens = (room.clock.now() + timedelta(hours=1)).astimezone(room.clock.timezone)
    run_id, gateway = room.plan(2, window={"from": f"{opens:%H:%M}", "until": "24:00"}), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"waiting": 2} and not gateway.journal
    room.clock.advance(timedelta(hours=1))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 2}


def test_a_number_and_a_person_are_there_once(room: Room) -> None:
    def others(connection: Connection) -> None:
        contacts = Contacts(connection, room.keyring)
        contacts.set_phone(contacts.add(room.clock.now(), "Số trùng"), "+84910000000")
        contacts.add(room.clock.now(), "Chưa nối")

    room.database.run_now(others)
    talk(room, 2)

    def link(connection: Connection) -> None:
        kept = {"conversation_id": "zalo-2", "from_contact_id": 2, "linked_at": room.clock.now()}
        connection.execute(insert(channel_link), {**kept, "to_contact_id": 1})

    room.database.run_now(link)
    run_id = room.plan(2)  # contact 3 has the first one's number
    assert [row.contact_id for row in rows(room, run_id)] == [1, 4]


async def test_who_is_linked_after_the_freeze_is_told_once(room: Room) -> None:
    room.database.run_now(lambda c: Contacts(c, room.keyring).add(room.clock.now(), "Chưa nối"))
    talk(room, 1)
    run_id, sms = room.plan(1, channels=["zalo", "sms"]), FakeGateway()

    def link(connection: Connection) -> None:
        kept = {"conversation_id": "zalo-1", "from_contact_id": 1, "to_contact_id": 2, "linked_at": room.clock.now()}
        connection.execute(insert(channel_link), kept)
        connection.execute(update(conversation).values(contact_id=2))

    room.database.run_now(link)
    await room.send(room.dispatcher(sms))
    assert ways(room, run_id) == {1: None, 2: "zalo"} and not sms.journal
    assert states(room.database, run_id) == {"skipped": 1, "sending": 1}
    assert reasons(room.database, run_id) == {"told_before", None}


def test_variants_have_their_shares_and_everybody_keeps_theirs(room: Room) -> None:
    text = {"text": "Chao.", "unicode": False}
    run_id = room.plan(400, variants=[{"id": "A", "share": 30, **text}, {"id": "B", "share": 70, **text}])
    first = [row.variant for row in rows(room, run_id)]
    assert 90 <= first.count("A") <= 150 and len(first) == 400

    def again(connection: Connection) -> int:
        planned = connection.execute(select(campaign)).mappings().one()
        now = room.clock.now()
        return ledger.freeze(connection, planned, now, select(contact.c.id), now)

    assert [row.variant for row in rows(room, room.database.run_now(again))] == first


async def test_a_lease_ends_also_when_the_clock_is_set_back(room: Room) -> None:
    run_id, gateway = room.plan(2), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    await dispatcher.receipts.ask_due()
    first = room.database.run_now(partial(claim, dispatcher.rooms, run_id, 2))
    room.clock.advance(timedelta(seconds=1))
    if not first.calls:  # its pace begins with the first look
        first = room.database.run_now(partial(claim, dispatcher.rooms, run_id, 2))
    assert len(first.calls) == 2
    room.clock.advance(timedelta(hours=-1))
    await room.send(dispatcher)
    assert not gateway.journal
    room.clock.advance(timedelta(minutes=2))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"accepted": 2} and len(gateway.journal) == 2


async def test_a_cap_is_kept_when_the_clock_is_set_back(room: Room) -> None:
    gateway = FakeGateway()
    dispatcher = room.dispatcher(gateway)

    def agree(connection: Connection) -> None:
        given = {"contact_id": 1, "purpose": NEWS_CONSENT, "text_version": 1, "channel": "web"}
        connection.execute(insert(consent), {**given, "given_at": room.clock.now()})

    texts = [{"id": "A", "share": 100, "text": "[QC] Chao. Tu choi: soan TC", "unicode": False}]
    run_id = room.plan(1, kind="advertising", variants=texts)
    room.database.run_now(agree)
    for _ in range(3):
        await room.send(dispatcher)
        run_id = room.plan(0, kind="advertising", variants=texts)
    await room.send(dispatcher)
    room.clock.advance(timedelta(minutes=-30))
    await room.send(dispatcher)
    assert len(gateway.journal) == 3
    assert reasons(room.database, run_id) == {"cap"}
    room.clock.advance(timedelta(hours=25))
    await room.send(dispatcher)
    assert len(gateway.journal) == 4


async def test_after_a_restore_runs_pause_and_who_was_being_called_is_uncertain(room: Room) -> None:
    run_id, gateway = room.plan(5), FakeGateway()
    dispatcher = room.dispatcher(gateway)
    room.database.run_now(partial(claim, dispatcher.rooms, run_id, 1))
    room.clock.advance(timedelta(seconds=1))
    room.database.run_now(partial(claim, dispatcher.rooms, run_id, 2))
    called = states(room.database, run_id)["sending"]
    room.database.run_now(lambda c: restored.settle(c, room.content, room.clock.now()))
    await room.send(dispatcher)
    room.clock.advance(timedelta(hours=1))
    await room.send(dispatcher)
    assert states(room.database, run_id) == {"uncertain": called, "waiting": 5 - called}
    assert "restored" in reasons(room.database, run_id)
    run = room.database.read_now(lambda c: c.execute(select(campaign_run).filter_by(id=run_id)).one())
    assert (run.status, run.pause_reason) == ("paused", "restored")
    assert not gateway.journal


async def test_what_is_said_in_a_conversation_may_have_buttons_of_its_own(room: Room) -> None:
    chat = {
        "vi": {"text": "Nghe nói chưa ạ?", "buttons": [{"title": "Có", "payload": "/yes"}]},
        "en": {"text": "Heard of it?", "buttons": [{"title": "Yes", "payload": "/yes"}]},
    }
    variant = {"id": "A", "share": 100, "text": "Chao.", "unicode": False, "chat": chat}
    run_id, sms = room.plan(3, channels=["zalo", "sms"], variants=[variant]), FakeGateway()
    talk(room, 1)
    talk(room, 2)
    english = update(conversation).where(conversation.c.contact_id == 2).values(language="en")
    room.database.run_now(lambda c: c.execute(english))
    await room.send(room.dispatcher(sms))
    assert ways(room, run_id) == {1: "zalo", 2: "zalo", 3: "sms"} and [one.text for one in sms.journal] == ["Chao."]
    of = select(outbound.c.reply).order_by(outbound.c.conversation_id)
    said = list(room.database.read_now(lambda c: c.scalars(of)))
    assert [(one["text"], one["buttons"][0]["title"], len(one["buttons"])) for one in said] == [
        ("Nghe nói chưa ạ?", "Có", 2),
        ("Heard of it?", "Yes", 2),
    ]
    asked = select(conversation.c.offered).where(conversation.c.contact_id == 1)
    offered = room.database.read_now(lambda c: c.scalar(asked))
    assert offered is not None and offered[0]["payload"] == "/yes"
