"""The report page with figures in it, in a real browser: readable by everybody, on a laptop and on a phone."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from console.roles import Role
from tests.programme.test_sla_report import HOUR, Desk

from .console_site import Site, site

__all__ = ["site"]  # a fixture


@pytest.fixture
def busy(site: Site) -> Site:
    """A fortnight of requests: one day was bad, one had none."""
    context = site.context
    desk = Desk(context.database, context.clock, context.content, context.keyring)  # type: ignore[arg-type]
    officers = [desk.officer(name) for name in ("Nguyễn Thị Hà", "Trần Văn Bình có một cái tên rất dài để thử bề rộng")]
    now = context.clock.now()
    for day in range(2, 16):
        for number in range(0 if day == 5 else 4):
            desk.ask(
                "answered",
                (30 if day == 8 and number else 2 + number) * HOUR,
                opened=now - timedelta(days=day),
                channel=("zalo", "telegram")[number % 2],
                commune=("05443", "05503", None)[number % 3],
                officer_id=officers[number % 2],
                case={"status": "closed", "closed_at": now, "csat_asked_at": now, "csat": "satisfied"},
            )
    desk.ask(None, None, opened=now - HOUR)
    return site


@pytest.mark.parametrize(("by", "language"), [("day", "vi"), ("day", "en"), ("officer", "vi"), ("commune", "en")])
def test_the_report_is_for_everybody(busy: Site, by: str, language: str) -> None:
    desk = busy.sign_in(busy.person("Thu", Role.SUPERVISOR, language=language))
    page, axe, today = desk.page, Axe(), busy.context.clock.today()
    for width, scheme in product((1280, 360), ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        desk.open(f"/console/reports/sla?from={today - timedelta(days=15)}&to={today}&by={by}&work=1")
        expect(page.locator(".share")).to_contain_text("%")
        assert page.locator(".chart svg").count() == (1 if by == "day" else 0)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [one for one in found if one["impact"] in {"serious", "critical"}] == [], (width, scheme)


def test_a_period_is_chosen_and_shown(busy: Site) -> None:
    desk = busy.sign_in(busy.person("Thu", Role.SUPERVISOR))
    page = desk.page
    desk.open("/console/reports/sla")
    page.get_by_label("Chia theo").select_option("channel")
    page.get_by_role("button", name="Xem").click()
    expect(page.get_by_role("columnheader", name="Kênh")).to_be_visible()
    page.get_by_role("link", name="Tháng trước").click()
    expect(page.get_by_role("link", name="Tháng trước")).to_have_attribute("aria-current", "true")
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải Excel").click()
    assert download.value.suggested_filename.endswith("-channel.xlsx")
