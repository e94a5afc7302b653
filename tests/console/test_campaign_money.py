"""What is left at the SMS gateways stands on the page of a campaign before anything is sent."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import insert, update

from console.context import ConsoleContext
from store.campaign_tables import gateway_state
from tests.console.conftest import Browser
from tests.console.test_campaigns import FORM, PAGE, shown
from tests.console.test_campaigns import context as context
from tests.console.test_campaigns import planner as planner
from tests.console.test_campaigns import shops as shops


async def test_the_page_says_before_anything_is_sent_whether_the_gateway_has_the_money(
    context: ConsoleContext, shops: list[int], planner: Browser
) -> None:
    await planner.post(f"{PAGE}/new", FORM)
    assert "eSMS: chưa biết còn bao nhiêu" in await shown(planner)
    now = context.clock.now()
    row = {"gateway": "esms", "filled_at": now, "balance": 1_500_000, "balance_at": now, "needed": 1_200_000}
    context.database.run_now(lambda c: c.execute(insert(gateway_state).values(row)))
    page = await shown(planner)
    assert "eSMS còn 1.500.000 đồng" in page and "không đủ" not in page
    context.database.run_now(lambda c: c.execute(update(gateway_state).values(needed=1_500_001)))
    assert "Tài khoản eSMS không đủ cho đợt này" in await shown(planner)
    values = {"balance_at": now - dt.timedelta(hours=2), "balance_error": "esms_101"}
    context.database.run_now(lambda c: c.execute(update(gateway_state).values(values)))
    assert "eSMS không cho biết số dư (esms_101)" in await shown(planner)


async def test_a_campaign_without_sms_needs_none(planner: Browser, shops: list[int]) -> None:
    await planner.post(f"{PAGE}/new", {**FORM, "channels": ["zalo"], "gateways": []})
    assert "Tiền ở cổng SMS" not in await shown(planner)
