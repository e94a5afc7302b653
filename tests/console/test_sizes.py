"""What is sent is bounded before it is read, and values that no column holds are refused, not failed on."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from starlette.datastructures import FormData

from console.body_limit import MOST_BYTES
from console.forms import safe_next
from console.passwords import LONGEST, typed
from console.roles import Role
from tests.console.conftest import MakePerson, OpenBrowser


async def test_nobody_fills_the_memory_with_a_form_before_signing_in(open_browser: OpenBrowser) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"login=ha&password="
        while sent < 20 * MOST_BYTES:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await open_browser().client.post("/console/login", content=endless(), headers=headers)
    assert (answer.status_code, answer.headers["X-Problem"]) == (413, "field_too_long")
    assert sent <= 2 * MOST_BYTES


async def test_the_longest_answer_is_let_through(open_browser: OpenBrowser, make_person: MakePerson) -> None:
    answer = await open_browser(make_person()).post("/console/conversations/none/answer", {"text": "ệ" * 4000})
    assert answer.headers["X-Problem"] == "not_waiting"


def test_a_password_of_accents_without_end_takes_no_time() -> None:
    begun = time.perf_counter()
    assert len(typed(FormData(password="a" + "\u0301\u0323" * 60_000))) == LONGEST + 1
    assert time.perf_counter() - begun < 0.5
    assert typed(FormData(password="e\u0302\u0323" * LONGEST)) == "ệ" * LONGEST


@pytest.mark.parametrize(
    "address",
    [
        "/console/queue?commune=%00",
        "/console/queue?after=2026-11-23T08:00:00%2B07:00,99999999999999999999999",
        "/console/queue?after=0001-01-01T00:00:00%2B14:00,1",
        "/console/search?q=alo&channel=%00",
        "/console/audit?object=%00",
        "/console/reports/sla?from=9999-12-31&to=9999-12-31",
        "/console/reports/sla?from=0001-01-01&to=0001-01-02",
    ],
)
async def test_values_that_no_column_holds_are_refused(
    open_browser: OpenBrowser, make_person: MakePerson, address: str
) -> None:
    answer = await open_browser(make_person(role=Role.ADMINISTRATOR)).get(address)
    assert answer.status_code in (200, 422)


async def test_a_login_that_no_column_holds_signs_nobody_in(open_browser: OpenBrowser) -> None:
    answer = await open_browser().client.post("/console/login", data={"login": "a\x00b", "password": "x"})
    assert answer.status_code in (401, 422)


@pytest.mark.parametrize("address", ["http://[", "//[", "/console", "/console\\evil.example"])
def test_an_address_that_cannot_be_read_leads_to_the_front_page(address: str) -> None:
    assert safe_next(address) == "/console/"
