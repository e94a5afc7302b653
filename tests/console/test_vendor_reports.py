"""Firms' reports of a period: counted from the steps, submitted once, corrected until it closes, merged for leaders."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from html import unescape

import pytest
from sqlalchemy import select

from console.context import ConsoleContext
from console.roles import Role
from store.difficulty_tables import difficulty
from store.vendor_tables import vendor_report
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.programme.wishes import PHAN_DINH_PHUNG, Wishes

PAGE = "/console/vendor-reports"
NOVEMBER: dict[str, object] = {"period": "2026-11", "version": ""}


@pytest.fixture
def wishes(context: ConsoleContext) -> Wishes:
    return Wishes(context.database, context.keyring, context.clock, context.content)  # type: ignore[arg-type]


@pytest.fixture
def vnpt(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Minh", Role.VENDOR, vendor="VNPT"))


def stored(context: ConsoleContext) -> list[tuple[str, str, int, int, object, str | None]]:
    columns = vendor_report.c
    rows = select(columns.vendor, columns.period, columns.version, columns.supported_outside, columns.difficulties)
    found = context.database.read_now(lambda c: c.execute(rows.add_columns(columns.text)).all())
    return [tuple(row) for row in found]  # type: ignore[misc]


async def csv_of(browser: Browser, period: str = "2026-11") -> list[dict[str, str]]:
    answer = await browser.get(f"{PAGE}/vendor-reports.csv?period={period}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_the_hotline_counts_what_became_of_the_leads(
    open_browser: OpenBrowser, make_person: MakePerson, vnpt: Browser, wishes: Wishes
) -> None:
    first, second, third = wishes.make(), wishes.make(commune=PHAN_DINH_PHUNG), wishes.make(vendor="BIDV")
    for to in ("accepted", "contacted", "trial"):
        wishes.step(first, to)
    wishes.step(second, "refused", reason="owner_declined")
    wishes.step(second, "offered", vendor=None)  # a second offer of the same lead counts once
    wishes.clock.set(datetime.fromisoformat("2026-12-01T00:00:00+07:00"))
    wishes.step(first, "in_use")
    vnpt = open_browser(make_person("Hoa", Role.VENDOR, vendor="VNPT"))
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))

    rows = await csv_of(vnpt)
    assert [row["Doanh nghiệp"] for row in rows] == ["VNPT"] * 3
    numbers = ("Được giao", "Đã nhận", "Đã liên hệ", "Dùng thử", "Đang sử dụng", "Từ chối", "Quá hạn nhận")
    assert [rows[0][name] for name in numbers] == ["2", "1", "1", "1", "0", "1", "0"]
    assert rows[0]["Từ chối: Chủ cửa hàng không có nhu cầu nữa"] == "1" and rows[0]["Báo cáo"] == "Chưa nộp"
    assert {row["Xã/phường"]: row["Được giao"] for row in rows[1:]} == {
        "xã Tân Cương": "1",
        "phường Phan Đình Phùng": "1",
    }
    assert (await csv_of(vnpt, "2026-12"))[0]["Đang sử dụng"] == "1"
    merged = await csv_of(leader)
    assert {row["Doanh nghiệp"] for row in merged} == {"VNPT", "Viettel", "MISA", "Bkav", "Sapo", "BIDV"}
    assert third and (await leader.get(f"{PAGE}/vendor-reports.xlsx?period=2026-11")).content.startswith(b"PK")
    page = unescape((await leader.get(f"{PAGE}?period=2026-11")).text)
    assert "Lan" not in page.replace("Văn Lăng", "") and "Nộp báo cáo" not in page


async def test_a_report_is_submitted_once_and_corrected_from_what_was_read(
    open_browser: OpenBrowser, make_person: MakePerson, vnpt: Browser, context: ConsoleContext
) -> None:
    report = {**NOVEMBER, "supported_outside": "1.200", "difficulty_price": "3", "text": "Đang tuyển người"}
    for _ in range(2):
        assert (await vnpt.post(PAGE, dict(report))).status_code == 303
    assert stored(context) == [("VNPT", "2026-11", 1, 1200, {"price": 3}, "Đang tuyển người")]
    colleague = open_browser(make_person("Hoa", Role.VENDOR, vendor="VNPT"))
    again = await colleague.post(PAGE, {**report, "supported_outside": "7"})  # they had not seen the first
    assert again.status_code == 409 and "vừa được người khác gửi hoặc sửa" in again.text
    assert (await colleague.post(PAGE, {**report, "version": 1, "supported_outside": "7"})).status_code == 303
    assert (await vnpt.post(PAGE, {**report, "version": 1, "supported_outside": "9"})).status_code == 409
    assert stored(context)[0][2:4] == (2, 7)
    told = context.database.read_now(lambda c: c.execute(select(difficulty)).all())
    assert [(one.category, one.vendor, one.source) for one in told] == [("price", "VNPT", "vendor")]
    corrected = {**NOVEMBER, "version": 2, "difficulty_skills": "2", "text": "mật khẩu là hoasen99"}
    assert (await vnpt.post(PAGE, corrected)).status_code == 303
    told = context.database.read_now(lambda c: c.execute(select(difficulty)).all())
    assert [one.category for one in told] == ["skills"]  # what the correction leaves out is taken back
    assert "hoasen99" not in str(stored(context))


async def test_nonsense_is_refused_with_words_and_nothing_is_kept(vnpt: Browser, context: ConsoleContext) -> None:
    cases: list[tuple[dict[str, object], int, str]] = [
        ({"supported_outside": "-1"}, 422, "số nguyên từ 0 đến 100.000"),
        ({"supported_outside": "1e9"}, 422, "số nguyên"),
        ({"supported_outside": "12.5"}, 422, "số nguyên"),
        ({"supported_outside": "999999"}, 422, "số nguyên"),
        ({"difficulty_price": "nhiều"}, 422, "số nguyên"),
        ({"text": "x" * 2001}, 422, "2.000 ký tự"),
        ({"period": "2026-12"}, 422, "chưa bắt đầu"),
        ({"period": "2026-13"}, 422, "Không có kỳ báo cáo này"),
        ({"period": "nay"}, 422, "Không có kỳ báo cáo này"),
    ]
    for change, status, words in cases:
        answer = await vnpt.post(PAGE, {**NOVEMBER, **change})
        assert answer.status_code == status and words in unescape(answer.text), change
    kept = await vnpt.post(PAGE, {**NOVEMBER, "supported_outside": "-1", "text": "đã gõ nhiều"})
    assert "đã gõ nhiều" in kept.text  # what was typed is not lost
    for path in (f"{PAGE}?period=abc", f"{PAGE}?period=2026-99"):
        assert (await vnpt.get(path)).status_code == 422
    assert stored(context) == []


async def test_after_the_period_has_closed_nothing_is_corrected_but_a_late_report_comes(
    open_browser: OpenBrowser, make_person: MakePerson, wishes: Wishes, context: ConsoleContext
) -> None:
    wishes.make()
    wishes.clock.set(datetime.fromisoformat("2026-12-22T09:00:00+07:00"))
    firm = open_browser(make_person("Minh", Role.VENDOR, vendor="VNPT"))
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    assert "Quá hạn mà chưa nộp" in (await leader.get(PAGE)).text
    assert (await firm.post(PAGE, {**NOVEMBER, "supported_outside": "1"})).status_code == 303
    assert (await csv_of(leader))[0]["Báo cáo"] == "Nộp muộn"
    closed = await firm.post(PAGE, {**NOVEMBER, "version": 1, "supported_outside": "2"})
    assert closed.status_code == 409 and "đã khóa" in closed.text
    assert "readonly" in (await firm.get(f"{PAGE}?period=2026-11")).text
    assert stored(context)[0][3] == 1


async def test_a_file_is_kept_whole_or_not_at_all(vnpt: Browser, context: ConsoleContext) -> None:
    async def upload(text: str | bytes) -> tuple[int, str]:
        data = text if isinstance(text, bytes) else text.encode()
        files = {"file": ("bao-cao.csv", data, "text/csv")}
        answer = await vnpt.post(f"{PAGE}/file", dict(NOVEMBER), files=files)
        return answer.status_code, unescape(answer.text)

    head = "muc,nhom,so_cua_hang,noi_dung\n"
    wrong = head + "ngoai_hotline,,-4,\nkho_khan,gia,3,\nkho_khan,price,1,\nkho_khan,price,2,\nabc,,,\n"
    status, page = await upload(wrong)
    assert status == 422
    for words in (
        "Dòng 2: Số cửa hàng",
        'Dòng 3: không có nhóm khó khăn "gia"',
        "Dòng 5: dòng này đã có ở dòng 4",
        "Dòng 6: không có mục",
    ):
        assert words in page
    for broken in (b"\xff\xfe", "a,b\n1,2\n", "", head, head + 'ghi_chu,,,"mở', head + "ghi_chu,,,x,y,z\n"):
        assert (await upload(broken))[0] == 422, broken
    assert stored(context) == []
    assert (await upload(head + "ngoai_hotline,,4,\nkho_khan,price,2,\nghi_chu,,,Đang tuyển\n"))[0] == 303
    assert stored(context) == [("VNPT", "2026-11", 1, 4, {"price": 2}, "Đang tuyển")]
    empty = await vnpt.get(f"{PAGE}/template.csv")
    assert empty.status_code == 200 and "ngoai_hotline" in empty.text
    assert (await upload(empty.content))[0] == 409  # a first report, though one is there


async def test_who_looks_after_some_communes_submits_nothing_and_leaders_neither(
    open_browser: OpenBrowser, make_person: MakePerson, wishes: Wishes, context: ConsoleContext
) -> None:
    wishes.make()
    wishes.make(commune=PHAN_DINH_PHUNG)
    bound = open_browser(make_person("Bound", Role.VENDOR, vendor="VNPT", communes=[PHAN_DINH_PHUNG]))
    assert (await csv_of(bound))[0]["Được giao"] == "1"
    answer = await bound.post(PAGE, {**NOVEMBER, "supported_outside": "1"})
    assert (answer.status_code, answer.headers["x-problem"]) == (403, "report_not_yours")
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    assert (await leader.post(PAGE, dict(NOVEMBER))).status_code == 403
    assert (await bound.post(f"{PAGE}/difficulty", {"category": "price", "text": "Đường xa"})).status_code == 303
    (told,) = context.database.read_now(lambda c: c.execute(select(difficulty)).all())
    assert (told.vendor, told.lead_id, told.text) == ("VNPT", None, "Đường xa")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_province_without_firms_has_pages_that_say_so(
    context: ConsoleContext, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    object.__setattr__(context, "province", "thanh-hoa")
    leader = open_browser(make_person("Thu", Role.SUPERVISOR))
    page = await leader.get(PAGE)
    assert page.status_code == 200 and "chưa có doanh nghiệp nào" in page.text
    assert (await leader.get("/console/leads")).status_code == 200
    download = await leader.get(f"{PAGE}/vendor-reports.csv")
    assert (download.status_code, download.headers["x-problem"]) == (404, "no_firms")
