"""What an owner says of a lead, through the whole bot: another firm, whether they were called, how far it has come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hotline.conversing import Terminal
from programme.lead_life import LeadLife, Step
from programme.lead_states import LeadState
from programme.lead_steps import Scope
from store.audit import Actor
from store.survey_tables import lead
from store.tables import consent, conversation
from tests.conftest import NOW
from tests.hotline.test_survey_follow import completed, press, rows, said

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def step(terminal: Terminal, lead_id: int, to: str, reason: str | None = None) -> None:
    hotline = terminal.hotline
    life = LeadLife(hotline.content, hotline.clock.timezone)

    def work(connection: Any) -> None:
        version = connection.scalar(select(lead.c.version).filter_by(id=lead_id))
        wanted = Step(LeadState(to), version, reason)
        life.step(connection, lead_id, wanted, Scope("thai-nguyen"), Actor("Minh", 1), NOW)

    await hotline.database.run(work)


async def test_another_firm_is_passed_on_to_only_by_the_owner_s_yes(terminal: Terminal) -> None:
    talk = await completed(terminal, agreed="yes_contact")
    await press(terminal, talk, "/meet_vendor")
    assert "đã chuyển VNPT, đang chờ họ nhận" in said(await terminal.say(talk, "bên nào hỗ trợ tôi"))
    (first,) = await rows(terminal, lead, talk)
    await step(terminal, first["id"], "refused", "no_staff")
    (asked,) = [one for one in await rows(terminal, lead, talk) if one["status"] == "asking"]

    stranger = await completed(terminal)
    other = await press(terminal, stranger, f'/agree_to_other_firm{{"a":"{asked["id"]}"}}')
    assert "không thay đổi gì" in said(other)
    assert "không thay đổi gì" in said(await press(terminal, talk, '/agree_to_other_firm{"a":"x"}'))

    named = terminal.hotline.content.packs.province("thai-nguyen").vendor(asked["vendor"]).short
    for _ in range(2):
        agreed = await press(terminal, talk, f'/agree_to_other_firm{{"a":"{asked["id"]}"}}')
        assert f"đã chuyển cho {named}" in said(agreed)
    (made,) = [one for one in await rows(terminal, lead, talk) if one["id"] == asked["id"]]
    assert made["status"] == "offered" and made["accept_by"] > NOW + timedelta(hours=16)
    given = {one["id"]: one["purpose"] for one in await rows(terminal, consent, talk)}
    assert (
        list(given.values()).count("vendor_contact_other") == 1 and given[made["consent_id"]] == "vendor_contact_other"
    )


async def test_whether_they_were_called_is_the_owner_s_to_say(terminal: Terminal) -> None:
    talk = await completed(terminal, agreed="yes_contact")
    await press(terminal, talk, "/meet_vendor")
    (one,) = await rows(terminal, lead, talk)
    assert "không thay đổi gì" in said(await press(terminal, talk, f'/firm_called{{"a":"{one["id"]}"}}'))  # never asked
    await step(terminal, one["id"], "accepted")
    await step(terminal, one["id"], "contacted")
    offered = [
        {"title": "Đã gọi rồi", "payload": f'/firm_called{{"a":"{one["id"]}"}}', "asked": "yes"},
        {"title": "Chưa gọi", "payload": f'/firm_not_called{{"a":"{one["id"]}"}}', "asked": "yes"},
    ]

    def ask(connection: Any) -> None:
        connection.execute(update(lead).filter_by(id=one["id"]).values(call_asked_at=NOW))
        connection.execute(update(conversation).filter_by(id=talk).values(offered=offered))

    await terminal.hotline.database.run(ask)
    answer = await terminal.say(talk, "chưa")
    assert "báo lại để cán bộ xem" in said(answer)
    assert (await rows(terminal, lead, talk))[0]["owner_said"] == "not_called"
    assert "cảm ơn" in said(await press(terminal, talk, f'/firm_called{{"a":"{one["id"]}"}}'))
    assert (await rows(terminal, lead, talk))[0]["owner_said"] == "called"
