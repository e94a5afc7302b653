"""Whom a campaign is for at one instant: its expression, narrowed to whose day it is or to whom a series goes on.

Everything is one Select of contacts (and what the message is about), so that the ledger is frozen from it in one
statement.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from programme import campaign_matters, segments
from programme.campaign_plan import Plan
from programme.campaign_problems import CampaignProblem
from programme.campaign_schedule import Place, Relative, Schedule
from programme.content import Content
from programme.ledger import State
from store import large_reads
from store.campaign_tables import campaign_run, link_click, recipient
from store.kpi_tables import awareness_sample
from store.survey_tables import survey_response
from store.tables import contact, conversation, inbound, opt_out, shop

MOST_LISTED = 1_000  # contacts that a campaign may list one by one


def chosen(plan: Plan, province: str, now: dt.datetime, content: Content) -> Select[Any]:
    """The contacts of the audience. Raises CampaignProblem audience_invalid."""
    listed = plan.audience.get("contacts")
    if listed is not None:
        if not isinstance(listed, list) or len(listed) > MOST_LISTED or not all(type(one) is int for one in listed):
            raise CampaignProblem("audience_invalid", what="danh sách người nhận không đọc được.")
        return select(contact.c.id.label("contact_id")).where(contact.c.id.in_(listed))
    if (number := plan.audience.get("sample")) is not None:  # who was drawn (awareness_rounds.py)
        if type(number) is not int:
            raise CampaignProblem("audience_invalid", what="mẫu ngẫu nhiên không đọc được.")
        return select(awareness_sample.c.contact_id).where(awareness_sample.c.round_id == number)
    if (source := plan.audience.get("source")) is not None:  # all that one file brought
        if not isinstance(source, str):
            raise CampaignProblem("audience_invalid", what="nguồn của người nhận không đọc được.")
        return select(shop.c.contact_id).where(shop.c.source == source)
    try:
        return segments.read(plan.audience).contacts(province, now, content)
    except segments.SegmentInvalid as invalid:
        raise CampaignProblem("audience_invalid", what=invalid.words) from None


def at_step(
    plan: Plan,
    schedule: Schedule,
    place: Place,
    province: str,
    campaign_id: int,
    due_at: dt.datetime,
    step: int,
    now: dt.datetime,
    content: Content,
) -> Select[Any]:
    """Who gets the run that is due at `due_at`: columns contact_id and about."""
    if isinstance(schedule, Relative):
        day = schedule.event_day(place, due_at, step)
        matters = campaign_matters.of_day(schedule.to, day, place, province).subquery()
        named = select(matters.c.contact_id, matters.c.about)
        if "matter" in plan.audience:  # an automatic reminder: whoever's day it is
            return named
        people = chosen(plan, province, now, content).subquery()
        return named.where(matters.c.contact_id.in_(select(next(iter(people.c)))))
    everybody = chosen(plan, province, now, content)
    if step:
        return _reached_before(plan, campaign_id, step)
    return everybody


def count(connection: Connection, audience: Select[Any]) -> int:
    """How many contacts an audience has."""
    large_reads.prepare(connection)
    return connection.scalar(select(func.count()).select_from(audience.subquery())) or 0


def _reached_before(plan: Plan, campaign_id: int, step: int) -> Select[Any]:
    """Who was reached by the series' step before, and meets none of its stops."""
    last = campaign_run.alias("last")
    reached = (
        select(recipient.c.contact_id, recipient.c.about)
        .join(last, last.c.id == recipient.c.run_id)
        .where(
            last.c.campaign_id == campaign_id,
            last.c.step == step - 1,
            last.c.is_test.is_(False),
            recipient.c.status.in_((State.ACCEPTED, State.DELIVERED)),
        )
    )
    for stop in plan.stops:
        reached = reached.where(~_meets(stop, campaign_id))
    return reached


def _meets(stop: str, campaign_id: int) -> ColumnElement[bool]:
    """Whether the recipient of the outer statement has done what ends the series for them."""
    who, since = recipient.c.contact_id, recipient.c.tried_at
    if stop == "surveyed":
        return exists().where(survey_response.c.contact_id == who, survey_response.c.status == "done")
    if stop == "opted_out":
        return exists().where(opt_out.c.contact_id == who)
    if stop == "answered":
        return (
            exists()
            .where(conversation.c.contact_id == who, inbound.c.conversation_id == conversation.c.id)
            .where(inbound.c.received_at > since)
        )
    mine, run = recipient.alias("clicked"), campaign_run.alias("clicked_run")
    return (
        exists()
        .where(link_click.c.recipient_id == mine.c.id, mine.c.contact_id == who)
        .where(mine.c.run_id == run.c.id, run.c.campaign_id == campaign_id)
    )


def has_left(run_id: int, audience: Select[Any]) -> ColumnElement[bool]:
    """Of a run that was frozen when it was approved: rows of people who do not belong to its audience any more."""
    people = audience.subquery()
    belongs = exists().where(next(iter(people.c)) == recipient.c.contact_id)
    return (recipient.c.run_id == run_id) & (recipient.c.status == State.WAITING) & ~belongs
