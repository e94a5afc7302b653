"""A Chromium for the tests of the pages: the one named, one on the PATH, Debian's, or Playwright's download.

It is found here and never started, so there is nothing to stop.
"""

from __future__ import annotations

import sys

from tools.services.machine import Machine, Missing, Unavailable, first_open_way

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VERSION_SECONDS = 30
DOWNLOAD_SECONDS = 10 * 60
PRINT_PLAYWRIGHTS_OWN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


class Browser:
    """Tells the suite which browser to use, as a path in HOTLINE_CHROMIUM."""

    variable = "HOTLINE_CHROMIUM"

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def start(self) -> str:
        """Path of a Chromium (or Chrome) that runs. Raises Missing."""
        named = self.machine.environment.get(self.variable)
        if named:
            try:
                return self._that_runs(named)
            except Unavailable as closed:
                raise Missing(f"{self.variable} names no browser ({closed}): correct it or leave it out.") from closed
        return first_open_way(
            "A browser",
            [self._on_the_path, self._packaged, self._downloaded],
            f"install Chromium (Debian: apt-get install chromium) or set {self.variable} to one",
        )

    def stop(self) -> None:
        """Nothing was started."""

    def _that_runs(self, program: str) -> str:
        # Ubuntu's chromium-browser without snap is a script that only says how to install it
        self.machine.output([program, "--version"], VERSION_SECONDS)
        return program

    def _on_the_path(self) -> str:
        reasons = ["no chromium or google-chrome on the PATH"]
        for program in filter(None, map(self.machine.find, PROGRAMS)):
            try:
                return self._that_runs(program)
            except Unavailable as closed:
                reasons = [str(closed)]
        raise Unavailable(reasons[0])

    def _packaged(self) -> str:
        self.machine.install_package("chromium")
        return self._on_the_path()

    def _downloaded(self) -> str:
        print("hotline: downloading Playwright's Chromium", file=sys.stderr)
        self.machine.output([sys.executable, "-m", "playwright", "install", "chromium"], DOWNLOAD_SECONDS)
        where = self.machine.output([sys.executable, "-c", PRINT_PLAYWRIGHTS_OWN], VERSION_SECONDS)
        return self._that_runs(where.strip())
