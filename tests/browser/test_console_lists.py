"""A list on its way through the pages in a real browser: the page goes on by itself, nothing too large is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import func, select

from console.roles import Role
from scheduler.imports import Importer
from store.registry_tables import file_import

from .console_site import Desk, Site, site

__all__ = ["site"]  # a fixture

LIST = "Tên cửa hàng,Chủ hộ,Điện thoại\nTạp hóa Lan,Lan,0912345678\nQuán Mai,Mai,12\n"


def opened(site: Site, file: Path) -> Desk:
    file.write_text(LIST, "utf-8")
    desk = site.sign_in(site.person("Thu", Role.SUPERVISOR), viewport={"width": 360, "height": 740})
    desk.open("/console/imports")
    desk.page.set_input_files("#file", file)
    return desk


def work(site: Site) -> None:
    """What the hotline does with what waits."""
    context = site.context
    importer = Importer(context.database, context.clock, context.content, context.keyring, context.wakeups)
    assert site.loop is not None
    asyncio.run_coroutine_threadsafe(importer.work_due(), site.loop).result(20)


def test_a_list_goes_through_the_pages_without_reloading_them(site: Site, tmp_path: Path) -> None:
    desk = opened(site, tmp_path / "ds.csv")
    page = desk.page
    page.click("#upload button")
    expect(page.locator("#import .tag")).to_have_text("Đang đọc tệp")
    work(site)
    expect(page.locator("#dry")).to_have_text("Nếu nhập 2 dòng này", timeout=10_000)
    expect(page.locator("table.cards")).to_contain_text("Tạp hóa Lan")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.check('input[name="basis"][value="none"]')
    page.get_by_role("button", name="Bắt đầu nhập").click()
    expect(page.locator("#import .tag")).to_have_text("Sắp nhập")
    work(site)
    expect(page.locator("#result")).to_have_text("Kết quả", timeout=10_000)
    with page.expect_download() as taken:
        page.click("text=Tải kết quả (CSV)")
    assert "KHÔNG NHẬP" in Path(taken.value.path()).read_text("utf-8-sig")


def test_a_file_that_is_too_large_is_told_so_and_not_sent(site: Site, tmp_path: Path) -> None:
    desk = opened(site, tmp_path / "ds.csv")
    desk.page.evaluate("document.getElementById('upload').dataset.most = '10'")
    desk.page.click("#upload button")
    expect(desk.page.locator("#upload-problem")).to_contain_text("Tệp quá lớn")
    count = select(func.count()).select_from(file_import)
    assert site.context.database.read_now(lambda c: c.scalar(count)) == 0
