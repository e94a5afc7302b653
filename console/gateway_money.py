"""What is left at the SMS gateways of a campaign, beside what it and the others still cost, for whoever lets it go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from console.context import ConsoleContext
from integrations.sms.registry import TITLES
from programme.campaign_plan import Plan
from programme.gateway_needs import plan_price
from programme.thousands import grouped
from store.campaign_tables import gateway_state

# What a gateway said longer ago says nothing of today
FRESH = dt.timedelta(hours=1)


@dataclass(frozen=True)
class GatewayMoney:
    """`left`: đồng at `at`; None: not known (`error`: the code of why). `price`: what the campaign costs at most, None:
    nobody knows a price. `is_too_little`: for it together with what else is planned there."""

    title: str
    left: int | None
    at: dt.datetime | None
    error: str | None
    price: int | None
    is_too_little: bool


def money_of(
    connection: Connection, context: ConsoleContext, plan: Plan, status: str, people: int
) -> list[GatewayMoney]:
    """Of each gateway of the plan; the first carries the cost. None of a campaign that is over or sends no SMS."""
    if "sms" not in plan.channels or status in ("ended", "cancelled"):
        return []
    price = plan_price(connection, context.content, context.province, plan, people)
    of = select(gateway_state).where(gateway_state.c.gateway.in_(plan.gateways))
    rows = {row["gateway"]: row for row in connection.execute(of).mappings()}
    now, found = context.clock.now(), []
    for place, name in enumerate(plan.gateways):
        row = rows.get(name)
        at = row["balance_at"] if row is not None else None
        left = row["balance"] if row is not None and at is not None and now - at <= FRESH else None
        # A draft is in nobody's sum yet
        others = (row["needed"] or 0) if row is not None else 0
        wanted = others + (price or 0 if status == "draft" else 0)
        too_little = left is not None and place == 0 and (left < wanted or left <= 0)
        error = row["balance_error"] if row is not None else None
        found.append(GatewayMoney(TITLES.get(name, name), left, at, error, price if place == 0 else None, too_little))
    return found


def words_of(
    money: list[GatewayMoney], say: Callable[..., str], timezone: dt.tzinfo, language: str
) -> Iterator[tuple[str, bool]]:
    """Sentences without their full stop, each with whether somebody must act on it."""
    for one in money:
        if one.left is not None and one.at is not None:
            at = f"{one.at.astimezone(timezone):%H:%M}"
            yield say("campaigns.money_left", gateway=one.title, left=grouped(one.left, language), at=at), False
        elif one.error is not None:
            yield say("campaigns.money_not_told", gateway=one.title, code=one.error), True
        else:
            yield say("campaigns.money_unknown", gateway=one.title), False
        if one.price:
            yield say("campaigns.money_needs", price=grouped(one.price, language)), False
        if one.is_too_little:
            yield say("campaigns.money_too_little", gateway=one.title), True
