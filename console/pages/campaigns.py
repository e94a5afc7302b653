"""/console/campaigns: the table of campaigns, and the form in which one is planned, with its live count and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection, RowMapping, select
from starlette.responses import HTMLResponse, Response

from bot.web.problems import Problem
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
    sms_gateways,
    total_price,
)
from console.campaign_form import EMPTY, FIELD_OF, Filled, form_of_plan, plan_of_form, read_form
from console.campaign_texts_form import FURTHER_STEPS
from console.context import ConsoleContext, console_context
from console.forms import number_field, see_other
from console.pages.classes import names_of
from console.roles import DESK, Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from programme import message_templates, saved_segments
from programme.campaign_checks import KINDS
from programme.campaign_plan import CHANNELS, STOPS, Plan, plan_of
from programme.campaign_problems import CampaignProblem
from programme.campaign_schedule import RELATIVE_TO
from programme.campaign_text import COMMON, OF_MATTER
from programme.campaigns import find, is_of_sample
from programme.segments import CHOICES
from store.campaign_tables import campaign

router = APIRouter(prefix="/campaigns")
Planner = Annotated[SignedIn, Depends(allow(Role.ADMINISTRATOR))]
Reader = Annotated[SignedIn, Depends(allow(*DESK))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
After = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
PAGE = 50
SCHEDULES = ("once", "daily", "weekly", "monthly", "relative", "series")


@router.get("")
async def campaigns_page(request: Request, person: Reader, after: After = None) -> HTMLResponse:
    """The newest first; automatic reminders lead to their own page as well."""
    context = console_context(request)
    rows = select(campaign).filter_by(province=context.province).order_by(campaign.c.id.desc())
    if after is not None:
        rows = rows.where(campaign.c.id < after)

    def work(connection: Connection) -> tuple[Sequence[RowMapping], Mapping[int, str]]:
        found = connection.execute(rows.limit(PAGE + 1)).mappings().all()
        return found, going_of(connection, [row["id"] for row in found])

    found, going = await context.database.read(work)
    say = _say(context, person)
    return page(
        request,
        person,
        "campaigns.html",
        campaigns=[(row, schedule_words(plan_of(row), say)) for row in found[:PAGE]],
        going=going,
        more=found[PAGE - 1]["id"] if len(found) > PAGE else None,
    )


@router.get("/new")
async def new_campaign(request: Request, person: Planner) -> HTMLResponse:
    """An empty form."""
    filled = Filled(EMPTY.texts, {**EMPTY.chosen, "gateways": sms_gateways(console_context(request))[:1]})
    return await _form(request, person, filled)


@router.post("/new")
async def create_campaign(request: Request, person: Planner) -> Response:
    """Keep a new draft."""
    context = console_context(request)
    form = await request.form()
    filled = read_form(form)
    plan = await context.database.read(lambda c: _plan(c, context, filled, None))
    if problems := _problems(context, plan, "anyway" in form):
        return await _form(request, person, filled, problems=problems)
    now = context.clock.now()
    id_ = await context.database.run(
        lambda c: campaigns_of(context).create(c, context.province, plan, actor_of(person), now)
    )
    return see_other(f"/console/campaigns/{id_}")


@router.post("/count")
async def count(request: Request, person: Planner) -> HTMLResponse:
    """How many the form is for as it stands, what the text becomes, and what it costs. Keeps nothing."""
    context = console_context(request)
    form = await request.form()
    filled = read_form(form)
    id_ = number_field(form, "campaign")
    say = _say(context, person)

    def work(connection: Connection) -> dict[str, Any]:
        row = find(connection, id_, context.province) if id_ else None
        plan = _plan(connection, context, filled, None if row is None else plan_of(row))
        audience = audience_of(connection, context, plan, person.language, say)
        shown = shown_variants(connection, context, plan, say)
        return {"plan": plan, "audience": audience, "shown": shown}

    try:
        found = await context.database.read(work)
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    first, last = estimate(context, found["plan"], found["audience"].people or 0)
    return page(request, person, "campaign_count.html", **found, first=first, last=last, total_price=total_price)


@router.get("/{campaign_id}/edit")
async def edit_campaign(request: Request, person: Planner, campaign_id: Id) -> HTMLResponse:
    """The form of a draft or of what was submitted, with what is wrong at its fields."""
    context = console_context(request)

    def work(connection: Connection) -> tuple[Any, Filled]:
        row = find(connection, campaign_id, context.province)
        if row["reminder"] is not None or row["status"] not in ("draft", "submitted"):
            raise CampaignProblem("campaign_automatic" if row["reminder"] is not None else "campaign_running")
        if is_of_sample(row):
            raise CampaignProblem("campaign_sample")
        known = saved_segments.all_saved(connection, context.province)
        return row, form_of_plan(plan_of(row), known, context.clock.timezone)

    try:
        row, filled = await context.database.read(work)
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    return await _form(request, person, filled, row, _problems(context, plan_of(row), False), status=200)


@router.post("/{campaign_id}/edit")
async def change_campaign(request: Request, person: Planner, campaign_id: Id) -> Response:
    """Change it; an approval that was asked for is void."""
    context = console_context(request)
    form = await request.form()
    filled = read_form(form)
    version = number_field(form, "version")
    now = context.clock.now()
    try:
        row = await context.database.read(lambda c: find(c, campaign_id, context.province))
        plan = await context.database.read(lambda c: _plan(c, context, filled, plan_of(row)))
        if problems := _problems(context, plan, "anyway" in form):
            return await _form(request, person, filled, row, problems, version=version)
        change = campaigns_of(context).change
        await context.database.run(
            lambda c: change(c, campaign_id, context.province, version, plan, actor_of(person), now)
        )
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    return see_other(f"/console/campaigns/{campaign_id}")


@router.post("/{campaign_id}/copy")
async def copy_campaign(request: Request, person: Planner, campaign_id: Id) -> Response:
    """A draft with the same plan."""
    context = console_context(request)
    now, say = context.clock.now(), _say(context, person)

    def work(connection: Connection) -> int:
        name = find(connection, campaign_id, context.province)["name"]
        called = say("campaigns.copy_of", name=name)[:80]
        return campaigns_of(context).copy(connection, campaign_id, context.province, called, actor_of(person), now)

    try:
        id_ = await context.database.run(work)
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    return see_other(f"/console/campaigns/{id_}/edit")


def as_problem(problem: CampaignProblem, person: SignedIn) -> Problem:
    """As a page says it."""
    return Problem(problem.status, problem.code, problem_words(problem, person.language))


def _problems(context: ConsoleContext, plan: Plan, as_draft: bool) -> list[CampaignProblem]:
    found = campaigns_of(context).problems(plan, context.clock.now())
    # A draft may be unfinished, but in the table it must have a name
    return [one for one in found if one.code in ("name_missing", "kind_unknown")] if as_draft else found


def _plan(connection: Connection, context: ConsoleContext, filled: Filled, known: Plan | None) -> Plan:
    segments = saved_segments.all_saved(connection, context.province)
    templates = message_templates.all_templates(connection, context.province)
    return plan_of_form(filled, known, segments, templates, context.clock.timezone)


def _say(context: ConsoleContext, person: SignedIn) -> Any:
    return lambda key, **values: context.words.say(key, person.language, **values)


async def _form(
    request: Request,
    person: SignedIn,
    filled: Filled,
    row: Any = None,
    problems: Sequence[CampaignProblem] = (),
    *,
    version: int | None = None,
    status: int = 422,
) -> HTMLResponse:
    context = console_context(request)

    def work(connection: Connection) -> dict[str, Any]:
        return {
            "segments": saved_segments.all_saved(connection, context.province),
            "templates": message_templates.all_templates(connection, context.province),
        }

    wrong: dict[str, list[str]] = {}
    for problem in problems:
        wrong.setdefault(FIELD_OF.get(problem.code, "name"), []).append(problem_words(problem, person.language))
    pack = context.content.packs.province(context.province)
    return page(
        request,
        person,
        "campaign_form.html",
        status if problems else 200,
        **await context.database.read(work),
        row=row,
        version=row["version"] if row is not None and version is None else version,
        filled=filled,
        wrong=wrong,
        is_refused=status != 200,
        kinds=KINDS,
        channels=CHANNELS,
        gateways=list(dict.fromkeys((*sms_gateways(context), *filled.chosen.get("gateways", ())))),
        gateway_name=gateway_name,
        common=COMMON,
        of_matter=OF_MATTER,
        links=list(context.content.links.links.values()),
        communes=sorted(names_of(context).items(), key=lambda one: one[1]),
        vendors=[(one.id, one.short) for one in pack.vendors],
        trades=[(id_, one.button[person.language]) for id_, one in context.content.trades.trades.items()],
        surveys=CHOICES["survey"],
        schedules=SCHEDULES,
        relatives=RELATIVE_TO,
        further_steps=FURTHER_STEPS,
        stops=STOPS,
    )
