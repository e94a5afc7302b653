"""The partners' API: who may read and change what, once however often it is sent, and what is never told."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import OperationalError

from console import api_tokens
from console.api.context import ApiContext, ApiLimits
from console.api_tokens import ApiScope
from programme import responses
from programme.lead_table import PAGE
from scheduler.retention import _forget_what_ends_itself
from store import api_answers
from store.api_answers import KEPT
from store.api_tables import api_answer, api_token
from store.clock import ManualClock
from store.console_tables import audit_log
from store.logs import configure_logs
from store.survey_tables import class_place, survey_response, training_class
from store.tables import consent, contact
from store.vendor_tables import lead_step
from tests.conftest import NOW
from tests.console.partners import CLASS, OTHER, OWN, partner, token_of, wants

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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


# --- tokens


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


# --- leads


async def test_a_firm_s_program_takes_its_leads_up(api: ApiContext) -> None:
    _, own = wants(api)
    _, others = wants(api, "Trần Văn Bảy", vendor="BIDV")
    async with partner(api, token_of(api)) as vnpt:
        (offered,) = (await vnpt.get("/leads")).json()["items"]
        assert (offered["id"], offered["state"], offered["contact"]) == (own, "offered", None)
        assert (
            offered["commune"] == {"code": OWN, "name": "xã Tân Cương"}
            and offered["created_at"] == "2026-11-23T02:00:00Z"
        )
        assert log(api) == []  # nobody was named

        accepted = await vnpt.step(own, "accepted")
        assert accepted.json() == {
            "id": own,
            "state": "accepted",
            "version": 2,
            "updated_at": "2026-11-23T02:00:00Z",
            "next_states": ["contacted", "refused"],
        }
        lead_ = (await vnpt.get(f"/leads/{own}")).json()
        consented = {"version": 2, "given_at": "2026-11-23T02:00:00Z"}
        assert lead_["contact"] == {"name": "Nguyễn Thị Lan", "phone": "+84912345678", "consent": consented}
        assert (await vnpt.get("/leads")).json()["items"] == [lead_]
        for state, version in (("contacted", 2), ("trial", 3), ("in_use", 4)):
            assert (await vnpt.step(own, state, version)).json()["version"] == version + 1
        assert code(await vnpt.step(own, "contacted", 5), 409) == "lead_step_not_allowed"
        # another firm's is like none at all
        for path in (f"/leads/{others}", "/leads/999"):
            assert code(await vnpt.get(path), 404) == "lead_unknown"
        assert code(await vnpt.step(others, "accepted"), 404) == code(await vnpt.step(999, "accepted"), 404)
    stepped = ("API 1: Đối tác", "lead.stepped", f"lead {own}")
    assert log(api)[:3] == [
        (*stepped, {"to": "accepted", "version": 2, "vendor": "VNPT", "reason": None}),
        ("API 1: Đối tác", "lead.viewed", f"lead {own} named", {"vendor": "VNPT", "named": True}),
        ("API 1: Đối tác", "leads.viewed", "leads VNPT", {"count": 1, "named": 1, "vendor": "VNPT"}),
    ]
    assert "Lan" not in repr(log(api))


async def test_a_consent_that_ends_between_two_calls_ends_everything(api: ApiContext) -> None:
    person, own = wants(api)
    async with partner(api, token_of(api)) as vnpt:
        accepted = await vnpt.step(own, "accepted", key="one")
        assert (await vnpt.get(f"/leads/{own}")).json()["contact"]["name"] == "Nguyễn Thị Lan"
        api.database.run_now(lambda c: responses.forget(c, api.keyring, person, NOW))
        assert code(await vnpt.get(f"/leads/{own}"), 410) == "lead_withdrawn"
        assert code(await vnpt.step(own, "contacted", 2), 410) == "lead_withdrawn"
        (gone,) = (await vnpt.get("/leads", updated_since="2026-11-23T00:00:00Z")).json()["items"]
        assert (gone["state"], gone["contact"], gone["commune"], gone["trade"]) == ("withdrawn", None, None, None)
        assert [one["id"] for one in (await vnpt.get("/leads", state="withdrawn")).json()["items"]] == [own]
        assert (await vnpt.get("/leads", commune=OWN)).json()["items"] == []
        replayed = await vnpt.step(own, "accepted", key="one")
        assert replayed.content == accepted.content and b"Lan" not in replayed.content


@on_sqlite
async def test_a_consent_alone_decides_what_is_shown(api: ApiContext) -> None:
    person, own = wants(api)
    async with partner(api, token_of(api)) as vnpt:
        await vnpt.step(own, "accepted")
        withdrawn = update(consent).filter_by(contact_id=person).values(withdrawn_at=NOW)
        api.database.run_now(lambda c: c.execute(withdrawn))
        assert code(await vnpt.get(f"/leads/{own}"), 410) == "lead_withdrawn"
        answer = await vnpt.get("/leads")
        assert answer.json()["items"][0]["state"] == "withdrawn" and "Lan" not in answer.text


@on_sqlite
async def test_a_token_may_be_bound_to_communes(api: ApiContext) -> None:
    _, own = wants(api)
    _, other = wants(api, commune=OTHER)
    async with partner(api, token_of(api, communes=(OWN,))) as bound:
        assert [one["id"] for one in (await bound.get("/leads")).json()["items"]] == [own]
        assert code(await bound.get(f"/leads/{other}"), 404) == "lead_unknown"
        assert [one["code"] for one in (await bound.get("/communes")).json()["items"]] == [OWN]
        assert code(await bound.send("POST", "/classes", {**CLASS, "commune": OTHER}), 422) == "class_not_your_commune"
        assert code(await bound.send("POST", "/classes", {**CLASS, "commune": None}), 422) == "class_not_your_commune"
        lines = (await bound.get("/surveys/aggregate", by="commune")).json()["lines"]
        assert [line["key"] for line in lines] == [OWN]


@on_sqlite
async def test_pages_are_followed_by_their_cursor(api: ApiContext, clock: ManualClock) -> None:
    made = [wants(api, f"Người {number}")[1] for number in range(PAGE + 1)]
    async with partner(api, token_of(api)) as vnpt:
        first = (await vnpt.get("/leads")).json()
        made.append(wants(api, "Mới")[1])
        second = (await vnpt.get("/leads", cursor=first["next"])).json()
        assert [one["id"] for page in (first, second) for one in page["items"]] == made
        assert first["next"] is not None and second["next"] is None
        assert code(await vnpt.get("/classes", cursor=first["next"]), 422) == "cursor_unknown"
        assert code(await vnpt.get("/leads", cursor="A" * 22), 422) == "cursor_unknown"
        clock.advance(timedelta(hours=1))
        await vnpt.step(made[3], "refused", reason="no_staff")
        changed = (await vnpt.get("/leads", updated_since="2026-11-23T10:00:00+07:00")).json()["items"]
        assert [(one["id"], one["state"], one["reason"]) for one in changed] == [(made[3], "refused", "no_staff")]


async def test_of_two_who_accept_at_once_one_does(api: ApiContext) -> None:
    _, own = wants(api)
    async with partner(api, token_of(api)) as one, partner(api, token_of(api)) as two:
        answers = await asyncio.gather(one.step(own, "accepted"), two.step(own, "accepted"))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert {code(answer, 409) for answer in answers if answer.status_code == 409} == {"lead_changed"}
    assert count(api, lead_step) == 2


@on_sqlite
async def test_a_refusal_needs_its_reason(api: ApiContext) -> None:
    _, own = wants(api)
    async with partner(api, token_of(api)) as vnpt:
        for body, expected in (
            ({}, "reason_missing"),
            ({"reason": "xyz"}, "reason_unknown"),
            ({"reason": "other"}, "text_missing"),
        ):
            assert code(await vnpt.step(own, "refused", **body), 422) == expected
        assert code(await vnpt.step(own, "refused", 7, reason="no_staff"), 409) == "lead_changed"
        refused = await vnpt.step(own, "refused", reason="other", text="Gọi năm lần không gặp.\nĐã nhắn tin.")
        assert refused.json()["state"] == "refused" and refused.json()["next_states"] == []
        # what is no reason of a refusal is no code for the audit log, and secrets are not kept
        _, other = wants(api, "Trần Văn Bảy")
        assert (await vnpt.step(other, "accepted", reason="Chị Lan 0912345678")).status_code == 200
        assert log(api)[-1][3] == {"to": "accepted", "version": 2, "vendor": "VNPT", "reason": None}
        await vnpt.step(other, "refused", 2, reason="other", text="mật khẩu là hoasen99")
    kept = api.database.read_now(
        lambda c: c.scalars(select(lead_step.c.text).where(lead_step.c.text.is_not(None))).all()
    )
    assert kept == ["Gọi năm lần không gặp.\nĐã nhắn tin.", "mật khẩu là [đã che: mật khẩu]"]


# --- the same call again


async def test_the_same_call_again_changes_nothing_more(api: ApiContext, clock: ManualClock) -> None:
    async with partner(api, token_of(api)) as one, partner(api, token_of(api)) as two:
        first = await one.send("POST", "/classes", CLASS, "key")
        assert first.status_code == 201 and "Idempotency-Replayed" not in first.headers
        again = await one.send("POST", "/classes", CLASS, "key")
        assert (again.status_code, again.content) == (201, first.content)
        assert (
            again.headers["Idempotency-Replayed"] == "true" and again.headers["Location"] == first.headers["Location"]
        )
        assert code(await one.send("POST", "/classes", {**CLASS, "seats": 31}, "key"), 422) == "key_used_otherwise"
        assert code(await one.send("PATCH", "/classes/1", {"version": "0" * 16}, "key"), 422) == "key_used_otherwise"
        # another partner's key is another key; the class is there already
        assert (await two.send("POST", "/classes", CLASS, "key")).status_code == 200
        stored = api.database.read_now(
            lambda c: c.connection.cursor().execute("SELECT body FROM api_answer").fetchall()
        )
        assert b"Nh\xc3\xa0" not in repr(stored).encode() and CLASS["place"] not in repr(stored)
        clock.advance(KEPT)
        assert (
            await one.send("POST", "/classes", {**CLASS, "seats": 32, "title": "Lớp khác"}, "key")
        ).status_code == 201
        api.database.run_now(lambda c: _forget_what_ends_itself(clock.now(), timedelta(days=30), c))
    assert count(api, api_answer) == 1 and count(api, training_class) == 2


async def test_a_refused_call_leaves_its_key_free(api: ApiContext) -> None:
    async with partner(api, token_of(api)) as one:
        assert code(await one.send("POST", "/classes", {**CLASS, "commune": "00000"}, "key"), 422) == "class_commune"
        assert count(api, api_answer) == 0
        assert (await one.send("POST", "/classes", CLASS, "key")).status_code == 201


async def test_the_same_call_at_the_same_moment_is_made_once(api: ApiContext) -> None:
    token = token_of(api)
    # a second process, which knows nothing of what the first works on
    second = ApiContext(api.database, api.clock, api.keyring, api.content, api.province, limits=api.limits)
    async with partner(api, token) as one, partner(second, token) as two:
        sent = [where.send("POST", "/classes", CLASS, "key") for where in (one, one, two, two)]
        answers = await asyncio.gather(*sent)
        for answer in answers:
            if answer.status_code != 201:
                assert code(answer, 409) == "call_running" and answer.headers["Retry-After"] == "1"
        made = [answer for answer in answers if answer.status_code == 201]
        assert len([answer for answer in made if "Idempotency-Replayed" not in answer.headers]) == 1
        assert len({answer.content for answer in made}) == 1 and len(made) < 4
        assert (await two.send("POST", "/classes", CLASS, "key")).headers["Idempotency-Replayed"] == "true"
    assert count(api, training_class) == count(api, api_answer) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_another_process_at_work_is_noticed_until_it_dies(api: ApiContext) -> None:
    async with partner(api, token_of(api)) as one:
        with api.database.engine.connect() as dying:
            dying.begin()
            api_answers.hold(dying, 1, "key")
            assert code(await one.send("POST", "/classes", CLASS, "key"), 409) == "call_running"
            assert (await one.send("POST", "/classes", {**CLASS, "title": "Lớp khác"}, "other")).status_code == 201
            dying.invalidate()  # as when the process is killed
        assert (await one.send("POST", "/classes", CLASS, "key")).status_code == 201


async def test_change_and_kept_answer_are_one(api: ApiContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object, **__: object) -> None:
        raise RuntimeError

    async with partner(api, token_of(api)) as one:
        with monkeypatch.context() as patch:
            patch.setattr("console.api.call.record", dies)
            assert code(await one.send("POST", "/classes", CLASS, "key"), 500) == "internal_error"
        assert count(api, training_class) == count(api, api_answer) == 0
        assert (await one.send("POST", "/classes", CLASS, "key")).status_code == 201


async def test_a_token_revoked_meanwhile_changes_nothing(api: ApiContext, monkeypatch: pytest.MonkeyPatch) -> None:
    _, own = wants(api)

    async def revoked_just_now(_: object) -> bytes:
        await api.database.run(lambda c: api_tokens.revoke(c, 1, NOW))
        return b"hash"

    async with partner(api, token_of(api)) as vnpt:
        monkeypatch.setattr("console.api.call.Call._hash", revoked_just_now)
        assert code(await vnpt.step(own, "accepted"), 401) == "token_invalid"
    assert count(api, lead_step) == 1


# --- classes and numbers


async def test_classes_are_entered_read_and_changed(api: ApiContext, clock: ManualClock) -> None:
    async with partner(api, token_of(api)) as one:
        made = (await one.send("POST", "/classes", CLASS)).json()
        assert made["starts_at"] == "2026-12-05T01:30:00Z" and made["commune"]["name"] == "xã Tân Cương"
        assert (await one.get("/classes")).json()["items"] == [made] == [(await one.get("/classes/1")).json()]
        assert (await one.get("/classes", topic="ai")).json()["items"] == []
        change = {"version": made["version"], "seats": 2, "commune": None}
        changed = (await one.send("PATCH", "/classes/1", change)).json()
        assert (changed["seats"], changed["commune"], changed["title"]) == (2, None, made["title"])
        assert code(await one.send("PATCH", "/classes/1", change), 409) == "class_changed"
        same = await one.send("PATCH", "/classes/1", {"version": changed["version"]})
        assert same.json() == changed
        api.database.run_now(lambda c: _take_places(c, api, 2))
        fewer = {"version": changed["version"], "seats": 1}
        assert code(await one.send("PATCH", "/classes/1", fewer), 409) == "class_seats_taken"
        await one.send("POST", "/classes", {**CLASS, "title": "Lớp hai"})
        assert code(await one.send("POST", "/classes", {**CLASS, "title": "Lớp hai", "seats": 9}), 409) == "class_known"
        known = {"version": changed["version"], "title": "Lớp hai"}
        assert code(await one.send("PATCH", "/classes/1", known), 409) == "class_known"
        assert code(await one.get("/classes/77"), 404) == "class_unknown"
        clock.advance(timedelta(days=20))
        assert code(await one.send("PATCH", "/classes/1", known), 409) == "class_over"
        past = (await one.get("/classes", past="true")).json()["items"]
        assert [(row["id"], row["taken"]) for row in past] == [(2, 0), (1, 2)]
    assert [row[1] for row in log(api)] == ["class.created", "class.changed", "class.created"]


@on_sqlite
async def test_what_a_class_cannot_be_is_said(api: ApiContext) -> None:
    cases = {
        "class_past": {"starts_at": "2026-11-22T08:30:00+07:00"},
        "class_time": {"starts_at": "2026-12-05T08:30:30+07:00"},
        "class_too_far": {"starts_at": "9999-12-31T23:59:00-12:00"},
        "class_missing": {"title": "   "},
        "class_commune": {"commune": "99999"},
    }
    async with partner(api, token_of(api)) as one:
        for expected, values in cases.items():
            assert code(await one.send("POST", "/classes", {**CLASS, **values}), 422) == expected
    assert count(api, training_class) == 0


def _take_places(connection: Connection, api: ApiContext, people: int) -> None:
    for number in range(people):
        person = connection.execute(insert(contact).values(created_at=NOW).returning(contact.c.id)).scalar_one()
        row = {"contact_id": person, "class_id": 1, "topic": "ai", "province": api.province, "created_at": NOW}
        connection.execute(insert(class_place).values(row))
        assert number < people


async def test_numbers_of_the_survey_give_nobody_away(api: ApiContext, clock: ManualClock) -> None:
    def answered(connection: Connection, shops: int, level: int, commune: str, days: int = 0) -> None:
        for _ in range(shops):
            person = connection.execute(insert(contact).values(created_at=NOW).returning(contact.c.id)).scalar_one()
            done = {"status": "done", "result": "ok", "level": level, "completed_at": NOW - timedelta(days=days)}
            made = {"survey": "s", "version": "1", "revision": 1, "answers": {}, "channel": "webchat"}
            where = {
                "province": api.province,
                "commune": commune,
                "trade": "FOOD",
                "started_at": NOW,
                "updated_at": NOW,
            }
            connection.execute(insert(survey_response).values(contact_id=person, **done, **made, **where))

    def fill(connection: Connection) -> None:
        answered(connection, 40, 2, OWN)
        answered(connection, 30, 3, OWN, days=40)
        answered(connection, 2, 5, OWN, days=40)
        answered(connection, 50, 3, OTHER, days=400)

    api.database.run_now(fill)
    async with partner(api, token_of(api, ApiScope.SURVEYS_READ, vendor=None)) as one:
        communes = (await one.get("/surveys/aggregate", by="commune")).json()
        (own,) = (line for line in communes["lines"] if line["key"] == OWN)
        of_level = {row["level"]: row["count"] for row in own["levels"]}
        assert of_level[5] == {"shops": None, "hidden": "small"} and of_level[4] == {"shops": 0, "hidden": None}
        # with the total and all others the two could be worked out
        assert any(count["hidden"] == "protected" for count in [own["total"], *of_level.values()])
        assert len(communes["lines"]) == len(api.content.communes.communes(api.province))
        months = (await one.get("/surveys/aggregate", by="month", period="2026")).json()["lines"]
        assert [(line["key"], line["name"]) for line in months] == [
            ("2026-10", "Tháng 10/2026"),
            ("2026-11", "Tháng 11/2026"),
        ]
        levels = (await one.get("/surveys/aggregate", by="level")).json()["lines"]
        assert [line["key"] for line in levels] == ["0", "1", "2", "3", "4", "5", "none"]
        trades = (await one.get("/surveys/aggregate", by="trade", commune=OWN)).json()["lines"]
        assert sum(line["total"] != {"shops": 0, "hidden": None} for line in trades) == 1
        wrong = (
            ({"by": "trade"}, "commune_needed"),
            ({"by": "level", "commune": OWN}, "commune_not_here"),
            ({"by": "commune", "period": "2026"}, "period_not_here"),
            ({"by": "trade", "commune": "99999"}, "commune_unknown"),
        )
        for query, expected in wrong:
            assert code(await one.get("/surveys/aggregate", **query), 422) == expected
        # worked out once an hour: who asks before and after one shop has answered learns nothing of it
        api.database.run_now(lambda c: answered(c, 10, 4, OTHER))
        assert (await one.get("/surveys/aggregate", by="commune")).json() == communes
        clock.advance(timedelta(hours=1))
        assert (await one.get("/surveys/aggregate", by="commune")).json() != communes


# --- what is not a call at all


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
