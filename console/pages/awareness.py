"""/console/awareness: rounds of the question of awareness: what came of each, and the form that draws the next sample.

A drawn sample is a campaign's draft, which is submitted and approved on the campaign's own page.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from console.access import allow
from console.campaign_facts import campaigns_of
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.pages.classes import names_of
from console.roles import Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from programme import awareness_rounds, saved_segments
from programme.awareness_rounds import Size
from programme.campaign_plan import Plan
from programme.campaign_problems import CampaignProblem
from programme.sampling import WIDEST, margin
from programme.sla_report import shown_share

router = APIRouter(prefix="/awareness")
Planner = Annotated[SignedIn, Depends(allow(Role.ADMINISTRATOR))]
# How many may answer, of those who are asked: nobody knows before
ANSWERING = (Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(1, 10))
MOST_COMMUNES = 300
_SEED_BITS = 48  # exact in a spreadsheet too
_DECIMAL = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,3})?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_TEXTS: Mapping[str, int] = {"name": 80, "segment": 20, "size": 20, "margin": 20, "at": 20}


@dataclass(frozen=True)
class Filled:
    """What stands in the form."""

    name: str = ""
    segment: str = ""
    communes: tuple[str, ...] = ()
    size: str = ""
    margin: str = ""
    at: str = ""


@router.get("")
async def rounds_page(request: Request, person: Planner) -> HTMLResponse:
    """What came of each round, and the form for the next."""
    return await _shown(request, person, Filled(margin="5"))


@router.post("/count")
async def count(request: Request, person: Planner) -> HTMLResponse:
    """How many may be drawn, and how exact the result would be. Keeps nothing."""
    context = console_context(request)
    filled = _read(await request.form())
    now = context.clock.now()

    def work(connection: Connection) -> int:
        population = _population(connection, context, filled)
        drawable = awareness_rounds.frame(context.content, context.province, population, now)
        return awareness_rounds.listed(connection, drawable)

    try:
        listed = await context.database.read(work)
        people = min(_size(filled).of(listed), listed)
    except CampaignProblem as problem:
        return page(request, person, "awareness_count.html", problem=problem.words(person.language))
    found = [(part, int(people * part), margin(WIDEST, int(people * part), listed)) for part in ANSWERING]
    return page(
        request,
        person,
        "awareness_count.html",
        problem=None,
        listed=listed,
        people=people,
        margins=[one for one in found if one[2] is not None],
        shown_share=shown_share,
    )


@router.post("")
async def draw(request: Request, person: Planner) -> Response:
    """Draw the sample and make its campaign, a draft."""
    context = console_context(request)
    filled = _read(await request.form())
    now, seed = context.clock.now(), secrets.randbits(_SEED_BITS)
    plan = _plan(context, filled)
    for wrong in campaigns_of(context).problems(plan, now):
        return await _shown(request, person, filled, wrong)

    def work(connection: Connection) -> int:
        population = _population(connection, context, filled)
        campaigns, actor = campaigns_of(context), actor_of(person)
        size = _size(filled)
        return awareness_rounds.begin(connection, campaigns, context.province, plan, population, size, seed, actor, now)

    try:
        id_ = await context.database.run(work)
    except CampaignProblem as problem:
        return await _shown(request, person, filled, problem)
    return see_other(f"/console/campaigns/{id_}")


async def _shown(
    request: Request, person: SignedIn, filled: Filled, problem: CampaignProblem | None = None
) -> HTMLResponse:
    context = console_context(request)

    def work(connection: Connection) -> dict[str, Any]:
        return {
            "rounds": awareness_rounds.all_rounds(connection, context.province),
            "segments": saved_segments.all_saved(connection, context.province),
        }

    return page(
        request,
        person,
        "awareness.html",
        200 if problem is None else problem.status,
        **await context.database.read(work),
        filled=filled,
        problem=None if problem is None else problem.words(person.language),
        question=context.content.awareness,
        communes=sorted(names_of(context).items(), key=lambda one: one[1]),
        shown_share=shown_share,
    )


def _read(form: FormData) -> Filled:
    """Raises Problem 422 field_too_long."""
    chosen = [one for one in form.getlist("commune")[:MOST_COMMUNES] if isinstance(one, str) and len(one) <= 10]
    texts = {name: text_field(form, name, most) for name, most in _TEXTS.items()}
    return Filled(communes=tuple(chosen), **texts)


def _population(connection: Connection, context: ConsoleContext, filled: Filled) -> dict[str, Any]:
    """The expression of who is meant. Raises CampaignProblem."""
    parts: list[Mapping[str, Any]] = [{"commune": list(filled.communes)}] if filled.communes else []
    if filled.segment:
        known = saved_segments.all_saved(connection, context.province)
        saved = next((one for one in known if str(one.id) == filled.segment), None)
        if saved is None:
            raise CampaignProblem("segment_gone")
        parts.insert(0, saved.segment.json)
    return {"and": parts}


def _size(filled: Filled) -> Size:
    """Raises CampaignProblem sample_size_wrong."""
    people, wanted = filled.size, filled.margin.removesuffix("%").strip()
    if (people and not _WHOLE.fullmatch(people)) or (wanted and not _DECIMAL.fullmatch(wanted)):
        raise CampaignProblem("sample_size_wrong")
    return Size(int(people) if people else None, Fraction(wanted.replace(",", ".")) / 100 if wanted else None)


def _plan(context: ConsoleContext, filled: Filled) -> Plan:
    """The campaign that asks: in conversations that are open, else by SMS."""
    question = context.content.awareness
    gateways = tuple(name for name, kinds in context.carries.items() if question.kind in kinds)
    return Plan(
        name=filled.name,
        kind=question.kind.value,
        variants=(question.variant(),),
        channels=("zalo", "sms") if gateways else ("zalo",),
        audience={"and": []},
        schedule={"kind": "once", "at": filled.at or None},
        gateways=gateways,
    )
