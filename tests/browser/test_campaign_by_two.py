"""A reminder from its first word to the auditor's file, by two people in two browsers, through eSMS's stand-in."""

from __future__ import annotations

import csv
import time
from collections import Counter
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Connection, insert

from console.roles import Role
from integrations.sms.esms.sim_account import Phone
from programme.opt_outs import stop
from store.clock import Clock
from store.contacts import Contacts
from store.tables import shop
from tests.browser.console_site import Desk, Site, site
from tests.browser.sending import sending

__all__ = ["site"]

TAN_CUONG = "05503"
PEOPLE = 12
REFUSED, BLOCKED = "+84912345600", "+84912345601"  # by its owner, and at the gateway
REACHED = Counter({"đã tới máy": PEOPLE - 2, "không gửi": 1, "lỗi": 1})
PATIENCE = 8_000  # milliseconds that a page may take to show what happened


@pytest.fixture
def site_clock() -> Clock:
    return Clock(start=datetime(2026, 11, 23, 9, 0))  # noqa: DTZ001 - local


def owners(site: Site) -> None:
    """Of one commune; one of them wants no messages."""

    def work(connection: Connection) -> None:
        contacts, now = Contacts(connection, site.context.keyring), site.context.clock.now()
        for number in range(PEOPLE):
            id_ = contacts.add(now, f"Chủ {number}")
            contacts.set_phone(id_, f"+849123456{number:02}")
            place = {"contact_id": id_, "province": site.context.province, "commune": TAN_CUONG, "created_at": now}
            connection.execute(insert(shop).values(**place))
            if number == 0:
                stop(connection, site.context.keyring, now, "link", phone=REFUSED)

    site.context.database.run_now(work)


def write(desk: Desk) -> None:
    """The administrator's part, up to the submission."""
    page = desk.page
    desk.open("/console/campaigns/new")
    page.fill("#name", "Nhắc khảo sát làm dở")
    page.fill("#text", "Chào {{ name }}, mời bác làm tiếp khảo sát: {{ link }}")
    page.get_by_text("Xã/phường", exact=True).click()
    page.check(f'input[name="commune"][value="{TAN_CUONG}"]')
    expect(page.locator(".counted")).to_contain_text(f"{PEOPLE} người", timeout=PATIENCE)
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.get_by_role("button", name="Duyệt cho gửi")).to_have_count(0)
    page.get_by_role("button", name="Trình duyệt").click()
    expect(page.locator("h1")).to_contain_text("Chờ duyệt")


def sums(page: Page) -> Counter[str]:
    """What the page says of the run: state in words → rows."""
    said = page.locator(".sums li").all_inner_texts()
    return Counter({line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in said if line[-2:] != " 0"})


def saved(page: Page) -> Counter[str]:
    """What the auditor's file says: state in words → lines."""
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải cho kiểm toán (CSV)").click()
    with open(download.value.path(), encoding="utf-8-sig") as file:
        return Counter(line["Trạng thái"] for line in csv.DictReader(file))


def test_two_people_bring_a_reminder_to_its_recipients(site: Site) -> None:
    owners(site)
    author = site.sign_in(site.person("Nguyễn Thị Hà", Role.ADMINISTRATOR))
    approver = site.sign_in(site.person("Trần Văn Bình", Role.SUPERVISOR))
    with sending(site) as gateway:
        gateway.people.add(Phone(BLOCKED, "Chủ 1", blocked=True))
        write(author)
        page = approver.page
        approver.open("/console/campaigns")
        page.get_by_role("link", name="Nhắc khảo sát làm dở").click()
        expect(page.locator(".goes")).to_contain_text("Chao Chu 0, moi bac lam tiep khao sat:")
        expect(page.locator("#steps + p")).to_contain_text(f"gửi tới {PEOPLE} người")
        page.get_by_role("button", name="Duyệt cho gửi").click()
        # Nobody touches the page: it counts along, and is loaded anew when other steps are possible
        expect(page.locator("h1")).to_contain_text("Đã xong", timeout=PATIENCE)
        until = time.monotonic() + PATIENCE / 1000
        while sums(page) != REACHED and time.monotonic() < until:
            page.reload()
        taken = Counter({number: gateway.accepted(number) for number in gateway.taken.by_phone})
    assert sums(page) == REACHED
    assert len(taken) == PEOPLE - 2 and set(taken.values()) == {1}
    expect(page.locator(".reasons")).to_contain_text("đã từ chối nhận tin – 1")
    page.get_by_role("link", name="Xem từng người nhận").click()
    listed = page.locator("td[data-label='Trạng thái']").all_inner_texts()
    assert Counter(listed) == REACHED == saved(page)
