"""Partners' programs that call the API in this process, and owners whom a firm may call, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import Connection, func, select
from starlette.applications import Starlette

from console import api_tokens
from console.api.app import api_mount
from console.api.context import ApiContext, ApiLimits
from console.api_tokens import ApiScope, Grant
from programme import responses
from programme.leads import pass_on
from store.console_tables import audit_log
from store.contacts import Contacts
from store.survey_tables import lead
from tests.conftest import NOW

OWN, OTHER = "05503", "05443"  # xã Tân Cương, phường Phan Đình Phùng
EVERY = tuple(ApiScope)
MANY = ApiLimits(token_per_minute=10**6, network_per_minute=10**6)
CLASS = {
    "topic": "online_selling",
    "title": "Bán hàng qua mạng",
    "place": "Nhà văn hóa xã Tân Cương",
    "commune": OWN,
    "starts_at": "2026-12-05T08:30:00+07:00",
    "seats": 30,
}


def token_of(api: ApiContext, *scopes: ApiScope, vendor: str | None = "VNPT", days: int = 30, **more: Any) -> str:
    grant = Grant("Đối tác", scopes or EVERY, vendor, **more)
    return api.database.run_now(lambda c: api_tokens.make(c, api.keyring, grant, days, api.clock.now()))[1]


class Partner:
    """A partner's program."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.client.get(path, params=params or None)

    async def send(self, method: str, path: str, body: Any, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or uuid4().hex}
        return await self.client.request(method, path, json=body, headers=headers)

    async def step(
        self, lead_id: int, state: str, version: int = 1, key: str | None = None, **more: Any
    ) -> httpx.Response:
        return await self.send("PATCH", f"/leads/{lead_id}", {"version": version, "state": state, **more}, key)


@asynccontextmanager
async def partner(api: ApiContext, token: str | None) -> AsyncIterator[Partner]:
    transport = httpx.ASGITransport(Starlette(routes=[api_mount(api)]), raise_app_exceptions=False)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test/api/v1", headers=headers) as client:
        yield Partner(client)


def wants(
    api: ApiContext, name: str = "Nguyễn Thị Lan", vendor: str = "VNPT", commune: str | None = OWN
) -> tuple[int, int]:
    """An owner who agreed that the firm calls: their contact's number, and the lead's."""

    def work(connection: Connection) -> tuple[int, int]:
        contacts = Contacts(connection, api.keyring)
        person = contacts.add(NOW, name)
        contacts.set_phone(person, "+84912345678")
        responses.give_consent(connection, person, responses.CONTACT_CONSENT, 2, "webchat", NOW)
        assert pass_on(connection, person, vendor, "thai-nguyen", commune, None, api.clock.now())
        return person, int(connection.execute(select(lead.c.id).filter_by(contact_id=person)).scalar_one())

    return api.database.run_now(work)


def code(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status and problem["detail"][0].isupper()
    return str(problem["code"])


def log(api: ApiContext) -> list[tuple[str, str, str, object]]:
    rows = api.database.read_now(lambda c: c.execute(select(audit_log).order_by(audit_log.c.id)).all())
    return [(row.actor, row.action, row.object, row.detail) for row in rows]


def count(api: ApiContext, table: Any) -> int:
    return int(api.database.read_now(lambda c: c.scalar(select(func.count()).select_from(table))) or 0)
