"""What SMS gateways must still be paid for: of the campaigns that run, wait or are planned, at most, by gateway.

An estimate for whoever tops accounts up. The first SMS gateway of a campaign is counted for all of it: the others only
take what it cannot. Prices are the pack's (campaign_starters.py), else what the gateway took for its last messages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select

from programme.bulk_law import MessageKind
from programme.campaign_plan import Plan, plan_of
from programme.content import Content
from programme.message_templates import cost
from store.campaign_tables import campaign, campaign_run, recipient

# Whoever writes a draft wants to know what is left; one that was put aside is no plan
DRAFTS_FOR = timedelta(days=1)
_LOOKED_BACK, _LAST = 20_000, 50  # rows of the ledger, and of those with a price


@dataclass(frozen=True)
class Need:
    """`messages`: SMS at most. `price`: đồng at most; None: nobody has said what one costs."""

    messages: int = 0
    price: int | None = 0

    def plus(self, messages: int, each: int | None) -> Need:
        if not messages:
            return self
        known = None if self.price is None or each is None else self.price + messages * each
        return Need(self.messages + messages, known)


def needs(connection: Connection, content: Content, now: datetime) -> dict[str, Need]:
    """By gateway; one that only a draft names is there with nothing."""
    is_lately = campaign.c.updated_at > now - DRAFTS_FOR
    of = select(campaign).where(
        or_(
            campaign.c.status.in_(("submitted", "approved", "paused")),
            (campaign.c.status == "draft") & is_lately,
            campaign.c.id.in_(select(campaign_run.c.campaign_id).where(campaign_run.c.ended_at.is_(None))),
        )
    )
    found: dict[str, Need] = {}
    for row in connection.execute(of).mappings().all():
        plan = plan_of(row)
        if "sms" not in plan.channels or not plan.gateways:
            continue
        for gateway in plan.gateways:
            found.setdefault(gateway, Need())
        first, people = plan.gateways[0], _people(connection, row, plan)
        found[first] = found[first].plus(people * parts(plan), price(connection, content, row["province"], plan, first))
    return found


def plan_price(connection: Connection, content: Content, province: str, plan: Plan, people: int) -> int | None:
    """Đồng at most for `people` of one plan by SMS; None: nobody knows the price."""
    if "sms" not in plan.channels or not plan.gateways:
        return 0
    each = price(connection, content, province, plan, plan.gateways[0])
    return None if each is None else people * parts(plan) * each


def parts(plan: Plan) -> int:
    """SMS for one recipient, at most."""
    return max((cost(one.text, one.unicode, None).parts.parts for one in plan.variants), default=1)


def price(connection: Connection, content: Content, province: str, plan: Plan, gateway: str) -> int | None:
    """Đồng for one SMS by the pack, or as the gateway took it lately; None: unknown."""
    known = plan.kind in set(MessageKind) and province in content.starters.prices
    said = content.starters.price(province, plan.kind) if known else None
    return said if said is not None else _lately(connection, gateway)


def _lately(connection: Connection, gateway: str) -> int | None:
    newest = connection.scalar(select(func.max(recipient.c.id))) or 0
    of = (
        select(recipient.c.price, recipient.c.parts)
        .where(recipient.c.id > newest - _LOOKED_BACK, recipient.c.gateway == gateway, recipient.c.channel == "sms")
        .where(recipient.c.price > 0, recipient.c.parts > 0)
        .order_by(recipient.c.id.desc())
        .limit(_LAST)
    )
    return max((math.ceil(row.price / row.parts) for row in connection.execute(of)), default=None)


def _people(connection: Connection, row: RowMapping | Mapping[str, Any], plan: Plan) -> int:
    """Who still waits in open runs, and of a plan that has none yet, who was counted for its next one."""
    runs = select(campaign_run.c.id).filter_by(campaign_id=row["id"], ended_at=None)
    waiting = recipient.c.run_id.in_(runs), recipient.c.status.in_(("waiting", "sending"))
    left = connection.scalar(select(func.count()).select_from(recipient).where(*waiting)) or 0
    is_to_come = row["status"] == "submitted" or (row["next_at"] is not None and not plan.is_once)
    return left + (int(row["audience_count"] or 0) if is_to_come else 0)
