"""A real browser for the tests of this folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from store.clock import Clock

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture
def site_clock() -> Clock:
    """Of console_site.site: the present; a test module may say otherwise."""
    return Clock()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ["chromium", "chromium-browser", "google-chrome"]
    path = os.environ.get("HOTLINE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None or not Path(path).exists():
        pytest.fail(
            "No browser for the web chat's tests. Install Debian's `chromium`, "
            "or set HOTLINE_CHROMIUM to the path of a Chromium or Chrome."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
