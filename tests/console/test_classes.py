"""The table of classes: what it shows to whom, and that a class is entered once and changed only while it may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import func, insert, select

from console.context import ConsoleContext
from console.roles import Role
from programme import classes
from programme.class_table import PAGE
from programme.classes import TrainingClass
from store.clock import ManualClock
from store.console_tables import audit_log
from store.contacts import Contacts
from store.database import insert_returning_id
from store.survey_tables import class_place, training_class
from tests.conftest import NOW
from tests.console.conftest import Browser, MakePerson, OpenBrowser

OWN, OTHER = "05503", "05443"  # xã Tân Cương, phường Phan Đình Phùng
FORM = {
    "ten_lop": "Bán hàng qua mạng",
    "chu_de": "online_selling",
    "xa_phuong": OWN,
    "noi_hoc": "Nhà văn hóa",
    "ngay": "2026-12-05",
    "gio": "08:30",
    "so_cho": "30",
}
XSS = "<img src=x onerror=alert(1)>"


def row_of(**changes: object) -> dict[str, object]:
    values = {"province": "thai-nguyen", "commune": OWN, "topic": "ai", "title": "Lớp AI", "place": "Nhà văn hóa"}
    return {**values, "starts_at": NOW + timedelta(days=3), "seats": 2, **changes}


def made(context: ConsoleContext, **changes: object) -> int:
    return context.database.run_now(lambda c: insert_returning_id(c, training_class, row_of(**changes)))


def count(context: ConsoleContext, table: object) -> int:
    return int(context.database.read_now(lambda c: c.scalar(select(func.count()).select_from(table))) or 0)  # type: ignore[arg-type]


def stored(context: ConsoleContext) -> list[dict[str, object]]:
    rows = select(training_class).order_by(training_class.c.id)
    return [dict(row) for row in context.database.read_now(lambda c: c.execute(rows).mappings().all())]


@pytest.fixture
def officer(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Hà"))


@pytest.fixture
def stall(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    """Somebody of one commune's office."""
    return open_browser(make_person("Minh", Role.COMMUNE, communes=[OWN]))


async def test_a_class_is_entered_in_the_provinces_time_and_only_once(
    officer: Browser, context: ConsoleContext
) -> None:
    first, second = [await officer.post("/console/classes/new", FORM) for _ in range(2)]
    assert first.status_code == 303 and first.headers["Location"] == second.headers["Location"]
    (row,) = stored(context)
    assert row["starts_at"] == datetime(2026, 12, 5, 1, 30, tzinfo=UTC)
    assert (row["commune"], row["topic"], row["seats"]) == (OWN, "online_selling", 30)
    page = unescape((await officer.get("/console/classes")).text)
    assert "08:30 05/12/2026" in page and "xã Tân Cương" in page and "0/30" in page
    assert context.database.read_now(lambda c: c.scalars(select(audit_log.c.action)).all()) == ["class.created"]


async def test_another_class_at_the_same_time_and_place_is_not_overwritten(
    officer: Browser, stall: Browser, context: ConsoleContext
) -> None:
    await officer.post("/console/classes/new", {**FORM, "xa_phuong": OTHER})
    again = await stall.post("/console/classes/new", FORM)
    assert again.status_code == 422 and "Đã có một lớp" in again.text
    assert [row["commune"] for row in stored(context)] == [OTHER]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("ten_lop", "", "điền đủ"),
        ("ten_lop", "x" * 121, "120"),
        ("noi_hoc", "x" * 161, "160"),
        ("chu_de", "cooking", "chủ đề"),
        ("xa_phuong", "99999", "xã/phường"),
        ("xa_phuong", "16012", "xã/phường"),
        ("ngay", "2026-02-30", "Ngày"),
        ("ngay", "2026-11-22", "đã qua"),
        ("gio", "25:00", "Giờ"),
        ("so_cho", "0", "1 đến 1000"),
        ("so_cho", "1001", "1 đến 1000"),
        ("so_cho", "nhiều", "1 đến 1000"),
    ],
)
async def test_what_is_no_class_is_said_and_what_was_typed_stays(
    officer: Browser, context: ConsoleContext, field: str, value: str, says: str
) -> None:
    answer = await officer.post("/console/classes/new", {**FORM, field: value})
    assert answer.status_code == 422 and says in unescape(answer.text)
    assert field == "noi_hoc" or "Nhà văn hóa" in unescape(answer.text)
    assert stored(context) == []


async def test_an_empty_form_and_an_endless_one(officer: Browser, context: ConsoleContext) -> None:
    assert (await officer.post("/console/classes/new", {})).status_code == 422
    assert (await officer.post("/console/classes/new", {**FORM, "noi_hoc": "x" * 10_000})).status_code == 422
    assert stored(context) == []


async def test_a_class_is_changed_until_it_begins_and_never_below_its_places(
    officer: Browser, context: ConsoleContext, clock: ManualClock
) -> None:
    number = made(context, seats=3)

    def two_people(connection: object) -> None:
        for _ in range(2):
            person = Contacts(connection, context.keyring).add(NOW)  # type: ignore[arg-type]
            classes.join(connection, person, number, NOW)  # type: ignore[arg-type]

    context.database.run_now(two_people)
    assert "2 người đã ghi tên" in (await officer.get(f"/console/classes/{number}/edit")).text
    few = await officer.post(f"/console/classes/{number}/edit", {**FORM, "so_cho": "1"})
    assert few.status_code == 422 and "nhiều hơn số chỗ" in few.text
    assert (await officer.post(f"/console/classes/{number}/edit", {**FORM, "so_cho": "2"})).status_code == 303
    assert stored(context)[0]["title"] == FORM["ten_lop"]
    topics = context.database.read_now(lambda c: set(c.scalars(select(class_place.c.topic))))
    assert topics == {"online_selling"}

    other = made(context)
    taken = await officer.post(f"/console/classes/{other}/edit", {**FORM, "so_cho": "2"})
    assert taken.status_code == 422 and "Đã có một lớp" in taken.text
    clock.advance(timedelta(days=3))
    late = {**FORM, "ngay": "2026-12-30"}
    over = await officer.post(f"/console/classes/{other}/edit", late)
    assert "/console/login" in over.headers["Location"]  # nobody stays signed in for three days


async def test_a_class_that_has_begun_is_not_changed(officer: Browser, context: ConsoleContext) -> None:
    number = made(context, starts_at=NOW)
    over = await officer.post(f"/console/classes/{number}/edit", FORM)
    assert over.status_code == 422 and "đã bắt đầu" in over.text
    assert stored(context)[0]["title"] == "Lớp AI"
    assert f"{number}/edit" not in (await officer.get(f"/console/classes/{number}")).text


async def test_commune_staff_enter_and_see_only_classes_of_their_commune(
    officer: Browser, stall: Browser, context: ConsoleContext
) -> None:
    assert (await stall.post("/console/classes/new", FORM)).status_code == 303
    for commune in (OTHER, ""):
        forged = await stall.post("/console/classes/new", {**FORM, "xa_phuong": commune, "ten_lop": "Khác"})
        assert forged.status_code == 422 and "xã/phường của mình" in forged.text
    theirs, everybodys = (
        made(context, commune=OTHER, title="Của phường"),
        made(context, commune=None, title="Cả tỉnh X"),
    )
    for number in (theirs, everybodys, 999):
        assert (await stall.get(f"/console/classes/{number}")).status_code == 404
        assert (await stall.get(f"/console/classes/{number}/edit")).status_code == 404
        assert (await stall.post(f"/console/classes/{number}/edit", FORM)).status_code == 404
        assert (await stall.get(f"/console/classes/{number}/attendance.csv")).status_code == 404
    own = stored(context)[0]["id"]
    away = await stall.post(f"/console/classes/{own}/edit", {**FORM, "xa_phuong": OTHER})
    assert away.status_code == 422
    for path in ("/console/classes", f"/console/classes?commune={OTHER}"):
        page = unescape((await stall.get(path)).text)
        assert "Của phường" not in page and "Cả tỉnh X" not in page
    everything = unescape((await officer.get("/console/classes")).text)
    assert "Của phường" in everything and "Cả tỉnh X" in everything


async def test_the_table_is_filtered_and_paged(officer: Browser, context: ConsoleContext) -> None:
    rows = [row_of(title=f"Lớp {n:03}", starts_at=NOW + timedelta(hours=n // 2 + 1)) for n in range(PAGE + 3)]
    context.database.run_now(lambda c: c.execute(insert(training_class), rows))
    made(context, title="An toàn", topic="safety", commune=OTHER)
    made(context, title="Hôm qua", starts_at=NOW - timedelta(days=1))
    seen: list[str] = []
    path = "/console/classes?topic=ai"
    for _ in range(3):
        page = unescape((await officer.get(path)).text)
        seen += [f"Lớp {n:03}" for n in range(PAGE + 3) if f">Lớp {n:03}<" in page]
        assert "An toàn<" not in page and "Hôm qua" not in page
        if "after=" not in page:
            break
        path = "/console/classes?" + page.partition("/console/classes?")[2].partition('"')[0]
    assert seen == [f"Lớp {n:03}" for n in range(PAGE + 3)]
    assert ">An toàn<" in unescape((await officer.get(f"/console/classes?commune={OTHER}")).text)
    past = unescape((await officer.get("/console/classes?past=1")).text)
    assert "Hôm qua" in past and "Lớp 001" not in past
    assert (await officer.get("/console/classes?topic=cooking&commune=x&after=9999")).status_code == 200


async def test_the_page_says_which_communes_had_a_class_and_who_waits(
    officer: Browser, stall: Browser, context: ConsoleContext
) -> None:
    held = made(context, starts_at=NOW - timedelta(days=2))
    made(context, starts_at=NOW - timedelta(days=3))
    made(context, starts_at=NOW - timedelta(days=2), commune=OTHER, title="Khác")
    made(context, starts_at=NOW - timedelta(days=2), commune=None, title="Cả tỉnh")
    made(context, commune="05508")

    def people(connection: object) -> None:
        for commune in (OWN, OWN, OTHER):
            person = Contacts(connection, context.keyring).add(NOW)  # type: ignore[arg-type]
            classes.wish(connection, person, "any", "thai-nguyen", commune, NOW)  # type: ignore[arg-type]
        place = {"contact_id": person, "class_id": held, "topic": "ai", "province": "thai-nguyen", "commune": OWN}
        connection.execute(insert(class_place), [{**place, "created_at": NOW, "attended_at": NOW}])  # type: ignore[attr-defined]

    context.database.run_now(people)
    page = unescape((await officer.get("/console/classes")).text)
    assert "2/92 xã/phường đã có ít nhất một lớp, trong đó 1 nơi" in page
    assert page.count("Chủ đề nào cũng được") == 2
    assert unescape((await stall.get("/console/classes")).text).count("Chủ đề nào cũng được") == 1


async def test_what_somebody_calls_a_class_is_never_code(officer: Browser, context: ConsoleContext) -> None:
    answer = await officer.post("/console/classes/new", {**FORM, "ten_lop": XSS, "noi_hoc": XSS})
    for path in ("/console/classes", answer.headers["Location"], answer.headers["Location"] + "/edit"):
        assert XSS not in (await officer.get(path)).text
    refused = await officer.post("/console/classes/new", {**FORM, "ten_lop": '"><script>', "so_cho": "0"})
    assert "<script>" not in refused.text.replace('<script src="/console/assets/', "")


async def test_vendors_have_no_part_in_it(open_browser: OpenBrowser, make_person: MakePerson) -> None:
    browser = open_browser(make_person(role=Role.VENDOR, vendor="VNPT"))
    assert (await browser.get("/console/classes")).status_code == 403
    assert (await browser.post("/console/classes/new", FORM)).status_code == 403


def test_the_form_of_a_class_is_the_class_again(context: ConsoleContext) -> None:
    from console.class_form import cells_of

    one = TrainingClass("thai-nguyen", None, classes.Topic.AI, "Lớp", "Chợ", NOW, 5)
    assert cells_of(context, one)["gio"] == "09:00"
