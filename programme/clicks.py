"""What the messages of a campaign brought: who opened their link, and began or finished the survey afterwards, by run
and text. One statement for all runs, so that the texts of an A/B test can be held side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, and_, case, cast, func, select, union

from programme.ledger import State
from programme.safe_cells import Cell
from programme.sla_report import shown_share
from store.campaign_tables import campaign_run, link_click, recipient
from store.survey_tables import survey_response
from store.tables import contact

HEADER = (
    "Lần gửi",
    "Bước",
    "Nội dung",
    "Số người nhận",
    "Đã gửi",
    "Đã tới máy",
    "Người mở liên kết",
    "Lượt mở",
    "Tỷ lệ mở",
    "Bắt đầu khảo sát",
    "Làm xong khảo sát",
)


@dataclass(frozen=True)
class Brought:
    """Of one run and one text. `accepted`: taken by a carrier, those that arrived included. `clickers`: people;
    `clicks`: times."""

    run_id: int
    due_at: datetime
    step: int
    variant: str
    recipients: int
    accepted: int
    delivered: int
    clickers: int
    clicks: int
    started: int
    finished: int

    @property
    def share(self) -> Fraction | None:
        """Of those that a carrier took, how many were opened."""
        return Fraction(self.clickers, self.accepted) if self.accepted else None


def brought(connection: Connection, campaign_id: int) -> list[Brought]:
    """What each run and text of a campaign brought until now, the newest run first; tests are left out."""
    mine = (
        select(
            recipient.c.id,
            recipient.c.run_id,
            recipient.c.variant,
            recipient.c.status,
            recipient.c.contact_id,
            recipient.c.phone_key,
            recipient.c.tried_at,
        )
        .join(campaign_run, campaign_run.c.id == recipient.c.run_id)
        .where(campaign_run.c.campaign_id == campaign_id, campaign_run.c.is_test.is_(False))
    ).cte("mine")
    clicked = _clicked(campaign_id).subquery("clicked")
    surveyed = _surveyed(mine).subquery("surveyed")
    taken = mine.c.status.in_((State.ACCEPTED, State.DELIVERED))
    counted = (
        select(
            mine.c.run_id,
            mine.c.variant,
            func.count().label("recipients"),
            _times(taken).label("accepted"),
            _times(mine.c.status == State.DELIVERED).label("delivered"),
            func.count(clicked.c.recipient_id).label("clickers"),
            cast(func.coalesce(func.sum(clicked.c.clicks), 0), BigInteger).label("clicks"),
            func.coalesce(func.sum(surveyed.c.started), 0).label("started"),
            func.coalesce(func.sum(surveyed.c.finished), 0).label("finished"),
        )
        .select_from(mine)
        .outerjoin(clicked, clicked.c.recipient_id == mine.c.id)
        .outerjoin(surveyed, surveyed.c.id == mine.c.id)
        .group_by(mine.c.run_id, mine.c.variant)
        .subquery("counted")
    )
    rows = (
        select(counted, campaign_run.c.due_at, campaign_run.c.step)
        .join(campaign_run, campaign_run.c.id == counted.c.run_id)
        .order_by(counted.c.run_id.desc(), counted.c.variant)
    )
    found = connection.execute(rows).mappings()
    return [Brought(**{name: row[name] for name in Brought.__dataclass_fields__}) for row in found]


def _clicked(campaign_id: int) -> Select[Any]:
    runs = select(campaign_run.c.id).where(campaign_run.c.campaign_id == campaign_id)
    return (
        select(link_click.c.recipient_id, func.count().label("clicks"))
        .where(link_click.c.run_id.in_(runs), link_click.c.recipient_id.is_not(None))
        .group_by(link_click.c.recipient_id)
    )


def _surveyed(mine: Any) -> Select[Any]:
    """Per recipient, 1 for begun and for finished since. A link opens the web chat, where they are somebody new until
    they give the number: so whoever has the number is them as well."""
    went_out = and_(mine.c.tried_at.is_not(None), mine.c.status.in_((State.ACCEPTED, State.DELIVERED, State.UNCERTAIN)))
    same_number = contact.alias("same_number")
    people = union(
        select(mine.c.id, mine.c.tried_at, mine.c.contact_id).where(went_out),
        select(mine.c.id, mine.c.tried_at, same_number.c.id)
        .join(same_number, same_number.c.phone_key == mine.c.phone_key)
        .where(went_out),
    ).subquery("people")
    started = survey_response.c.started_at >= people.c.tried_at
    finished = and_(survey_response.c.status == "done", survey_response.c.completed_at >= people.c.tried_at)
    return (
        select(
            people.c.id,
            func.max(case((started, 1), else_=0)).label("started"),
            func.max(case((finished, 1), else_=0)).label("finished"),
        )
        .join(survey_response, survey_response.c.contact_id == people.c.contact_id)
        .group_by(people.c.id)
    )


def _times(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def lines(found: Sequence[Brought], timezone: tzinfo) -> list[tuple[Cell, ...]]:
    """As a table for files, in the order of HEADER."""
    return [
        (
            f"{one.due_at.astimezone(timezone):%Y-%m-%d %H:%M:%S}",
            one.step + 1,
            one.variant,
            one.recipients,
            one.accepted,
            one.delivered,
            one.clickers,
            one.clicks,
            f"{shown_share(one.share)} %" if one.share is not None else "",
            one.started,
            one.finished,
        )
        for one in found
    ]
