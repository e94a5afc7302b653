"""A person is erased: nothing of them is found any more, in the tables and on the disk; what is counted stays right."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, make_url, select, text, update

from bot import inbox, outbox
from programme import erasure, links
from programme.erasure import erase
from programme.held import Erasure, Scope
from programme.personal_fields import PERSONAL
from store import forgotten
from store.channel_tables import attachment, channel_event, channel_link
from store.clock import ManualClock
from store.console_tables import note, request
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from store.messages import InboundMessage, Reply
from store.privacy_tables import purge
from store.purging import purge_asked
from store.schema import metadata
from store.survey_tables import lead, survey_response
from store.tables import consent, contact, conversation, data_request, escalation, inbound, officer, outbound, review
from tests.programme.at_once import at_once

NAME, PHONE, WORDS = "Nguyễn Thị Hồng Loan", "+84912345678", "bánhchưngzz"


class Owners:
    """Somebody with everything that can be kept of a person, and somebody else with the same words."""

    def __init__(self, database: Database, keyring: Keyring, clock: ManualClock) -> None:
        self.database, self.keyring, self.clock = database, keyring, clock

    def make(self, channel: str, address: str, name: str | None = None) -> tuple[int, str]:
        def work(connection: Connection) -> tuple[int, str]:
            now = self.clock.now()
            here = inbox.open_conversation(connection, self.keyring, channel, address, "thai-nguyen", now, name)
            of = connection.execute(select(conversation.c.contact_id).filter_by(id=here)).scalar_one()
            return int(of), here

        return self.database.run_now(work)

    def write(self, here: str, channel: str, text_: str, id_: str) -> int:
        message = InboundMessage(channel, "", id_, self.clock.now(), text_)
        self.database.run_now(lambda c: inbox.accept(c, here, message, self.clock.now()))
        return int(self.database.read_now(lambda c: c.scalar(select(inbound.c.id).filter_by(provider_message_id=id_))))

    def fill(self, contact_id: int, here: str, channel: str) -> None:
        message = self.write(here, channel, f"{WORDS} gọi cho {NAME} theo số 0912345678", f"m-{here}")
        now = self.clock.now()

        def work(c: Connection) -> None:
            Contacts(c, self.keyring).set_name(contact_id, NAME)
            Contacts(c, self.keyring).set_phone(contact_id, PHONE)
            who = insert_returning_id(c, officer, {"name": f"Hà {here}", "created_at": now})
            outbox.say(c, here, channel, [Reply(f"Chào {NAME} {WORDS}", entry="greet")], now)
            outbox.say(c, here, channel, [Reply(f"Nhắc {WORDS}", entry="nudge")], now, bulk=True)
            c.execute(insert(review).values(inbound_id=message, kind="not_understood", text=WORDS, created_at=now))
            c.execute(
                insert(attachment).values(
                    inbound_id=message, position=0, kind="image", name=NAME, status="stored", content=WORDS.encode()
                )
            )
            c.execute(
                insert(note).values(conversation_id=here, officer_id=who, after_seq=1, text=WORDS, created_at=now)
            )
            agreed = insert_returning_id(
                c,
                consent,
                {
                    "contact_id": contact_id,
                    "purpose": "survey",
                    "text_version": 1,
                    "channel": channel,
                    "given_at": now,
                },
            )
            response = insert_returning_id(
                c,
                survey_response,
                {
                    "contact_id": contact_id,
                    "conversation_id": here,
                    "survey": "retail",
                    "version": "1.0.0",
                    "status": "open",
                    "revision": 1,
                    "answers": {"q1": WORDS},
                    "personal": f'{{"s1": "{NAME}"}}',
                    "province": "thai-nguyen",
                    "channel": channel,
                    "started_at": now,
                    "updated_at": now,
                },
            )
            c.execute(
                insert(lead).values(
                    contact_id=contact_id,
                    vendor="VNPT",
                    response_id=response,
                    province="thai-nguyen",
                    status="offered",
                    consent_id=agreed,
                    created_at=now,
                )
            )
            waits = insert_returning_id(
                c,
                escalation,
                {
                    "conversation_id": here,
                    "reason": "asked_for_person",
                    "status": "open",
                    "opened_at": now,
                    "due_at": now + timedelta(hours=24),
                    "province": "thai-nguyen",
                },
            )
            c.execute(
                insert(request).values(
                    conversation_id=here,
                    escalation_id=waits,
                    is_first=True,
                    province="thai-nguyen",
                    channel=channel,
                    opened_at=now,
                    due_at=now + timedelta(hours=24),
                )
            )
            c.execute(
                insert(data_request).values(
                    contact_id=contact_id,
                    conversation_id=here,
                    kind="erasure",
                    status="open",
                    stage="erasing",
                    opened_at=now,
                    acknowledge_by=now.date(),
                    due_on=now.date(),
                )
            )

        self.database.run_now(work)

    def erase(self, contact_id: int) -> Any:
        return self.database.run_now(lambda c: erase(c, self.keyring, contact_id, self.clock.now()))

    def rows(self, table: Any, **of: Any) -> list[Any]:
        return self.database.read_now(lambda c: list(c.execute(select(table).filter_by(**of)).all()))


@pytest.fixture
def owners(database: Database, keyring: Keyring, clock: ManualClock) -> Iterator[Owners]:
    yield Owners(database, keyring, clock)


def _cells(connection: Connection) -> str:
    """Everything that the tables hold, decrypted."""
    return "\n".join(str(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))


def _files(database: Database) -> bytes:
    """The bytes of the database on the disk; of PostgreSQL those of every table and index."""
    if database.is_sqlite:
        path = Path(str(make_url(database.url).database))
        return b"".join(one.read_bytes() for one in (path, path.with_name(path.name + "-wal")) if one.exists())

    def read(connection: Connection) -> bytes:
        connection.exec_driver_sql("CHECKPOINT")
        paths = connection.execute(
            text(
                "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relkind IN ('r', 't', 'i')"
                " AND relnamespace IN ('public'::regnamespace, 'pg_toast'::regnamespace)"
            )
        ).scalars()
        found = [
            connection.execute(text("SELECT pg_read_binary_file(:path, 0, 1000000000, true)"), {"path": path}).scalar()
            for path in paths
            if path
        ]
        return b"".join(bytes(one) for one in found if one)

    return database.outside_now(read)


def test_nothing_of_the_person_is_left_in_the_tables_nor_on_the_disk(owners: Owners) -> None:
    contact_id, here = owners.make("zalo", "zalo-user-777777", NAME)
    owners.fill(contact_id, here, "zalo")
    now = owners.clock.now()
    owners.database.run_now(
        lambda c: c.execute(
            insert(channel_event).values(
                channel="zalo",
                event_id="follow:1",
                name="follow",
                status="done",
                body='{"follower": "zalo-user-777777"}',
                received_at=now,
            )
        )
    )
    assert WORDS in owners.database.read_now(_cells)
    assert WORDS.encode() in _files(owners.database)
    erased = owners.erase(contact_id)
    assert (erased.people, erased.leads) == (1, 1)
    assert erased.messages == 3
    left = owners.database.read_now(_cells)
    for said in (NAME, PHONE, WORDS, "Loan", "912345678", "zalo-user-777777"):
        assert said not in left, said
    assert [row.done_at for row in owners.rows(purge)] == [None]
    assert asyncio.run(purge_asked(owners.database, now)) == 1
    on_disk = _files(owners.database)
    folded = "banhchungzz"
    for said in (NAME, "912345678", WORDS, folded, "hongloan", "zalo-user-777777"):
        assert said.encode() not in on_disk, said
    assert asyncio.run(purge_asked(owners.database, now)) == 0
    assert owners.rows(purge)[0].done_at == now


def test_what_is_counted_stays_and_nothing_goes_out_any_more(owners: Owners) -> None:
    contact_id, here = owners.make("zalo", "a-1")
    owners.fill(contact_id, here, "zalo")
    said = owners.rows(outbound)
    owners.database.run_now(
        lambda c: c.execute(update(outbound).filter_by(id=said[0].id).values(status="sending", attempt="x" * 32))
    )
    owners.erase(contact_id)
    assert [(row.status, row.error, row.attempt, row.reply) for row in owners.rows(outbound)] == [
        ("settled", "erased", None, {"text": "", "entry": "greet"}),
        ("settled", "erased", None, {"text": "", "entry": "nudge"}),
    ]
    (asked,) = owners.rows(request)
    assert (asked.outcome, asked.ended_at) == ("withdrawn", owners.clock.now())
    assert [row.status for row in owners.rows(escalation)] == ["withdrawn"]
    assert [(row.status, row.contact_id) for row in owners.rows(lead)] == [("withdrawn", None)]
    assert [row.withdrawn_at for row in owners.rows(consent)] == [owners.clock.now()]
    (asked_for,) = owners.rows(data_request)
    assert (asked_for.status, asked_for.finished_at) == ("done", owners.clock.now())
    (talk,) = owners.rows(conversation)
    assert (talk.holder, talk.send_at, talk.wake_at, talk.unreachable) == ("closed", None, None, "erased")


def test_erasing_twice_is_erasing_once_and_others_are_left_alone(owners: Owners) -> None:
    contact_id, here = owners.make("zalo", "a-1")
    other_id, there = owners.make("telegram", "a-2")
    owners.fill(contact_id, here, "zalo")
    owners.fill(other_id, there, "telegram")
    before = owners.rows(outbound, conversation_id=there), owners.rows(contact, id=other_id)
    owners.erase(contact_id)
    noted = len(owners.rows(forgotten.forgotten))
    again = owners.erase(contact_id)
    assert again.leads == 0
    assert len(owners.rows(forgotten.forgotten)) == noted == 2
    assert (owners.rows(outbound, conversation_id=there), owners.rows(contact, id=other_id)) == before
    assert len(owners.rows(survey_response, contact_id=other_id)) == 1


def test_linked_channels_are_one_person(owners: Owners) -> None:
    keeps, here = owners.make("zalo", "a-1")
    leaves, there = owners.make("telegram", "a-2")
    owners.fill(keeps, here, "zalo")
    owners.fill(leaves, there, "telegram")

    def link(c: Connection) -> None:
        c.execute(update(conversation).filter_by(id=there).values(contact_id=keeps))
        row = {"conversation_id": there, "from_contact_id": leaves, "to_contact_id": keeps}
        c.execute(insert(channel_link).values(**row, linked_at=owners.clock.now()))

    owners.database.run_now(link)
    assert owners.erase(keeps).people == 2
    left = owners.database.read_now(_cells)
    assert NAME not in left
    assert WORDS not in left


def test_whoever_writes_again_is_nobody_known_and_gets_nothing_in_bulk(owners: Owners) -> None:
    contact_id, here = owners.make("zalo", "a-1")
    owners.fill(contact_id, here, "zalo")
    owners.erase(contact_id)
    new_id, anew = owners.make("zalo", "a-1")
    assert (new_id == contact_id, anew == here) == (False, False)
    keys = owners.database.read_now(lambda c: forgotten.keys_of(c, owners.keyring, [new_id]))
    assert owners.database.read_now(lambda c: forgotten.has_opted_out(c, keys))


def test_every_table_with_something_personal_can_be_asked_whose_it_is(owners: Owners) -> None:
    contact_id, here = owners.make("zalo", "a-1")
    owners.fill(contact_id, here, "zalo")
    scope = Scope((contact_id,), (here,))
    for held in PERSONAL:
        if held.whose is not None and held.shown:
            shown = [held.table.c[name] for name in held.shown.split()]
            owners.database.read_now(lambda c, h=held, s=shown: c.execute(select(*s).where(h.whose(scope))).all())  # type: ignore[misc]
        assert held.whose is not None or held.erasure in (Erasure.ELSEWHERE, Erasure.KEEP)


async def test_two_erasures_at_once_are_one(owners: Owners) -> None:
    contact_id, here = owners.make("zalo", "a-1")
    owners.fill(contact_id, here, "zalo")
    now = owners.clock.now()
    both = [owners.database.run(lambda c: erase(c, owners.keyring, contact_id, now)) for _ in range(2)]
    done = await asyncio.gather(*both)
    assert sorted(one.leads for one in done) == [0, 1]
    assert NAME not in owners.database.read_now(_cells)


def test_a_message_that_comes_during_the_erasure_begins_anew_or_is_erased_too(owners: Owners) -> None:
    contact_id, here = owners.make("zalo", "a-1")
    owners.fill(contact_id, here, "zalo")
    now = owners.clock.now()
    message = InboundMessage("zalo", "a-1", "at once", now, WORDS)
    # the erasure holds the conversation: the message waits for it and is refused, so that it opens another one
    with pytest.raises(inbox.ConversationGone):
        at_once(
            owners.database,
            lambda c: erase(c, owners.keyring, contact_id, now),
            lambda c: inbox.accept(c, here, message, now),
        )
    assert WORDS not in owners.database.read_now(_cells)
    assert (owners.make("zalo", "a-1")[1] == here) is False
    # the message holds it: the erasure waits for it, and takes it along
    other_id, there = owners.make("zalo", "a-2")
    at_once(
        owners.database,
        lambda c: inbox.accept(c, there, message, now),
        lambda c: erase(c, owners.keyring, other_id, now),
    )
    assert WORDS not in owners.database.read_now(_cells)
    assert [row.status for row in owners.rows(inbound, conversation_id=there)] == ["with_person"]


def test_a_channel_that_is_linked_while_the_erasure_waits_is_erased_too(
    owners: Owners, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact_id, _ = owners.make("zalo", "a-1")
    other_id, there = owners.make("telegram", "a-2")
    owners.write(there, "telegram", WORDS, "t-1")
    read = erasure.scope_of

    def linked_right_after(c: Connection, of: int) -> Scope:
        found = read(c, of)
        monkeypatch.setattr(erasure, "scope_of", read)
        c.execute(update(conversation).filter_by(id=there).values(contact_id=contact_id))
        row = {"conversation_id": there, "from_contact_id": other_id, "to_contact_id": contact_id}
        c.execute(insert(channel_link).values(**row, linked_at=owners.clock.now()))
        return found

    monkeypatch.setattr(erasure, "scope_of", linked_right_after)
    assert owners.erase(contact_id).people == 2
    assert WORDS not in owners.database.read_now(_cells)


def test_whoever_was_linked_to_another_is_erased_with_all_of_it(owners: Owners) -> None:
    keeps, here = owners.make("zalo", "a-1")
    leaves, there = owners.make("telegram", "a-2")
    owners.write(here, "zalo", WORDS, "z-1")

    def link(c: Connection) -> None:
        c.execute(update(conversation).filter_by(id=there).values(contact_id=keeps))
        row = {"conversation_id": there, "from_contact_id": leaves, "to_contact_id": keeps}
        c.execute(insert(channel_link).values(**row, linked_at=owners.clock.now()))

    owners.database.run_now(link)
    for one in (keeps, leaves):  # a request may still be of the contact that was left
        assert owners.database.read_now(lambda c, of=one: links.person(c, of)) == [keeps, leaves]  # type: ignore[misc]
    assert owners.erase(leaves).people == 2
    assert WORDS not in owners.database.read_now(_cells)
