"""Accounts in administrators' hands: invitation to welcome, rights, resets, ends."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot import baton, holding, inbox
from bot.baton import Reason
from console.context import ConsoleContext
from console.invitations import VALID, Purpose
from console.roles import Role
from store.clock import ManualClock
from store.console_tables import account, account_session
from store.messages import InboundMessage
from store.tables import escalation
from tests.conftest import NOW
from tests.console.conftest import Browser, MakePerson, OpenBrowser, Person
from tests.console.signing_in import HASH, PASSWORD, recorded, submit

INVITED = {"name": "Trần Văn Nam", "login": "nam", "role": "officer", "language": "vi"}
NEW = {"password": PASSWORD, "again": PASSWORD}


def path_of(page: str) -> str:
    """Of the address that is shown once."""
    found = re.search(r">http://console\.test(/console/welcome/[\w-]{43})<", page)
    assert found is not None
    return found[1]


@pytest.fixture
def administrator(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Quản trị", role=Role.ADMINISTRATOR, login="admin", password_hash=HASH))


async def invited(administrator: Browser, **more: object) -> str:
    answer = await administrator.post("/console/people/invite", {**INVITED, **more})
    assert answer.status_code == 200, answer.text
    return path_of(answer.text)


async def test_an_invitation_sets_a_password_once(
    administrator: Browser, open_browser: OpenBrowser, context: ConsoleContext
) -> None:
    path, nobody = await invited(administrator), open_browser()
    welcome = await nobody.get(path)
    assert (welcome.status_code, "Trần Văn Nam" in welcome.text) == (200, True)
    assert welcome.headers["Cache-Control"] == "private, no-store"
    short = await nobody.client.post(path, data={"password": "ngắn", "again": "ngắn"})
    assert (short.status_code, "ít nhất 12" in short.text) == (422, True)
    done = await nobody.client.post(path, data=NEW)
    assert done.headers["Location"] == "/console/login?done=password&language=vi"
    assert (await submit(nobody, "nam")).status_code == 303
    for answer in (await nobody.get(path), await nobody.client.post(path, data=NEW)):
        assert answer.status_code == 410
        assert "không dùng được nữa" in answer.text
    assert recorded(context, "account.invited")[0][2:] == (
        "account 2",
        {"role": "officer", "communes": None, "vendor": None},
    )
    assert recorded(context, "account.password_changed")[0][2:] == ("account 2", {"by": "invite"})


@pytest.mark.parametrize("purpose", list(Purpose))
async def test_an_address_ends_in_time(
    administrator: Browser, open_browser: OpenBrowser, clock: ManualClock, make_person: MakePerson, purpose: Purpose
) -> None:
    if purpose is Purpose.INVITE:
        path = await invited(administrator)
    else:
        make_person(login="nam", password_hash=HASH)
        path = path_of((await administrator.post("/console/people/2/reset")).text)
    clock.advance(VALID[purpose] - timedelta(seconds=1))
    assert (await open_browser().get(path)).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert (await open_browser().client.post(path, data=NEW)).status_code == 410


async def test_a_newer_invitation_ends_the_one_before(administrator: Browser, open_browser: OpenBrowser) -> None:
    first = await invited(administrator)
    second = path_of((await administrator.post("/console/people/2/reset")).text)
    assert (await open_browser().get(first)).status_code == 410
    assert (await open_browser().get(second)).status_code == 200


@pytest.mark.parametrize("token", ["x", "a" * 43, "..%2F..", "%00", "ễ" * 20, "a" * 5000])
async def test_a_guessed_address_opens_nothing(administrator: Browser, open_browser: OpenBrowser, token: str) -> None:
    await invited(administrator)
    answer = await open_browser().get(f"/console/welcome/{token}")
    assert answer.status_code in (404, 410)


async def test_a_reset_ends_password_sessions_and_lock(
    administrator: Browser, open_browser: OpenBrowser, make_person: MakePerson, clock: ManualClock
) -> None:
    person = make_person(
        login="ha", password_hash=HASH, failed_logins=5, locked_until=clock.now() + timedelta(minutes=15)
    )
    browser = open_browser(person)
    path = path_of((await administrator.post(f"/console/people/{person.account_id}/reset")).text)
    assert "/console/login" in (await browser.get("/console/account")).headers["Location"]
    assert (await submit(open_browser(), "ha")).status_code == 401
    new = "một câu khác hẳn câu cũ"
    await open_browser().client.post(path, data={"password": new, "again": new})
    assert (await submit(open_browser(), "ha", new)).status_code == 303


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"name": " "}, "Cần có họ tên"),
        ({"login": "Nam Trần"}, "Tên đăng nhập chỉ gồm"),
        ({"login": "admin"}, "đã có người dùng"),
        ({"name": "Quản trị"}, "Đã có người mang tên này"),
        ({"role": "commune"}, "ít nhất một xã/phường"),
        ({"role": "commune", "communes": "99999"}, "không thuộc tỉnh này"),
        ({"role": "vendor"}, "cần chọn một doanh nghiệp"),
        ({"role": "vendor", "vendor": "EVIL"}, "cần chọn một doanh nghiệp"),
        ({"role": "root"}, "chưa đúng"),
    ],
)
async def test_an_account_that_cannot_be_is_not_made(
    administrator: Browser, context: ConsoleContext, more: dict[str, str], says: str
) -> None:
    answer = await administrator.post("/console/people/invite", {**INVITED, **more})
    assert answer.status_code == 422
    assert says in answer.text
    assert len(context.database.read_now(lambda c: c.execute(select(account)).all())) == 1


async def test_rights_are_those_of_the_role(administrator: Browser, context: ConsoleContext) -> None:
    commune = context.content.communes.communes(context.province)[0]
    vendor = context.content.packs.province(context.province).vendors[0]
    both = {"communes": commune.code, "vendor": vendor.id}
    for number, role in enumerate(Role):
        await invited(administrator, role=role.value, login=f"user{number}", name=f"Người {number}", **both)
    rows = context.database.read_now(
        lambda c: c.execute(select(account.c.role, account.c.communes, account.c.vendor).order_by(account.c.id)).all()
    )
    assert {row.role: (row.communes, row.vendor) for row in rows[1:]} == {
        "officer": ([commune.code], None),
        "supervisor": ([commune.code], None),
        "administrator": (None, None),
        "vendor": (None, vendor.id),
        "commune": ([commune.code], None),
    }


async def test_names_are_shown_as_text(administrator: Browser) -> None:
    name = '<img src=x onerror="alert(1)">'
    answer = await administrator.post("/console/people/invite", {**INVITED, "name": name})
    pages = [answer.text, *[(await administrator.get(path)).text for path in ("/console/people", "/console/people/2")]]
    for page in pages:
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


def holds_one(context: ConsoleContext, officer: Person) -> None:
    """An owner's conversation that the officer has taken."""

    def work(connection: Connection) -> None:
        now = context.clock.now()
        here = inbox.open_conversation(connection, context.keyring, "webchat", "owner", "thai-nguyen", now)
        inbox.accept(connection, here, InboundMessage("webchat", "owner", "m1", now, "giúp bác"), now)
        number = baton.escalate(connection, here, Reason.ASKED, now, 24)
        holding.take(connection, number, officer.officer_id, now)

    context.database.run_now(work)


def held(context: ConsoleContext) -> tuple[str, int | None]:
    row = context.database.read_now(lambda c: c.execute(select(escalation.c.status, escalation.c.officer_id)).one())
    return row.status, row.officer_id


async def test_whoever_ends_holds_nothing_and_is_out_at_once(
    administrator: Browser, open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    officer = make_person("Hà", login="ha", password_hash=HASH)
    holds_one(context, officer)
    browser = open_browser(officer)
    answer = await administrator.post(f"/console/people/{officer.account_id}/disable")
    assert answer.headers["Location"].endswith("done=disabled")
    assert held(context) == ("open", None)
    assert "/console/login" in (await browser.get("/console/account")).headers["Location"]
    assert (await submit(open_browser(), "ha")).status_code == 401
    refused = await administrator.post(f"/console/people/{officer.account_id}/reset")
    assert (refused.status_code, "mở lại trước" in refused.text) == (422, True)
    await administrator.post(f"/console/people/{officer.account_id}/enable")
    assert (await submit(open_browser(), "ha")).status_code == 303
    assert len(recorded(context, "account.disabled")) == len(recorded(context, "account.enabled")) == 1


async def test_whoever_leaves_the_desk_holds_nothing_either(
    administrator: Browser, make_person: MakePerson, context: ConsoleContext
) -> None:
    officer = make_person("Hà")
    holds_one(context, officer)
    here = f"/console/people/{officer.account_id}"
    await administrator.post(here, {"name": "Hà", "role": "supervisor"})
    assert held(context) == ("taken", officer.officer_id)
    vendor = context.content.packs.province(context.province).vendors[0].id
    answer = await administrator.post(here, {"name": "Lê Thị Hà", "role": "vendor", "vendor": vendor})
    assert answer.status_code == 303
    assert held(context) == ("open", None)
    assert recorded(context, "account.changed")[-1][3] == {
        "role": "vendor",
        "communes": None,
        "vendor": vendor,
        "renamed": True,
    }


async def test_the_last_administrator_can_neither_leave_nor_be_demoted(
    administrator: Browser, make_person: MakePerson, context: ConsoleContext
) -> None:
    make_person("Nam", role=Role.ADMINISTRATOR)  # invited, but has no password yet
    make_person("Mai", role=Role.ADMINISTRATOR, password_hash=HASH, disabled_at=context.clock.now())
    for path, data in (("/console/people/1/disable", {}), ("/console/people/1", {"name": "A", "role": "officer"})):
        answer = await administrator.post(path, data)
        assert (answer.status_code, "quản trị viên cuối cùng" in answer.text) == (422, True)
    assert (await administrator.get("/console/people")).status_code == 200
    make_person("Lan", role=Role.ADMINISTRATOR, password_hash=HASH)
    assert (await administrator.post("/console/people/1", {"name": "A", "role": "officer"})).status_code == 303
    assert (await administrator.get("/console/people")).status_code == 403


async def test_a_lost_telephone_is_no_lost_account(
    administrator: Browser, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    person = make_person(login="ha", password_hash=HASH, totp_secret="JBSWY3DPEHPK3PXP")
    await administrator.post(f"/console/people/{person.account_id}/second-factor/remove")
    assert (await submit(open_browser(), "ha")).headers["Location"] == "/console/"


@pytest.mark.parametrize("number", ["0", "99", "9223372036854775808", "x", "-1"])
async def test_an_account_that_is_not_there_is_not_found(administrator: Browser, number: str) -> None:
    for path in ("", "/disable", "/enable", "/reset"):
        answer = await administrator.post(f"/console/people/{number}{path}", {"name": "A", "role": "officer"})
        assert answer.status_code in (404, 422)


async def test_the_address_is_that_of_the_public_site(administrator: Browser, context: ConsoleContext) -> None:
    object.__setattr__(context, "public_url", "https://hotline.example.vn")
    given = (account.update().values(totp_secret="A" * 32), account_session.update().values(second_factor_at=NOW))
    for change in given:
        context.database.run_now(lambda c, change=change: c.execute(change))
    answer = await administrator.post("/console/people/invite", INVITED)
    assert ">https://hotline.example.vn/console/welcome/" in answer.text


async def test_an_invitation_s_address_never_reaches_the_log(
    administrator: Browser, open_browser: OpenBrowser, context: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await invited(administrator)

    async def away(_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(context.database, "read", away)
    with capture_logs() as logs:
        answer = await open_browser().get(path)
    assert (answer.status_code, logs[0]["event"]) == (503, "database_away")
    assert path.rsplit("/", 1)[1] not in str(logs)
