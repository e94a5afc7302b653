"""What people settle for themselves: duty, language, Telegram, password, browsers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from console import passwords
from console.context import ConsoleContext
from console.login_limits import FAILURES, FIRST_LOCK
from console.roles import Role
from integrations.errors import Fate, ProviderError, SendFailed
from integrations.provider import Outgoing, Sent
from store.clock import ManualClock
from store.console_tables import account
from tests.console.conftest import MakePerson, OpenBrowser
from tests.console.signing_in import HASH, PASSWORD, recorded, submit

NEW = "mèo con trèo cây cau"


def row_of(context: ConsoleContext, account_id: int) -> dict[str, object]:
    row = context.database.read_now(lambda c: c.execute(select(account).filter_by(id=account_id)).mappings().one())
    return dict(row)


async def test_duty_language_and_chat_are_kept_and_recorded(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    person = make_person()
    browser = open_browser(person)
    await browser.post("/console/account/duty", {"on_duty": "no"})
    await browser.post("/console/account/telegram", {"telegram_chat": " 123456789 "})
    answer = await browser.post("/console/account/language", {"language": "en"})
    assert answer.headers["Location"] == "/console/account?done=saved"
    row = row_of(context, person.account_id)
    assert (row["on_duty"], row["telegram_chat"], row["language"]) == (False, "123456789", "en")
    shown = (await browser.get("/console/account?done=saved")).text
    assert '<html lang="en">' in shown
    assert "Off duty" in shown
    assert recorded(context, "account.telegram_chat_set")[0][3] in (None, {})
    assert recorded(context, "account.duty_changed")[0][3] == {"on_duty": False}


@pytest.mark.parametrize("chat", ["-100123", "0", "12a", "@ten", "1" * 17, "１２３", "<b>1</b>"])
async def test_what_is_no_chat_number_is_not_kept(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, chat: str
) -> None:
    person = make_person()
    answer = await open_browser(person).post("/console/account/telegram", {"telegram_chat": chat})
    assert answer.status_code == 422
    assert "chỉ gồm chữ số" in answer.text
    assert row_of(context, person.account_id)["telegram_chat"] is None


class Telegram:
    """A provider that remembers, or refuses."""

    def __init__(self, error: ProviderError | None = None) -> None:
        self.error, self.sent = error, list[Outgoing]()

    async def send(self, message: Outgoing) -> Sent:
        if self.error:
            raise SendFailed(self.error)
        self.sent.append(message)
        return Sent("1")


async def test_a_test_message_reaches_the_chat(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    telegram = Telegram()
    object.__setattr__(context, "providers", {"telegram": telegram})
    browser = open_browser(make_person("Hà", telegram_chat="123"))
    answers = [await browser.post("/console/account/telegram/test") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert (telegram.sent[0].address, "Hà" in telegram.sent[0].reply.text) == ("123", True)


async def test_whoever_cannot_be_reached_is_told_why(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    blocked = ProviderError("telegram_blocked", Fate.UNREACHABLE, "Người này đã chặn bot.")
    object.__setattr__(context, "providers", {"telegram": Telegram(blocked)})
    answer = await open_browser(make_person(telegram_chat="123")).post("/console/account/telegram/test")
    assert answer.status_code == 502
    assert "Người này đã chặn bot." in answer.text
    nowhere = await open_browser(make_person("Nam")).post("/console/account/telegram/test")
    assert nowhere.status_code == 422


async def test_a_new_password_signs_out_every_other_browser(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    person = make_person(login="ha", password_hash=HASH)
    here, there = open_browser(person), open_browser(person)
    answer = await here.post("/console/account/password", {"present": PASSWORD, "password": NEW, "again": NEW})
    assert answer.headers["Location"] == "/console/account?done=password"
    assert (await here.get("/console/account")).status_code == 200
    assert "/console/login" in (await there.get("/console/account")).headers["Location"]
    assert (await submit(open_browser(), "ha", PASSWORD)).status_code == 401
    assert (await submit(open_browser(), "ha", NEW)).status_code == 303
    assert len(recorded(context, "account.password_changed")) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"present": "sai"}, "Mật khẩu hiện tại chưa đúng"),
        ({"password": "ngắn", "again": "ngắn"}, "ít nhất 12 ký tự"),
        ({"password": "Nguyễn Thị Hà", "again": "Nguyễn Thị Hà"}, "không được là tên"),
        ({"password": "ha.nguyen.2026", "again": "ha.nguyen.2026"}, "không được là tên"),
        ({"password": "matkhau123456", "again": "matkhau123456"}, "dễ đoán"),
        ({"password": "MậtKhẩu@2026!", "again": "MậtKhẩu@2026!"}, "dễ đoán"),
        ({"password": "123456789012", "again": "123456789012"}, "dễ đoán"),
        ({"password": "aaaaaaaaaaaa", "again": "aaaaaaaaaaaa"}, "dễ đoán"),
        ({"password": "hotline hotline", "again": "hotline hotline"}, "dễ đoán"),
        ({"password": PASSWORD, "again": PASSWORD}, "khác mật khẩu cũ"),
        ({"again": "khác hẳn cái kia"}, "không giống nhau"),
        ({"password": "x" * 201, "again": "x" * 201}, "dễ đoán|quá dài"),
    ],
)
async def test_a_password_that_will_not_do_says_why(
    open_browser: OpenBrowser, make_person: MakePerson, given: dict[str, str], says: str
) -> None:
    browser = open_browser(make_person("Nguyễn Thị Hà", login="ha.nguyen", password_hash=HASH))
    data = {"present": PASSWORD, "password": NEW, "again": NEW, **given}
    answer = await browser.post("/console/account/password", data)
    assert answer.status_code == 422
    assert any(words in answer.text for words in says.split("|"))
    assert 'type="password" value' not in answer.text
    assert (await submit(open_browser(), "ha.nguyen", PASSWORD)).status_code == 303


def test_a_sentence_will_do() -> None:
    for password in (NEW, "chiều nay họp lúc 3 giờ", "correct horse battery", passwords.new_password()):
        assert passwords.fault_of(password, "ha.nguyen", "Nguyễn Thị Hà") is None


async def test_a_browser_that_was_left_open_is_no_place_to_guess_the_password(
    open_browser: OpenBrowser, make_person: MakePerson, clock: ManualClock
) -> None:
    browser = open_browser(make_person(login="ha", password_hash=HASH))
    for number in range(FAILURES):
        data = {"present": f"sai {number}", "password": NEW, "again": NEW}
        said = (await browser.post("/console/account/password", data)).text
    assert "thử lại sau 15 phút" in said
    data = {"present": PASSWORD, "password": NEW, "again": NEW}
    assert (await browser.post("/console/account/password", data)).status_code == 422
    clock.advance(FIRST_LOCK)
    assert (await browser.post("/console/account/password", data)).status_code == 303


async def test_a_one_time_password_has_to_be_changed_before_anything_else(
    open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    person = make_person(login="admin", role=Role.ADMINISTRATOR, password_hash=HASH, must_change_password=True)
    browser = open_browser(person)
    for path in ("/console/", "/console/people", "/console/account", "/console/account/second-factor"):
        assert (await browser.get(path)).headers["Location"] == "/console/account/password"
    assert "chỉ dùng một lần" in (await browser.get("/console/account/password")).text
    data = {"present": PASSWORD, "password": NEW, "again": NEW}
    assert (await browser.post("/console/account/password", data)).headers["Location"] == "/console/"
    assert (await browser.get("/console/people")).status_code == 200


async def test_people_see_and_sign_out_their_own_browsers_only(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, clock: ManualClock
) -> None:
    ha, nam = make_person("Hà"), make_person("Nam")
    here = open_browser(ha)
    clock.advance(timedelta(minutes=5))
    there, foreign = open_browser(ha), open_browser(nam)
    assert (await here.get("/console/account")).text.count('<th scope="row">a browser</th>') == 2
    await here.post("/console/account/sessions/3/end")
    assert (await foreign.get("/console/account")).status_code == 200
    await here.post("/console/account/sessions/2/end")
    assert (await there.get("/console/account")).status_code == 303
    third = open_browser(ha)
    await here.post("/console/account/sessions/end-others")
    assert (await third.get("/console/account")).status_code == 303
    assert (await here.get("/console/account")).status_code == 200
    assert len(recorded(context, "account.session_ended")) == 1
    assert recorded(context, "account.sessions_ended")[0][3] == {"count": 1}


async def test_a_browser_may_call_itself_anything(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    make_person(login="ha", password_hash=HASH)
    browser = open_browser()
    browser.client.headers["User-Agent"] = "<script>alert(1)</script>" + "x" * 500
    await submit(browser, "ha")
    shown = (await browser.get("/console/account")).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown
