"""A survey that is gone on with: after a new version came out, in another conversation, after an officer typed some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from hotline.cli import main
from hotline.conversing import Exchange, Terminal
from programme import responses
from programme.responses import Kept, Origin
from programme.survey.definition import CONSENT, FORM, Answer
from programme.survey.response import Response
from store.clock import Clock, ManualClock
from store.crypto import Keyring
from store.database import open_database
from store.survey_tables import lead, survey_response
from store.tables import contact, conversation
from tests.conftest import NOW, SECRET

BEGUN: dict[str, Answer] = {CONSENT: "yes_only", FORM: "core", "P01": "Quán Ba Lan"}


def said(exchange: Exchange) -> str:
    return "\n".join(reply.text for reply in exchange.replies)


async def begun(terminal: Terminal, version: str, channel: str = "webchat") -> tuple[str, int]:
    """A conversation whose owner has answered the first questions of `version`, and the contact's number."""
    assert isinstance(terminal.hotline.clock, ManualClock)
    terminal.hotline.clock.set(NOW)
    talk, hotline = await terminal.open(), terminal.hotline

    def store(connection: Any) -> int:
        contact_id = int(connection.scalar(select(conversation.c.contact_id).filter_by(id=talk)))
        response = Response(hotline.content.surveys.version(version), BEGUN)
        kept = Kept(response, Origin(contact_id, channel, "thai-nguyen"))
        responses.save(connection, hotline.keyring, kept, hotline.clock.now())
        return contact_id

    return talk, await hotline.database.run(store)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
async def test_a_response_goes_on_in_the_wording_it_began_with(terminal: Terminal, version: str) -> None:
    talk, _ = await begun(terminal, version)
    survey = terminal.hotline.content.surveys.version(version)

    assert "đang làm dở" in said(await terminal.say(talk, "làm khảo sát"))
    assert survey.by_id["P02"].text.vi in said(await terminal.say(talk, "1"))
    assert survey.by_id["P03"].text.vi in said(await terminal.say(talk, "Lan"))

    row = await terminal.hotline.database.read(
        lambda c: c.execute(select(survey_response.c.version).order_by(survey_response.c.id.desc())).first()
    )
    assert row is not None and row.version == version


@pytest.mark.asyncio(loop_scope="session")
async def test_a_survey_begun_in_one_conversation_goes_on_in_another_of_the_same_person(terminal: Terminal) -> None:
    first, contact_id = await begun(terminal, "1.1.0")
    await terminal.say(first, "làm khảo sát")
    second = await terminal.open()
    same_person = update(conversation).filter_by(id=second).values(contact_id=contact_id)
    await terminal.hotline.database.run(lambda c: c.execute(same_person))

    assert "đang làm dở" in said(await terminal.say(second, "làm khảo sát"))
    assert "tên là gì" in said(await terminal.say(second, "làm tiếp"))
    assert "số điện thoại" in said(await terminal.say(second, "Lan"))

    # and the first conversation, which still stands at an earlier question, goes on from there
    assert "tỉnh nào" in said(await terminal.say(first, "", "/skip_survey"))


def fill(url: str, *lines: str, options: tuple[str, ...] = ()) -> Any:
    environment = {"HOTLINE_DATABASE_URL": url, "HOTLINE_SECRET_KEY": SECRET, "HOTLINE_NOW": NOW.isoformat()}
    command = ["survey", "fill", "--officer", "Cán bộ Hà", *options]
    return CliRunner().invoke(main, command, input="\n".join(lines), env=environment)


# consent, form, name, owner, phone, province, commune, trade, kind, workers, revenue, certificate
PROFILE = ("1", "2", "Quán Ba Lan", "Lan", "0912345678", "1", "Tân Cương", "bán rau", "1", "1", "5", "1")
QUESTIONS = ("2",) * 12
CLOSING = ("6", "chưa làm", "4")


def test_an_officer_types_the_answers_of_an_owner_and_both_are_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fill.db'}"

    done = fill(url, *PROFILE, *QUESTIONS, *CLOSING)

    assert done.exit_code == 0, done.output
    assert "điểm trên 100" in done.output and "Đã chuyển cho VNPT, BIDV" in done.output
    database = open_database(url, Keyring(SECRET), Clock())
    row = database.read_now(lambda c: c.execute(select(survey_response)).mappings().one())
    assert (row["status"], row["assisted_by"], row["channel"]) == ("done", "Cán bộ Hà", "console")
    assert (row["result"], row["commune"], row["trade"]) == ("estimate", "05503", "rau_qua")
    assert sorted(database.read_now(lambda c: c.scalars(select(lead.c.vendor)).all())) == ["BIDV", "VNPT"]
    database.close()


def test_an_interrupted_session_goes_on_where_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fill.db'}"

    stopped = fill(url, *PROFILE, "2", "dừng")
    assert "Đã lưu phiếu số 1, còn 14 câu" in stopped.output
    by_phone = fill(url, "quay lại", options=("--phone", "0912 345 678"))
    assert "Câu 2/12" in by_phone.output and "Câu 1/12" in by_phone.output
    by_number = fill(url, "2", options=("--resume", "1"))
    assert "Câu 1/12" in by_number.output and "Câu 2/12" in by_number.output
    assert "không có phiếu số 7" in fill(url, options=("--resume", "7")).output.lower()


def test_what_cannot_be_read_is_asked_again_and_a_refusal_leaves_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fill.db'}"

    wrong = fill(url, "9", "1", "2", "Quán", "Lan", "12345678", "bỏ qua", "1", "Hoằng Hóa", "bỏ qua")
    for words in ("Không có số 9", "chưa nhận được", "thuộc tỉnh khác", "bắt buộc"):
        assert words.lower() in wrong.output.lower(), words
    assert fill(url, options=("--phone", "123")).exit_code == 1
    refused = fill(f"sqlite:///{tmp_path / 'other.db'}", "3")
    assert "không lưu gì cả" in refused.output
    database = open_database(f"sqlite:///{tmp_path / 'other.db'}", Keyring(SECRET), Clock())
    assert database.read_now(lambda c: c.execute(select(contact)).all()) == []
    database.close()
