"""The officers' and administrators' commands on a database that owners have written to."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Connection, select, update

from actions.context import OpenDataRequest, RememberPhone
from bot import baton, effects, inbox, outbox
from bot.baton import Reason
from hotline.app import open_migrated_database
from programme.content import load_content
from store.clock import ManualClock
from store.messages import InboundMessage, Reply
from store.settings import load_settings
from store.tables import conversation, inbound
from tests.conftest import NOW, SECRET
from tests.hotline.commands import hotline


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A database in which one owner asked for a person, left a number, and wants their data erased."""
    url = f"sqlite:///{tmp_path}/own.db"
    settings = load_settings(database_url=url, secret_key=SECRET, _env_file=None)
    database, keyring = open_migrated_database(settings, ManualClock(NOW))

    def write(connection: Connection) -> None:
        here = inbox.open_conversation(connection, keyring, "webchat", "owner", "thai-nguyen", NOW)
        message = InboundMessage("webchat", "owner", "m1", NOW, "máy in hỏng, gọi giúp bác")
        inbox.accept(connection, here, message, NOW)
        rows = (
            connection.execute(select(conversation)).mappings().one(),
            connection.execute(select(inbound)).mappings().one(),
        )
        turn = effects.Turn(*rows, message.text, None, NOW)
        request = OpenDataRequest("erasure", date(2026, 11, 25), date(2026, 12, 14))
        effects.apply(connection, keyring, turn, [RememberPhone("+84912345678"), request])
        baton.escalate(connection, here, Reason.ASKED, NOW, 24)

    database.run_now(write)
    database.close()
    return {"HOTLINE_DATABASE_URL": url}


def said(*arguments: str, **environment: str) -> str:
    done = hotline(*arguments, **environment)
    assert done.returncode == 0, done.stderr.decode()
    return str(done.stdout.decode())


def test_an_officer_reads_answers_and_hands_back(environment: dict[str, str]) -> None:
    listed = said("escalations", "list", **environment)
    assert "#1" in listed
    assert "Muốn gặp cán bộ" in listed
    assert "+84912345678" in listed
    assert "Chủ cửa hàng: máy in hỏng, gọi giúp bác" in listed
    sent = said("escalations", "answer", "1", "Dạ em gọi ngay ạ.", "--officer", "Lan", **environment)
    assert "Đã nhận trả lời" in sent
    assert "hotline escalations return 1 --officer Lan" in sent
    held = said("escalations", "list", **environment)
    assert "Lan đang giữ" in held
    assert "Cán bộ: Dạ em gọi ngay ạ." in held
    refused = hotline("escalations", "answer", "1", "Chào cô.", "--officer", "Minh", **environment)
    assert refused.returncode == 1
    assert "Lan" in refused.stderr.decode()
    assert hotline("escalations", "return", "1", "--officer", "Minh", **environment).returncode == 1
    done = hotline("escalations", "return", "1", "--officer", "Lan", **environment)
    assert "Đã trả" in done.stdout.decode()
    assert done.stderr == b""
    assert "Không có yêu cầu nào" in said("escalations", "list", **environment)


def test_what_somebody_holds_is_handed_back_by_that_officer_or_by_force(environment: dict[str, str]) -> None:
    said("escalations", "answer", "1", "Dạ em gọi ngay ạ.", "--officer", "Lan Anh", **environment)
    for close in ((), ("--close",)):
        refused = hotline("escalations", "return", "1", *close, **environment)
        assert refused.returncode == 1
        assert "--officer 'Lan Anh'" in refused.stderr.decode()
        assert "--force" in refused.stderr.decode()
    assert "Đã trả" in said("escalations", "return", "1", "--force", **environment)


@pytest.mark.parametrize(("close", "done"), [((), "Đã trả"), (("--close",), "Đã đóng")])
def test_an_officer_who_hands_back_without_an_answer_is_warned(
    environment: dict[str, str], close: tuple[str, ...], done: str
) -> None:
    returned = hotline("escalations", "return", "1", *close, **environment)
    assert returned.returncode == 0
    assert done in returned.stdout.decode()
    assert "chưa có cán bộ nào trả lời" in returned.stderr.decode()


def test_an_officer_sees_by_their_titles_what_the_bot_tried_and_what_it_was_doing(environment: dict[str, str]) -> None:
    settings = load_settings(database_url=environment["HOTLINE_DATABASE_URL"], secret_key=SECRET, _env_file=None)
    database, _ = open_migrated_database(settings, ManualClock(NOW))
    replies = [Reply(entry, entry=entry) for entry in ("notice", "ask_tax_threshold", "did_you_mean", "request_person")]
    flow = {"dialogue_state": {"slots": {}, "loop": "domain_check_form"}}
    more = {"last_seq": conversation.c.last_seq + len(replies)}

    def write(connection: Connection) -> None:
        changed = update(conversation).values(**flow, **more).returning(*conversation.c)
        outbox.append(connection, connection.execute(changed).mappings().one(), replies, NOW)

    database.run_now(write)
    database.close()
    listed = said("escalations", "list", **environment)
    title = next(answer.title() for answer in load_content().answers if answer.id == "ask_tax_threshold")
    assert f"Trợ lý ảo đã trả lời: {title}\n" in listed
    assert "Đang làm dở: xét điều kiện tên miền" in listed
    assert "notice" not in listed
    assert "request_person" not in listed
    as_json = orjson.loads(said("escalations", "list", "--json", **environment))
    assert (as_json["tried"], as_json["flow"]) == (["ask_tax_threshold", "did_you_mean"], "domain_check_form")


def test_an_entry_is_said_once_an_administrator_approved_it(environment: dict[str, str]) -> None:
    assert "ask_domain_limit  [national]  CHƯA DUYỆT" in said("content", "list", **environment)
    assert "Đã duyệt: ask_domain_limit" in said("content", "approve", "ask_domain_limit", **environment)
    assert "Đã duyệt từ trước" in said("content", "approve", "ask_domain_limit", "--by", "Hoa", **environment)
    assert "ask_domain_limit  [national]  đã duyệt" in said("content", "list", **environment)
    unknown = hotline("content", "approve", "ask_tax_threshold", **environment)
    assert unknown.returncode == 1
    assert "ask_tax_threshold" in unknown.stderr.decode()


def test_a_request_about_personal_data_is_listed_until_it_is_done(environment: dict[str, str]) -> None:
    listed = said("data-requests", "list", **environment)
    assert "#1  xóa dữ liệu  trả lời trước 25/11/2026, xong trước 14/12/2026, nhận ngày 23/11/2026" in listed
    assert "Chủ cửa hàng: máy in hỏng, gọi giúp bác" in listed
    assert "+84912345678" in listed
    unproved = hotline("data-requests", "done", "1", **environment)
    assert unproved.returncode == 1
    assert "--identity" in unproved.stderr.decode()
    assert "#1" in said("data-requests", "done", "1", "--identity", "called_back", **environment)
    assert hotline("data-requests", "done", "2", **environment).returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("escalations", "answer", "99999999999999999999", "x"),
        ("escalations", "answer", "1", "x", "--officer", " "),
        ("escalations", "return", "0"),
        ("content", "approve", "x", "--by", "a" * 81),
        ("ask", "--json", "--now", "0001-01-01"),
        ("ask", "--json", "--now", "9999-12-31T23:59:59"),
        ("ask", "--json", "--now", "gestern"),
    ],
)
def test_what_cannot_be_is_refused_without_a_traceback(arguments: tuple[str, ...]) -> None:
    done = hotline(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr.decode()
