"""Leads over the partners' API: whose they are, what is never told, one acceptance of two."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from console.api.context import ApiContext
from programme import responses
from programme.lead_table import PAGE
from store.clock import ManualClock
from store.tables import consent
from store.vendor_tables import lead_step
from tests.conftest import NOW
from tests.console.partners import CLASS, OTHER, OWN, code, count, log, partner, token_of, wants

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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
