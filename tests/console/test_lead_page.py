"""One lead: whose it is, what it shows when, its steps, and what happens when the consent goes while a page is open."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

from console.context import ConsoleContext
from console.roles import Role
from programme import responses
from store.console_tables import audit_log
from store.difficulty_tables import difficulty
from store.survey_tables import lead
from tests.conftest import NOW
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.programme.wishes import PHAN_DINH_PHUNG, Wishes

NAMES = ("Thị Lan", "0912345678", "+84912345678")


@pytest.fixture
def wishes(context: ConsoleContext) -> Wishes:
    return Wishes(context.database, context.keyring, context.clock, context.content)  # type: ignore[arg-type]


@pytest.fixture
def vnpt(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Minh", Role.VENDOR, vendor="VNPT"))


def log(context: ConsoleContext | Wishes) -> list[tuple[str, str, object]]:
    rows = select(audit_log).order_by(audit_log.c.id)
    return [(row.action, row.object, row.detail) for row in context.database.read_now(lambda c: c.execute(rows).all())]


async def shown(browser: Browser, lead_id: int) -> str:
    answer = await browser.get(f"/console/leads/{lead_id}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def test_what_is_not_theirs_is_like_what_does_not_exist(
    open_browser: OpenBrowser, make_person: MakePerson, vnpt: Browser, wishes: Wishes
) -> None:
    """Another firm's, another commune's, and one that the owner is only asked about."""
    bank, elsewhere, asked = wishes.make(vendor="BIDV"), wishes.make(commune=PHAN_DINH_PHUNG), wishes.make()
    wishes.database.run_now(lambda c: c.execute(update(lead).filter_by(id=asked).values(status="asking")))
    bound = open_browser(make_person("Bound", Role.VENDOR, vendor="VNPT", communes=["05503"]))
    missing = (await vnpt.get("/console/leads/999")).text
    for browser, lead_id in ((vnpt, bank), (vnpt, asked), (bound, elsewhere), (vnpt, 999)):
        for answer in (
            await browser.get(f"/console/leads/{lead_id}"),
            await browser.get(f"/console/leads/{lead_id}/fresh?version=1"),
            await browser.post(f"/console/leads/{lead_id}/step", {"to": "accepted", "version": 1}),
            await browser.post(f"/console/leads/{lead_id}/note", {"text": "x"}),
            await browser.post(f"/console/leads/{lead_id}/difficulty", {"category": "price"}),
            await browser.post(f"/console/leads/{lead_id}/settle", {"version": 1}),
        ):
            assert (answer.status_code, answer.headers["x-problem"]) == (404, "lead_unknown")
    assert (await vnpt.get(f"/console/leads/{bank}")).text.partition("<main")[2] == missing.partition("<main")[2]
    assert {wishes.row(one).version for one in (bank, elsewhere, asked)} == {1}


async def test_the_owner_is_named_from_the_acceptance_on_and_the_consent_is_shown(
    vnpt: Browser, wishes: Wishes, context: ConsoleContext
) -> None:
    one = wishes.make()
    before = await shown(vnpt, one)
    assert not any(name in before for name in NAMES)
    for words in ("xã Tân Cương", "doanh nghiệp phụ trách xã/phường (và ngân hàng", "Bản lời 1, ngày 23/11/2026"):
        assert words in before
    answer = await vnpt.post(f"/console/leads/{one}/step", {"to": "accepted", "version": 1})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/leads/{one}")
    after = await shown(vnpt, one)
    assert "Nguyễn Thị Lan" in after and "0912345678" in after and "Minh" in after
    assert log(context) == [
        ("lead.viewed", "lead 1", {"vendor": "VNPT", "named": False}),
        ("lead.stepped", "lead 1", {"to": "accepted", "version": 2, "vendor": "VNPT", "reason": None}),
        ("lead.viewed", "lead 1 named", {"vendor": "VNPT", "named": True}),
    ]
    await vnpt.post(f"/console/leads/{one}/step", {"to": "refused", "version": 2, "reason": "no_staff"})
    gone = await shown(vnpt, one)
    assert not any(name in gone for name in NAMES) and "Chưa có nhân sự ở địa bàn" in gone


async def test_two_acceptances_at_once_are_one_and_a_clear_refusal(
    open_browser: OpenBrowser, make_person: MakePerson, vnpt: Browser, wishes: Wishes
) -> None:
    one = wishes.make()
    colleague = open_browser(make_person("Hoa", Role.VENDOR, vendor="VNPT"))
    form = {"to": "accepted", "version": 1}
    answers = await asyncio.gather(*(b.post(f"/console/leads/{one}/step", dict(form)) for b in (vnpt, colleague)))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    assert refused.headers["x-problem"] == "lead_changed" and "Vừa có người khác cập nhật" in refused.text
    assert len(wishes.steps(one)) == 2
    # a double click of one person is one step, and no fault
    two = wishes.make("Trần Văn Bảy")
    form["reason"] = "Chị Lan 0912345678"  # none is asked for here: what was typed is no code for the audit log
    answers = await asyncio.gather(*(vnpt.post(f"/console/leads/{two}/step", dict(form)) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [303, 303] and len(wishes.steps(two)) == 2
    detail = {"to": "accepted", "version": 2, "vendor": "VNPT", "reason": None}
    assert [row for row in log(wishes) if row[1] == f"lead {two}"] == [("lead.stepped", f"lead {two}", detail)]


async def test_a_consent_that_goes_while_the_page_is_open_takes_everything_with_it(
    open_browser: OpenBrowser, make_person: MakePerson, vnpt: Browser, wishes: Wishes, context: ConsoleContext
) -> None:
    one = wishes.make()
    await vnpt.post(f"/console/leads/{one}/step", {"to": "accepted", "version": 1})
    assert "Nguyễn Thị Lan" in await shown(vnpt, one)
    assert (await vnpt.get(f"/console/leads/{one}/fresh?version=2")).status_code == 204
    changed = await vnpt.get(f"/console/leads/{one}/fresh?version=1")
    assert (changed.status_code, changed.headers["hx-retarget"]) == (409, "#stale")
    person = wishes.row(one).contact_id
    context.database.run_now(lambda c: responses.forget(c, context.keyring, person, NOW))
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    for browser in (vnpt, leader):
        for answer in (
            await browser.get(f"/console/leads/{one}"),
            await browser.get(f"/console/leads/{one}/fresh?version=2"),
            await browser.post(f"/console/leads/{one}/step", {"to": "contacted", "version": 2}),
            await browser.post(f"/console/leads/{one}/note", {"text": "gọi chị Lan"}),
            await browser.post(f"/console/leads/{one}/difficulty", {"category": "price", "text": "chị Lan chê đắt"}),
        ):
            assert answer.status_code == 410 and "đã rút lại đồng ý" in answer.text
            assert not any(name in answer.text for name in NAMES)
        for path in ("/console/leads", "/console/leads/leads.csv"):
            listed = (await browser.get(path)).text
            assert not any(name in listed for name in NAMES)
    fresh = await vnpt.get(f"/console/leads/{one}/fresh?version=2")
    assert fresh.headers["hx-retarget"] == "#lead"
    assert context.database.read_now(lambda c: c.execute(select(difficulty)).all()) == []


async def test_a_deadline_that_passes_on_the_open_page(
    open_browser: OpenBrowser, make_person: MakePerson, wishes: Wishes
) -> None:
    one = wishes.make()
    wishes.clock.set(wishes.row(one).accept_by - timedelta(seconds=1))
    vnpt = open_browser(make_person("Minh", Role.VENDOR, vendor="VNPT"))
    await shown(vnpt, one)
    wishes.clock.advance(timedelta(seconds=1))
    late = await vnpt.post(f"/console/leads/{one}/step", {"to": "accepted", "version": 1})
    assert (late.status_code, late.headers["x-problem"]) == (409, "lead_deadline_passed")
    assert "Đã quá hạn nhận" in late.text and wishes.row(one).status == "offered"


async def test_what_is_sent_by_hand_is_refused_with_words(vnpt: Browser, wishes: Wishes) -> None:
    one = wishes.make()
    cases = [
        ({"to": "gone", "version": 1}, 422, "request_invalid"),
        ({"to": "accepted", "version": "-1"}, 422, "request_invalid"),
        ({"to": "accepted", "version": ""}, 422, "request_invalid"),
        ({"to": "withdrawn", "version": 1}, 409, "lead_step_not_allowed"),
        ({"to": "offered", "version": 1}, 409, "lead_step_not_allowed"),
        ({"to": "refused", "version": 1}, 422, "reason_missing"),
        ({"to": "refused", "version": 1, "reason": "other"}, 422, "text_missing"),
        ({"to": "refused", "version": 1, "reason": "x"}, 422, "reason_unknown"),
    ]
    for form, status, code in cases:
        answer = await vnpt.post(f"/console/leads/{one}/step", dict(form))
        assert (answer.status_code, answer.headers["x-problem"]) == (status, code), form
    for path, form, code in (
        ("note", {"text": " "}, "text_missing"),
        ("note", {"text": "x" * 501}, "text_too_long"),
        ("difficulty", {"category": "x"}, "category_unknown"),
    ):
        answer = await vnpt.post(f"/console/leads/{one}/{path}", dict(form))  # type: ignore[arg-type]
        assert (answer.status_code, answer.headers["x-problem"]) == (422, code)
    assert wishes.row(one).version == 1


async def test_notes_and_difficulties_are_kept_once_and_never_run(vnpt: Browser, wishes: Wishes) -> None:
    one = wishes.make()
    for _ in range(2):
        await vnpt.post(f"/console/leads/{one}/note", {"text": "<script>alert(1)</script> mật khẩu là hoasen99"})
        await vnpt.post(f"/console/leads/{one}/difficulty", {"category": "price", "text": "Chê đắt"})
    assert [action for action, _, _ in log(wishes)].count("lead.noted") == 1
    page = (await vnpt.get(f"/console/leads/{one}")).text
    assert page.count("alert(1)") == 1 and "<script>alert" not in page and "hoasen99" not in page
    (told,) = wishes.database.read_now(lambda c: c.execute(select(difficulty)).all())
    assert (told.source, told.vendor, told.commune, told.lead_id, told.text) == (
        "vendor",
        "VNPT",
        "05503",
        one,
        "Chê đắt",
    )


async def test_those_who_oversee_see_to_what_no_firm_has(
    open_browser: OpenBrowser, make_person: MakePerson, vnpt: Browser, wishes: Wishes
) -> None:
    one = wishes.make(vendor="BIDV")
    wishes.step(one, "refused", vendor="BIDV", reason="no_staff")
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    page = await shown(leader, one)
    assert "Đánh dấu cán bộ đã xử lý" in page and "Giao lại cho doanh nghiệp này" in page
    assert (await leader.post(f"/console/leads/{one}/settle", {"version": 2})).status_code == 303
    assert "Cán bộ đã xử lý" in await shown(leader, one)
    for browser, status in ((leader, 303), (open_browser(make_person("Mai", Role.VENDOR, vendor="BIDV")), 409)):
        assert (await browser.post(f"/console/leads/{one}/settle", {"version": 2})).status_code == status
    assert [action for action, _, _ in log(wishes)].count("lead.settled") == 1
    assert (await leader.post(f"/console/leads/{one}/step", {"to": "offered", "version": 3})).status_code == 303
    assert wishes.row(one).status == "offered"
