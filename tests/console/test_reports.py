"""The report page: for leaders only, the reported share first, everything else apart, and every download recorded."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from fractions import Fraction
from html import unescape
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from console.context import ConsoleContext
from console.roles import LEADERS, Role
from console.share_chart import share_chart
from programme.sla_report import Figures, Line
from store.console_tables import audit_log
from store.crypto import Keyring
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.programme.test_sla_report import HOUR, MONDAY, Desk

PAGE = "/console/reports/sla"
THAT_WEEK = "?from=2026-11-16&to=2026-11-22"


@pytest.fixture
def desk(context: ConsoleContext, keyring: Keyring) -> Desk:
    return Desk(context.database, context.clock, context.content, keyring)  # type: ignore[arg-type]


@pytest.fixture
def supervisor(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Thu", Role.SUPERVISOR))


def log(context: ConsoleContext) -> list[tuple[str, str, Any]]:
    rows = select(audit_log).order_by(audit_log.c.id)
    return [(row.action, row.object, row.detail) for row in context.database.read_now(lambda c: c.execute(rows).all())]


async def shown(browser: Browser, query: str = THAT_WEEK) -> str:
    answer = await browser.get(PAGE + query)
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(answer.text).split())


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("path", [PAGE, f"{PAGE}.csv"])
async def test_only_leaders_see_it(open_browser: OpenBrowser, make_person: MakePerson, role: Role, path: str) -> None:
    answer = await open_browser(make_person(role=role)).get(path)
    assert answer.status_code == (200 if role in LEADERS else 403)


async def test_the_share_and_whether_it_is_enough(desk: Desk, supervisor: Browser) -> None:
    for _ in range(19):
        desk.ask("answered", HOUR)
    desk.ask("answered", 25 * HOUR)
    page = await shown(supervisor)
    assert 'class="share">95,00 % <strong class="missed">Không đạt</strong>' in page
    assert "19 trên 20 yêu cầu" in page
    desk.ask("answered", HOUR)
    assert '95,23 % <strong class="met">Đạt</strong>' in await shown(supervisor)


async def test_a_period_without_requests_promises_nothing(supervisor: Browser) -> None:
    page = await shown(supervisor)
    assert "Chưa có yêu cầu nào đến hạn" in page and "<svg" not in page and 'class="met"' not in page


async def test_days_have_a_chart_with_the_table_beside_it(desk: Desk, supervisor: Browser) -> None:
    desk.ask("answered", HOUR)
    desk.ask("answered", 30 * HOUR, opened=MONDAY + timedelta(days=2))
    page = await shown(supervisor)
    assert page.count('fill="url(#missed)"') == 1 and page.count('class="bar"') == 1
    assert 'y1="5.0"' in page and "<style" not in page and "style=" not in page
    assert page.count('<th scope="row">') == 7
    assert "<svg" not in await shown(supervisor, THAT_WEEK + "&by=channel")


@pytest.mark.parametrize("by", ["commune", "channel", "vendor", "officer"])
async def test_every_dimension_has_a_table(desk: Desk, supervisor: Browser, by: str) -> None:
    lan = desk.officer("Cô <Lan>")
    desk.ask("answered", HOUR, commune="05443", vendor="VNPT", officer_id=lan)
    answer = await supervisor.get(f"{PAGE}{THAT_WEEK}&by={by}&work=1")
    page = unescape(answer.text)
    names = {"commune": "phường Phan Đình Phùng", "channel": "Zalo", "vendor": "VNPT", "officer": "Cô <Lan>"}
    assert names[by] in page and "Cô <Lan>" not in answer.text
    assert "theo giờ làm việc" in page


async def test_this_month_is_shown_first(desk: Desk, supervisor: Browser) -> None:
    page = await shown(supervisor, "")
    assert 'name="from" value="2026-11-01"' in page and 'name="to" value="2026-11-23"' in page
    assert "/console/reports/sla?from=2026-10-01&to=2026-10-31&by=day" in page


async def test_it_speaks_english_too(desk: Desk, open_browser: OpenBrowser, make_person: MakePerson) -> None:
    desk.ask("answered", 90 * timedelta(minutes=1))
    page = await shown(open_browser(make_person("Tom", Role.ADMINISTRATOR, language="en")))
    assert "1 of 1 requests" in page and "half within 1 h 30 min" in page


@pytest.mark.parametrize(
    "query", ["?from=2026-11-22&to=2026-11-16", "?from=2020-01-01&to=2026-11-16", "?from=tomorrow", "?by=owner"]
)
async def test_a_period_that_is_none_is_refused(supervisor: Browser, query: str) -> None:
    assert (await supervisor.get(PAGE + query)).status_code == 422
    assert (await supervisor.get(f"{PAGE}.csv{query}")).status_code == 422


async def test_downloads_are_safe_and_recorded(desk: Desk, supervisor: Browser, context: ConsoleContext) -> None:
    evil = desk.officer("=HYPERLINK(1)")
    desk.ask("answered", HOUR, officer_id=evil)
    plain = await supervisor.get(f"{PAGE}.csv{THAT_WEEK}&by=officer")
    table = list(csv.reader(io.StringIO(plain.content.decode("utf-8-sig"))))
    assert [row[0] for row in table] == ["Cán bộ", "Toàn tỉnh", "'=HYPERLINK(1)"]
    book = await supervisor.get(f"{PAGE}.xlsx{THAT_WEEK}&by=officer")
    cell = openpyxl.load_workbook(io.BytesIO(book.content)).active["A3"]
    assert (cell.value, cell.data_type) == ("=HYPERLINK(1)", "s")
    assert "attachment" in book.headers["Content-Disposition"]
    detail = {"from": "2026-11-16", "to": "2026-11-22", "by": "officer"}
    assert log(context) == [("report.exported", "report sla", detail | {"as": kind}) for kind in ("csv", "xlsx")]


async def test_looking_is_recorded_once_a_piece_of_work(supervisor: Browser, context: ConsoleContext) -> None:
    await shown(supervisor)
    await shown(supervisor)
    assert [action for action, *_ in log(context)] == ["report.viewed"]


def test_the_chart_leaves_out_days_on_which_nothing_counted(context: ConsoleContext) -> None:
    days = [
        Line(date(2026, 11, 16), "16/11/2026", Figures(in_time=1)),
        Line(date(2026, 11, 17), "17/11/2026", Figures(running=3)),
        Line(date(2026, 11, 18), "18/11/2026", Figures(late=2)),
    ]
    sla = context.content.packs.province("thai-nguyen").sla
    first, last = share_chart(days, sla).bars
    assert (first.height, first.is_met, last.height, last.is_met) == (100, True, 1, False)
    assert first.x + first.width < 1000 / 3 < 2000 / 3 < last.x
    assert share_chart(days, sla).target == pytest.approx(95)
    assert days[0].figures.share == Fraction(1)
