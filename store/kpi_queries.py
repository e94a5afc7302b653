"""What the programme's figures count, in one place: each shop once, on the day on which it first got so far, also when
its owner came by several channels that were linked.

Days are those of the place. Every count can be added up: over days (how many until then), and over communes. The
counting reads everything, which takes long where there are a million shops; pages read what store/kpi_kept.py keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    union_all,
)

from store.campaign_tables import awareness_answer, campaign_run, link_click, recipient
from store.channel_tables import channel_link
from store.console_tables import request
from store.kpi_tables import awareness_round
from store.sla_queries import outcome_at
from store.survey_tables import class_place, lead, survey_response, training_class
from store.tables import conversation, escalation, shop, shop_domain
from store.vendor_tables import lead_step

EPOCH = date(1970, 1, 1)
_STEP = timedelta(days=1)
_FIRST = datetime(2020, 1, 1)  # noqa: DTZ001 - the place's own calendar; the hotline counts nothing before


class Metric(StrEnum):
    """What is counted. Parts: see `recount`."""

    LISTED = "listed"
    REACHED = "reached"
    SURVEYED = "surveyed"
    CONSULTED = "consulted"
    TRIAL = "trial"
    IN_USE = "in_use"
    CLASSES = "classes"
    CLASS_COMMUNES = "class_communes"
    ATTENDED = "attended"
    REQUESTS = "requests"
    RATED = "rated"
    RATED_SURVEYED = "rated_surveyed"
    AWARE = "aware"
    CLICKS = "clicks"
    LEADS = "leads"
    DOMAINS = "domains"


class Count(NamedTuple):
    """`day`: where the hotline is."""

    metric: str
    part: str
    commune: str
    day: date
    times: int


class Sum(NamedTuple):
    """`until`: up to the last day of a period, from the beginning; `within`: on the days of the period alone."""

    metric: str
    part: str
    commune: str
    until: int
    within: int


@dataclass(frozen=True)
class Counted:
    """What is counted, and how. `provinces`: how the one province is written. `portal`: the named link to the survey's
    portal. `software`: the item of the survey that asks for software, and the answer that means none."""

    provinces: tuple[str, ...]
    now: datetime
    timezone: tzinfo
    portal: str
    software: tuple[str, str]


def recount(connection: Connection, what: Counted) -> Iterator[Count]:
    """Every count of a province, from the rows themselves.

    Parts: reached: "", or the way (a channel; class, firm, visit), and one shop may count on several ways; in_use: "",
    told (in the survey), firm; requests: as store.sla_queries.Outcome; rated, rated_surveyed: asked, satisfied,
    neutral, unsatisfied; aware: drawn, asked, answered, yes; clicks: a channel; leads: as programme.lead_states;
    domains: "tld status".
    """
    days = _Days(connection, what.timezone, what.now)
    homes = _homes()
    who = _person(shop.c.contact_id, homes)
    shops = (
        select(
            who.label("contact_id"),
            func.max(_known(shop.c.commune)).label("commune"),
            func.min(shop.c.created_at).label("created_at"),
        )
        .select_from(_with_homes(shop, shop.c.contact_id, homes))
        .where(shop.c.province.in_(what.provinces))
        .group_by(who)
        .subquery("shops")
    )
    surveyed = _surveyed(what, homes)
    yield from _rows(connection, Metric.LISTED, literal(""), shops.c.commune, days.of(shops.c.created_at), shops)
    yield from _reached(connection, days, shops, homes)
    yield from _rows(connection, Metric.SURVEYED, literal(""), surveyed.c.commune, days.of(surveyed.c.at), surveyed)
    yield from _funnel(connection, what, days, surveyed, homes)
    yield from _classes(connection, what, days)
    yield from _requests(connection, what, days)
    yield from _rated(connection, what, days, surveyed)
    yield from _aware(connection, what, days)
    yield from _clicks(connection, what, days)
    yield from _rest(connection, what, days)


class _Days:
    """Days of a place as the database can tell them, without its own calendar: the offsets are written out."""

    def __init__(self, connection: Connection, timezone: tzinfo, now: datetime) -> None:
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._offsets = _offsets(timezone, now)

    def of(self, at: ColumnElement[Any]) -> ColumnElement[int]:
        """Days since 1970."""
        if self._is_sqlite:
            seconds: ColumnElement[int] = cast(func.strftime("%s", at), BigInteger)
        else:
            seconds = cast(func.floor(extract("epoch", at)), BigInteger)
        whens = [(seconds < until, literal(offset)) for until, offset in self._offsets[:-1]]
        last = literal(self._offsets[-1][1])
        return (seconds + (case(*whens, else_=last) if whens else last)) // 86400


def _offsets(timezone: tzinfo, now: datetime) -> list[tuple[int, int]]:
    """Until when (seconds since 1970) which offset (seconds) holds; the last one for good."""
    found: list[tuple[int, int]] = []
    at, end = _FIRST.replace(tzinfo=timezone), now.astimezone(timezone) + _STEP
    hour = int(at.timestamp())
    offset = _offset(hour, timezone)
    while hour < end.timestamp():
        after = _offset(hour + 86400, timezone)
        if after != offset:
            change = next(h for h in range(hour, hour + 86401, 900) if _offset(h, timezone) != offset)
            found.append((change, offset))
            offset = after
        hour += 86400
    return [*found, (0, offset)]


def _offset(seconds: int, timezone: tzinfo) -> int:
    away = datetime.fromtimestamp(seconds, timezone).utcoffset()
    return 0 if away is None else int(away.total_seconds())


def _rows(
    connection: Connection,
    metric: Metric,
    part: ColumnElement[Any],
    commune: ColumnElement[Any],
    day: ColumnElement[int],
    source: Any,
    *conditions: ColumnElement[bool],
    count: ColumnElement[int] | None = None,
) -> Iterator[Count]:
    inner = select(part.label("part"), commune.label("commune"), day.label("day"))
    if count is not None:
        inner = inner.add_columns(count.label("n"))
    inner_rows = inner.select_from(source).where(*conditions).subquery()
    keys = (inner_rows.c.part, inner_rows.c.commune, inner_rows.c.day)
    how_many = func.count() if count is None else func.sum(inner_rows.c.n)
    for part_, commune_, day_, times in connection.execute(select(*keys, how_many).group_by(*keys)):
        if day_ is not None:
            yield Count(metric, str(part_), commune_ or "", EPOCH + timedelta(days=int(day_)), int(times))


def _known(commune: ColumnElement[Any]) -> ColumnElement[str]:
    return func.coalesce(commune, "")


def _homes() -> Any:
    """Contacts that were linked to another one (programme/links.py), with the one that is the person now."""
    moved = select(channel_link.c.from_contact_id, func.min(channel_link.c.to_contact_id).label("home"))
    return moved.where(channel_link.c.undone_at.is_(None)).group_by(channel_link.c.from_contact_id).subquery("homes")


def _with_homes(rows: Any, contact_id: ColumnElement[int], homes: Any) -> Any:
    return rows.outerjoin(homes, homes.c.from_contact_id == contact_id)


def _person(contact_id: ColumnElement[int], homes: Any) -> ColumnElement[int]:
    """So that whoever came by two channels is one. Needs `_with_homes`."""
    return func.coalesce(homes.c.home, contact_id)


def _surveyed(what: Counted, homes: Any) -> Any:
    """contact_id, commune and at: whoever has completed a survey, since the first time."""
    done = survey_response.c.status == "done"
    who = _person(survey_response.c.contact_id, homes)
    return (
        select(
            who.label("contact_id"),
            _known(func.max(case((done, survey_response.c.commune)))).label("commune"),
            func.min(survey_response.c.completed_at).label("at"),
        )
        .select_from(_with_homes(survey_response, survey_response.c.contact_id, homes))
        .where(survey_response.c.province.in_(what.provinces), survey_response.c.status.in_(("done", "earlier")))
        .group_by(who)
        .having(func.max(case((done, 1), else_=0)) == 1)
        .subquery("surveyed")
    )


def _reached(connection: Connection, days: _Days, shops: Any, homes: Any) -> Iterator[Count]:
    """A shop is reached on a way when a message was delivered there, when it wrote, was visited, came or was called."""
    said = literal
    steps = ("contacted", "trial", "in_use")
    ways = union_all(
        select(recipient.c.contact_id, recipient.c.channel.label("way"), recipient.c.final_at.label("at")).where(
            recipient.c.status == "delivered"
        ),
        select(conversation.c.contact_id, conversation.c.channel, conversation.c.created_at).where(
            conversation.c.last_heard_at.is_not(None)
        ),
        select(survey_response.c.contact_id, said("visit"), survey_response.c.started_at).where(
            survey_response.c.conversation_id.is_(None)
        ),
        select(class_place.c.contact_id, said("class"), class_place.c.attended_at).where(
            class_place.c.attended_at.is_not(None)
        ),
        select(lead.c.contact_id, said("firm"), lead_step.c.at)
        .join(lead_step, lead_step.c.lead_id == lead.c.id)
        .where(lead_step.c.to_status.in_(steps)),
    ).subquery()
    by_way = (
        select(shops.c.contact_id, ways.c.way, shops.c.commune, func.min(ways.c.at).label("at"))
        .select_from(_with_homes(ways, ways.c.contact_id, homes))
        .join(shops, shops.c.contact_id == _person(ways.c.contact_id, homes))
        .where(ways.c.way.is_not(None))
        .group_by(shops.c.contact_id, ways.c.way, shops.c.commune)
        .subquery()
    )
    yield from _rows(connection, Metric.REACHED, by_way.c.way, by_way.c.commune, days.of(by_way.c.at), by_way)
    first = (
        select(by_way.c.contact_id, by_way.c.commune, func.min(by_way.c.at).label("at"))
        .group_by(by_way.c.contact_id, by_way.c.commune)
        .subquery()
    )
    yield from _rows(connection, Metric.REACHED, literal(""), first.c.commune, days.of(first.c.at), first)


def _funnel(connection: Connection, what: Counted, days: _Days, surveyed: Any, homes: Any) -> Iterator[Count]:
    """What surveyed shops came to: it counts on the later of the two days."""
    helped = (
        select(conversation.c.contact_id, escalation.c.answered_at.label("at"))
        .join(escalation, escalation.c.conversation_id == conversation.c.id)
        .where(escalation.c.answered_at.is_not(None)),
        select(class_place.c.contact_id, class_place.c.attended_at).where(class_place.c.attended_at.is_not(None)),
        _steps("contacted", "trial", "in_use"),
    )
    item, none = what.software
    said = survey_response.c.answers[item].as_string()
    uses = select(survey_response.c.contact_id, survey_response.c.completed_at.label("at")).where(
        survey_response.c.status == "done", said.is_not(None), said.not_in((none, f'["{none}"]', "[]"))
    )
    by_firm = _steps("in_use")
    for metric, part, sources in (
        (Metric.CONSULTED, "", helped),
        (Metric.TRIAL, "", (_steps("trial", "in_use"),)),
        (Metric.IN_USE, "", (uses, by_firm)),
        (Metric.IN_USE, "told", (uses,)),
        (Metric.IN_USE, "firm", (by_firm,)),
    ):
        all_of = union_all(*sources).subquery()
        who = _person(all_of.c.contact_id, homes)
        first = (
            select(who.label("contact_id"), func.min(all_of.c.at).label("at"))
            .select_from(_with_homes(all_of, all_of.c.contact_id, homes))
            .group_by(who)
            .subquery()
        )
        both = surveyed.join(first, first.c.contact_id == surveyed.c.contact_id)
        later = case((first.c.at > surveyed.c.at, first.c.at), else_=surveyed.c.at)
        yield from _rows(connection, metric, literal(part), surveyed.c.commune, days.of(later), both)


def _steps(*statuses: str) -> Select[Any]:
    return (
        select(lead.c.contact_id, lead_step.c.at.label("at"))
        .join(lead_step, lead_step.c.lead_id == lead.c.id)
        .where(lead_step.c.to_status.in_(statuses))
    )


def _classes(connection: Connection, what: Counted, days: _Days) -> Iterator[Count]:
    held = and_(training_class.c.province.in_(what.provinces), training_class.c.starts_at <= what.now)
    commune, at = _known(training_class.c.commune), training_class.c.starts_at
    yield from _rows(connection, Metric.CLASSES, literal(""), commune, days.of(at), training_class, held)
    first = (
        select(training_class.c.commune, func.min(at).label("at"))
        .where(held, training_class.c.commune.is_not(None))
        .group_by(training_class.c.commune)
        .subquery()
    )
    yield from _rows(connection, Metric.CLASS_COMMUNES, literal(""), first.c.commune, days.of(first.c.at), first)
    both = class_place.join(training_class, training_class.c.id == class_place.c.class_id)
    came = class_place.c.attended_at.is_not(None)
    yield from _rows(connection, Metric.ATTENDED, literal(""), commune, days.of(at), both, held, came)


def _requests(connection: Connection, what: Counted, days: _Days) -> Iterator[Count]:
    own = request.c.province.in_(what.provinces)
    day, commune = days.of(request.c.opened_at), _known(request.c.commune)
    yield from _rows(connection, Metric.REQUESTS, outcome_at(what.now), commune, day, request, own)


def _rated(connection: Connection, what: Counted, days: _Days, surveyed: Any) -> Iterator[Count]:
    own = and_(escalation.c.province.in_(what.provinces), escalation.c.csat_asked_at.is_not(None))
    commune, day = _known(escalation.c.commune), days.of(escalation.c.csat_asked_at)
    talks = escalation.join(conversation, conversation.c.id == escalation.c.conversation_id)
    with_survey = talks.join(surveyed, surveyed.c.contact_id == conversation.c.contact_id)
    for metric, source in ((Metric.RATED, talks), (Metric.RATED_SURVEYED, with_survey)):
        yield from _rows(connection, metric, literal("asked"), commune, day, source, own)
        answered = escalation.c.csat.is_not(None)
        yield from _rows(connection, metric, escalation.c.csat, commune, day, source, own, answered)


def _aware(connection: Connection, what: Counted, days: _Days) -> Iterator[Count]:
    """By the day on which the question went out. Asked: the message was taken or delivered, or answered."""
    asked = (
        recipient.join(campaign_run, campaign_run.c.id == recipient.c.run_id)
        .join(awareness_round, awareness_round.c.campaign_id == campaign_run.c.campaign_id)
        .outerjoin(shop, shop.c.contact_id == recipient.c.contact_id)
        .outerjoin(awareness_answer, awareness_answer.c.recipient_id == recipient.c.id)
    )
    own = and_(awareness_round.c.province.in_(what.provinces), ~campaign_run.c.is_test)
    commune, day = _known(shop.c.commune), days.of(campaign_run.c.due_at)
    said = awareness_answer.c.answer
    for part, condition in (
        ("drawn", recipient.c.id.is_not(None)),
        ("asked", or_(recipient.c.status.in_(("accepted", "delivered")), said.is_not(None))),
        ("answered", said.is_not(None)),
        ("yes", said == "yes"),
    ):
        yield from _rows(connection, Metric.AWARE, literal(part), commune, day, asked, own, condition)


def _clicks(connection: Connection, what: Counted, days: _Days) -> Iterator[Count]:
    """Of named links alone, which know their channel and no commune. What a campaign's links brought is told beside
    that campaign."""
    own = and_(link_click.c.province.in_(what.provinces), link_click.c.link == what.portal)
    day = days.of(link_click.c.at)
    yield from _rows(connection, Metric.CLICKS, link_click.c.channel, literal(""), day, link_click, own)


def _rest(connection: Connection, what: Counted, days: _Days) -> Iterator[Count]:
    own, day = lead.c.province.in_(what.provinces), days.of(lead.c.created_at)
    shown = lead.c.status.not_in(("asking", "declined"))
    yield from _rows(connection, Metric.LEADS, lead.c.status, _known(lead.c.commune), day, lead, own, shown)
    domains = shop_domain.join(shop, shop.c.id == shop_domain.c.shop_id)
    told = and_(shop.c.province.in_(what.provinces), shop_domain.c.status.in_(("applied", "active")))
    part = shop_domain.c.tld.concat(" ").concat(shop_domain.c.status)
    day = days.of(shop_domain.c.updated_at)
    yield from _rows(connection, Metric.DOMAINS, part, _known(shop.c.commune), day, domains, told)
