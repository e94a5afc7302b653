"""The programme's figures: what is kept equals the truth, targets are strict, small counts stay hidden, staff see their
communes.
"""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from fractions import Fraction
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from console.context import ConsoleContext
from console.roles import Role
from programme.content import CONTENT_ROOT, load_content
from programme.kpi import Target, counted, plan_of
from programme.kpi_figures import kpi_report
from programme.sampling import margin
from programme.small_counts import Mark
from programme.yaml_source import ContentError
from scheduler.kinds import JobContext
from scheduler.kpi_counts import count
from store import kpi_kept, kpi_queries
from store.console_tables import audit_log
from store.database import insert_returning_id
from store.survey_tables import survey_response, training_class
from store.tables import contact, shop
from tests.console.conftest import MakePerson, OpenBrowser

PAGE = "/console/reports/kpi"
TAN_CUONG, LA_BANG, PHU_XUYEN = "05503", "05818", "05830"


@pytest.fixture
def surveyed(context: ConsoleContext) -> Any:
    """Shops of the list whose survey, filled in by an officer, was completed so many days ago."""

    def make(number: int, commune: str, days_ago: int = 0, **values: Any) -> None:
        def work(connection: Any) -> None:
            at = context.clock.now() - timedelta(days=days_ago)
            for _ in range(number):
                who = insert_returning_id(connection, contact, {"created_at": at})
                place = {"contact_id": who, "province": "thai-nguyen", "commune": commune}
                connection.execute(insert(shop).values(**place, created_at=at))
                row = {"survey": "retail", "version": "1.0.0", "status": "done", "revision": 1, "channel": "paper"}
                row |= {"answers": {}, "started_at": at, "updated_at": at, "completed_at": at}
                connection.execute(insert(survey_response).values(place | row | values))

        context.database.run_now(work)

    return make


async def run_job(context: ConsoleContext) -> None:
    await count(JobContext(context.database, context.clock, context.content, context.wakeups, context.keyring))


async def shown(browser: Any, path: str = PAGE) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(answer.text).split())


async def test_what_is_kept_equals_the_truth(context: ConsoleContext, surveyed: Any) -> None:
    surveyed(7, TAN_CUONG, 40)
    surveyed(6, LA_BANG, 3, answers={"P13": ["sapo"]})
    surveyed(2, LA_BANG, 1, answers={"P13": ["none"]})
    await run_job(context)
    surveyed(1, LA_BANG)
    surveyed(1, PHU_XUYEN)
    gone = survey_response.c.completed_at < context.clock.now() - timedelta(days=39)
    context.database.run_now(lambda c: c.execute(survey_response.update().where(gone).values(status="open")))
    await run_job(context)
    context.database.run_now(lambda c: c.execute(survey_response.update().where(gone).values(status="done")))
    await run_job(context)
    today = context.clock.today()
    what = counted(context.content, "thai-nguyen", context.clock.now(), context.clock.timezone)
    truth = context.database.read_now(lambda c: list(kpi_queries.recount(c, what)))
    long_ago, lately = date(2020, 1, 1), (today - timedelta(days=10), today - timedelta(days=1))
    for first, last in ((long_ago, long_ago), (date(2025, 11, 1), today), lately):
        kept = context.database.read_now(lambda c, a=first, b=last: kpi_kept.sums(c, "thai-nguyen", a, b))
        assert sorted(kept) == sorted(kpi_kept.summed(truth, first, last))
    of = {(one.metric, one.part, one.commune): one.until for one in kept}
    assert of["surveyed", "", TAN_CUONG] == 7 and of["surveyed", "", LA_BANG] == 8
    assert of["in_use", "told", LA_BANG] == 6 and of["reached", "visit", TAN_CUONG] == 7


async def test_leaders_see_figures_beside_targets_and_each_download_is_recorded(
    context: ConsoleContext, open_browser: OpenBrowser, make_person: MakePerson, surveyed: Any
) -> None:
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    assert "chưa đếm lần nào" in await shown(leader)
    surveyed(20, TAN_CUONG, 5)
    surveyed(2, LA_BANG, 5)
    surveyed(3, PHU_XUYEN, 5)
    starts = context.clock.now() - timedelta(days=2)
    row = {"province": "thai-nguyen", "commune": TAN_CUONG, "topic": "x", "title": "Lớp", "place": "Nhà văn hóa"}
    context.database.run_now(lambda c: c.execute(insert(training_class).values(**row, starts_at=starts, seats=9)))
    await run_job(context)
    page = await shown(leader)
    assert "≥ 15.000, hạn 30/06/2026 (đã qua): 25" in page and "Kế hoạch 148/KHPH-BKHCN-UBND, mục II" in page
    assert '1,08 % <span class="soft">trên 92</span>' in page and "<5" in page and "Chưa có số liệu" in page
    assert "Cán bộ khảo sát giúp: 25" in page and "visit" not in page
    english = await shown(open_browser(make_person("Ann", Role.SUPERVISOR, language="en")))
    assert "≥ 100 % of the shops on the list" in english and "≥ 15,000, by" in english
    assert "Surveyed by an officer: 25" in english and "trên danh sách" not in english
    assert "<svg" in page and "style=" not in page
    assert "0 <" not in await shown(leader, f"{PAGE}?commune={LA_BANG}")
    table = (await leader.get(f"{PAGE}.csv")).content.decode("utf-8-sig")
    assert "Toàn tỉnh,Cửa hàng đã khảo sát,25" in table and "xã La Bằng,Cửa hàng đã khảo sát,<5" in table
    assert "Cửa hàng được tiếp cận: Cán bộ khảo sát giúp,25,25" in table
    assert (await leader.get(f"{PAGE}.xlsx")).status_code == 200
    rows = context.database.read_now(lambda c: c.execute(audit_log.select().order_by(audit_log.c.id)).all())
    assert [row.action for row in rows if row.object == "report kpi"].count("report.exported") == 2


async def test_staff_of_a_commune_see_theirs_and_bad_addresses_are_refused(
    context: ConsoleContext, open_browser: OpenBrowser, make_person: MakePerson, surveyed: Any
) -> None:
    surveyed(6, TAN_CUONG)
    surveyed(9, LA_BANG)
    await run_job(context)
    staff = open_browser(make_person("Xã", Role.COMMUNE, communes=[TAN_CUONG]))
    page = await shown(staff)
    assert "Tân Cương" in page and "La Bằng" not in page
    assert (await staff.get(f"{PAGE}?commune={LA_BANG}")).status_code == 404
    assert "La Bằng" not in (await staff.get(f"{PAGE}.csv")).content.decode()
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    assert (await leader.get(f"{PAGE}?from=2026-11-02&to=2026-11-01")).status_code == 422
    assert (await leader.get(f"{PAGE}?commune=99999")).status_code == 404


def test_more_than_is_strict_and_nothing_known_is_no_zero(context: ConsoleContext) -> None:
    strict = Target(figure="aware", of="own", op=">", value="0.80", by=date(2026, 6, 30), document="x", article="y")
    assert not strict.is_met(Fraction(4, 5)) and strict.is_met(Fraction(801, 1000))
    plan = plan_of(context.content, "thai-nguyen")
    day = context.clock.today()
    report = kpi_report(plan, "thai-nguyen", [TAN_CUONG], [], (day, day), context.clock.now())
    of = {one.id: one for one in report.figures}
    assert of["reached"].count is None and of["aware"].share is None and of["surveyed"].count == 0
    assert all(judged.is_met is None for judged in of["reached"].judged + of["in_time"].judged)
    few = [kpi_queries.Sum("surveyed", "", TAN_CUONG, 3, 3)]
    hidden = kpi_report(plan, "thai-nguyen", [TAN_CUONG], few, (day, day), context.clock.now())
    assert isinstance({one.id: one for one in hidden.figures}["surveyed"].count, Mark)
    assert margin(Fraction(1, 2), 385, None) is not None and margin(Fraction(1, 2), 0, None) is None
    assert abs(float(margin(Fraction(1, 2), 385, None) or 0) - 0.05) < 0.001


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("figure: domains", "figure: domain", "không có chỉ số"),
        ("document: kh103", "document: kh104", "kh104"),
        ("to: 2025-12-31", "to: 2025-10-31", "ngày đầu sau ngày cuối"),
        ('value: "0.95"', "value: nhiều", "dòng"),
    ],
)
def test_a_wrong_plan_stops_the_start_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    root = tmp_path / "content"
    shutil.copytree(CONTENT_ROOT, root)
    plan = root / "thai-nguyen" / "kpi.yaml"
    plan.write_text(plan.read_text().replace(old, new))
    with pytest.raises(ContentError) as wrong:
        load_content(root)
    assert "thai-nguyen/kpi.yaml" in str(wrong.value) and said in str(wrong.value)
