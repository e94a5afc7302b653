"""The officers' and administrators' commands on a database that owners have written to."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from actions.context import OpenDataRequest, RememberPhone
from bot import baton, effects, inbox
from bot.baton import Reason
from hotline.app import open_migrated_database
from store.clock import ManualClock
from store.messages import InboundMessage
from store.settings import load_settings
from store.tables import conversation, inbound
from tests.conftest import NOW, SECRET
from tests.hotline.test_cli import hotline


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
    assert "chủ cửa hàng muốn gặp cán bộ" in listed
    assert "+84912345678" in listed
    assert "Chủ cửa hàng: máy in hỏng, gọi giúp bác" in listed
    assert "Đã gửi trả lời" in said(
        "escalations", "answer", "1", "Dạ em gọi ngay ạ.", "--officer", "Lan", **environment
    )
    held = said("escalations", "list", **environment)
    assert "Lan đang giữ" in held
    assert "Cán bộ: Dạ em gọi ngay ạ." in held
    refused = hotline("escalations", "answer", "1", "Chào cô.", "--officer", "Minh", **environment)
    assert refused.returncode == 1
    assert "Lan" in refused.stderr.decode()
    assert hotline("escalations", "return", "1", "--officer", "Minh", **environment).returncode == 1
    assert "Đã trả" in said("escalations", "return", "1", "--officer", "Lan", **environment)
    assert "Không có yêu cầu nào" in said("escalations", "list", **environment)


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
    assert "#1  xóa dữ liệu  trả lời trước 25/11/2026, xong trước 14/12/2026" in listed
    assert "+84912345678" in listed
    assert "#1" in said("data-requests", "done", "1", **environment)
    assert "Không có yêu cầu nào" in said("data-requests", "list", **environment)
    assert hotline("data-requests", "done", "1", **environment).returncode == 1


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
