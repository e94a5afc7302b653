"""What the pages of campaigns show beside the row: the audience in words and numbers, the text as it goes out, its
cost, when it would begin and end, and how its runs stand.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from console.context import ConsoleContext
from integrations.sms.registry import TITLES
from integrations.zalo.zbs import NAME as ZBS
from programme import campaign_audience, campaign_text, ledger, segments
from programme.bulk_law import MessageKind
from programme.campaign_estimate import first_and_last
from programme.campaign_plan import Plan, Variant
from programme.campaign_problems import CampaignProblem
from programme.campaign_schedule import Once, Place, ScheduleInvalid, read_schedule
from programme.campaigns import SCHEDULED, Campaigns
from programme.ledger import Counts, RunStatus
from programme.message_templates import Cost, cost
from programme.short_links import longest
from store.campaign_tables import campaign_run
from store.tables import contact, shop

Say = Callable[..., str]
RUNS_SHOWN = 10


@dataclass(frozen=True)
class Shown:
    """One variant as it goes out to a sample recipient, with the most that it costs. `plain_parts`: what it would take
    without accents."""

    variant: Variant
    text: str
    cost: Cost
    plain_parts: int

    def messages(self, people: int) -> int:
        """SMS at most, if a campaign is for so many."""
        return self._share(people) * self.cost.parts.parts

    def price(self, people: int) -> int | None:
        """Đồng at most; None: nobody has said what an SMS costs."""
        return None if self.cost.price is None else self._share(people) * self.cost.price

    def _share(self, people: int) -> int:
        return math.ceil(people * self.variant.share / 100)


@dataclass(frozen=True)
class Audience:
    """`people` None: the condition cannot be read, `words` say why; or they were not counted."""

    people: int | None
    words: str


@dataclass(frozen=True)
class Standing:
    """A run and its counts."""

    run: RowMapping
    counts: Counts

    @property
    def is_open(self) -> bool:
        return self.run["ended_at"] is None and not self.is_scheduled

    @property
    def is_scheduled(self) -> bool:
        return bool(self.run["status"] == "paused" and self.run["pause_reason"] == SCHEDULED)

    @property
    def paused_itself(self) -> bool:
        return has_paused_itself(self.run)


def campaigns_of(context: ConsoleContext) -> Campaigns:
    return Campaigns(context.content, context.keyring, context.clock.timezone, context.carries)


def place_of(context: ConsoleContext) -> Place:
    return Place(context.clock.timezone, context.content.deadlines)


def audience_of(
    connection: Connection, context: ConsoleContext, plan: Plan, language: str, say: Say, *, counted: bool = True
) -> Audience:
    """Whom it is for now. `counted`: and how many they are."""
    if "matter" in plan.audience:
        return Audience(None, say("reminders.whoever", to=say(f"campaigns.to_{plan.audience['matter']}")))
    now = context.clock.now()
    try:
        chosen = campaign_audience.chosen(plan, context.province, now, context.content)
        people = campaign_audience.count(connection, chosen) if counted else None
    except CampaignProblem as problem:
        return Audience(None, problem.words(language))
    if "sample" in plan.audience:
        return Audience(people, say("awareness.sampled"))
    if "contacts" in plan.audience or "source" in plan.audience:
        return Audience(people, say("campaigns.listed"))
    return Audience(people, segments.read(plan.audience).words(context.content, language))


def shown_variants(connection: Connection, context: ConsoleContext, plan: Plan, say: Say) -> list[Shown]:
    """Every text with the values of one of its recipients; where there is none, with made-up ones."""
    values = _values(connection, context, plan, say)
    price = context.content.starters.price(context.province, plan.kind) if plan.kind in set(MessageKind) else None
    link = longest(context.public_url or say("campaigns.example_address"))
    shown = []
    for variant in plan.variants:
        try:
            text = campaign_text.render(variant.text, values, accents=variant.unicode)
        except campaign_text.MissingValue:
            text = variant.text if variant.unicode else campaign_text.plain(variant.text)
        without = cost(campaign_text.plain(variant.text), False, None, link).parts.parts
        shown.append(Shown(variant, text, cost(variant.text, variant.unicode, price, link), without))
    return shown


def total_price(shown: Sequence[Shown], people: int) -> int | None:
    """Đồng at most, of all texts together; None: nobody has said what an SMS costs."""
    prices = [one.price(people) for one in shown]
    return None if None in prices else sum(price for price in prices if price is not None)


def estimate(context: ConsoleContext, plan: Plan, people: int) -> tuple[dt.datetime | None, dt.datetime | None]:
    """When the first and the last message of the next run would leave."""
    place, now = place_of(context), context.clock.now()
    try:
        schedule = read_schedule(plan.schedule)
        at_once = isinstance(schedule, Once) and schedule.at is None
        begins = now if at_once else schedule.next_after(place, now)
        if begins is None:
            return None, None
        return first_and_last(plan, people, begins, place, context.content.bulk_law)
    except ScheduleInvalid:
        return None, None


def standings(connection: Connection, campaign_id: int, *, tests: bool = False) -> list[Standing]:
    """The campaign's last runs, the newest first."""
    runs = (
        select(campaign_run)
        .where(campaign_run.c.campaign_id == campaign_id, campaign_run.c.is_test.is_(tests))
        .order_by(campaign_run.c.id.desc())
        .limit(RUNS_SHOWN)
    )
    rows = connection.execute(runs).mappings().all()
    counts = ledger.counts_of(connection, [row["id"] for row in rows])
    return [Standing(row, counts[row["id"]]) for row in rows]


def sms_gateways(context: ConsoleContext) -> tuple[str, ...]:
    """Those of this hotline, the first to choose first."""
    return tuple(name for name in context.carries if name != ZBS)


def gateway_name(gateway: str) -> str:
    """As people call it."""
    return TITLES.get(gateway, gateway)


def problem_words(problem: CampaignProblem, language: str) -> str:
    """With gateways called as people call them."""
    if problem.code in ("gateway_unknown", "kind_not_carried"):
        problem = CampaignProblem(problem.code, what=gateway_name(str(problem.values["what"])))
    return problem.words(language)


def going_of(connection: Connection, campaign_ids: Sequence[int]) -> Mapping[int, str]:
    """Of the campaigns with a run under way: "sending", or "stopped" where one has paused by itself."""
    is_open = campaign_run.c.status.in_((RunStatus.RUNNING, RunStatus.PAUSED)) & campaign_run.c.ended_at.is_(None)
    runs = select(campaign_run).where(
        campaign_run.c.campaign_id.in_(campaign_ids), campaign_run.c.is_test.is_(False), is_open
    )
    going: dict[int, str] = {}
    for run in connection.execute(runs).mappings():
        if has_paused_itself(run):
            going[run["campaign_id"]] = "stopped"
        elif run["status"] == RunStatus.RUNNING:
            going.setdefault(run["campaign_id"], "sending")
    return going


def has_paused_itself(run: RowMapping) -> bool:
    return bool(run["status"] == RunStatus.PAUSED and run["pause_reason"] not in (SCHEDULED, "by_hand"))


def schedule_words(plan: Plan, say: Say) -> str:
    """When it goes, as a sentence without its full stop."""
    written: Mapping[str, Any] = plan.schedule
    kind = str(written.get("kind"))
    days = ", ".join(str(one) for one in written.get("days") or () if one)
    at = _local(written.get("at"))
    if kind == "once":
        return say("campaigns.goes_at", at=at) if at else say("campaigns.goes_at_once")
    if kind == "series":
        return say("campaigns.goes_series", at=at or say("campaigns.at_approval"), days=days)
    time = written.get("time", "")
    if kind == "relative":
        return say("campaigns.goes_relative", days=_distances(written, say), time=time)
    which = ", ".join(say(f"campaigns.weekday_{one}") for one in written.get("weekdays") or ())
    said = {"daily": "", "weekly": which, "monthly": written.get("day", "")}.get(kind, "")
    words = say(f"campaigns.goes_{kind if kind in ('daily', 'weekly', 'monthly') else 'unknown'}", on=said, time=time)
    until = written.get("until")
    return words + (f", {say('campaigns.goes_until', day=_local(until))}" if until else "")


def _distances(written: Mapping[str, Any], say: Say) -> str:
    """ "60, 30 days before the class"; what is no number is left to the checks to object to."""
    to = say(f"campaigns.to_{written.get('to') or 'none'}")
    days = [one for one in written.get("days") or () if isinstance(one, int)]
    sides = {"before": [-one for one in days if one < 0], "after": [one for one in days if one > 0]}
    said = [
        say(f"campaigns.days_{side}", days=", ".join(map(str, some)), to=to) for side, some in sides.items() if some
    ]
    return "; ".join([*said, *([say("campaigns.days_itself", to=to)] if 0 in days else [])]) or to


def _weekdays(days: Sequence[int], say: Say) -> str:
    """ "Monday to Friday", or one by one."""
    named = [say(f"campaigns.weekday_{one}") for one in days]
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):
        return say("campaigns.weekdays_range", first=named[0], last=named[-1])
    return ", ".join(named)


def window_words(plan: Plan, say: Say) -> str:
    window = plan.window
    if not window:
        return say("campaigns.window_law")
    words = say("campaigns.window_of", begin=window.get("from", "00:00"), end=window.get("until", "24:00"))
    if "days" in window:
        words += f", {_weekdays(window['days'], say)}"
    return words + ("" if window.get("holidays", True) else f", {say('campaigns.window_no_holidays')}")


def _local(written: object) -> str:
    """A day, or a local moment, as people write it."""
    try:
        moment = dt.datetime.fromisoformat(str(written))
    except ValueError:
        return ""
    return f"{moment:%H:%M %d/%m/%Y}" if "T" in str(written) else f"{moment:%d/%m/%Y}"


def example_values(context: ConsoleContext, say: Say) -> dict[str, str]:
    """Made-up values of all variables."""
    example = {name: say(f"campaigns.example_{name}") for name in campaign_text.LONGEST}
    address = (context.public_url or say("campaigns.example_address")).rstrip("/")
    return example | {"link": f"{address}/r/ab12cd34", "stop": f"{address}/tc/ab12cd34"}


def _values(connection: Connection, context: ConsoleContext, plan: Plan, say: Say) -> dict[str, str]:
    example = example_values(context, say)
    try:
        people = campaign_audience.chosen(plan, context.province, context.clock.now(), context.content).subquery()
    except CampaignProblem:
        return example
    of = (
        select(contact.c.name, shop.c.name.label("shop"), shop.c.commune)
        .select_from(contact)
        .outerjoin(shop, shop.c.contact_id == contact.c.id)
        .where(contact.c.id.in_(select(next(iter(people.c)))))
        .order_by(contact.c.id)
        .limit(1)
    )
    row = connection.execute(of).first()
    if row is None:
        return example
    place = context.content.communes.by_code(row.commune) if row.commune else None
    own = {"name": row.name, "shop": row.shop, "commune": place.full_name if place else None}
    return example | {name: value for name, value in own.items() if value}
