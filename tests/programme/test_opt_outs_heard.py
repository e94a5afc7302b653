"""What people write to a short code: refusals and their confirmation, once for each word; coming back."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from programme import opt_outs
from programme.content import Content
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.forgotten import has_opted_out, phone_key
from store.forgotten_tables import forgotten
from store.tables import opt_out
from tests.conftest import NOW
from tests.programme.campaigning import PHONE

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def _hear(
    c: Connection, keyring: Keyring, content: Content, text: str, id_: str = "1", after: timedelta = timedelta()
) -> str | None:
    uid = opt_outs.word_of("esms", id_)
    return opt_outs.hear(c, keyring, content.phrases, NOW + after, ZONE, phone=PHONE, text=text, uid=uid)


@pytest.mark.parametrize("text", ["TC", "tc", "Từ chối", "TU CHOI", "STOP", "stop!", "HUY", "Huỷ", "hủy", "TC QC"])
def test_the_words_of_a_short_code_end_messages_also_without_a_contact(
    database: Database, keyring: Keyring, content: Content, text: str
) -> None:
    def work(c: Connection) -> tuple[str | None, bool]:
        return _hear(c, keyring, content, text), has_opted_out(c, [phone_key(keyring, PHONE)])

    reply, stopped = database.run_now(work)
    assert stopped and reply is not None and reply.isascii() and len(reply) <= 160
    assert f"luc {NOW.astimezone(ZONE):%H:%M %d/%m/%Y}" in reply and "ngung gui tin tu luc do" in reply


@pytest.mark.parametrize("text", ["", "xin chào", "lớp học mấy giờ", "hủy hợp đồng với bên kia", "tcvn", "shop"])
def test_what_is_neither_changes_nothing_and_has_no_reply(
    database: Database, keyring: Keyring, content: Content, text: str
) -> None:
    def work(c: Connection) -> tuple[str | None, int]:
        return _hear(c, keyring, content, text), len(c.execute(select(forgotten)).all())

    assert database.run_now(work) == (None, 0)


def test_a_word_that_is_brought_twice_is_one_and_its_answer_the_same(
    database: Database, keyring: Keyring, content: Content
) -> None:
    def work(c: Connection) -> tuple[list[str | None], int]:
        said = [_hear(c, keyring, content, "TC"), _hear(c, keyring, content, "TC", after=timedelta(hours=3))]
        return said, len(c.execute(select(forgotten)).all())

    (first, second), notes = database.run_now(work)
    assert first == second is not None and notes == 1


def test_a_late_repetition_of_tc_does_not_undo_coming_back(
    database: Database, keyring: Keyring, content: Content
) -> None:
    def work(c: Connection) -> tuple[str | None, int, bool]:
        contacts = Contacts(c, keyring)
        contacts.set_phone(contacts.add(NOW), PHONE)
        _hear(c, keyring, content, "TC", "1")
        reply = _hear(c, keyring, content, "NHAN LAI", "2", timedelta(minutes=1))
        _hear(c, keyring, content, "TC", "1", timedelta(minutes=2))
        left = len(c.execute(select(opt_out)).all())
        return reply, left, has_opted_out(c, [phone_key(keyring, PHONE)])

    reply, left, stopped = database.run_now(work)
    assert reply == "Hotline da ghi nhan quy khach nhan lai tin nhan. Muon ngung, soan TC." and (left, stopped) == (
        0,
        False,
    )
