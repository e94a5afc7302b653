"""The officers' page of requests about personal data: deadlines in order, steps that tell the owner, the register."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from console.context import ConsoleContext
from console.roles import Role
from store.console_tables import audit_log
from store.contacts import Contacts
from store.tables import contact, conversation, data_request, outbound
from tests.console.conftest import MakePerson, OpenBrowser
from tests.console.owners import Street

ANY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LIST = "/console/data-requests"


def rows(context: ConsoleContext, table: object) -> list[object]:
    return context.database.read_now(lambda c: list(c.execute(select(table)).all()))  # type: ignore[call-overload]


@ANY
async def test_a_letter_becomes_a_request_that_is_worked_off_step_by_step(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    here = street.owner("alo", name="Bác Tư")
    desk = open_browser(make_person())
    opened = await desk.post(LIST, {"kind": "access", "came_by": "letter", "conversation": here})
    assert opened.headers["location"] == f"{LIST}/1"
    assert (await desk.post(LIST, {"kind": "access", "came_by": "phone", "conversation": here})).status_code == 409
    page = (await desk.get(f"{LIST}/1")).text
    assert "Bác Tư" in page
    assert "Đúng là người này" in page
    early = await desk.post(f"{LIST}/1/carry-out")
    assert (early.status_code, early.headers["X-Problem"]) == (409, "identity_missing")
    assert (await desk.get(f"{LIST}/1/copy")).status_code == 409
    for step, form in (
        ("identity", {"how": "called_back"}),
        ("processor", {}),
        ("extend", {"reason": "cần đối chiếu"}),
        ("carry-out", {}),
    ):
        assert (await desk.post(f"{LIST}/1/{step}", form)).status_code == 303, step
    copy = await desk.get(f"{LIST}/1/copy")
    assert "Bác Tư" in copy.text
    told = [row.reply["entry"] for row in rows(context, outbound)]  # type: ignore[attr-defined]
    assert told == [
        *("data_request_received", "data_request_proved", "data_request_processor", "data_request_extended"),
        "data_copy",
    ]
    done = [row.action for row in rows(context, audit_log)]  # type: ignore[attr-defined]
    for action in ("opened", "proved", "processor", "extended", "carried_out"):
        assert f"data_request.{action}" in done
    assert "data.copy_printed" in done
    assert "Bác Tư" not in str(rows(context, audit_log))
    assert "Đã làm xong" in (await desk.get(f"{LIST}?view=finished")).text


@ANY
async def test_the_first_deadline_stands_first_and_leaders_take_the_register_along(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    desk = open_browser(make_person())
    for kind in ("erasure", "correction"):
        here = street.owner("alo", name=f"Cô {kind}")
        await desk.post(LIST, {"kind": kind, "came_by": "phone", "conversation": here})
    context.clock.advance(timedelta(days=12))  # type: ignore[attr-defined]
    page = (await open_browser(make_person("Lan", Role.SUPERVISOR)).get(LIST)).text
    assert page.index("Cô correction") < page.index("Cô erasure")
    assert "tag alert" in page
    officer = open_browser(make_person("Bình"))
    assert (await officer.get(f"{LIST}/register.csv")).status_code == 403
    leader = open_browser(make_person("Mai", Role.SUPERVISOR))
    register = (await leader.get(f"{LIST}/register.csv")).text
    assert "erasure" in register
    assert "Cô" not in register


@ANY
async def test_bad_input_says_what_to_do(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    desk = open_browser(make_person())
    for form, status, code in (
        ({"kind": "access", "came_by": "letter"}, 422, "person_missing"),
        ({"kind": "access", "came_by": "letter", "phone": "12"}, 422, "phone_invalid"),
        ({"kind": "everything", "came_by": "letter", "name": "A"}, 422, "request_invalid"),
        ({"kind": "access", "came_by": "letter", "conversation": "unknown"}, 409, "conversation_unknown"),
    ):
        answer = await desk.post(LIST, form)
        assert (answer.status_code, answer.headers["X-Problem"]) == (status, code), form
    assert (await desk.get(f"{LIST}/99")).status_code == 404
    assert (await desk.post(f"{LIST}/99/acknowledge")).headers["X-Problem"] == "finished_already"
    # somebody who never wrote here
    opened = await desk.post(LIST, {"kind": "erasure", "came_by": "letter", "name": "Ông Ba", "phone": "0912 345 678"})
    assert opened.status_code == 303
    refused = await desk.post(f"{LIST}/1/refuse", {"ground": "nothing_kept", "reason": ""})
    assert refused.headers["X-Problem"] == "reason_missing"
    answer = await desk.post(f"{LIST}/1/refuse", {"ground": "nothing_kept", "reason": "Không giữ gì."})
    assert answer.status_code == 303
    (row,) = rows(context, data_request)
    assert (row.status, row.refusal, row.conversation_id) == ("refused", "nothing_kept", None)  # type: ignore[attr-defined]
    assert [one.phone for one in rows(context, contact)] == ["+84912345678"]  # type: ignore[attr-defined]
    assert rows(context, conversation) == []


@ANY
async def test_a_number_of_several_people_opens_a_request_for_each_and_tells_nobody(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    desk = open_browser(make_person())
    talks = [street.owner("alo", name=name) for name in ("Bác Tư", "Cô Năm")]

    def number(c: Connection) -> None:
        for here in talks:
            of = c.execute(select(conversation.c.contact_id).filter_by(id=here)).scalar_one()
            Contacts(c, context.keyring).set_phone(of, "+84912345678")

    context.database.run_now(number)
    form = {"kind": "erasure", "came_by": "letter", "phone": "0912345678"}
    assert (await desk.post(LIST, form)).headers["location"] == LIST
    assert {row.conversation_id for row in rows(context, data_request)} == set(talks)  # type: ignore[attr-defined]
    assert rows(context, outbound) == []
    opened = [row for row in rows(context, audit_log) if row.action == "data_request.opened"]  # type: ignore[attr-defined]
    assert len(opened) == 2
    assert (await desk.post(LIST, form)).status_code == 409
