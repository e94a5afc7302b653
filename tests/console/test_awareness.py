"""The page of awareness: a sample is drawn by an administrator, approved by another person, and counted."""

from __future__ import annotations

import dataclasses
import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from console.context import ConsoleContext
from console.roles import Role
from programme import awareness, saved_segments, segments
from programme.campaign_plan import plan_of
from scheduler.kinds import JobContext
from scheduler.kpi_counts import count as count_kpi
from store.campaign_tables import campaign, recipient
from store.kpi_tables import awareness_round, awareness_sample
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.programme.asking import LA_BANG, TAN_CUONG, Asking

PAGE = "/console/awareness"
FORM: dict[str, Any] = {"name": "Quý IV", "size": "10", "margin": "", "at": ""}


@pytest.fixture
def context(context: ConsoleContext) -> ConsoleContext:
    return dataclasses.replace(context, carries={"esms": frozenset({"state_notice"}), "x": frozenset({"advertising"})})


@pytest.fixture
def planner(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Hà", Role.ADMINISTRATOR))


@pytest.fixture
def shops(context: ConsoleContext, planner: Browser) -> None:
    def work(connection: Connection) -> None:
        town = Asking(connection, context.content, context.keyring, context.clock)
        town.shops(40)
        town.shops(5, LA_BANG)

    context.database.run_now(work)


def words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


async def shown(browser: Browser, path: str = PAGE) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


async def counted(browser: Browser, **form: Any) -> str:
    answer = await browser.post(f"{PAGE}/count", {**FORM, **form})
    assert answer.status_code == 200, answer.text
    return words(answer.text)


async def act(browser: Browser, context: ConsoleContext, step: str) -> int:
    row = context.database.read_now(lambda c: c.execute(select(campaign)).mappings().one())
    form: dict[str, object] = {"version": str(row["version"]), "digest": str(row["digest"] or "")}
    return (await browser.post(f"/console/campaigns/1/{step}", form)).status_code


async def test_a_sample_is_drawn_approved_by_another_asked_and_counted(
    context: ConsoleContext, shops: None, planner: Browser, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    approver = open_browser(make_person("Lan", Role.SUPERVISOR))
    assert "Chưa hỏi lần nào" in await shown(planner)
    made = await planner.post(PAGE, FORM)
    assert made.headers["location"] == "/console/campaigns/1", made.text
    row = context.database.read_now(lambda c: c.execute(select(campaign)).mappings().one())
    plan = plan_of(row)
    assert (plan.kind, plan.channels, plan.gateways) == ("state_notice", ("zalo", "sms"), ("esms",))
    page = await shown(planner, "/console/campaigns/1")
    assert "một mẫu ngẫu nhiên đã rút" in page and "Hotline chuyen doi so hoi" in page
    assert "[Có, tôi nghe rồi] [Tôi chưa nghe]" in page and "Sửa đợt nhắc" not in page
    assert (await planner.get("/console/campaigns/1/edit")).status_code == 409
    assert (await planner.post("/console/campaigns/1/copy")).status_code == 409
    assert await act(planner, context, "submit") == 303
    assert await act(planner, context, "approve") == 403
    assert await act(approver, context, "approve") == 303

    def answer(connection: Connection) -> None:
        went = {"status": "delivered", "tried_at": context.clock.now()}
        connection.execute(update(recipient).values(**went))
        for number, one in enumerate(connection.scalars(select(recipient.c.id)).all()[:8]):
            said: Any = "yes" if number else "no"
            awareness.answer(connection, context.content.awareness, one, said, "web", context.clock.now())

    context.database.run_now(answer)
    seed = context.database.read_now(lambda c: c.scalar(select(awareness_round.c.seed)))
    table = await shown(planner)
    assert "09:00 10 trên 45 10 8 87,50 % ± " in table
    assert str(seed) in table
    await count_kpi(JobContext(context.database, context.clock, context.content, context.wakeups, context.keyring))
    kpi = await shown(approver, "/console/reports/kpi?from=2026-01-01")
    assert "Đã rút vào mẫu: 10 Đã hỏi: 10 Đã trả lời: 8" in kpi and "8 người trả lời" in kpi
    file = (await approver.get("/console/reports/kpi.csv?from=2026-01-01")).content.decode("utf-8-sig")
    assert "Toàn tỉnh,Nhận biết Chương trình: Đã hỏi,10,10" in file
    assert 'Toàn tỉnh,Nhận biết Chương trình,7,7,8,"87,50 ± ' in file


async def test_the_form_counts_both_ways(context: ConsoleContext, shops: None, planner: Browser) -> None:
    by_size = await counted(planner, size="20")
    assert "Rút được trong 45 người" in by_size and "Sẽ rút 20 người" in by_size
    assert "100 % 20 ± 16," in by_size and "50 % 10 ± 27," in by_size and "10 % 2 ±" in by_size
    by_margin = await counted(planner, size="", margin="16,52 %")
    assert "Sẽ rút 20 người" in by_margin
    assert "Rút được trong 5 người" in await counted(planner, commune=[LA_BANG], size="3")
    everybody = segments.read({"commune": [TAN_CUONG]})
    context.database.run_now(
        lambda c: saved_segments.save(c, context.province, "Tân Cương", everybody, 1, context.clock.now())
    )
    assert "Rút được trong 40 người" in await counted(planner, segment="1", size="3")
    assert "Không có ai rút được" in await counted(planner, segment="1", commune=[LA_BANG])
    assert context.database.read_now(lambda c: c.scalar(select(awareness_sample.c.round_id))) is None


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"size": "", "margin": ""}, "một trong hai"),
        ({"size": "5", "margin": "5"}, "một trong hai"),
        ({"size": "0"}, "số nguyên từ 1"),
        ({"size": "-3"}, "số nguyên từ 1"),
        ({"size": "1e9"}, "số nguyên từ 1"),
        ({"size": "", "margin": "1e99999999"}, "số nguyên từ 1"),
        ({"size": "", "margin": "0"}, "sai số từ 0,5"),
        ({"size": "", "margin": "1/0"}, "sai số từ 0,5"),
        ({"segment": "77"}, "không còn nữa"),
        ({"commune": ["99999"]}, "99999"),
        ({"name": " "}, "đặt tên"),
        ({"at": "2020-01-01T09:00"}, "Giờ gửi đã qua"),
        ({"at": "mai"}, "Lịch gửi chưa đúng"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_drawn(
    context: ConsoleContext, shops: None, planner: Browser, form: dict[str, Any], said: str
) -> None:
    answer = await planner.post(PAGE, {**FORM, **form})
    assert answer.status_code == 422 and said in words(answer.text), words(answer.text)
    assert context.database.read_now(lambda c: list(c.scalars(select(campaign.c.id)))) == []
    if "name" not in form and "at" not in form:
        assert said in await counted(planner, **form)


async def test_only_administrators_see_it(
    context: ConsoleContext, shops: None, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    for role in (Role.OFFICER, Role.SUPERVISOR, Role.COMMUNE):
        browser = open_browser(make_person(role.value, role, communes=[TAN_CUONG] if role is Role.COMMUNE else None))
        assert (await browser.get(PAGE)).status_code == 403
        assert (await browser.post(PAGE, FORM)).status_code == 403
    assert "Mức nhận biết" not in await shown(open_browser(make_person("Lan", Role.SUPERVISOR)), "/console/campaigns")


async def test_in_english(
    context: ConsoleContext, shops: None, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    browser = open_browser(make_person("Ann", Role.ADMINISTRATOR, language="en"))
    assert "Draw a new sample" in await shown(browser)
    assert "45 people may be drawn" in await counted(browser)
