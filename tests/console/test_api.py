"""The partners' API at its gate: whose token opens what, and what is no call at all."""

from __future__ import annotations

import io
import json
import logging
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from console import api_tokens
from console.api.context import ApiContext, ApiLimits
from console.api_tokens import ApiScope
from store.api_tables import api_answer, api_token
from store.clock import ManualClock
from store.logs import configure_logs
from store.vendor_tables import lead_step
from tests.conftest import NOW
from tests.console.partners import CLASS, code, count, partner, token_of, wants

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_only_a_token_that_is_valid_opens_anything(api: ApiContext, clock: ManualClock) -> None:
    good, short = token_of(api), token_of(api, days=1)
    revoked = token_of(api)
    api.database.run_now(lambda c: api_tokens.revoke(c, 3, NOW))
    clock.advance(timedelta(days=1))
    for token in (short, revoked, good[:-1] + ("0" if good[-1] != "0" else "1"), "hl_", good.upper(), "Bearer"):
        async with partner(api, token) as stranger:
            answer = await stranger.get("/leads")
            assert code(answer, 401) == "token_invalid"
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="hotline", error="invalid_token"'
    async with partner(api, None) as nobody:
        answer = await nobody.get("/leads")
        assert code(answer, 401) == "token_missing" and answer.headers["WWW-Authenticate"] == 'Bearer realm="hotline"'
        answer = await nobody.client.get("/leads", headers={"Authorization": f"Basic {good}"})
        assert code(answer, 401) == "token_missing"
        assert code(await nobody.client.post("/classes", content=b"{"), 401) == "token_missing"
        assert code(await nobody.client.post("/no-such", content=b"{"), 401) == "token_missing"
    async with partner(api, good) as friend:
        assert (await friend.get("/leads")).status_code == 200
    kept = api.database.read_now(lambda c: c.execute(select(api_token)).mappings().all())
    assert good not in repr(kept) and good[3:] not in repr(kept)
    assert next(row for row in kept if row["id"] == 1)["used_at"] == clock.now()


@on_sqlite
async def test_a_scope_that_is_missing_is_named(api: ApiContext) -> None:
    wants(api)
    calls = {
        ApiScope.LEADS_READ: ("GET", "/leads"),
        ApiScope.LEADS_WRITE: ("PATCH", "/leads/1"),
        ApiScope.SURVEYS_READ: ("GET", "/surveys/aggregate?by=level"),
        ApiScope.CLASSES_READ: ("GET", "/classes"),
        ApiScope.CLASSES_WRITE: ("POST", "/classes"),
    }
    bodies = {"PATCH": {"version": 1, "state": "accepted"}, "POST": CLASS, "GET": None}
    for missing, (method, path) in calls.items():
        async with partner(api, token_of(api, *(scope for scope in ApiScope if scope is not missing))) as other:
            answer = await other.send(method, path, bodies[method])
            assert code(answer, 403) == "insufficient_scope"
            assert f'scope="{missing}"' in answer.headers["WWW-Authenticate"]
        async with partner(api, token_of(api, missing)) as owner:
            assert (await owner.send(method, path, bodies[method])).status_code in (200, 201)


@on_sqlite
async def test_whoever_calls_too_fast_waits(api: ApiContext, clock: ManualClock) -> None:
    slow = ApiContext(api.database, clock, api.keyring, api.content, api.province, ApiLimits(3, 8))
    async with partner(slow, token_of(api)) as fast, partner(slow, token_of(api)) as other:
        assert [(await fast.get("/communes")).status_code for _ in range(4)] == [200, 200, 200, 429]
        answer = await fast.get("/communes")
        assert code(answer, 429) == "too_many_calls" and answer.headers["Retry-After"] == "20"
        assert (await other.get("/communes")).status_code == 200
        assert [(await other.get("/communes")).status_code for _ in range(3)] == [200, 200, 429]
        clock.advance(timedelta(seconds=20))
        assert (await fast.get("/communes")).status_code == 200


@on_sqlite
async def test_a_token_is_never_in_a_log(api: ApiContext, monkeypatch: pytest.MonkeyPatch) -> None:
    written, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", written)
    configure_logs()
    try:
        token = token_of(api)
        monkeypatch.setattr("programme.class_table.table", lambda *_: 1 / 0)
        async with partner(api, token) as friend:
            assert code(await friend.get("/classes"), 500) == "internal_error"
            await friend.get(f"/classes?cursor={token}")
        async with partner(api, token[:-1]) as stranger:
            await stranger.get("/leads")
        logging.getLogger("hotline.test").warning("leaked %s", token)
    finally:
        root.handlers[:], root.level = handlers, level
    assert "request_failed" in written.getvalue() and "leaked" in written.getvalue()
    assert token[3:-1] not in written.getvalue()


@on_sqlite
async def test_a_call_of_another_form_is_refused(api: ApiContext) -> None:
    _, own = wants(api)
    good = json.dumps({"version": 1, "state": "accepted"}).encode()
    bodies: dict[bytes, str] = {
        b"": "body: bị thiếu",
        b"{": "không phải JSON",
        b'{"version":1,"state":"accepted","x":1}': "body.x: không có trường này",
        b'{"version":true,"state":"accepted"}': "body.version: phải là số nguyên",
        b'{"version":1.5,"state":"accepted"}': "body.version: phải là số nguyên",
        b'{"version":"1","state":"accepted"}': "body.version: phải là số nguyên",
        b'{"version":1e400,"state":"accepted"}': "body.version: phải là số nguyên",
        b'{"version":' + b"9" * 5000 + b',"state":"accepted"}': "không đọc được JSON",
        b'{"version":99999999999999999999,"state":"accepted"}': "body.version: lớn quá",
        b'{"version":1,"state":"offered"}': "body.state: không thuộc danh sách",
        b'{"version":1,"state":"refused","reason":"other","text":"a\\u0000b"}': "body.text",
        b'{"version":1,"state":"refused","reason":"other","text":"\\ud800"}': "body.text",
        b'{"version":1,"state":"refused","\\ud800":"x"}': "không phải UTF-8",
        b"[1]": "phải là một đối tượng JSON",
        b"\xff\xfe": "không phải JSON",
        b"[" * 9000: "không đọc được JSON",
    }
    json_ = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    async with partner(api, token_of(api)) as vnpt:
        for body, words in bodies.items():
            answer = await vnpt.client.patch(f"/leads/{own}", content=body, headers=json_)
            assert code(answer, 400) == "request_invalid", body
            assert words in answer.json()["detail"] and answer.json()["errors"], (body, answer.text)
        for path in (
            "/leads?state=asking",
            "/leads?x=1",
            "/leads/01x",
            "/leads/1.0",
            "/leads/-1",
            "/leads/0",
            f"/leads/{2**63}",
            "/leads?updated_since=2026-11-23",
            "/leads?updated_since=2026-02-30T00:00:00Z",
            "/leads?commune=%00",
            "/surveys/aggregate",
            "/surveys/aggregate?by=shop",
            "/classes?past=maybe",
            "/leads?cursor=x",
        ):
            assert code(await vnpt.get(path), 400) == "request_invalid", path
        for since in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:60-12:00", "2026-11-23t00:00:00.123456789z"):
            assert (await vnpt.get("/leads", updated_since=since)).status_code == 200
        no_key = await vnpt.client.patch(f"/leads/{own}", content=good, headers={"Content-Type": "application/json"})
        assert code(no_key, 400) == "request_invalid" and "Idempotency-Key" in no_key.json()["detail"]
        long_key = {**json_, "Idempotency-Key": "k" * 256}
        assert code(await vnpt.client.patch(f"/leads/{own}", content=good, headers=long_key), 400) == "request_invalid"
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""):
            answer = await vnpt.client.patch(f"/leads/{own}", content=good, headers={**json_, "Content-Type": kind})
            assert code(answer, 415) == "media_type_unsupported"
        large = await vnpt.client.patch(f"/leads/{own}", content=b" " * 20_000 + good, headers=json_)
        assert code(large, 413) == "body_too_large"
    assert count(api, lead_step) == 1 and count(api, api_answer) == 0


@on_sqlite
async def test_methods_that_an_address_does_not_take(api: ApiContext) -> None:
    async with partner(api, token_of(api)) as one:
        for path, names in (
            ("/leads", "GET, HEAD, OPTIONS"),
            ("/classes", "GET, POST, HEAD, OPTIONS"),
            ("/classes/1", "GET, PATCH, HEAD, OPTIONS"),
        ):
            for method in ("PUT", "DELETE", "TRACE"):
                answer = await one.client.request(method, path)
                assert code(answer, 405) == "method_not_allowed" and answer.headers["Allow"] == names
            answer = await one.client.options(path, headers={"Origin": "http://evil.test"})
            assert (answer.status_code, answer.headers["Allow"], answer.content) == (204, names, b"")
            assert not [name for name in answer.headers if name.startswith("access-control")]
        head, get = await one.client.head("/communes"), await one.get("/communes")
        assert (head.status_code, head.content) == (200, b"") and head.headers["Content-Length"] == str(
            len(get.content)
        )
        for path in ("/nothing", "/leads/", "/", "/leads/1/x"):
            assert code(await one.get(path), 404) == "not_found"
        assert get.headers["Cache-Control"] == "no-store"
    async with partner(api, None) as nobody:
        assert (await nobody.get("/openapi.json")).json()["openapi"].startswith("3.1")
        for path in ("/leads/openapi.json", "/classes/openapi.json", "/x/openapi.json"):
            assert code(await nobody.get(path), 401) == "token_missing"


@on_sqlite
async def test_a_database_that_is_away_is_said_at_the_gate_too(
    api: ApiContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    async with partner(api, token_of(api)) as one:
        monkeypatch.setattr("console.api.gate.api_tokens.find", away)
        answer = await one.get("/leads")
        assert code(answer, 503) == "database_away" and answer.headers["Retry-After"] == "5"
