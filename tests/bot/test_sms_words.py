"""What is heard as a refusal at a short code: a message that is the word, and no message in which it merely stands."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from bot import sms_words
from integrations.sms.gateway import Opinion
from programme.content import Content
from store.crypto import Keyring
from store.database import Database
from store.forgotten import has_opted_out, phone_key
from tests.conftest import NOW
from tests.programme.test_bulk_gate import PHONE, ZONE


def _refused(database: Database, keyring: Keyring, content: Content, text: str) -> bool:
    said = Opinion(id_="1", phone=PHONE, text=text)

    def work(connection: Connection) -> bool:
        sms_words.hear(connection, keyring, content.phrases, "esms", said, "HKD", NOW, ZONE)
        return has_opted_out(connection, [phone_key(keyring, PHONE)])

    return database.run_now(work)


@pytest.mark.parametrize("text", ["HKD TC", "hkd: tc!", "Từ chối", "HKD huy dang ky nhan tin"])
def test_a_message_that_is_the_refusal_ends_everything(
    database: Database, keyring: Keyring, content: Content, text: str
) -> None:
    assert _refused(database, keyring, content, text)


@pytest.mark.parametrize("text", ["HKD hủy hóa đơn thế nào", "toi muon dang ky nhan tin", "HKD"])
def test_the_word_within_another_matter_ends_nothing(
    database: Database, keyring: Keyring, content: Content, text: str
) -> None:
    assert not _refused(database, keyring, content, text)
