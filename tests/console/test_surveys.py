"""Surveys filled in on pages for owners: consent first, every answer at once, and only where somebody may."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape

import httpx
import pytest
from sqlalchemy import func, select

from console.context import ConsoleContext
from console.roles import Role
from console.sessions import IDLE
from programme import responses
from programme.responses import Kept
from programme.survey.definition import REFUSED
from programme.survey.response import Response, answered, next_item
from store.clock import ManualClock
from store.console_tables import audit_log
from store.contacts import Contacts
from store.survey_tables import lead, survey_response
from store.tables import consent, contact
from tests.console.conftest import Browser, MakePerson, OpenBrowser, Person

OWN, OTHER = "05503", "05443"  # xã Tân Cương, phường Phan Đình Phùng
PHONE = "0912 345 678"
XSS = "<script>alert(1)</script>"
# By item: what is chosen ("choice") or typed; every question is answered with its second option.
ANSWERS: dict[str, dict[str, object]] = {
    "FORM": {"choice": "core"},
    "P01": {"typed": "Quán Ba Lan"},
    "P02": {"typed": "Lan"},
    "P03": {"typed": PHONE},
    "P04": {"choice": "thai_nguyen"},
    "P05": {"typed": "Tân Cương"},
    "P07": {"typed": "bán rau"},
    "P08": {"choice": "retail"},
    "P09": {"typed": "1"},
    "P10": {"skip": "1"},
    "P11": {"choice": "yes"},
    "K02": {"choice": ["bank", "training"]},
    "K04": {"typed": "chưa làm"},
    "K05": {"choice": "4"},
}


@dataclass
class Desk:
    """A browser at the survey's pages."""

    browser: Browser
    context: ConsoleContext

    async def consent(self, choice: str = "yes_contact", **owner: str) -> httpx.Response:
        asked = await self.browser.post("/console/surveys/begin", owner)
        if asked.status_code != 200:
            return asked
        return await self.browser.post("/console/surveys", {**hidden(asked), "choice": choice})

    async def begin(self, **owner: str) -> int:
        begun = await self.consent(**owner)
        assert begun.status_code == 303, begun.text
        return number(begun)

    async def answer(self, survey_id: int, **sent: object) -> httpx.Response:
        shown = await self.browser.get(f"/console/surveys/{survey_id}")
        return await self.browser.post(f"/console/surveys/{survey_id}", {**hidden(shown), **sent})

    async def fill(self, survey_id: int, **others: dict[str, object]) -> str:
        """Answer what is asked until the result is there; the result's page."""
        known = {**ANSWERS, **others}
        for _ in range(60):
            shown = await self.browser.get(f"/console/surveys/{survey_id}")
            fields = hidden(shown)
            if "item" not in fields:
                return unescape(shown.text)
            sent = known.get(fields["item"], {"typed": "2"})
            done = await self.browser.post(f"/console/surveys/{survey_id}", {**fields, **sent})
            assert done.status_code == 303, done.text
        raise AssertionError("the survey does not end")

    def kept(self, survey_id: int) -> Kept:
        found = self.context.database.read_now(lambda c: responses.find(c, self.context.content.surveys, survey_id))
        assert found is not None
        return found

    def count(self, table: object) -> int:
        return int(self.context.database.read_now(lambda c: c.scalar(select(func.count()).select_from(table))) or 0)  # type: ignore[arg-type]


def hidden(page: httpx.Response) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in fields}


def number(answer: httpx.Response) -> int:
    found = re.match(r"/console/surveys/(\d+)", answer.headers["Location"])
    assert found, answer.headers["Location"]
    return int(found[1])


@pytest.fixture
def officer(make_person: MakePerson) -> Person:
    return make_person("Hà")


@pytest.fixture
def desk(open_browser: OpenBrowser, context: ConsoleContext, officer: Person) -> Desk:
    return Desk(open_browser(officer), context)


@pytest.fixture
def stall(open_browser: OpenBrowser, context: ConsoleContext, make_person: MakePerson) -> Desk:
    """Somebody of one commune's office."""
    return Desk(open_browser(make_person("Minh", Role.COMMUNE, communes=[OWN])), context)


async def test_an_officer_fills_in_a_survey_and_sees_what_comes_of_it(desk: Desk) -> None:
    id_ = await desk.begin()
    result = await desk.fill(id_)

    assert "điểm trên 100" in result and "Con người và kỹ năng" in result
    assert "Em đã chuyển tên, số điện thoại và kết quả của cô/bác cho VNPT và BIDV" in result
    assert f"/survey/{desk.kept(id_).code}.png" in result and f"/survey/{desk.kept(id_).code}.pdf" in result
    assert "không phải khảo sát RDX" in result and 'href="https://rdx.gov.vn"' in result
    kept = desk.kept(id_)
    assert (kept.status, kept.origin.channel, kept.origin.assisted_by) == ("done", "console", "Hà")
    assert kept.response.answers["P03"] == "+84912345678" and kept.response.answers["P05"] == OWN
    assert kept.response.answers["P10"] == REFUSED and kept.response.answers["K02"] == ["bank", "training"]
    vendors = desk.context.database.read_now(lambda c: set(c.scalars(select(lead.c.vendor))))
    assert vendors == {"VNPT", "BIDV"}


async def test_the_question_says_how_far_it_is_and_what_was_answered(desk: Desk) -> None:
    id_ = await desk.begin()
    for sent in ({"choice": "full"}, {"typed": "Quán"}, {"typed": "Lan"}, {"typed": PHONE}, {"choice": "thai_nguyen"}):
        await desk.answer(id_, **sent)
    await desk.answer(id_, typed="Tân Cương")
    page = unescape((await desk.browser.get(f"/console/surveys/{id_}?noted=P05")).text)
    assert "Thông tin 6/14" in page and "Đã ghi: xã Tân Cương" in page and "Tên cửa hàng" in page
    assert "bỏ qua" in page.lower() and f"/console/surveys/{id_}?item=P05" in page

    changed = await desk.browser.get(f"/console/surveys/{id_}?item=P05")
    assert 'value="xã Tân Cương"' in changed.text
    back = await desk.browser.post(f"/console/surveys/{id_}", {**hidden(changed), "typed": "phường Phan Đình Phùng"})
    assert back.status_code == 303 and desk.kept(id_).response.answers["P05"] == OTHER


async def test_without_consent_nothing_is_kept(desk: Desk) -> None:
    refused = await desk.consent("no", phone=PHONE, name="Lan")
    assert refused.status_code == 200 and "Không lưu gì" in refused.text
    missing = await desk.consent("", phone=PHONE)
    assert missing.status_code == 422
    forged = await desk.consent("yes_everything", phone=PHONE)
    assert forged.status_code == 422
    assert desk.count(contact) == desk.count(survey_response) == desk.count(consent) == 0


async def test_a_form_that_is_sent_twice_changes_nothing_the_second_time(desk: Desk) -> None:
    asked = await desk.browser.post("/console/surveys/begin", {"name": "Lan"})
    form = {**hidden(asked), "choice": "yes_only"}
    first, second = [await desk.browser.post("/console/surveys", form) for _ in range(2)]
    assert number(first) == number(second)
    assert desk.count(survey_response) == desk.count(contact) == 1

    shown = await desk.browser.get(f"/console/surveys/{number(first)}")
    sent = {**hidden(shown), "choice": "core"}
    once, again = [await desk.browser.post(f"/console/surveys/{number(first)}", sent) for _ in range(2)]
    assert (once.status_code, again.status_code) == (303, 303)
    assert "overtaken" not in again.headers["Location"]
    assert desk.kept(number(first)).revision == 2


async def test_a_form_that_is_sent_twice_at_once_begins_one_survey(desk: Desk) -> None:
    asked = await desk.browser.post("/console/surveys/begin", {"name": "Lan", "phone": PHONE})
    form = {**hidden(asked), "choice": "yes_only"}
    sent = await asyncio.gather(*(desk.browser.post("/console/surveys", form) for _ in range(4)))
    assert len({number(one) for one in sent}) == 1
    assert desk.count(survey_response) == desk.count(contact) == 1


async def test_what_somebody_else_answered_meanwhile_is_shown_and_told(desk: Desk) -> None:
    id_ = await desk.begin()
    stale = hidden(await desk.browser.get(f"/console/surveys/{id_}"))
    await desk.answer(id_, choice="core")
    await desk.answer(id_, typed="Quán Ba Lan")

    late = await desk.browser.post(f"/console/surveys/{id_}", {**stale, "choice": "full"})
    assert late.headers["Location"].endswith("?overtaken=1")
    assert "vừa được sửa ở nơi khác" in (await desk.browser.get(late.headers["Location"])).text
    assert desk.kept(id_).response.answers["FORM"] == "core"


@pytest.mark.parametrize(
    ("item", "sent", "says"),
    [
        ("FORM", {}, "Chưa rõ câu trả lời"),
        ("FORM", {"choice": "both"}, "Chưa rõ câu trả lời"),
        ("FORM", {"choice": ["core", "full"]}, "Chưa rõ câu trả lời"),
        ("FORM", {"typed": "9"}, "9"),
        ("FORM", {"skip": "1"}, "bắt buộc"),
        ("FORM", {"typed": "giải thích"}, "không có giải thích"),
        ("P01", {"typed": "x" * 81}, "80"),
        ("P01", {"typed": " ​\n "}, "Chưa rõ"),
        ("P03", {"typed": "12345678"}, "chưa nhận được"),
        ("P05", {"typed": "Hoằng Hóa"}, "thuộc tỉnh khác"),
        ("P05", {"typed": "bỏ qua"}, "bắt buộc"),
        ("P05", {"choice": "16012"}, "Chưa rõ"),
        ("P07", {"choice": "no_such_trade"}, "Chưa rõ"),
        ("CN01", {"choice": "7"}, "Chưa rõ"),
    ],
)
async def test_what_is_no_answer_is_asked_again_and_not_stored(
    desk: Desk, item: str, sent: dict[str, object], says: str
) -> None:
    id_ = await desk.begin()
    while (shown := hidden(await desk.browser.get(f"/console/surveys/{id_}")))["item"] != item:
        await desk.browser.post(f"/console/surveys/{id_}", {**shown, **ANSWERS.get(shown["item"], {"typed": "2"})})
    before = desk.kept(id_).revision

    asked = await desk.browser.post(f"/console/surveys/{id_}", {**shown, **sent})
    assert (asked.status_code, says.lower() in unescape(asked.text).lower()) == (422, True), asked.text
    assert hidden(asked)["item"] == item and desk.kept(id_).revision == before


async def test_a_name_of_several_communes_is_asked_about(desk: Desk) -> None:
    id_ = await desk.begin()
    for sent in ({"choice": "core"}, {"typed": "Quán"}, {"typed": "Lan"}, {"skip": "1"}, {"choice": "thai_nguyen"}):
        await desk.answer(id_, **sent)
    asked = await desk.answer(id_, typed="Cam Giá")
    choices = re.findall(r'<input type="radio" name="choice" value="(\d{5})"', asked.text)
    assert asked.status_code == 422 and len(choices) > 1
    await desk.answer(id_, choice=choices[0])
    assert desk.kept(id_).response.answers["P05"] == choices[0]


async def test_words_in_the_text_box_are_commands_too(desk: Desk) -> None:
    id_ = await desk.begin()
    await desk.answer(id_, typed="2")  # the short form
    assert desk.kept(id_).response.answers["FORM"] == "core"
    await desk.answer(id_, typed="Quán Ba Lan")
    assert (await desk.answer(id_, typed="quay lại")).headers["Location"].endswith("?item=P01")
    assert (await desk.answer(id_, typed="sửa tên cửa hàng")).headers["Location"].endswith("?item=P01")
    assert (await desk.answer(id_, typed="để sau")).headers["Location"] == "/console/surveys"


async def test_a_number_finds_the_survey_under_way(desk: Desk) -> None:
    id_ = await desk.begin(phone=PHONE, name="Lan")
    assert desk.kept(id_).response.answers["P03"] == "+84912345678"
    assert number(await desk.consent(phone="+84 912 345 678")) == id_
    wrong = await desk.consent(phone="12345", name="Bảy")
    assert wrong.status_code == 422 and "Số di động" in wrong.text
    assert 'value="12345"' in wrong.text and 'value="Bảy"' in wrong.text  # what was typed stays


async def test_commune_staff_begin_only_where_they_work(stall: Desk) -> None:
    id_ = await stall.begin(name="Lan")  # of their one commune, without being asked
    assert stall.kept(id_).response.answers["P05"] == OWN
    assert (await stall.consent(commune=OTHER)).status_code == 422
    asked = await stall.browser.post("/console/surveys/begin", {})
    forged = await stall.browser.post("/console/surveys", {**hidden(asked), "commune": OTHER, "choice": "yes_only"})
    assert forged.status_code == 422
    assert stall.count(survey_response) == 1


async def test_commune_staff_cannot_move_a_survey_to_another_commune(
    open_browser: OpenBrowser, context: ConsoleContext, make_person: MakePerson
) -> None:
    two = Desk(open_browser(make_person("Thu", Role.COMMUNE, communes=[OWN, "05508"])), context)
    id_ = await two.begin(commune=OWN)
    shown = hidden(await two.browser.get(f"/console/surveys/{id_}?item=P05"))
    assert shown["item"] == "P05"
    moved = await two.browser.post(f"/console/surveys/{id_}", {**shown, "choice": OTHER})
    assert moved.status_code == 422 and "xã/phường của mình" in moved.text
    province = await two.browser.post(f"/console/surveys/{id_}", {**shown, "item": "P04", "choice": "thanh_hoa"})
    assert province.status_code == 422
    assert two.kept(id_).response.answers["P05"] == OWN


async def test_commune_staff_never_open_what_is_of_another_commune(stall: Desk, desk: Desk) -> None:
    id_ = await desk.begin(phone=PHONE)
    # it has no commune yet, and then another one
    for commune in (None, OTHER):
        if commune:
            for sent in ({"choice": "core"}, {"typed": "Quán"}, {"typed": "Lan"}, {"choice": "thai_nguyen"}):
                await desk.answer(id_, **sent)
            await desk.answer(id_, typed=commune)
        assert (await stall.browser.get(f"/console/surveys/{id_}")).status_code == 404
        sent = {"item": "P01", "revision": "1", "typed": "Tôi"}
        assert (await stall.browser.post(f"/console/surveys/{id_}", sent)).status_code == 404
        assert (await stall.consent(phone=PHONE)).status_code == 409
    assert "Quán" not in (await stall.browser.get("/console/surveys")).text
    assert (await stall.browser.get("/console/surveys/999")).status_code == 404
    assert (await stall.browser.get("/console/surveys/x")).status_code == 422


async def test_commune_staff_neither_compare_with_nor_replace_what_was_completed_elsewhere(
    stall: Desk, desk: Desk, context: ConsoleContext
) -> None:
    await desk.fill(await desk.begin(phone=PHONE), P05={"typed": "Phan Đình Phùng"})
    leads = desk.count(lead)
    refused = await stall.consent("yes_only", phone=PHONE, name="Tên khác")
    assert refused.status_code == 409 and "nơi khác" in refused.text
    key = {"key": "k", "phone": PHONE, "name": "Tên khác", "commune": OWN, "choice": "yes_only"}
    assert (await stall.browser.post("/console/surveys", key)).status_code == 409
    assert desk.count(lead) == leads > 0
    assert context.database.read_now(lambda c: c.scalar(select(contact.c.name))) == "Lan"


async def test_lists_show_ones_own_surveys_and_the_results_of_ones_commune(stall: Desk, desk: Desk) -> None:
    mine = await stall.begin(name="Bác Sáu")
    theirs = await desk.begin(name="Cô Bảy")
    await desk.fill(theirs, P01={"typed": "Quán Bảy"}, P02={"typed": "Bảy"})
    page = unescape((await stall.browser.get("/console/surveys")).text)
    assert "Bác Sáu" in page and "Quán Bảy" in page  # a result of their commune
    await stall.fill(mine)
    other = unescape((await desk.browser.get("/console/surveys")).text)
    assert "Quán Ba Lan" in other and "Không có phiếu nào" in other


async def test_what_an_owner_calls_themselves_is_never_code(desk: Desk) -> None:
    id_ = await desk.begin(name=XSS)
    await desk.fill(id_, P01={"typed": XSS}, P06={"typed": XSS})
    for path in ("/console/surveys", f"/console/surveys/{id_}", f"/console/surveys/{id_}?item=P01"):
        page = (await desk.browser.get(path)).text
        assert XSS not in page and "&lt;script&gt;" in page
    asked = await desk.browser.post("/console/surveys/begin", {"name": XSS})
    assert XSS not in asked.text


async def test_when_the_session_ends_in_the_middle_the_answer_before_is_there(desk: Desk, clock: ManualClock) -> None:
    id_ = await desk.begin()
    await desk.answer(id_, choice="core")
    shown = hidden(await desk.browser.get(f"/console/surveys/{id_}"))
    clock.advance(IDLE + timedelta(minutes=1))
    late = await desk.browser.post(f"/console/surveys/{id_}", {**shown, "typed": "Quán"})
    assert "/console/login" in late.headers["Location"]
    assert desk.kept(id_).response.answers.keys() == {"CONSENT", "FORM"}


async def test_an_answer_of_a_result_may_be_changed_until_it_is_old(desk: Desk, clock: ManualClock) -> None:
    id_ = await desk.begin()
    await desk.fill(id_)
    shown = hidden(await desk.browser.get(f"/console/surveys/{id_}?item=P01"))
    done = await desk.browser.post(f"/console/surveys/{id_}", {**shown, "typed": "Quán Mới"})
    assert "Kết quả của Quán Mới" in (await desk.browser.get(done.headers["Location"])).text
    assert desk.count(lead) == 2

    clock.advance(responses.REPEAT_AFTER)
    browser = Desk(desk.browser, desk.context)
    assert "/console/login" in (await browser.browser.get(f"/console/surveys/{id_}")).headers["Location"]


async def test_an_old_result_is_shown_and_not_changed(
    desk: Desk, clock: ManualClock, open_browser: OpenBrowser, officer: Person
) -> None:
    def old(connection: object) -> int:
        context = desk.context
        contact_id = Contacts(connection, context.keyring).add(clock.now())  # type: ignore[arg-type]
        response = Response(context.content.surveys.latest, {})
        known = {"CONSENT": "yes_only", "FORM": "core", "P03": REFUSED, "P04": "thai_nguyen", "P05": OWN}
        while (item := next_item(response)) is not None:
            value = known.get(item.id) or (item.options[0].value if item.options else "rau_qua")
            response = answered(response, item.id, [str(value)] if item.kind == "multi_choice" else value)
        origin = responses.Origin(contact_id, "webchat", "thai-nguyen")
        kept = responses.save(connection, context.keyring, Kept(response, origin), clock.now())  # type: ignore[arg-type]
        assert kept.id is not None
        return kept.id

    id_ = desk.context.database.run_now(old)
    clock.advance(responses.REPEAT_AFTER)
    browser = open_browser(officer)
    page = (await browser.get(f"/console/surveys/{id_}?item=P01")).text
    assert "điểm trên 100" in page and "?item=" not in page
    sent = {"item": "P01", "revision": "1", "typed": "Khác"}
    assert (await browser.post(f"/console/surveys/{id_}", sent)).status_code == 409


async def test_what_was_seen_and_changed_is_in_the_audit_log(desk: Desk) -> None:
    id_ = await desk.begin()
    await desk.answer(id_, choice="core")
    await desk.answer(id_, typed="Quán")
    rows = desk.context.database.read_now(lambda c: c.execute(select(audit_log).order_by(audit_log.c.id)).all())
    assert [(row.action, row.object) for row in rows] == [
        ("survey.begun", f"survey {id_}"),
        ("survey.viewed", f"survey {id_}"),
        ("survey.changed", f"survey {id_}"),
        ("survey.changed", f"survey {id_}"),
    ]
    assert rows[-1].detail == {"item": "P01", "revision": 3} and "Quán" not in str(rows)


async def test_vendors_have_no_part_in_it(open_browser: OpenBrowser, make_person: MakePerson) -> None:
    browser = open_browser(make_person(role=Role.VENDOR, vendor="VNPT"))
    assert (await browser.get("/console/surveys")).status_code == 403
    assert (await browser.post("/console/surveys/1", {"item": "P01", "revision": "1"})).status_code == 403
