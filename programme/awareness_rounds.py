"""Rounds of the question of awareness: who may be drawn, the draw with its seed, and what came of each round.

A round is a campaign whose audience is its sample: approval, law, ledger and dispatcher are those of every campaign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Exists, Select, and_, case, exists, func, insert, or_, select, update

from programme import ledger, segments
from programme.bulk_gate import left_alone
from programme.campaign_plan import Plan
from programme.campaign_problems import CampaignProblem
from programme.campaigns import Campaigns
from programme.content import Content
from programme.sampling import draw, margin, needed
from store.audit import Actor
from store.campaign_tables import awareness_answer, campaign, campaign_run, recipient
from store.channel_tables import channel_link
from store.database import insert_returning_id
from store.kpi_tables import awareness_round, awareness_sample
from store.tables import contact

MOST_SIZE = 1_000_000
LEAST_MARGIN, MOST_MARGIN = Fraction(5, 1000), Fraction(1, 2)
_ROWS_AT_ONCE = 5000
_LOCK = 7_315_083  # one draw at a time on PostgreSQL, as SQLite has it anyway: two would draw the same people


@dataclass(frozen=True)
class Size:
    """How many are to be asked: their number, or the margin that all their answers together would have."""

    people: int | None = None
    margin: Fraction | None = None

    def of(self, listed: int) -> int:
        """How many are to be drawn from a list. Raises CampaignProblem."""
        if (self.people is None) == (self.margin is None):
            raise CampaignProblem("sample_size_missing")
        if self.margin is not None:
            if not LEAST_MARGIN <= self.margin <= MOST_MARGIN:
                raise CampaignProblem("sample_size_wrong")
            return needed(self.margin, listed)
        if self.people is None or not 1 <= self.people <= MOST_SIZE:
            raise CampaignProblem("sample_size_wrong")
        return self.people


@dataclass(frozen=True)
class Round:
    """One round: `drawn` of `listed` people, whom the message reached (`asked`), and what they said."""

    campaign_id: int
    name: str
    status: str
    created_at: datetime
    seed: int
    listed: int
    drawn: int
    asked: int
    answered: int
    heard: int

    @property
    def share(self) -> Fraction | None:
        return Fraction(self.heard, self.answered) if self.answered else None

    @property
    def margin(self) -> Fraction | None:
        return None if self.share is None else margin(self.share, self.answered, self.listed)


def frame(content: Content, province: str, population: Mapping[str, Any], now: datetime) -> Select[Any]:
    """Who of a population may be drawn: each person and number once, who has a number, wants messages, and was in no
    sample lately. Raises CampaignProblem audience_invalid."""
    try:
        people = ledger.people(segments.read(population).contacts(province, now, content))
    except segments.SegmentInvalid as invalid:
        raise CampaignProblem("audience_invalid", what=invalid.words) from None
    since, who = now - content.awareness.again_after, people.c
    same, link = contact.alias("same"), channel_link.alias("link")
    is_in_force = link.c.undone_at.is_(None)
    return select(who.contact_id).where(
        who.phone_key.is_not(None),
        ~left_alone(who.contact_id),
        # Whoever was drawn, also as another contact with their number, or on a channel that is linked to theirs
        ~_drawn(since).where(awareness_sample.c.contact_id == who.contact_id),
        ~_drawn(since).where(awareness_sample.c.contact_id == same.c.id, same.c.phone_key == who.phone_key),
        ~_drawn(since).where(
            awareness_sample.c.contact_id == link.c.from_contact_id, link.c.to_contact_id == who.contact_id, is_in_force
        ),
        ~_drawn(since).where(
            awareness_sample.c.contact_id == link.c.to_contact_id, link.c.from_contact_id == who.contact_id, is_in_force
        ),
    )


def _drawn(since: datetime) -> Exists:
    """Somebody is in a sample of that time."""
    return (
        exists()
        .where(awareness_round.c.id == awareness_sample.c.round_id, awareness_round.c.created_at > since)
        .where(campaign.c.id == awareness_round.c.campaign_id)
        # A round that was called off before anybody let it go has asked nobody
        .where(or_(campaign.c.status != "cancelled", campaign.c.approved_at.is_not(None)))
    )


def listed(connection: Connection, drawable: Select[Any]) -> int:
    """How many may be drawn."""
    return connection.scalar(select(func.count()).select_from(drawable.subquery())) or 0


def begin(
    connection: Connection,
    campaigns: Campaigns,
    province: str,
    plan: Plan,
    population: Mapping[str, Any],
    size: Size,
    seed: int,
    actor: Actor,
    now: datetime,
) -> int:
    """Draw the sample and make the campaign that asks it, a draft of `plan` whose audience it is; the campaign's
    number. Raises CampaignProblem."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    drawable = frame(campaigns.content, province, population, now)
    people = list(connection.scalars(drawable))
    wanted = size.of(len(people))
    drawn = draw(people, wanted, seed)
    if not drawn:
        raise CampaignProblem("audience_empty")
    id_ = campaigns.create(connection, province, plan, actor, now)
    row = {"province": province, "campaign_id": id_, "population": dict(population), "seed": seed, "wanted": wanted}
    row |= {"drawn": len(drawn), "listed": len(people), "created_by": actor.name, "created_at": now}
    round_id = insert_returning_id(connection, awareness_round, row)
    for start in range(0, len(drawn), _ROWS_AT_ONCE):
        some = drawn[start : start + _ROWS_AT_ONCE]
        connection.execute(insert(awareness_sample), [{"round_id": round_id, "contact_id": one} for one in some])
    connection.execute(update(campaign).where(campaign.c.id == id_).values(audience={"sample": round_id}))
    return id_


def all_rounds(connection: Connection, province: str, most: int = 50) -> list[Round]:
    """The newest first, with what is known of each now."""
    said, of = awareness_answer.c.answer, awareness_round.c
    reached = or_(recipient.c.status.in_((ledger.State.ACCEPTED, ledger.State.DELIVERED)), said.is_not(None))

    def times(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    rows = (
        select(
            of.campaign_id,
            campaign.c.name,
            campaign.c.status,
            of.created_at,
            of.seed,
            of.listed,
            of.drawn,
            times(reached).label("asked"),
            times(said.is_not(None)).label("answered"),
            times(said == "yes").label("heard"),
        )
        .join(campaign, campaign.c.id == of.campaign_id)
        .outerjoin(campaign_run, and_(campaign_run.c.campaign_id == of.campaign_id, campaign_run.c.is_test.is_(False)))
        .outerjoin(recipient, recipient.c.run_id == campaign_run.c.id)
        .outerjoin(awareness_answer, awareness_answer.c.recipient_id == recipient.c.id)
        .where(of.province == province)
        .group_by(of.id, campaign.c.id)
        .order_by(of.id.desc())
        .limit(most)
    )
    found = connection.execute(rows).mappings()
    return [Round(**{name: row[name] for name in Round.__dataclass_fields__}) for row in found]
