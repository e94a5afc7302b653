"""The gate before everything unasked, with its facts from both databases; opt-outs and short links beside it."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert

from programme import bulk_gate, opt_outs, short_links
from programme.bulk_gate import Asked
from programme.bulk_law import MessageKind
from programme.consents import NEWS_CONSENT
from programme.content import Content
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.forgotten import phone_key
from store.registry_tables import do_not_call
from store.tables import consent
from tests.conftest import NOW
from tests.store.plans import tables_read_whole

PHONE, ZONE = "+84912345678", ZoneInfo("Asia/Ho_Chi_Minh")
ADVERTISING, CARE = MessageKind.ADVERTISING, MessageKind.CUSTOMER_CARE


def _shop(connection: Connection, keyring: Keyring, agrees: bool = True) -> int:
    contacts = Contacts(connection, keyring)
    contact_id = contacts.add(NOW)
    contacts.set_phone(contact_id, PHONE)
    if agrees:
        row = {"contact_id": contact_id, "purpose": NEWS_CONSENT, "text_version": 1, "channel": "paper"}
        connection.execute(insert(consent).values(**row, given_at=NOW))
    return contact_id


def _reason(
    connection: Connection, keyring: Keyring, content: Content, contact_id: int, kind: MessageKind
) -> str | None:
    asked = Asked(1, contact_id, phone_key(keyring, PHONE), kind, "sms")
    return bulk_gate.judge(connection, content.bulk_law, [asked], NOW, ZONE)[1].rule


def test_silence_is_no_consent_to_advertising(database: Database, keyring: Keyring, content: Content) -> None:
    def work(connection: Connection) -> list[str | None]:
        silent = _shop(connection, keyring, agrees=False)
        return [_reason(connection, keyring, content, silent, kind) for kind in (ADVERTISING, CARE)]

    assert database.run_now(work) == ["no_consent", None]


def test_a_listed_number_gets_no_advertising(database: Database, keyring: Keyring, content: Content) -> None:
    def work(connection: Connection) -> list[str | None]:
        shop = _shop(connection, keyring)
        key = phone_key(keyring, PHONE)
        connection.execute(insert(do_not_call).values(phone_key=key, source="5656", listed_at=NOW))
        return [_reason(connection, keyring, content, shop, kind) for kind in (ADVERTISING, CARE)]

    assert database.run_now(work) == ["do_not_call", None]


def test_a_number_without_a_contact_can_refuse_and_is_remembered(
    database: Database, keyring: Keyring, content: Content
) -> None:
    def work(connection: Connection) -> list[str | None]:
        opt_outs.stop(connection, keyring, NOW, "sms", phone=PHONE)
        return [_reason(connection, keyring, content, _shop(connection, keyring), CARE)]

    assert database.run_now(work) == ["opted_out"]


def test_a_refusal_is_new_once_and_the_same_word_is_answered_alike(database: Database, keyring: Keyring) -> None:
    def work(connection: Connection) -> list[tuple[bool, timedelta]]:
        word, later = opt_outs.word_of("esms", "77"), NOW + timedelta(minutes=5)
        _shop(connection, keyring)
        said = [
            opt_outs.stop(connection, keyring, NOW, "sms", phone=PHONE, uid=word),
            opt_outs.stop(connection, keyring, later, "sms", phone=PHONE, uid=word),
            opt_outs.stop(connection, keyring, later, "sms", phone=PHONE),
        ]
        return [(one.is_new, one.at - NOW) for one in said]

    repeated = timedelta(minutes=5)
    assert database.run_now(work) == [(True, timedelta()), (True, timedelta()), (False, repeated)]


def test_a_word_delivered_again_is_answered_as_it_was_the_first_time(database: Database, keyring: Keyring) -> None:
    def work(connection: Connection) -> tuple[list[bool], list[bool]]:
        _shop(connection, keyring)

        def hear(minute: int, name: str) -> bool:
            act = opt_outs.resume if name.startswith("again") else opt_outs.stop
            at = NOW + timedelta(minutes=minute)
            return act(connection, keyring, at, "sms", phone=PHONE, uid=opt_outs.word_of("esms", name)).is_new

        words = ["first", "second", "again", "again twice", "third"]
        return [hear(n, word) for n, word in enumerate(words)], [hear(9, word) for word in words]

    said = [True, False, True, False, True]
    assert database.run_now(work) == (said, said)


def test_who_comes_back_is_written_to_again_and_has_to_agree_anew(
    database: Database, keyring: Keyring, content: Content
) -> None:
    def work(connection: Connection) -> list[str | None]:
        shop = _shop(connection, keyring)
        opt_outs.stop(connection, keyring, NOW, "sms", phone=PHONE)
        opt_outs.resume(connection, keyring, NOW + timedelta(minutes=1), "sms", phone=PHONE)
        return [_reason(connection, keyring, content, shop, kind) for kind in (ADVERTISING, CARE)]

    assert database.run_now(work) == ["no_consent", None]


def test_only_three_of_one_batch_leave_to_one_number(database: Database, keyring: Keyring, content: Content) -> None:
    def work(connection: Connection) -> list[str | None]:
        shop, key = _shop(connection, keyring), phone_key(keyring, PHONE)
        rows = [Asked(n, shop, key, ADVERTISING, "sms") for n in range(1, 5)]
        return [one.rule for one in bulk_gate.judge(connection, content.bulk_law, rows, NOW, ZONE).values()]

    assert database.run_now(work) == [None, None, None, "cap"]


def test_the_gate_reads_no_table_from_end_to_end(database: Database, keyring: Keyring, content: Content) -> None:
    shop = database.run_now(lambda connection: _shop(connection, keyring))
    asked = Asked(1, shop, phone_key(keyring, PHONE), ADVERTISING, "sms")
    read = tables_read_whole(database, lambda c: bulk_gate.judge(c, content.bulk_law, [asked], NOW, ZONE))
    assert read == set()


@pytest.mark.parametrize("number", [1, 31, 32, 15_000, 10**9])
def test_a_code_leads_back_to_its_row_and_a_changed_one_nowhere(keyring: Keyring, number: int) -> None:
    code = short_links.code_of(keyring, number)
    assert len(code) <= short_links.LONGEST and short_links.recipient_of(keyring, code.upper()) == number
    other = ("1" if code[0] != "1" else "2") + code[1:]
    assert short_links.recipient_of(keyring, other) is None


def test_advertising_waits_for_the_morning(content: Content, clock: ManualClock) -> None:
    night = clock.now() + timedelta(hours=13)  # 22:00
    verdict = bulk_gate.is_quiet(content.bulk_law, "sms", night, ZONE, ADVERTISING)
    assert verdict and not bulk_gate.is_quiet(content.bulk_law, "sms", night - timedelta(minutes=1), ZONE, ADVERTISING)
