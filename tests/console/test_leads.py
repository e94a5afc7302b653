"""Leads: a firm's people see their own and nobody else's, only while a consent is in force, and it is recorded."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import Connection, insert, select, update

from console.context import ConsoleContext
from console.roles import Role
from programme import responses
from programme.lead_table import PAGE
from store.console_tables import audit_log
from store.contacts import Contacts
from store.survey_tables import lead
from store.tables import consent
from tests.conftest import NOW
from tests.console.conftest import Browser, MakePerson, OpenBrowser

OWN, OTHER = "05503", "05443"  # xã Tân Cương, phường Phan Đình Phùng
XSS = "<script>alert(1)</script>"


def wants(
    context: ConsoleContext,
    name: str,
    vendor: str = "VNPT",
    commune: str | None = OWN,
    phone: str = "+84912345678",
    status: str = "accepted",
) -> int:
    """An owner who agreed that the firm calls, which it has taken up; their contact's number."""

    def work(connection: Connection) -> int:
        contacts = Contacts(connection, context.keyring)
        person = contacts.add(NOW, name)
        contacts.set_phone(person, phone)
        agreed = responses.give_consent(connection, person, responses.CONTACT_CONSENT, 2, "webchat", NOW)
        row = {"contact_id": person, "vendor": vendor, "province": "thai-nguyen", "commune": commune, "status": status}
        connection.execute(insert(lead).values(**row, consent_id=agreed, created_at=NOW))
        return person

    return context.database.run_now(work)


def log(context: ConsoleContext) -> list[tuple[str, str, object]]:
    rows = select(audit_log).order_by(audit_log.c.id)
    return [(row.action, row.object, row.detail) for row in context.database.read_now(lambda c: c.execute(rows).all())]


async def shown(browser: Browser, query: str = "") -> str:
    answer = await browser.get(f"/console/leads{query}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


@pytest.fixture
def vnpt(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Của VNPT", Role.VENDOR, vendor="VNPT"))


@pytest.fixture
def supervisor(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Thu", Role.SUPERVISOR))


async def test_a_firm_sees_its_own_leads_with_what_it_needs_to_call(vnpt: Browser, context: ConsoleContext) -> None:
    wants(context, "Nguyễn Thị Lan")
    wants(context, "Trần Văn Bảy", vendor="BIDV")
    page = await shown(vnpt)
    for words in ("Nguyễn Thị Lan", "0912345678", "xã Tân Cương", "23/11/2026", "bản 2, 23/11/2026"):
        assert words in page
    assert "Trần Văn Bảy" not in page
    assert log(context) == [("leads.viewed", "leads VNPT", {"count": 1, "vendor": "VNPT", "named": 1})]


async def test_before_the_firm_takes_it_up_nobody_is_named(
    vnpt: Browser, supervisor: Browser, context: ConsoleContext
) -> None:
    for status in ("offered", "refused", "lapsed"):
        wants(context, "Nguyễn Thị Lan", status=status)
    for browser in (vnpt, supervisor):
        for page in (await shown(browser), (await browser.get("/console/leads/leads.csv")).text):
            assert "xã Tân Cương" in page and "Lan<" not in page and "Thị Lan" not in page and "912345678" not in page
    assert [detail["named"] for _, _, detail in log(context)] == [0] * 4  # type: ignore[index]


async def test_the_list_is_narrowed_to_what_wants_attention(
    vnpt: Browser, supervisor: Browser, context: ConsoleContext
) -> None:
    for status in ("offered", "accepted", "asking", "refused"):
        wants(context, f"Bà {status}", status=status)
    late = update(lead).filter_by(status="offered").values(accept_by=NOW - timedelta(minutes=1))
    said = update(lead).filter_by(status="accepted").values(owner_said="not_called")
    left = update(lead).filter_by(status="refused").values(unserved_since=NOW)
    for change in (late, said, left):
        context.database.run_now(lambda c, change=change: c.execute(change))

    async def numbers(browser: Browser, query: str) -> str:
        return "".join(re.findall(r'href="/console/leads/(\d)"', await shown(browser, query)))

    of_firm = {"": "421", "?state=offered": "1", "?state=asking": "", "?only=overdue": "1", "?only=not_called": "2"}
    for query, found in {**of_firm, "?only=open": "21", f"?commune={OTHER}": ""}.items():
        assert await numbers(vnpt, query) == found, query
    for query, found in {"": "4321", "?state=asking": "3", "?only=unserved": "4"}.items():
        assert await numbers(supervisor, query) == found, query
    for wrong in ("?state=new", "?only=mine", "?after=0"):
        assert (await vnpt.get(f"/console/leads{wrong}")).status_code == 422


async def test_a_forged_firm_is_unknown(vnpt: Browser, context: ConsoleContext) -> None:
    wants(context, "Trần Văn Bảy", vendor="BIDV")
    for path in ("/console/leads?vendor=BIDV", "/console/leads/leads.csv?vendor=BIDV", "/console/leads?vendor=ABC"):
        answer = await vnpt.get(path)
        assert answer.status_code == 404 and "Bảy" not in answer.text
    assert "Bảy" not in await shown(vnpt, "?after=99999")
    assert "Bảy" not in (await vnpt.get("/console/leads/leads.csv")).text


async def test_somebody_of_a_firm_may_be_bound_to_communes(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext
) -> None:
    wants(context, "Nguyễn Thị Lan")
    wants(context, "Trần Văn Bảy", commune=OTHER)
    wants(context, "Lê Văn Không", commune=None)
    bound = open_browser(make_person(role=Role.VENDOR, vendor="VNPT", communes=[OWN]))
    for page in (await shown(bound), (await bound.get("/console/leads/leads.csv")).text):
        assert "Thị Lan" in page and "Bảy" not in page and "Văn Không" not in page
    nobody = open_browser(make_person("Mới", Role.VENDOR))
    assert (await nobody.get("/console/leads")).status_code == 403


async def test_those_who_oversee_see_all_and_choose_a_firm(supervisor: Browser, context: ConsoleContext) -> None:
    wants(context, "Nguyễn Thị Lan")
    wants(context, "Trần Văn Bảy", vendor="BIDV")
    page = await shown(supervisor)
    assert "Thị Lan" in page and "Bảy" in page
    page = await shown(supervisor, "?vendor=BIDV")
    assert "Thị Lan" not in page and "Bảy" in page
    assert (await supervisor.get("/console/leads?vendor=ABC")).status_code == 404


async def test_a_withdrawn_consent_names_nobody(vnpt: Browser, supervisor: Browser, context: ConsoleContext) -> None:
    person = wants(context, "Nguyễn Thị Lan")
    withdrawn = update(consent).filter_by(contact_id=person).values(withdrawn_at=NOW)
    context.database.run_now(lambda c: c.execute(withdrawn))
    for browser in (vnpt, supervisor):
        page = await shown(browser)
        assert "Đã rút đồng ý" in page
        for words in ("Thị Lan", "0912345678", "xã Tân Cương</td>"):
            assert words not in page
        assert len(list(csv.reader(io.StringIO((await browser.get("/console/leads/leads.csv")).text)))) == 1
    context.database.run_now(lambda c: responses.forget(c, context.keyring, person, NOW))
    page = await shown(vnpt)  # a row stays, to be counted
    assert "Đã rút đồng ý" in page and "xã Tân Cương</td>" not in page


async def test_many_leads_are_paged_and_none_is_shown_twice(vnpt: Browser, context: ConsoleContext) -> None:
    for number in range(PAGE + 2):
        wants(context, f"Người {number:03}")
    first = await shown(vnpt)
    assert "Người 051" in first and "Người 001" not in first and first.count("tel:") == PAGE
    wants(context, "Người mới")
    second = await shown(vnpt, "?" + first.partition("/console/leads?")[2].partition('"')[0])
    assert "Người 001" in second and "Người 000" in second and second.count("tel:") == 2 and "after=" not in second


async def test_what_is_taken_along_runs_nothing_and_is_recorded(vnpt: Browser, context: ConsoleContext) -> None:
    wants(context, "=1+1")
    answer = await vnpt.get("/console/leads/leads.csv")
    _, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row[:9] == ["23/11/2026", "VNPT", "'=1+1", "0912345678", "xã Tân Cương", "", "", "2", "23/11/2026"]
    assert row[9:] == ["1", "Đã nhận", ""]
    assert (await vnpt.get("/console/leads/leads.xlsx")).content.startswith(b"PK")
    exported = ("leads.exported", "leads VNPT")
    assert log(context) == [
        (*exported, {"count": 1, "vendor": "VNPT", "named": 1, "as": "csv"}),
        (*exported, {"count": 1, "vendor": "VNPT", "named": 1, "as": "xlsx"}),
    ]


async def test_what_an_owner_is_called_is_never_code(vnpt: Browser, context: ConsoleContext) -> None:
    wants(context, XSS)
    assert XSS not in (await vnpt.get("/console/leads")).text


@pytest.mark.parametrize("role", [Role.OFFICER, Role.COMMUNE])
async def test_others_have_no_part_in_it(open_browser: OpenBrowser, make_person: MakePerson, role: Role) -> None:
    browser = open_browser(make_person(role=role, communes=[OWN]))
    for path in ("/console/leads", "/console/leads/leads.csv"):
        assert (await browser.get(path)).status_code == 403
