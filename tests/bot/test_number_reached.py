"""Zalo tells that a template has reached a number: the campaign's ledger moves, once, and the number is not kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from store.campaign_tables import campaign, campaign_run, receipt, recipient
from store.channel_tables import channel_event
from store.contacts import Contacts
from store.events import NumberReached
from tests.bot.conftest import Bot


async def sent(bot: Bot, **row: Any) -> None:
    """One message of a campaign, called and without a final state."""
    now = bot.clock.now()

    def work(connection: Connection) -> None:
        plan: dict[str, Any] = {
            "province": "thai-nguyen",
            "name": "x",
            "kind": "customer_care",
            "variants": [],
            "channels": ["zbs"],
        }
        plan |= {"gateways": [], "pace_per_minute": 60, "audience": {}, "schedule": {}, "window": {}, "stops": []}
        plan |= {"pause_rule": {}, "status": "approved", "created_by": "a", "edited_by": "a"}
        connection.execute(insert(campaign).values(id=1, created_at=now, updated_at=now, **plan))
        run = {"campaign_id": 1, "due_at": now, "status": "running", "prepared": 1, "frozen_at": now}
        connection.execute(insert(campaign_run).values(id=1, **run))
        known = {"contact_id": Contacts(connection, bot.keyring).add(now), "kind": "customer_care", "channel": "zbs"}
        called = {"gateway": "zbs", "request_id": "r-1", "attempts": 1, "tried_at": now, "status": "uncertain"}
        connection.execute(insert(recipient).values(id=1, run_id=1, **{**known, **called, **row}))

    await bot.database.run(work)


async def state(bot: Bot) -> tuple[Any, ...]:
    columns = (recipient.c.status, recipient.c.gateway_message_id)
    return tuple(await bot.database.read(lambda c: c.execute(select(*columns)).one()))


def reached(message_id: str | None = "m-1", tracking_id: str | None = "r-1") -> NumberReached:
    return NumberReached("user_received_message:1", "user_received_message", message_id, tracking_id)


async def test_what_was_uncertain_has_arrived_by_its_tracking_id(bot: Bot) -> None:
    await sent(bot)
    await bot.web.intake.take("zalo", [reached()])
    await bot.web.intake.take("zalo", [reached()])
    assert await state(bot) == ("delivered", "m-1")
    rows = await bot.database.read(lambda c: c.execute(select(receipt.c.gateway, receipt.c.by, receipt.c.obeyed)).all())
    assert [tuple(row) for row in rows] == [("zbs", "callback", True)]
    events = await bot.database.read(lambda c: c.execute(select(channel_event.c.status, channel_event.c.body)).all())
    assert [tuple(row) for row in events] == [("done", None)]


async def test_what_was_accepted_is_found_by_its_message_id(bot: Bot) -> None:
    await sent(bot, status="accepted", gateway_message_id="m-1")
    await bot.web.intake.take("zalo", [reached(tracking_id=None)])
    assert (await state(bot))[0] == "delivered"


@pytest.mark.parametrize("changes", [{"request_id": "r-2"}, {"gateway": "esms"}, {"status": "skipped"}])
async def test_what_is_of_no_message_under_way_changes_nothing(bot: Bot, changes: dict[str, Any]) -> None:
    await sent(bot, **changes)
    await bot.web.intake.take("zalo", [reached()])
    assert (await state(bot))[0] == changes.get("status", "uncertain")
