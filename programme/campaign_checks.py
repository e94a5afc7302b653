"""What must be right before a campaign is submitted, each with words for whoever plans it.

Whether the audience is empty, and who may approve: campaigns.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from programme import campaign_text
from programme.bulk_law import MessageKind
from programme.campaign_plan import CHANNELS, CHAT, STOPS, Plan, Variant
from programme.campaign_problems import CampaignProblem
from programme.campaign_schedule import Once, Place, Relative, Schedule, ScheduleInvalid, read_schedule
from programme.campaign_window import opens, read_window
from programme.content import Content
from programme.short_links import web_address

MOST_PER_MINUTE = 60_000
MOST_LATE = 7 * 24 * 60
_DAYS_TRIED = 14
LONGEST_TEXT = campaign_text.MOST_CHARACTERS
# Those that somebody may plan. Recipients are owners, so nothing to them is a word among staff; who is asked for
# permission answers, and there is nobody yet who hears the answer.
KINDS = (MessageKind.CUSTOMER_CARE, MessageKind.STATE_NOTICE, MessageKind.ADVERTISING)


def check(
    plan: Plan, content: Content, place: Place, carries: Mapping[str, frozenset[str]], now: datetime
) -> list[CampaignProblem]:
    """Everything that is wrong. `carries`: the kinds of messages that each gateway of this hotline takes."""
    problems = [*_words(plan, content, place, now), *_ways(plan, carries), *_numbers(plan)]
    schedule: Schedule | None = None
    try:
        schedule = read_schedule(plan.schedule)
    except ScheduleInvalid as invalid:
        problems.append(CampaignProblem("schedule_invalid", what=invalid.what))
    if schedule is not None:
        problems += [*_texts(plan, content, place, schedule, now), *_times(plan, content, place, schedule, now)]
    return problems


def _words(plan: Plan, content: Content, place: Place, now: datetime) -> Iterator[CampaignProblem]:
    if not plan.name.strip():
        yield CampaignProblem("name_missing")
    if plan.kind not in KINDS:
        yield CampaignProblem("kind_unknown")
    for stop in plan.stops:
        if stop not in STOPS:
            yield CampaignProblem("stop_unknown", what=stop)


def _ways(plan: Plan, carries: Mapping[str, frozenset[str]]) -> Iterator[CampaignProblem]:
    if not plan.channels:
        yield CampaignProblem("channels_missing")
    for channel in plan.channels:
        if channel not in (*CHANNELS, CHAT):
            yield CampaignProblem("channel_unknown", what=channel)
    if "zbs" in plan.channels:
        for variant in plan.variants:
            if not variant.zbs:
                yield CampaignProblem("zbs_template_missing", what=variant.id)
    if "sms" not in plan.channels:
        return
    if not plan.gateways:
        yield CampaignProblem("gateway_missing")
    for gateway in plan.gateways:
        if gateway not in carries:
            yield CampaignProblem("gateway_unknown", what=gateway)
        elif plan.kind not in carries[gateway]:
            yield CampaignProblem("kind_not_carried", what=gateway)


def _numbers(plan: Plan) -> Iterator[CampaignProblem]:
    if not 1 <= plan.pace_per_minute <= MOST_PER_MINUTE:
        yield CampaignProblem("pace_wrong", most=MOST_PER_MINUTE)
    if plan.late_minutes is not None and not 1 <= plan.late_minutes <= MOST_LATE:
        yield CampaignProblem("late_wrong", most=MOST_LATE)
    percent, last = plan.pause_rule.get("percent", 0), plan.pause_rule.get("of_last", 0)
    if not (1 <= percent <= 100 and 10 <= last <= 100_000):
        yield CampaignProblem("pause_rule_wrong")


def _texts(plan: Plan, content: Content, place: Place, schedule: Schedule, now: datetime) -> Iterator[CampaignProblem]:
    if not plan.variants:
        yield CampaignProblem("text_missing", what="A")
    for step in schedule.steps:
        # A step without texts of its own has those of the first
        of = {at: [one for one in plan.variants if one.step == at] for at in (step, 0)}
        own = of[step] or of[0] or list(plan.variants)
        shares = sum(one.share for one in own)
        if own and (shares != 100 or min(one.share for one in own) < 1):
            yield CampaignProblem("shares_wrong", what=shares)
    for variant in plan.variants:
        if variant.step not in schedule.steps:
            yield CampaignProblem("step_unknown", what=variant.id)
    allowed = (*campaign_text.COMMON, *campaign_text.OF_MATTER[schedule.relative_to])
    for variant in plan.variants:
        yield from _text(plan, variant, allowed, content, place, now)
    for variant in plan.variants[:1]:  # all texts of a campaign lead to the same place
        yield from _target(variant, content)


def _target(variant: Variant, content: Content) -> Iterator[CampaignProblem]:
    if variant.target and variant.target not in content.links.links and web_address(variant.target) is None:
        yield CampaignProblem("target_unknown", what=variant.target)


def _text(
    plan: Plan, variant: Variant, allowed: tuple[str, ...], content: Content, place: Place, now: datetime
) -> Iterator[CampaignProblem]:
    if not variant.text.strip():
        yield CampaignProblem("text_missing", what=variant.id)
        return
    for wrong in campaign_text.check(variant.text, allowed):
        if wrong.code == "text_too_long":
            yield CampaignProblem("text_too_long", what=variant.id, most=LONGEST_TEXT)
        else:
            code = "variable_unknown" if wrong.code == "variable_unknown" else "text_refused"
            yield CampaignProblem(code, what=variant.id, why=wrong.words)
    law, day = content.bulk_law, place.day(now)
    for against in (*law.check_text(plan.kind, variant.text, day), *law.check_kind(plan.kind, variant.text, day)):
        yield CampaignProblem("text_refused", what=variant.id, why=against.words)


def _times(plan: Plan, content: Content, place: Place, schedule: Schedule, now: datetime) -> Iterator[CampaignProblem]:
    at_once = isinstance(schedule, Once) and schedule.at is None
    first = now if at_once else schedule.next_after(place, now - timedelta(microseconds=1))
    if first is None:
        yield CampaignProblem("schedule_past" if isinstance(schedule, Once) else "schedule_never")
        return
    if 0 not in schedule.steps_at(place, first):
        yield CampaignProblem("schedule_past")  # of a series that has begun already the other steps have nobody
        return
    try:
        window = read_window(plan.window, place)
    except ScheduleInvalid as invalid:
        yield CampaignProblem("window_invalid", what=invalid.what)
        return
    law, kind, channels = content.bulk_law, plan.kind, plan.channels
    opening = opens(window, law, kind, channels, first, place)
    if isinstance(schedule, Relative):
        # Such a run ends with its day: at an hour that is always too late, nobody would ever get one
        days = islice(schedule.instants(place, first - timedelta(microseconds=1)), _DAYS_TRIED)
        opened = ((at, opens(window, law, kind, channels, at, place)) for at in days)
        if not any(opens_at is not None and place.day(opens_at) == place.day(at) for at, opens_at in opened):
            opening = None
    if opening is None:
        yield CampaignProblem("window_never_opens")
    elif plan.deadline is not None and plan.deadline <= (first if isinstance(schedule, Relative) else opening):
        yield CampaignProblem("deadline_before_start")
