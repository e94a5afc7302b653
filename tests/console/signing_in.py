"""Signing in as people do: with the form, from a browser that is nobody's yet."""

from __future__ import annotations

import re
from urllib.parse import unquote

import httpx
import pyotp
from sqlalchemy import select

from console.context import ConsoleContext
from console.passwords import hash_now
from console.sessions import COOKIE
from store.console_tables import audit_log
from tests.console.conftest import Browser

PASSWORD = "một câu dễ nhớ của Hà"
HASH = hash_now(PASSWORD)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def submit(browser: Browser, login: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    data = {"login": login, "password": password, **more}
    return await browser.client.post("/console/login", data=data)


async def csrf_of(browser: Browser, path: str) -> str:
    """The token that the forms of a page bring along; the browser's own from then on."""
    found = re.search(r'name="csrf" (?:content|value)="([0-9a-f]+)"', (await browser.get(path)).text)
    assert found is not None
    browser.csrf = found[1]
    return found[1]


def code_at(context: ConsoleContext, steps: int = 0) -> str:
    """What the app shows now, or so many steps of 30 seconds later."""
    return pyotp.TOTP(SECRET).generate_otp(int(context.clock.now().timestamp()) // 30 + steps)


def cookie_of(browser: Browser) -> str:
    return next((unquote(one.value or "") for one in browser.client.cookies.jar if one.name == COOKIE), "")


def recorded(context: ConsoleContext, action: str) -> list[tuple[int | None, str, str, object]]:
    """(account, actor, object, detail) of every record of `action`, in order."""
    rows = select(audit_log.c["account_id", "actor", "object", "detail"]).filter_by(action=action)
    return [tuple(row) for row in context.database.read_now(lambda c: c.execute(rows.order_by(audit_log.c.id)).all())]
