"""The report on difficulties: each role sees its own, reading is recorded, what was said is masked; and noting one."""

from __future__ import annotations

import csv
import io
from html import unescape
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from console.bar_chart import bar_chart
from console.context import ConsoleContext
from console.roles import LEADERS, Role
from programme.difficulties import Difficulty, record
from store.console_tables import audit_log
from store.difficulty_tables import difficulty
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.console.owners import Street

PAGE = "/console/reports/difficulties"
TAN_CUONG, LA_BANG = "05503", "05818"


@pytest.fixture
def tell(context: ConsoleContext) -> Any:
    def one(category: str, source: Any = "owner", **values: Any) -> int:
        told = Difficulty(source, category, "thai-nguyen", context.clock.now(), **values)
        return context.database.run_now(lambda c: record(c, told))

    return one


def log(context: ConsoleContext) -> list[tuple[str, Any]]:
    rows = select(audit_log).order_by(audit_log.c.id)
    return [(row.action, row.detail) for row in context.database.read_now(lambda c: c.execute(rows).all())]


def kept(context: ConsoleContext) -> list[Any]:
    rows = select(difficulty).order_by(difficulty.c.id)
    return list(context.database.read_now(lambda c: c.execute(rows).all()))


async def shown(browser: Browser, path: str = PAGE) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(answer.text).split())


async def test_leaders_see_all_and_every_look_and_file_is_recorded(
    context: ConsoleContext, open_browser: OpenBrowser, make_person: MakePerson, tell: Any
) -> None:
    for _ in range(3):
        tell("price", commune=TAN_CUONG, text="gọi tôi 0912 345 678, đắt quá")
    tell("tax", "vendor", vendor="VNPT", text="=1+1")
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    page = await shown(leader)
    assert "4 lần báo" in page and "75,00 %" in page and "<svg" in page and "style=" not in page
    assert "(chưa hết tháng)" in page
    assert "Tân Cương" in await shown(leader, f"{PAGE}?by=commune")
    assert "0 lần báo" in await shown(leader, f"{PAGE}?month=2026-10")
    assert "1 lần báo" in await shown(leader, f"{PAGE}?vendor=VNPT&source=vendor&category=tax&months=12&by=month")
    told = await shown(leader, f"{PAGE}/told?category=price")
    assert told.count("đắt quá") == 3 and "[số]" in told and "345 678" not in told
    table = await leader.get(f"{PAGE}.csv?by=category")
    lines = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert lines[1][:2] == ["Tất cả", "4"] and lines[2][0] == "Giá, chi phí"
    book = openpyxl.load_workbook(io.BytesIO((await leader.get(f"{PAGE}.xlsx")).content))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert ("2026-11", "xã Tân Cương", "Giá, chi phí", "Chủ cửa hàng", None, 3) in rows
    actions = [action for action, _ in log(context)]
    assert actions == ["report.viewed", "difficulties.viewed", "report.exported", "report.exported"]
    assert log(context)[-1][1] == {"month": "2026-11", "months": 1, "by": "all", "as": "xlsx"}


async def test_each_role_sees_its_own(open_browser: OpenBrowser, make_person: MakePerson, tell: Any) -> None:
    tell("price", commune=TAN_CUONG, text="lời của một người")
    tell("price", commune=LA_BANG)
    tell("price")
    tell("skills", "vendor", vendor="VNPT", commune=LA_BANG, text="lời của VNPT")
    tell("tax", "owner", vendor="VNPT", text="lời về VNPT")
    tell("tax", "vendor", vendor="VIETTEL", text="lời của Viettel")
    commune = open_browser(make_person("Xã", Role.COMMUNE, communes=[TAN_CUONG]))
    page = await shown(commune, f"{PAGE}?by=commune")
    assert "1 lần báo" in page and "La Bằng" not in page and "/told" not in page
    assert (await commune.get(f"{PAGE}?commune={LA_BANG}")).status_code == 404
    assert (await commune.get(f"{PAGE}/told")).status_code == 403
    assert "La Bằng" not in (await commune.get(f"{PAGE}.csv")).content.decode()
    assert "0 lần báo" in await shown(open_browser(make_person("Chưa rõ", Role.COMMUNE)))
    vendor = open_browser(make_person("Hãng", Role.VENDOR, vendor="VNPT"))
    assert "1 lần báo" in await shown(vendor)
    told = await shown(vendor, f"{PAGE}/told?vendor=VIETTEL&source=owner")
    assert "lời của" not in told and "lời về" not in told
    told = await shown(vendor, f"{PAGE}/told")
    assert "lời của VNPT" in told and "lời về" not in told and "Viettel" not in told and "/conversations/" not in told
    assert (await open_browser(make_person("Không hãng", Role.VENDOR)).get(PAGE)).status_code == 403
    officer = open_browser(make_person("Hà", Role.OFFICER))
    assert (await officer.get(PAGE)).status_code == 403 and Role.OFFICER not in LEADERS


async def test_bad_addresses_are_refused_in_words(open_browser: OpenBrowser, make_person: MakePerson) -> None:
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    for query, status in (
        ("month=2026-12", 422),
        ("month=tháng", 422),
        ("months=0", 422),
        ("months=99", 422),
        ("commune=99999", 404),
        ("by=shoe", 422),
        ("category=gone", 200),
        ("category=%00", 200),
        ("after=999999", 200),
    ):
        for path in (PAGE, f"{PAGE}.csv", f"{PAGE}/told"):
            if "by=" in query and path.endswith("told"):
                continue
            assert (await leader.get(f"{path}?{query}")).status_code == status, (path, query)


async def test_many_are_read_page_by_page(
    open_browser: OpenBrowser, make_person: MakePerson, tell: Any, context: ConsoleContext
) -> None:
    for number in range(60):
        tell("price", text=f"lời số {number}.")
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    first = await shown(leader, f"{PAGE}/told")
    assert "lời số 59." in first and "lời số 10." in first and "lời số 9." not in first
    more = first.split(f'href="{PAGE}/told?')[1].split('"')[0]
    second = await shown(leader, f"{PAGE}/told?{more}")
    assert "lời số 9." in second and "lời số 0." in second and "lời số 10." not in second


async def test_an_officer_notes_a_difficulty_once(
    context: ConsoleContext, street: Street, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    here = street.owner("máy in hỏng", commune=TAN_CUONG, vendor="VNPT")
    officer = open_browser(make_person("Hà"))
    address = f"/console/conversations/{here}/difficulty"
    assert "Chưa ghi khó khăn nào" in await shown(officer, f"/console/conversations/{here}")
    form = {"category": "technical", "text": "mật khẩu: abc12345, máy in hay hỏng"}
    answer = await officer.post(address, form, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "Kỹ thuật, thiết bị" in answer.text
    assert (await officer.post(address, form)).status_code == 303
    (row,) = kept(context)
    assert (row.source, row.category, row.commune, row.vendor) == ("officer", "technical", TAN_CUONG, "VNPT")
    assert row.conversation_id == here and row.contact_id is not None and row.officer_id is not None
    assert "abc12345" not in row.text and "máy in hay hỏng" in row.text
    for category, status in (("gone", 422), ("", 422), ("x" * 41, 422)):
        refused = await officer.post(address, {"category": category})
        assert refused.status_code == status
    assert (await officer.post(address, {"category": "tax", "text": "x" * 2001})).status_code == 422
    unknown = await officer.post("/console/conversations/nobody/difficulty", {"category": "tax"})
    assert unknown.status_code == 404
    assert len(kept(context)) == 1
    assert [action for action, _ in log(context)].count("difficulty.noted") == 2
    assert "Kỹ thuật, thiết bị" in await shown(officer, f"/console/conversations/{here}")


def test_bars_are_measured_by_the_longest_and_none_is_invisible() -> None:
    chart = bar_chart([1000, 500, 1, 0])
    assert chart is not None and [bar.width for bar in chart.bars] == [1000.0, 500.0, 4.0, 0.0]
    assert bar_chart([]) is None and bar_chart([0, 0]) is None
    assert len(bar_chart([1] * 50).bars) == 12  # type: ignore[union-attr]
