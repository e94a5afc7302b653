"""The page of API tokens: made by administrators, shown once, revoked for good, all of it recorded."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from console.api.context import ApiContext
from console.context import ConsoleContext
from console.roles import Role
from store.console_tables import audit_log
from tests.conftest import NOW
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.console.partners import OWN, partner

FORM = {"name": "VNPT, phần mềm bán hàng", "scopes": ["leads:read", "leads:write"], "vendor": "VNPT", "days": "90"}
TOKEN = re.compile(r">(hl_[0-9a-f]{64})<")


@pytest.fixture
def administrator(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Quản trị", Role.ADMINISTRATOR))


async def test_a_token_is_shown_once_works_and_is_revoked(
    administrator: Browser, context: ConsoleContext, api: ApiContext
) -> None:
    made = await administrator.post("/console/api-tokens/new", {**FORM, "communes": [OWN]})
    found = TOKEN.search(made.text)
    assert made.status_code == 200 and found is not None, made.text
    token = found[1]
    assert (
        made.headers["Cache-Control"] == "private, no-store" and "http://console.test/api/v1/openapi.json" in made.text
    )
    async with partner(api, token) as vnpt:
        assert (await vnpt.get("/leads")).status_code == 200
        listed = unescape((await administrator.get("/console/api-tokens")).text)
        for words in (FORM["name"], token[:8], "leads:write", "VNPT · xã Tân Cương", "đến 21/02/2027", "09:00"):
            assert str(words) in listed
        assert token[:12] not in listed
        for _ in range(2):  # pressed twice
            answer = await administrator.post("/console/api-tokens/1/revoke")
            assert answer.headers["Location"] == "/console/api-tokens?done=revoked"
        assert (await vnpt.get("/leads")).status_code == 401
    assert "đã thu hồi" in (await administrator.get("/console/api-tokens?done=revoked")).text
    rows = context.database.read_now(lambda c: c.execute(select(audit_log).order_by(audit_log.c.id)).all())
    detail = {"scopes": ["leads:read", "leads:write"], "vendor": "VNPT", "communes": [OWN], "days": 90}
    assert [(row.actor, row.action, row.object, row.detail, row.at) for row in rows] == [
        ("Quản trị", "api_token.made", "api_token 1", detail, NOW),
        ("Quản trị", "api_token.revoked", "api_token 1", None, NOW),
    ]


async def test_what_is_missing_is_said_and_what_was_typed_stays(administrator: Browser) -> None:
    cases = (
        ({"name": " "}, "Cần có tên đối tác."),
        ({"scopes": []}, "Chọn ít nhất một quyền."),
        ({"scopes": ["root"]}, "Chọn ít nhất một quyền."),
        ({"vendor": ""}, "Quyền với khách cần chọn một doanh nghiệp"),
        ({"vendor": "ABC"}, "Không có doanh nghiệp này."),
        ({"communes": ["00000"]}, "không thuộc tỉnh này"),
        ({"days": "0"}, "từ 1 đến 730"),
        ({"days": "731"}, "từ 1 đến 730"),
        ({"days": "9²"}, "từ 1 đến 730"),
    )
    for wrong, words in cases:
        answer = await administrator.post("/console/api-tokens/new", {**FORM, **wrong})
        assert answer.status_code == 422 and words in unescape(answer.text) and not TOKEN.search(answer.text)
        assert 'value="leads:read" checked' in answer.text or "scopes" in wrong
    assert "Chưa cấp mã nào." in (await administrator.get("/console/api-tokens")).text
    assert (await administrator.post("/console/api-tokens/7/revoke")).status_code == 404
