"""/console/campaigns/{id}: one campaign: what goes to whom, its approval, how it goes, and the steps of its life."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection, RowMapping
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from bot.wakeups import CAMPAIGNS
from console.access import allow
from console.campaign_facts import (
    audience_of,
    campaigns_of,
    estimate,
    gateway_name,
    going_of,
    problem_words,
    schedule_words,
    shown_variants,
    standings,
    total_price,
    window_words,
)
from console.context import ConsoleContext, console_context
from console.forms import number_field, see_other, text_field
from console.gateway_money import money_of, words_of
from console.pages.campaigns import Id, Planner, Reader, as_problem
from console.reason_words import reason_words
from console.roles import LEADERS, Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of, note_view
from programme.campaign_plan import plan_of
from programme.campaign_problems import CampaignProblem
from programme.campaigns import Campaigns, find, is_of_sample
from programme.ledger import RunStatus
from store.audit import Actor
from store.phones import read_phone

router = APIRouter(prefix="/campaigns")
Approver = Annotated[SignedIn, Depends(allow(*LEADERS))]
# How often a page asks: counting a large run takes a while itself
OFTEN, SELDOM, LARGE = 2, 10, 50_000
SOON = timedelta(minutes=1)


@router.get("/{campaign_id}")
async def campaign_page(request: Request, person: Reader, campaign_id: Id) -> HTMLResponse:
    """Exactly what goes to whom and when; that it was looked at is recorded."""
    context = console_context(request)
    say = partial(_said, context, person)
    now = context.clock.now()
    try:
        found = await context.database.read(partial(_facts, context, person, campaign_id, now))
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    await context.database.run(
        lambda c: note_view(c, context, person, "campaign.viewed", f"campaign {campaign_id}", now)
    )
    row, plan = found["row"], found["plan"]
    people = row["audience_count"] if row["audience_count"] is not None else found["audience"].people or 0
    first, last = estimate(context, plan, people)
    money = await context.database.read(lambda c: money_of(c, context, plan, row["status"], people))
    is_author = person.name in (row["created_by"], row["edited_by"], row["submitted_by"])
    return page(
        request,
        person,
        "campaign.html",
        **found,
        people=people,
        first=first,
        last=last,
        money=list(words_of(money, say, context.clock.timezone, person.language)),
        when=schedule_words(plan, say),
        window=window_words(plan, say),
        is_author=is_author,
        of_sample=is_of_sample(row),
        may_plan=person.role is Role.ADMINISTRATOR,
        may_approve=person.role in LEADERS,
        total_price=total_price,
        gateway_name=gateway_name,
        reason_words=partial(reason_words, language=person.language),
    )


@router.get("/{campaign_id}/progress")
async def progress(
    request: Request, person: Reader, campaign_id: Id, seen: Annotated[str, Query(max_length=40)] = ""
) -> HTMLResponse:
    """The part of the page that is read again and again; it stops by itself when no run is open.

    `seen`: how the campaign stood when the page was made. Since then other steps may be possible: the whole page is
    loaded anew.
    """
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> dict[str, Any]:
        row = find(connection, campaign_id, context.province)
        return {"row": row, **_progress(connection, row, now)}

    try:
        found = await context.database.read(work)
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    words = partial(reason_words, language=person.language)
    answer = page(request, person, "campaign_progress.html", **found, reason_words=words)
    if seen and seen != found["stands"]:
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.post("/{campaign_id}/submit")
async def submit(request: Request, person: Planner, campaign_id: Id) -> Response:
    """Ask for the approval."""
    return await _act(request, person, campaign_id, lambda campaigns, seen, _: partial(campaigns.submit, **seen))


@router.post("/{campaign_id}/recount")
async def recount(request: Request, person: Approver, campaign_id: Id) -> Response:
    """Count again whom it is for."""
    return await _act(request, person, campaign_id, lambda campaigns, seen, _: partial(campaigns.recount, **seen))


@router.post("/{campaign_id}/approve")
async def approve(request: Request, person: Approver, campaign_id: Id) -> Response:
    """Let it go; another person than whoever wrote, changed or submitted it."""

    def act(campaigns: Campaigns, seen: Mapping[str, Any], form: FormData) -> Callable[..., object]:
        return partial(campaigns.approve, seen=text_field(form, "digest", 64), **seen)

    return await _act(request, person, campaign_id, act)


@router.post("/{campaign_id}/test")
async def test(request: Request, person: Planner, campaign_id: Id) -> Response:
    """Send it to the tester's own number."""

    def act(campaigns: Campaigns, seen: Mapping[str, Any], form: FormData) -> Callable[..., object]:
        phone = read_phone(text_field(form, "phone", 40))
        if phone is None or not phone.is_mobile:
            raise CampaignProblem("phone_invalid")
        return partial(campaigns.test, phone=phone.number, **seen)

    return await _act(request, person, campaign_id, act)


@router.post("/{campaign_id}/{step}")
async def with_reason(
    request: Request,
    person: Approver,
    campaign_id: Id,
    step: Annotated[Literal["refuse", "pause", "cancel", "resume"], Path()],
) -> Response:
    """Send it back, hold it, end it (each with a reason), or let it go on."""

    def act(campaigns: Campaigns, seen: Mapping[str, Any], form: FormData) -> Callable[..., object]:
        if step == "resume":
            return partial(campaigns.resume, **seen)
        ways = {"refuse": campaigns.refuse, "pause": campaigns.pause, "cancel": campaigns.cancel}
        return partial(ways[step], reason=text_field(form, "reason", 80), **seen)

    return await _act(request, person, campaign_id, act)


Act = Callable[[Campaigns, Mapping[str, Any], FormData], Callable[..., object]]


async def _act(request: Request, person: SignedIn, campaign_id: int, act: Act) -> Response:
    """One step of the campaign's life, in one transaction, and back to its page."""
    context = console_context(request)
    form = await request.form()
    actor: Actor = actor_of(person)
    seen = {
        "id_": campaign_id,
        "province": context.province,
        "version": number_field(form, "version"),
        "actor": actor,
        "now": context.clock.now(),
    }
    try:
        step = act(campaigns_of(context), seen, form)
        await context.database.run(lambda connection: step(connection))
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    context.wakeups.notify(CAMPAIGNS)
    return see_other(f"/console/campaigns/{campaign_id}")


def _facts(
    context: ConsoleContext, person: SignedIn, campaign_id: int, now: datetime, connection: Connection
) -> dict[str, Any]:
    say = partial(_said, context, person)
    row = find(connection, campaign_id, context.province)
    plan = plan_of(row)
    is_open = row["status"] in ("draft", "submitted")
    problems = campaigns_of(context).problems(plan, now) if is_open else []
    # Of what was frozen, or is over, today's number says nothing
    counted = is_open or (row["status"] in ("approved", "paused") and not plan.is_once)
    return {
        "row": row,
        "plan": plan,
        "audience": audience_of(connection, context, plan, person.language, say, counted=counted),
        "shown": shown_variants(connection, context, plan, say),
        "problems": [problem_words(one, person.language) for one in problems],
        **_progress(connection, row, now),
    }


def _progress(connection: Connection, row: RowMapping, now: datetime) -> dict[str, Any]:
    runs, tests = standings(connection, row["id"]), standings(connection, row["id"], tests=True)
    is_open = row["status"] == "approved" or any(one.is_open for one in (*runs, *tests))
    is_due = row["status"] == "approved" and row["next_at"] is not None and row["next_at"] <= now + SOON
    is_moving = is_due or any(one.is_open and one.run["status"] == RunStatus.RUNNING for one in (*runs, *tests))
    is_large = any(one.is_open and one.counts.prepared > LARGE for one in runs)
    going = going_of(connection, [row["id"]]).get(row["id"])
    return {
        "runs": runs,
        "going": going,
        "stands": f"{row['status']}.{row['version']}.{going or ''}",
        "tests": tests,
        "every": (OFTEN if is_moving and not is_large else SELDOM) if is_open else None,
    }


def _said(context: ConsoleContext, person: SignedIn, key: str, **values: object) -> str:
    return context.words.say(key, person.language, **values)
