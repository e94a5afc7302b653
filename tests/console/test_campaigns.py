"""Campaigns in the console: planned by an administrator, approved by another person, watched and stopped by leaders."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from html import unescape
from typing import Any

import openpyxl
import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, insert, select, update

from console.context import ConsoleContext
from console.roles import Role
from programme.campaign_plan import plan_of
from programme.message_templates import Draft, create
from scheduler.bulk_results import TOO_MANY_ERRORS
from store.campaign_tables import campaign, campaign_run, link_click, recipient
from store.console_tables import audit_log
from store.contacts import Contacts
from store.tables import shop
from tests.console.conftest import Browser, MakePerson, OpenBrowser

PAGE = "/console/campaigns"
TAN_CUONG = "05503"
FORM: dict[str, Any] = {
    "name": "Nhắc khảo sát",
    "kind": "customer_care",
    "text": "Chào {{ name }}, mời bác làm tiếp khảo sát: {{ link }}",
    "channels": ["sms"],
    "gateways": ["esms"],
    "pace": "60",
    "schedule": "once",
    "at": "2026-11-30T09:00",
    "commune": [TAN_CUONG],
    "window_days": list("0123456"),
    "window_from": "08:00",
    "window_until": "20:00",
}


@pytest.fixture
def context(context: ConsoleContext) -> ConsoleContext:
    return dataclasses.replace(context, carries={"esms": frozenset({"customer_care", "state_notice"})})


@pytest.fixture
def shops(context: ConsoleContext, app: FastAPI) -> list[int]:
    """Three owners of one commune."""

    def work(connection: Connection) -> list[int]:
        contacts, now = Contacts(connection, context.keyring), context.clock.now()
        ids = [contacts.add(now, f"Chủ {number}") for number in range(3)]
        for number, id_ in enumerate(ids):
            contacts.set_phone(id_, f"+8491234567{number}")
            place = {"contact_id": id_, "province": context.province, "commune": TAN_CUONG, "created_at": now}
            connection.execute(insert(shop).values(**place))
        return ids

    return context.database.run_now(work)


@pytest.fixture
def planner(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Hà", Role.ADMINISTRATOR))


@pytest.fixture
def approver(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Lan", Role.SUPERVISOR))


def row_of(context: ConsoleContext, id_: int = 1) -> Any:
    return context.database.read_now(lambda c: c.execute(select(campaign).filter_by(id=id_)).mappings().one())


async def act(browser: Browser, context: ConsoleContext, step: str, **more: str) -> int:
    row = row_of(context)
    form: dict[str, object] = {"version": str(row["version"]), "digest": str(row["digest"] or ""), **more}
    return (await browser.post(f"{PAGE}/{row['id']}/{step}", form)).status_code


async def shown(browser: Browser, path: str = f"{PAGE}/1") -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def test_a_campaign_is_planned_approved_by_another_held_and_let_go_again(
    context: ConsoleContext, shops: list[int], planner: Browser, approver: Browser
) -> None:
    assert (await planner.post(f"{PAGE}/new", FORM)).headers["location"] == f"{PAGE}/1"
    plan = plan_of(row_of(context))
    assert plan.audience == {"and": [{"commune": [TAN_CUONG]}]} and plan.window == {"from": "08:00", "until": "20:00"}
    assert plan.variants[0].text == "Chao {{ name }}, moi bac lam tiep khao sat: {{ link }}"
    assert await act(planner, context, "submit") == 303
    page = await shown(approver)
    assert "Chao Chu 0, moi bac" in page and "xã Tân Cương" in page and "3 lúc trình; bây giờ 3" in page
    assert "một lần, lúc 09:00 30/11/2026" in page and row_of(context)["digest"][:8] in page
    assert "Tin đầu khoảng 09:00 30/11, tin cuối khoảng 09:00 30/11" in page
    assert "Duyệt cho gửi" in page and "Duyệt cho gửi" not in await shown(planner)
    assert await act(planner, context, "approve") == 403
    assert await act(approver, context, "approve") == 303
    assert (row_of(context)["status"], row_of(context)["approved_by"]) == ("approved", "Lan")
    assert "Chờ đến giờ" in await shown(approver) and "Đã chốt 3 người =" in await shown(approver, f"{PAGE}/1/progress")
    assert await act(approver, context, "pause") == 422
    assert await act(approver, context, "pause", reason="sai giờ") == 303
    assert "Tạm dừng vì: sai giờ" in await shown(planner)
    assert await act(approver, context, "resume") == 303
    assert await act(approver, context, "cancel", reason="không cần nữa") == 303
    assert row_of(context)["status"] == "cancelled"
    actions = select(audit_log.c.action).where(audit_log.c.object == "campaign 1").order_by(audit_log.c.id)
    done = [one for one in context.database.read_now(lambda c: list(c.scalars(actions))) if one != "campaign.viewed"]
    steps = ("created", "submitted", "approved", "paused", "resumed", "cancelled")
    assert done == [f"campaign.{one}" for one in steps]


async def test_problems_are_said_at_their_fields_and_a_draft_may_wait(
    context: ConsoleContext, shops: list[int], planner: Browser
) -> None:
    bad = {**FORM, "text": "Chao {{ ten }}", "pace": "0", "at": "2020-01-01T09:00", "gateways": []}
    answer = await planner.post(f"{PAGE}/new", bad)
    assert answer.status_code == 422
    text = unescape(answer.text)
    for field, words in (
        ("text", "biến không ai có"),
        ("pace", "Tốc độ gửi phải từ 1"),
        ("schedule", "Giờ gửi đã qua"),
        ("gateways", "cần chọn ít nhất một cổng SMS"),
    ):
        assert words in text.split(f'id="wrong-{field}-1"')[1].split("</p>")[0]
    assert "Chao {{ ten }}" in text
    assert (await planner.post(f"{PAGE}/new", {**bad, "anyway": "1"})).status_code == 303
    assert "Chưa lưu được" in text
    again = unescape((await planner.get(f"{PAGE}/1/edit")).text)
    assert "biến không ai có" in again and "Còn mục chưa đúng" in again and "Chưa lưu được" not in again
    refused = await planner.post(f"{PAGE}/new", {**FORM, "kind": "advertising"})
    assert "Cổng SMS “eSMS” không nhận loại tin này" in unescape(refused.text)
    assert await act(planner, context, "submit") == 422
    for pace in ("9" * 30, "một", "-1"):
        assert (await planner.post(f"{PAGE}/new", {**FORM, "pace": pace})).status_code == 422
    for days in ("x", "1,1", "9" * 30, ""):
        answer = await planner.post(f"{PAGE}/new", {**FORM, "schedule": "relative", "to": "class", "days": days})
        assert answer.status_code == 422, days


async def test_the_form_counts_as_it_is_filled_in(shops: list[int], planner: Browser) -> None:
    answer = await planner.post(f"{PAGE}/count", FORM)
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
    assert answer.status_code == 200 and "3 người" in text and "cả đợt nhiều nhất 3 tin" in text
    assert "chưa ghi đơn giá" in text or "đồng" in text
    other = await planner.post(f"{PAGE}/count", {**FORM, "commune": ["05818"], "more": ["unicode"]})
    assert "0 người" in unescape(other.text) and "gửi không dấu thì mỗi người chỉ 1 tin" in unescape(other.text)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"schedule": "weekly", "time": "09:30", "from": "2026-12-01", "until": "2027-01-31", "weekdays": ["0", "2"]},
        {"schedule": "monthly", "time": "08:00", "from": "2026-12-01", "day": "31", "more": ["no_holidays"]},
        {"schedule": "relative", "to": "domain_expiry", "days": "-60, -30, -7", "time": "09:00"},
        {"schedule": "series", "at": "2026-12-01T09:00", "days": "0, 3", "stops": ["surveyed", "clicked"]},
        {"text_b": "Chao bac {{ name }}", "share_b": "30", "late": "60", "deadline": "2026-12-31T17:00"},
    ],
)
async def test_a_plan_stands_in_the_form_as_it_was_filled_in(
    context: ConsoleContext, shops: list[int], planner: Browser, more: dict[str, Any]
) -> None:
    assert (await planner.post(f"{PAGE}/new", {**FORM, **more})).status_code == 303
    before = plan_of(row_of(context))
    answer = await planner.get(f"{PAGE}/1/edit")
    assert answer.status_code == 200
    assert (await planner.post(f"{PAGE}/1/edit", {**filled_in(answer.text), "version": "1"})).status_code == 303
    assert plan_of(row_of(context)) == before


async def test_a_change_after_the_submission_must_be_submitted_again(
    context: ConsoleContext, shops: list[int], planner: Browser, approver: Browser
) -> None:
    await planner.post(f"{PAGE}/new", FORM)
    await act(planner, context, "submit")
    assert await act(approver, context, "refuse", reason="sai xã") == 303
    assert "Bị trả lại: sai xã" in await shown(planner) and row_of(context)["digest"] is None
    await act(planner, context, "submit")
    digest = row_of(context)["digest"]
    version = str(row_of(context)["version"])
    assert (await planner.post(f"{PAGE}/1/edit", {**FORM, "name": "Khác", "version": version})).status_code == 303
    assert (await planner.post(f"{PAGE}/1/edit", {**FORM, "version": version})).status_code == 409
    assert await act(approver, context, "approve", digest=digest) == 409
    stale = await approver.post(f"{PAGE}/1/approve", {"version": "0"})
    assert f'href="{PAGE}/1"' in stale.text and "Mở lại trang vừa rồi" in unescape(stale.text)
    await act(planner, context, "submit")
    context.database.run_now(lambda c: c.execute(update(shop).filter_by(contact_id=shops[0]).values(commune="05818")))
    page = await shown(approver)
    assert "số người nhận đã đổi" in page and "Duyệt cho gửi" not in page
    assert await act(approver, context, "approve") == 409
    assert await act(approver, context, "recount") == 303
    page = await shown(approver)
    assert "Bấm “Duyệt cho gửi” là gửi tới 2 người, bắt đầu khoảng" in page and "số người nhận đã đổi" not in page
    assert await act(approver, context, "approve") == 303
    assert (await planner.get(f"{PAGE}/1/edit")).status_code == 409
    assert (await planner.post(f"{PAGE}/1/copy")).headers["location"] == f"{PAGE}/2/edit"
    assert row_of(context, 2)["status"] == "draft" and row_of(context, 2)["name"] == "Bản sao: Khác"


async def test_a_run_that_paused_itself_says_why_and_what_to_do(
    context: ConsoleContext, shops: list[int], planner: Browser, approver: Browser
) -> None:
    await planner.post(f"{PAGE}/new", FORM)
    await act(planner, context, "submit")
    await act(approver, context, "approve")

    def fail(connection: Connection) -> None:
        connection.execute(update(campaign_run).values(status="paused", pause_reason=TOO_MANY_ERRORS))
        connection.execute(
            update(recipient).where(recipient.c.contact_id == shops[0]).values(status="skipped", reason="opted_out")
        )

    context.database.run_now(fail)
    page = await shown(approver)
    assert "quá nhiều tin lỗi" in page and "Chạy tiếp" in page and "không gửi: đã từ chối nhận tin – 1" in page
    assert await act(approver, context, "resume") == 303
    assert "Đang gửi" in await shown(approver)


async def test_an_open_page_is_loaded_anew_when_other_steps_are_possible(
    context: ConsoleContext, shops: list[int], planner: Browser, approver: Browser
) -> None:
    await planner.post(f"{PAGE}/new", FORM)
    await act(planner, context, "submit")
    await act(approver, context, "approve")

    async def refreshes() -> bool:
        return (await approver.get(address)).headers.get("hx-refresh") == "true"

    (address,) = re.findall(r'hx-get="([^"]*/progress[^"]*)"', (await approver.get(f"{PAGE}/1")).text)
    assert not await refreshes()
    going = update(campaign_run).values(status="running", pause_reason=None)
    context.database.run_now(lambda c: c.execute(going))
    assert await refreshes() and "Đang gửi" in await shown(approver, PAGE)
    stopped = update(campaign_run).values(status="paused", pause_reason="esms_103")
    context.database.run_now(lambda c: c.execute(stopped))
    assert await refreshes() and "Tự dừng, cần xem" in await shown(approver, PAGE)
    page = await shown(approver)
    assert page.count("tài khoản hết tiền. Ai chưa nhận vẫn chờ nguyên đó.") == 1 and "Chạy tiếp" in page


@pytest.mark.parametrize("target", ["http://", "javascript:alert(1)", "http://[", "khong-co-ten-nay", "/r/x"])
async def test_a_link_that_leads_nowhere_is_said_at_its_field(planner: Browser, shops: list[int], target: str) -> None:
    answer = await planner.post(f"{PAGE}/new", {**FORM, "target": target})
    assert answer.status_code == 422 and 'id="wrong-target-1"' in answer.text
    for known in ("rdx", "https://example.vn/khao-sat", ""):
        assert (await planner.post(f"{PAGE}/new", {**FORM, "target": known})).status_code == 303


async def test_a_version_that_is_no_number_is_an_old_one(
    context: ConsoleContext, shops: list[int], planner: Browser
) -> None:
    await planner.post(f"{PAGE}/new", FORM)
    for version in ("²", "-1", "9" * 12, "", "1.0"):
        assert await act(planner, context, "submit", version=version) == 409
    assert (await planner.post(f"{PAGE}/count", {**FORM, "campaign": "²"})).status_code == 200


async def test_officers_look_and_do_nothing(
    context: ConsoleContext, shops: list[int], planner: Browser, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    await planner.post(f"{PAGE}/new", FORM)
    officer = open_browser(make_person("Minh", Role.OFFICER))
    assert "Nhắc khảo sát" in await shown(officer, PAGE)
    assert "Việc tiếp theo" not in await shown(officer)
    for path in ("new", "1/edit", "1/submit", "1/approve", "1/cancel", "1/copy"):
        assert (await officer.post(f"{PAGE}/{path}", FORM)).status_code == 403
    assert (await officer.get(f"{PAGE}/99")).status_code == 404


def filled_in(page: str) -> dict[str, Any]:
    """What a browser would send for the form of the page as it stands."""
    form: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name is None or name[1] == "csrf":
            continue
        text = unescape(value[1]) if value else ""
        if 'type="checkbox"' in tag:
            if " checked" in tag:
                form.setdefault(name[1], []).append(text)
        else:
            form[name[1]] = text
    for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body)
        form[name] = unescape(chosen[1]) if chosen else ""
    for name, body in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', page, re.S):
        form[name] = unescape(body)
    return form


async def test_the_ledger_is_read_part_by_part_and_its_file_names_rule_and_article(
    context: ConsoleContext, shops: list[int], planner: Browser, approver: Browser
) -> None:
    def more(connection: Connection) -> None:
        contacts, now = Contacts(connection, context.keyring), context.clock.now()
        for number in range(120):
            id_ = contacts.add(now)
            contacts.set_phone(id_, f"+84913000{number:03}")
            place = {"contact_id": id_, "province": context.province, "commune": TAN_CUONG, "created_at": now}
            connection.execute(insert(shop).values(**place))

    context.database.run_now(more)
    await planner.post(f"{PAGE}/new", FORM)
    await act(planner, context, "submit")
    await act(approver, context, "approve")
    skip = update(recipient).where(recipient.c.contact_id == shops[0])
    context.database.run_now(
        lambda c: c.execute(skip.values(status="skipped", reason="opted_out", final_at=context.clock.now()))
    )
    first = await shown(approver, f"{PAGE}/1/ledger/1")
    assert first.count("… ") == 100 and "912345670" not in first and "… 670" in first
    answer = await approver.get(f"{PAGE}/1/ledger/1")
    (rest,) = re.findall(rf'href="({PAGE}/1/ledger/1\?after=[^"]*)"', answer.text)
    assert (await shown(approver, unescape(rest))).count("… ") == 23
    assert (await shown(approver, f"{PAGE}/1/ledger/1?state=skipped&reason=opted_out")).count("… ") == 1
    assert (await approver.get(f"{PAGE}/1/ledger/2")).status_code == 404
    assert (await approver.get(f"{PAGE}/1/ledger/1?state=gone")).status_code == 422
    table = await approver.get(f"{PAGE}/1/ledger.csv")
    lines = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert len(lines) == 124 and table.headers["content-disposition"] == 'attachment; filename="so-cai-1.csv"'
    skipped = dict(zip(lines[0], lines[1], strict=True))
    assert (skipped["Trạng thái"], skipped["Mã lý do"], skipped["Quy tắc"]) == ("không gửi", "opted_out", "opted_out")
    assert "Điều 16" in skipped["Điều"] and skipped["Văn bản"] and "912345670" not in table.text
    book = openpyxl.load_workbook(io.BytesIO((await approver.get(f"{PAGE}/1/ledger.xlsx")).content))
    assert len(list(book.worksheets[0].iter_rows())) == 124
    actions = select(audit_log.c.action).where(audit_log.c.action.like("ledger.%"))
    assert sorted(context.database.read_now(lambda c: list(c.scalars(actions)))) == [
        "ledger.exported",
        "ledger.exported",
        "ledger.viewed",
    ]


async def test_a_test_goes_to_ones_own_number_and_is_no_part_of_the_campaign(
    context: ConsoleContext, shops: list[int], planner: Browser
) -> None:
    await planner.post(f"{PAGE}/new", FORM)
    for phone in ("", "123", "0212345678"):
        assert await act(planner, context, "test", phone=phone) == 422
    assert await act(planner, context, "test", phone="0987 654 321") == 303
    (run,) = context.database.read_now(lambda c: c.execute(select(campaign_run)).all())
    assert (run.is_test, run.status, run.prepared) == (True, "running", 1)
    assert "Gửi thử" in await shown(planner) and row_of(context)["status"] == "draft"
    assert (await planner.get(f"{PAGE}/1/ledger.csv")).text.count("\n") == 1


async def test_a_template_of_zalo_goes_into_the_plan_with_its_parameters(
    context: ConsoleContext, planner: Browser, shops: list[int]
) -> None:
    parameters = {"ten": "name"}
    draft = Draft("Nhắc", "customer_care", "Chào {{ name }}", "Chao {{ name }}", zbs_template="301")
    draft = dataclasses.replace(draft, zbs_variables=parameters)
    now, province = context.clock.now(), context.province
    id_ = context.database.run_now(lambda c: create(c, province, draft, 1, now))
    answer = await planner.post(f"{PAGE}/new", {**FORM, "text": "", "template": str(id_)})
    assert answer.status_code == 303, answer.text
    (variant,) = plan_of(row_of(context)).variants
    assert variant.zbs == {"template": "301", "variables": parameters}


async def test_what_it_brought_is_beside_each_run_and_text(
    context: ConsoleContext, shops: list[int], planner: Browser, approver: Browser
) -> None:
    await planner.post(f"{PAGE}/new", {**FORM, "text_b": "Bác làm tiếp khảo sát nhé: {{ link }}", "share_b": "50"})
    assert "Xem kết quả" not in await shown(planner)
    assert await act(planner, context, "submit") == 303 and await act(approver, context, "approve") == 303
    assert f'hx-get="{PAGE}/1/results"' in (await planner.get(f"{PAGE}/1")).text

    def work(connection: Connection) -> str:
        now = context.clock.now()
        connection.execute(update(recipient).values(status="delivered", tried_at=now))
        one = connection.execute(select(recipient)).mappings().first()
        assert one is not None
        click = {"link": "campaign", "run_id": one["run_id"], "recipient_id": one["id"], "province": "thai-nguyen"}
        connection.execute(insert(link_click), [{**click, "at": now}] * 2)
        return str(one["variant"])

    variant = context.database.run_now(work)
    table = await shown(planner, f"{PAGE}/1/results")
    assert re.search(rf"{variant} ([123]) \1 \1 1 2 \d+,\d\d % 0 0", table), table
    assert "máy quét và xem trước không tính" in table
    file = (await approver.get(f"{PAGE}/1/ledger.csv")).content.decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(file)))
    assert sorted(line["Lượt mở liên kết"] for line in lines) == ["0", "0", "2"]
    assert (await planner.get(f"{PAGE}/77/results")).status_code == 404
