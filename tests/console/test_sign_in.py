"""The first step of signing in: the password, and everything that must not help somebody who guesses it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from console import passwords
from console.context import ConsoleContext
from console.login_limits import FAILURES, FIRST_LOCK, LONGEST_LOCK, NETWORK_BURST, lock_after
from console.sessions import COOKIE
from store.clock import ManualClock
from store.console_tables import account, account_session
from tests.console.conftest import MakePerson, OpenBrowser
from tests.console.signing_in import HASH, PASSWORD, cookie_of, csrf_of, recorded, submit

FAILED = "Tên đăng nhập hoặc mật khẩu chưa đúng."


async def test_the_right_password_opens_the_page_that_was_asked_for(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    person = make_person(login="ha", password_hash=HASH)
    browser = open_browser()
    answer = await submit(browser, " HA ", next="/console/queue?topic=tax")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/queue?topic=tax")
    assert (await browser.get("/console/")).headers["Location"] == "/console/queue"
    assert recorded(context, "account.signed_in") == [
        (person.account_id, "Hà", f"account {person.account_id}", {"by": "password"})
    ]


@pytest.mark.parametrize(("secure", "public_url"), [(False, None), (True, "https://hotline.example.vn")])
async def test_the_cookie_is_out_of_the_reach_of_scripts_other_sites_and_other_pages(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, secure: bool, public_url: str | None
) -> None:
    make_person(login="ha", password_hash=HASH)
    object.__setattr__(context, "public_url", public_url)
    said = (await submit(open_browser(), "ha")).headers["Set-Cookie"]
    parts = {part.strip().lower() for part in said.split(";")[1:]}
    assert parts == {"httponly", "samesite=lax", "path=/console"} | ({"secure"} if secure else set())


async def test_a_cookie_that_was_planted_before_is_worth_nothing_after(
    open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    make_person(login="ha", password_hash=HASH)
    browser, planted = open_browser(), "a" * 43
    browser.client.cookies.set(COOKIE, planted, domain="console.test", path="/console")
    await submit(browser, "ha")
    assert cookie_of(browser) != planted
    thief = open_browser()
    thief.client.cookies.set(COOKIE, planted, path="/console")
    assert "/console/login" in (await thief.get("/console/")).headers["Location"]


async def test_signing_in_again_ends_the_session_before_it(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    make_person(login="ha", password_hash=HASH)
    browser = open_browser()
    await submit(browser, "ha")
    await submit(browser, "ha")
    assert context.database.read_now(lambda c: c.scalar(select(func.count()).select_from(account_session))) == 1


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example/console/", "/\\evil.example", "javascript:alert(1)", "/chat", ""]
)
async def test_a_sign_in_leads_nowhere_else(open_browser: OpenBrowser, make_person: MakePerson, next_: str) -> None:
    make_person(login="ha", password_hash=HASH)
    browser = open_browser()
    form = await browser.get("/console/login", params={"next": next_})
    assert 'name="next" value="/console/"' in form.text
    assert (await submit(browser, "ha", next=next_)).headers["Location"] == "/console/"


async def test_every_failure_reads_the_same(
    open_browser: OpenBrowser, make_person: MakePerson, clock: ManualClock
) -> None:
    make_person("Hà", login="ha", password_hash=HASH)
    make_person("Nam", login="invited")
    make_person("Mai", login="ended", password_hash=HASH, disabled_at=clock.now())
    tried = [
        ("ha", "sai"),
        ("invited", PASSWORD),
        ("ended", PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
        ("ha", "x" * 9999),
    ]
    answers = [await submit(open_browser(), login, password) for login, password in tried]
    assert {answer.status_code for answer in answers} == {401}
    pages = {answer.text.replace(f'value="{login}"', "") for (login, _), answer in zip(tried, answers, strict=True)}
    assert len(pages) == 1
    assert FAILED in pages.pop()


async def test_a_login_that_nobody_has_takes_as_long_as_a_wrong_password(
    open_browser: OpenBrowser, make_person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_person(login="ha", password_hash=HASH)
    verified: list[bool] = []
    monkeypatch.setattr(passwords, "_matches_now", lambda hash_, _: bool(verified.append(hash_ is not None)))
    for login in ("ha", "nobody"):
        await submit(open_browser(), login, "sai")
    assert verified == [True, False]


async def test_guessing_locks_the_account_for_longer_each_time(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, clock: ManualClock
) -> None:
    make_person(login="ha", password_hash=HASH)
    browser = open_browser()
    for _ in range(FAILURES - 1):
        assert "thử lại sau" not in (await submit(browser, "ha", "sai")).text
    assert "thử lại sau 15 phút" in (await submit(browser, "ha", "sai")).text
    locked = await submit(browser, "ha")  # the right one
    assert locked.status_code == 401
    assert FAILED in locked.text
    clock.advance(FIRST_LOCK)
    for _ in range(FAILURES):
        said = (await submit(browser, "ha", "sai")).text
    assert "thử lại sau 30 phút" in said
    clock.advance(2 * FIRST_LOCK)
    assert (await submit(browser, "ha")).status_code == 303
    assert "thử lại sau" not in (await submit(open_browser(), "ha", "sai")).text  # counted anew


async def test_a_login_that_nobody_has_is_locked_like_any_other(
    open_browser: OpenBrowser, make_person: MakePerson, clock: ManualClock
) -> None:
    make_person(login="ha", password_hash=HASH)
    browser = open_browser()
    said: dict[str, list[str]] = {"ha": [], "nobody": []}
    for login, answers in said.items():
        for _ in range(FAILURES + 1):
            answer = await submit(browser, login, "sai")
            answers.append(answer.text.replace(f'value="{login}"', ""))
        clock.advance(timedelta(minutes=5))
        answers.append((await submit(browser, login, "sai")).text.replace(f'value="{login}"', ""))
        clock.advance(timedelta(minutes=30))
    assert said["ha"] == said["nobody"]
    assert "thử lại sau 10 phút" in said["ha"][-1]


def test_a_lock_lasts_a_day_at_most() -> None:
    locks = [lock_after(failures) for failures in range(1, 1001)]
    assert [lock for lock in locks[: 2 * FAILURES] if lock] == [FIRST_LOCK, 2 * FIRST_LOCK]
    assert max(lock for lock in locks if lock) == LONGEST_LOCK


async def test_guesses_at_the_same_moment_do_not_slip_past_the_lock(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    make_person(login="ha", password_hash=HASH)
    browser = open_browser()
    answers = await asyncio.gather(*(submit(browser, "ha", f"sai {number}") for number in range(3 * FAILURES)))
    assert {answer.status_code for answer in answers} == {401}
    counted = context.database.read_now(lambda c: c.execute(select(account.c.failed_logins)).scalar_one())
    assert counted == FAILURES
    assert (await submit(open_browser(), "ha")).status_code == 401


async def test_a_network_that_tries_too_often_has_to_wait(open_browser: OpenBrowser, clock: ManualClock) -> None:
    browser = open_browser()
    answers = await asyncio.gather(*(submit(browser, f"user{number}") for number in range(NETWORK_BURST)))
    assert {answer.status_code for answer in answers} <= {401, 503}
    refused = await submit(browser, "somebody")
    assert (refused.status_code, refused.headers["X-Problem"]) == (429, "too_many_attempts")
    assert refused.headers["Retry-After"] == "6"
    clock.advance(timedelta(seconds=6))
    assert (await submit(browser, "somebody")).status_code == 401


async def test_a_form_of_another_site_signs_nobody_in(open_browser: OpenBrowser, make_person: MakePerson) -> None:
    make_person(login="ha", password_hash=HASH)
    browser = open_browser()
    data = {"login": "ha", "password": PASSWORD}
    answer = await browser.client.post("/console/login", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.headers["X-Problem"]) == (403, "csrf_wrong")


async def test_what_was_typed_as_a_login_is_shown_as_text(open_browser: OpenBrowser) -> None:
    answer = await submit(open_browser(), '"><script>alert(1)</script>', "sai")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


async def test_neither_password_nor_login_reaches_the_log_or_the_audit_log(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, caplog: pytest.LogCaptureFixture
) -> None:
    make_person(login="ha.nguyen", password_hash=HASH)
    for login in ("ha.nguyen", "ha.nguyenn"):
        await submit(open_browser(), login, "bí mật của tôi")
    first, second = recorded(context, "account.sign_in_failed")
    assert first[2] == "account 1"
    assert second[2].startswith("login ")
    said = f"{first}{second}{caplog.text}"
    assert "bí mật" not in said
    assert "ha.nguyen" not in said


async def test_signing_out_ends_the_session_on_the_server(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    make_person(login="ha", password_hash=HASH)
    browser = open_browser()
    await submit(browser, "ha")
    stolen = cookie_of(browser)
    await csrf_of(browser, "/console/account")
    assert (await browser.post("/console/logout")).headers["Location"].startswith("/console/login?done=out")
    thief = open_browser()
    thief.client.cookies.set(COOKIE, stolen, path="/console")
    assert "/console/login" in (await thief.get("/console/")).headers["Location"]
    assert len(recorded(context, "account.signed_out")) == 1


async def test_the_sign_in_page_speaks_english_too(open_browser: OpenBrowser) -> None:
    answer = await open_browser().get("/console/login?language=en")
    assert '<html lang="en">' in answer.text
    assert "Sign in" in answer.text


async def test_a_hash_of_older_parameters_is_renewed(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    make_person(login="ha", password_hash=old)
    await submit(open_browser(), "ha")
    kept = context.database.read_now(lambda c: c.execute(select(account.c.password_hash)).scalar_one())
    assert passwords.may_be_weaker(old)
    assert not passwords.may_be_weaker(kept)
    assert (await submit(open_browser(), "ha")).status_code == 303
