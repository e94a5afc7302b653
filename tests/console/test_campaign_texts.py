"""The texts of a campaign in its form: a second one with a template of its own, and others for further steps."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest

from console.context import ConsoleContext
from programme.campaign_plan import plan_of
from programme.message_templates import Draft, create
from tests.console.conftest import Browser
from tests.console.test_campaigns import FORM, PAGE, act, filled_in, row_of, shown
from tests.console.test_campaigns import approver as approver
from tests.console.test_campaigns import context as context
from tests.console.test_campaigns import planner as planner
from tests.console.test_campaigns import shops as shops

SERIES = {**FORM, "schedule": "series", "at": "2026-12-01T09:00", "days": "0, 3, 7"}


def template(context: ConsoleContext, text: str, **more: Any) -> str:
    """The number of a new template that says so."""
    draft, now = Draft(text, "customer_care", text, text, **more), context.clock.now()
    return str(context.database.run_now(lambda c: create(c, context.province, draft, 1, now)))


async def test_the_second_text_may_be_a_template_of_its_own(
    context: ConsoleContext, shops: list[int], planner: Browser
) -> None:
    zbs = {"zbs_template": "301", "zbs_variables": {"ten": "name"}}
    first, second = template(context, "Chao {{ name }}", **zbs), template(context, "Moi {{ name }}", zbs_template="302")
    form = {**FORM, "text": "", "template": first, "template_b": second, "share_b": "30"}
    assert (await planner.post(f"{PAGE}/new", form)).status_code == 303
    a, b = plan_of(row_of(context)).variants
    assert (a.id, a.template, a.share, a.zbs) == (
        "A",
        int(first),
        70,
        {"template": "301", "variables": {"ten": "name"}},
    )
    assert (b.id, b.template, b.share, b.zbs) == ("B", int(second), 30, {"template": "302", "variables": {}})
    page = await shown(planner)
    assert "Nội dung A: 70 % số người" in page and "Nội dung B: 30 % số người" in page


async def test_a_text_beside_a_template_has_no_template_at_zalo(
    context: ConsoleContext, shops: list[int], planner: Browser
) -> None:
    first = template(context, "Chao {{ name }}", zbs_template="301")
    form = {**FORM, "text": "", "template": first, "text_b": "Moi {{ name }}", "channels": ["zbs"], "gateways": []}
    answer = await planner.post(f"{PAGE}/new", form)
    assert answer.status_code == 422
    assert "nội dung B chưa có" in unescape(answer.text).split('id="wrong-template-1"')[1].split("</p>")[0]


async def test_steps_have_texts_of_their_own_and_all_of_it_is_approved(
    context: ConsoleContext, shops: list[int], planner: Browser, approver: Browser
) -> None:
    third = template(context, "Nhac lan cuoi")
    form = {**SERIES, "text_b": "Chao ban", "share_b": "40", "text_1": "Nhắc lần hai", "template_2": third}
    assert (await planner.post(f"{PAGE}/new", form)).status_code == 303
    found = [(one.id, one.step, one.share, one.text, one.template) for one in plan_of(row_of(context)).variants]
    assert found[1:] == [
        ("B", 0, 40, "Chao ban", None),
        ("2", 1, 100, "Nhac lan hai", None),
        ("3", 2, 100, "Nhac lan cuoi", int(third)),
    ]
    page = await shown(planner)
    assert "Bước 2 Nhac lan hai" in page and "Bước 3 Nhac lan cuoi" in page
    assert await act(planner, context, "submit") == 303
    before = row_of(context)["digest"]
    edit = filled_in((await planner.get(f"{PAGE}/1/edit")).text)
    assert edit["text_1"] == "Nhac lan hai" and edit["template_2"] == third
    changed = {**edit, "version": str(row_of(context)["version"])}
    assert (await planner.post(f"{PAGE}/1/edit", changed)).status_code == 303
    assert await act(planner, context, "submit") == 303
    assert row_of(context)["digest"] == before  # the same plan
    changed = {**edit, "text_1": "Nhac lan 2", "version": str(row_of(context)["version"])}
    assert (await planner.post(f"{PAGE}/1/edit", changed)).status_code == 303
    assert await act(planner, context, "submit") == 303
    assert row_of(context)["digest"] != before
    assert await act(approver, context, "approve", digest=before) == 409


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"days": "0, 3", "text_2": "Nhac lan ba"}, "Nội dung 3 là của một bước không có trong lịch"),
        ({"text_1": "Chao {{ ten }}"}, "Nội dung 2 dùng biến không ai có"),
        ({"text_1": "[QC] Moi mua hang"}, "Nội dung 2"),
    ],
)
async def test_what_is_wrong_with_a_text_of_a_step_is_said(
    shops: list[int], planner: Browser, more: dict[str, str], said: str
) -> None:
    answer = await planner.post(f"{PAGE}/new", {**SERIES, **more})
    assert answer.status_code == 422
    assert said in unescape(answer.text).split('id="wrong-text-1"')[1].split("</p>")[0]


async def test_texts_of_steps_do_not_stay_with_a_schedule_that_has_none(
    context: ConsoleContext, shops: list[int], planner: Browser
) -> None:
    assert (await planner.post(f"{PAGE}/new", {**FORM, "text_1": "Nhac lan hai"})).status_code == 303
    assert [one.id for one in plan_of(row_of(context)).variants] == ["A"]
