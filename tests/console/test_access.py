from __future__ import annotations

from datetime import timedelta

import pytest

from console.context import ConsoleContext
from console.roles import Role
from console.sessions import IDLE, LONGEST
from store.clock import ManualClock
from tests.console.conftest import MakePerson, OpenBrowser


async def test_nobody_is_led_to_the_sign_in_page_and_back(open_browser: OpenBrowser) -> None:
    answer = await open_browser().get("/console/?a=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/console/login?next=%2Fconsole%2F%3Fa%3D1"


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.OFFICER, "/console/queue"),
        (Role.SUPERVISOR, "/console/queue"),
        (Role.ADMINISTRATOR, "/console/queue"),
        (Role.VENDOR, "/console/leads"),
        (Role.COMMUNE, "/console/surveys"),
    ],
)
async def test_each_role_begins_with_its_own_page(
    open_browser: OpenBrowser, make_person: MakePerson, role: Role, page: str
) -> None:
    answer = await open_browser(make_person(role=role)).get("/console/")
    assert (answer.status_code, answer.headers["Location"]) == (303, page)


@pytest.mark.parametrize("after", [IDLE, LONGEST])
async def test_a_session_ends_when_it_is_idle_or_old(
    open_browser: OpenBrowser, make_person: MakePerson, clock: ManualClock, after: timedelta
) -> None:
    browser = open_browser(make_person())
    until = clock.now() + after
    while clock.now() + timedelta(hours=1) < until and after is not IDLE:
        clock.advance(timedelta(hours=1))
        assert (await browser.get("/console/")).headers["Location"] == "/console/queue"
    clock.set(until)
    assert "/console/login" in (await browser.get("/console/")).headers["Location"]


async def test_htmx_is_told_that_the_session_is_over_instead_of_being_redirected(open_browser: OpenBrowser) -> None:
    answer = await open_browser().get("/console/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["X-Problem"]) == (401, "signed_out")


async def test_pages_run_only_our_own_scripts(open_browser: OpenBrowser, make_person: MakePerson) -> None:
    answer = await open_browser(make_person()).get("/console/no-such-page")
    assert answer.status_code == 404
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "Không có trang này" in answer.text


def test_every_word_has_both_languages(context: ConsoleContext) -> None:
    assert all(set(both) == {"vi", "en"} for both in context.words.texts.values())
