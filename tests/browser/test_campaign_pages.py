"""The pages of campaigns in a real browser: the form counts by itself, and nothing is wider than the screen."""

from __future__ import annotations

import pytest

from console.roles import Role
from tests.browser.console_site import Site, site

__all__ = ["site"]

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [1280, 360])
def test_a_draft_is_written_and_its_pages_fit(site: Site, width: int) -> None:
    desk = site.sign_in(site.person("Nguyễn Thị Hà", Role.ADMINISTRATOR), viewport={"width": width, "height": 800})
    page = desk.page
    desk.open("/console/campaigns/new")
    page.fill("#name", "Nhắc làm tiếp khảo sát")
    page.fill("#text", "Chào {{ name }}, mời bác làm tiếp khảo sát tại {{ link }}. Cảm ơn bác.")
    page.dispatch_event("#text", "change")
    page.wait_for_selector(".counted .goes")
    assert page.evaluate(WIDER) <= 0
    assert not page.is_visible("#days") and page.is_visible("#at")
    page.click("button[name=anyway]")
    page.wait_for_selector("#steps")
    assert page.evaluate(WIDER) <= 0
    desk.open("/console/campaigns")
    assert page.evaluate(WIDER) <= 0
