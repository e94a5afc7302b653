"""The second factor: codes once each, lockout, setting it up, changing and removing it."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from console import second_factor
from console.context import ConsoleContext
from console.login_limits import FAILURES, FIRST_LOCK
from console.roles import Role
from console.sessions import COOKIE
from store.clock import ManualClock
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.console.signing_in import HASH, PASSWORD, SECRET, code_at, cookie_of, csrf_of, recorded, submit

CODE = "/console/login/code"
FACTOR = "/console/account/second-factor"


async def half_signed_in(browser: Browser) -> Browser:
    """The password was right."""
    answer = await submit(browser, "ha", next="/console/queue")
    assert answer.headers["Location"] == f"{CODE}?next=%2Fconsole%2Fqueue"
    await csrf_of(browser, CODE)
    return browser


async def test_the_code_opens_the_page_that_was_asked_for_under_another_cookie(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    make_person(login="ha", password_hash=HASH, totp_secret=SECRET)
    browser = await half_signed_in(open_browser())
    half = cookie_of(browser)
    code = code_at(context)
    answer = await browser.post(CODE, {"code": f"{code[:3]} {code[3:]}", "next": "/console/queue"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/queue")
    assert cookie_of(browser) not in ("", half)
    thief = open_browser()
    thief.client.cookies.set(COOKIE, half, path="/console")
    assert "/console/login" in (await thief.get(CODE)).headers["Location"]
    assert recorded(context, "account.signed_in")[0][3] == {"by": "code"}


@pytest.mark.parametrize(
    "path", ["/console/", "/console/account", "/console/account/password", FACTOR, f"{FACTOR}.svg"]
)
async def test_the_password_alone_opens_nothing(open_browser: OpenBrowser, make_person: MakePerson, path: str) -> None:
    make_person(login="ha", password_hash=HASH, totp_secret=SECRET, must_change_password=True)
    browser = await half_signed_in(open_browser())
    assert (await browser.get(path)).headers["Location"] == CODE
    assert (await browser.post("/console/account/password", {"present": PASSWORD})).headers["Location"] == CODE
    assert (await browser.post(f"{FACTOR}/remove", {"present": PASSWORD})).headers["Location"] == CODE


async def test_no_code_is_accepted_twice(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, clock: ManualClock
) -> None:
    make_person(login="ha", password_hash=HASH, totp_secret=SECRET)
    code = code_at(context)
    assert (await (await half_signed_in(open_browser())).post(CODE, {"code": code})).status_code == 303
    again = await (await half_signed_in(open_browser())).post(CODE, {"code": code})
    assert again.status_code == 401
    assert "đã dùng rồi" in again.text
    before = code_at(context, -1)  # older than the one that was used
    assert (await (await half_signed_in(open_browser())).post(CODE, {"code": before})).status_code == 401
    clock.advance(timedelta(seconds=30))
    late = await (await half_signed_in(open_browser())).post(CODE, {"code": code_at(context)})
    assert late.status_code == 303


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 303), (0, 303), (1, 303), (2, 401)])
async def test_a_telephone_may_be_one_step_ahead_or_behind(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, steps: int, status: int
) -> None:
    make_person(login="ha", password_hash=HASH, totp_secret=SECRET)
    browser = await half_signed_in(open_browser())
    assert (await browser.post(CODE, {"code": code_at(context, steps)})).status_code == status


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "0x1234"])
def test_what_is_no_code_is_none(code: str, clock: ManualClock) -> None:
    assert second_factor.step_of(SECRET, code, clock.now(), None) is None


async def test_guessing_codes_locks_the_account_however_often_the_password_is_given(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, clock: ManualClock
) -> None:
    make_person(login="ha", password_hash=HASH, totp_secret=SECRET)
    wrong = "000000" if code_at(context) != "000000" else "111111"
    for number in range(FAILURES):
        browser = await half_signed_in(open_browser())
        said = await browser.post(CODE, {"code": wrong})
        assert ("thử lại sau 15 phút" in said.text) == (number == FAILURES - 1)
    assert "/console/login?" in (await browser.get(CODE)).headers["Location"]
    assert (await submit(open_browser(), "ha")).status_code == 401
    clock.advance(FIRST_LOCK)
    browser = await half_signed_in(open_browser())
    assert (await browser.post(CODE, {"code": code_at(context)})).status_code == 303


async def set_up(browser: Browser, context: ConsoleContext, password: str = PASSWORD) -> tuple[str, int]:
    """The secret that was offered, and what setting it up answered."""
    shown = (await browser.get(FACTOR)).text
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", shown)
    assert found is not None
    secret = found[1].replace(" ", "")
    code = pyotp.TOTP(secret).at(context.clock.now())
    answer = await browser.post(FACTOR, {"code": code, "present": password})
    return secret, answer.status_code


async def test_it_is_set_up_with_a_picture_a_code_and_the_password(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, clock: ManualClock
) -> None:
    person = make_person(login="ha", password_hash=HASH)
    here, there = open_browser(person), open_browser(person)
    picture = await here.get(f"{FACTOR}.svg")
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert picture.headers["Cache-Control"] == "private, no-store"
    assert picture.text.startswith("<svg")
    assert (await set_up(here, context, "sai"))[1] == 422
    secret, status = await set_up(here, context)
    assert status == 303
    assert (await here.get("/console/account")).status_code == 200
    assert "/console/login?" in (await there.get("/console/account")).headers["Location"]
    # the code that set it up cannot sign in
    browser = await half_signed_in(open_browser())
    assert (await browser.post(CODE, {"code": pyotp.TOTP(secret).at(clock.now())})).status_code == 401
    clock.advance(timedelta(seconds=30))
    assert (await browser.post(CODE, {"code": pyotp.TOTP(secret).at(clock.now())})).status_code == 303
    assert secret not in str(recorded(context, "account.second_factor_set"))


async def test_sessions_are_offered_different_secrets_and_a_used_one_never_again(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    person = make_person(login="ha", password_hash=HASH)
    one, other = open_browser(person), open_browser(person)
    offered = re.findall(r"<code>(.+)</code>", (await one.get(FACTOR)).text + (await other.get(FACTOR)).text)
    assert len(set(offered)) == 2
    first, _ = await set_up(one, context)
    second, status = await set_up(one, context)
    assert (first != second, status) == (True, 303)


async def test_it_is_removed_with_the_password_only(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    person = make_person(login="ha", password_hash=HASH)
    browser = open_browser(person)
    await set_up(browser, context)
    assert (await browser.post(f"{FACTOR}/remove", {"present": "sai"})).status_code == 422
    assert (await submit(open_browser(), "ha")).headers["Location"].startswith(CODE)
    assert (await browser.post(f"{FACTOR}/remove", {"present": PASSWORD})).status_code == 303
    assert (await submit(open_browser(), "ha")).headers["Location"] == "/console/"


async def test_administrators_of_a_public_hotline_set_it_up_before_anything_else(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    object.__setattr__(context, "public_url", "https://hotline.example.vn")
    person = make_person(login="ha", role=Role.ADMINISTRATOR, password_hash=HASH)
    browser = open_browser(person)
    for path in ("/console/", "/console/people", "/console/account"):
        assert (await browser.get(path)).headers["Location"] == FACTOR
    assert "trước khi làm việc khác" in (await browser.get(FACTOR)).text
    assert (await set_up(browser, context))[1] == 303
    assert (await browser.get("/console/people")).status_code == 200
    officer = open_browser(make_person("Nam", login="nam", password_hash=HASH))
    assert (await officer.get("/console/account")).status_code == 200
