"""What was said is found by its words, whatever their accents, on both engines, and is not found once it is gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, text, update

from store.clock import ManualClock
from store.console_tables import note
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database, insert_returning_id
from store.search import SEARCH_TABLES, Found, Said, find_said, read_words
from store.tables import conversation, inbound, officer, outbound
from store.text import clean, folded_words
from tests.store.plans import tables_read_whole


@pytest.fixture
def talk(database: Database, keyring: Keyring, clock: ManualClock) -> Talk:
    return Talk(database, keyring, clock)


class Talk:
    """A conversation that a test fills."""

    def __init__(self, database: Database, keyring: Keyring, clock: ManualClock) -> None:
        self.database, self.clock, self.seq = database, clock, 0
        self.contact_id = database.run_now(lambda c: Contacts(c, keyring).add(clock.now(), "Lan"))
        for id_, channel in (("c1", "zalo"), ("c2", "webchat")):
            self._add(conversation, id=id_, channel=channel, address=id_)
        self.officer_id = database.run_now(
            lambda c: insert_returning_id(c, officer, {"name": "Hà", "created_at": clock.now()})
        )

    def _add(self, table: Any, **values: Any) -> None:
        row = {"contact_id": self.contact_id, "province": "thai-nguyen", "holder": "bot", "version": 0, "last_seq": 0}
        self.database.run_now(lambda c: c.execute(insert(table), {**row, "created_at": self.clock.now(), **values}))

    def heard(self, said: str, to: str = "c1", kind: str = "message") -> int:
        """The owner writes; the row's number."""
        self.seq += 1
        row = {
            "conversation_id": to,
            "seq": self.seq,
            "channel": "zalo" if to == "c1" else "webchat",
            "provider_message_id": f"m{self.seq}",
            "kind": kind,
            "text": said,
            "status": "answered",
            "attempts": 0,
            "received_at": self.clock.now(),
        }
        self.clock.advance(timedelta(seconds=1))
        return self.database.run_now(lambda c: insert_returning_id(c, inbound, row))

    def answered(self, said: str, sender: str = "bot", to: str = "c1") -> int:
        self.seq += 1
        row = {"conversation_id": to, "seq": self.seq, "sender": sender, "reply": {"text": said, "buttons": []}}
        row["created_at"] = self.clock.now()
        self.clock.advance(timedelta(seconds=1))
        return self.database.run_now(lambda c: insert_returning_id(c, outbound, row))

    def noted(self, said: str) -> int:
        row = {"conversation_id": "c1", "officer_id": self.officer_id, "after_seq": self.seq, "text": said}
        row["created_at"] = self.clock.now()
        self.clock.advance(timedelta(seconds=1))
        return self.database.run_now(lambda c: insert_returning_id(c, note, row))

    def change(self, table: Any, id_: int, **values: Any) -> None:
        self.database.run_now(lambda c: c.execute(update(table).filter_by(id=id_).values(values)))

    def search(self, typed: str, limit: int = 20, channel: str | None = None, since: datetime | None = None) -> Found:
        words = read_words(typed)
        assert words is not None
        return self.database.read_now(lambda c: find_said(c, words, limit, channel, since))

    def found(self, typed: str, **narrower: Any) -> list[str]:
        return [one.text for one in self.search(typed, **narrower).said]


def test_words_are_found_whatever_their_accents_case_and_order(talk: Talk) -> None:
    talk.heard("Trường ở xã ĐỒNG HỶ đăng ký tên miền .biz.vn, gọi 0912.345.678 nhé")
    talk.heard("chuyện khác")
    for typed in (
        *("đồng hỷ", "dong hy", "ĐỒNG HỶ", "dong h", "hỷ đồng", '"dong hy"', "xa  dong, hy!", "dang ky ten mi"),
        *("tên miền", "ten mi", "biz.vn", "biz vn", ".biz.vn", "0912", "truong"),
    ):
        assert len(talk.found(typed)) == 1, typed


def test_all_words_must_be_there_and_only_the_last_may_be_a_beginning(talk: Talk) -> None:
    talk.heard("Trường ở xã ĐỒNG HỶ đăng ký tên miền .biz.vn")
    for typed in ("dong xuan", "don hy", '"hy dong"', '"dong h"', "dong h ", "h dong", "biz-vn-x", "ruong", "' OR 1"):
        assert talk.found(typed) == [], typed


@pytest.mark.parametrize("typed", ["", "  ", "!?", '""', "🙂", "*", "'"])
def test_without_a_word_there_is_nothing_to_look_for(typed: str) -> None:
    assert read_words(typed) is None


def test_what_everybody_said_is_found_the_newest_first(talk: Talk) -> None:
    talk.heard("hóa đơn của tôi")
    talk.answered("Dạ hóa đơn điện tử ạ")
    talk.answered("Chào cô, hóa đơn đã gửi", sender="officer")
    talk.noted("Đã gọi về hóa đơn")
    last = talk.search("hoa don").said
    assert [(one.sender, one.seq, one.officer) for one in last] == [
        ("note", 3, "Hà"),
        ("officer", 3, None),
        ("bot", 2, None),
        ("owner", 1, None),
    ]
    first = last[-1]
    assert first == Said(first.id, "c1", talk.contact_id, "zalo", 1, "owner", "hóa đơn của tôi", first.at)


def test_it_says_when_there_are_older_ones(talk: Talk) -> None:
    for number in range(5):
        talk.heard(f"xin chào {number}")
    some, all_of_them = talk.search("xin chao", limit=3), talk.search("xin chao", limit=5)
    assert [one.text for one in some.said] == ["xin chào 4", "xin chào 3", "xin chào 2"]
    assert (some.is_all, all_of_them.is_all, len(all_of_them.said)) == (False, True, 5)


def test_it_is_narrowed_to_a_channel_and_a_time(talk: Talk, clock: ManualClock) -> None:
    talk.heard("thuế cũ", to="c1")
    clock.advance(timedelta(days=8))
    since = clock.now()
    talk.heard("thuế mới", to="c1")
    talk.answered("thuế trên mạng", to="c2")
    assert talk.found("thue", channel="zalo") == ["thuế mới", "thuế cũ"]
    assert talk.found("thue", since=since) == ["thuế trên mạng", "thuế mới"]
    assert talk.found("thue", channel="webchat", since=since) == ["thuế trên mạng"]


def test_what_is_blacked_out_or_deleted_is_not_found_any_more(talk: Talk) -> None:
    message, reply, remark = talk.heard("số của Đặng"), talk.answered("anh Đặng ạ"), talk.noted("Đặng gọi lại")
    assert len(talk.found("dang")) == 3
    talk.change(inbound, message, text="[đã xóa]")
    talk.change(outbound, reply, reply={"text": "anh [đã xóa] ạ"})
    talk.change(note, remark, text="")
    assert talk.found("dang") == []
    assert talk.found("xoa") == ["anh [đã xóa] ạ", "[đã xóa]"]
    talk.change(note, remark, text="Đặng")
    assert talk.found("dang") == ["Đặng"]
    talk.database.run_now(lambda c: (c.execute(delete(note)), c.execute(delete(outbound)), c.execute(delete(inbound))))
    assert talk.found("dang") + talk.found("xoa") == []


def test_steps_of_the_delivery_leave_it_as_it_is(talk: Talk) -> None:
    reply = talk.answered("giấy phép")
    talk.change(outbound, reply, status="delivered", attempts=3)
    assert talk.found("giay phep") == ["giấy phép"]


def test_what_the_hotline_tells_the_dialogue_is_no_message(talk: Talk) -> None:
    talk.heard("event_person_finished", kind="event")
    talk.heard("")
    assert talk.found("event") == []


def test_a_message_of_any_length_and_kind_is_stored(talk: Talk) -> None:
    talk.heard("a" * 3000 + " cuối")
    talk.heard("ở đầu " + "x y z " * 400_000)
    assert len(talk.found("cuoi")) == 1
    assert len(talk.found("dau")) == 1


def test_a_search_reads_no_table_from_end_to_end(talk: Talk) -> None:
    for number in range(30):
        talk.heard(f"dạ xin chào {number}")
    talk.heard("chuyện hiếm khi")
    for typed in ("xin chao", "chuyen hiem", '"chuyen hiem"', "kh"):
        words = read_words(typed)
        assert words is not None
        assert tables_read_whole(talk.database, partial(find_said, words=words, limit=20)) == set()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("aáạăếĐđƯợ019 .,-/_@:<>&;+%#'\"\n=?!()e", max_size=30))
def test_any_word_of_a_message_finds_it(talk: Talk, said: str) -> None:
    stored = clean(said)
    talk.heard(stored)
    for word in folded_words(stored):
        assert talk.found(f'"{word}"')[:1] == [stored], word


def test_the_words_stand_beside_the_messages(database: Database) -> None:
    def count(connection: Connection) -> list[int]:
        return [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in SEARCH_TABLES]

    assert database.read_now(count) == [0, 0, 0]
