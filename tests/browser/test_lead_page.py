"""A firm's person with a lead open: what the owner takes back goes from the page; its own pages are for everybody."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from console.roles import Role
from programme import responses
from tests.programme.wishes import Wishes

from .console_site import Site, site

__all__ = ["site"]  # a fixture


def test_what_the_owner_takes_back_goes_from_the_open_page(site: Site) -> None:
    context = site.context
    wishes = Wishes(context.database, context.keyring, context.clock, context.content)  # type: ignore[arg-type]
    one = wishes.make()
    desk = site.sign_in(site.person("Minh", Role.VENDOR, vendor="VNPT"), viewport={"width": 360, "height": 740})
    for path in ("/console/vendor-reports", "/console/account", f"/console/leads/{one}"):
        desk.open(path)
        faults = Axe().run(desk.page).response["violations"]
        assert [fault["id"] for fault in faults if fault["impact"] in ("serious", "critical")] == [], path
        width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert desk.page.evaluate(width), path
    desk.page.get_by_role("button", name="Nhận khách").click()
    expect(desk.page.get_by_text("Nguyễn Thị Lan")).to_be_visible()

    person = wishes.row(one).contact_id
    context.database.run_now(lambda c: responses.forget(c, context.keyring, person, context.clock.now()))
    desk.page.evaluate("window.dispatchEvent(new Event('focus'))")

    # the browser reports every answer that is an error, and this one is to be 410
    expect(desk.page.get_by_role("alert")).to_contain_text("đã rút lại đồng ý")
    assert "Lan" not in desk.page.locator("main").inner_text() and "0912" not in desk.page.content()
    assert len(desk.complaints) == 1 and "410" in desk.complaints.pop()
