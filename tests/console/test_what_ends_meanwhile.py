"""Sessions that end while something is done with them: a reset, and a removed second factor, leave no way in."""

from __future__ import annotations

import pytest

from console import accounts, passwords, sessions, sign_in
from console.context import ConsoleContext
from console.login_limits import NETWORK_BURST
from console.sign_in import Browser, Failed
from tests.console.conftest import MakePerson, OpenBrowser
from tests.console.signing_in import HASH, PASSWORD, SECRET, code_at, cookie_of, csrf_of, submit

NEW = "một câu khác hẳn câu cũ"
FACTOR = "/console/account/second-factor"


async def test_a_reset_is_not_undone_by_a_change_of_password_that_was_under_way(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_person(login="ha", password_hash=HASH)
    thief, hashed = open_browser(person), passwords.hashed

    async def reset_meanwhile(password: str) -> str:
        await context.database.run(lambda c: accounts.forget_password(c, person.account_id, context.clock.now()))
        return await hashed(password)

    monkeypatch.setattr(passwords, "hashed", reset_meanwhile)
    answer = await thief.post("/console/account/password", {"present": PASSWORD, "password": NEW, "again": NEW})
    assert answer.headers["Location"] == "/console/login"
    assert context.database.read_now(lambda c: accounts.one(c, person.account_id)).has_password is False


async def test_a_code_does_not_revive_a_session_that_was_ended(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    person = make_person(login="ha", password_hash=HASH, totp_secret=SECRET)
    browser = open_browser()
    await submit(browser, "ha")
    now, cookie = context.clock.now(), cookie_of(browser)
    found = context.database.read_now(lambda c: sessions.find(c, context.keyring, cookie, now))
    assert found is not None
    context.database.run_now(lambda c: sessions.end_all(c, person.account_id))
    outcome = await sign_in.with_code(context, found[0], code_at(context), Browser("b", "127.0.0.1", cookie))
    assert isinstance(outcome, Failed)
    assert context.database.read_now(lambda c: sessions.open_sessions(c, person.account_id, now)) == []


async def test_removing_the_second_factor_signs_nobody_in_who_waits_for_the_code(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    make_person(login="ha", password_hash=HASH, totp_secret=SECRET)
    waits, browser = open_browser(), open_browser()
    await submit(waits, "ha")
    await submit(browser, "ha")
    await csrf_of(browser, "/console/login/code")
    await browser.post("/console/login/code", {"code": code_at(context)})
    await csrf_of(browser, FACTOR)
    assert (await browser.post(f"{FACTOR}/remove", {"present": PASSWORD})).status_code == 303
    assert "/console/login?" in (await waits.get("/console/account")).headers["Location"]
    assert (await browser.get("/console/account")).status_code == 200


async def test_nobody_keeps_the_checking_of_passwords_busy_for_everybody(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    browser = open_browser(make_person(login="ha", password_hash=HASH))
    for _ in range(NETWORK_BURST):
        context.login_limits.allow_attempt("account 1", context.clock.now(), "")
    answer = await browser.post(f"{FACTOR}/remove", {"present": PASSWORD})
    assert (answer.status_code, answer.headers["X-Problem"]) == (429, "too_many_attempts")
