"""/console/campaigns/{id}/results: what each sending and text of a campaign brought: opened links and surveys."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse

from console.context import console_context
from console.pages.campaigns import Id, Reader, as_problem
from console.templating import page
from programme.campaign_problems import CampaignProblem
from programme.campaigns import find
from programme.clicks import Brought, brought
from programme.sla_report import shown_share

router = APIRouter(prefix="/campaigns")


@router.get("/{campaign_id}/results")
async def results(request: Request, person: Reader, campaign_id: Id) -> HTMLResponse:
    """A part of the campaign's page that is fetched by itself: of a million recipients it takes a while."""
    context = console_context(request)

    def work(connection: Connection) -> Sequence[Brought]:
        find(connection, campaign_id, context.province)
        return brought(connection, campaign_id)

    try:
        found = await context.database.read(work)
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    return page(request, person, "campaign_results.html", found=found, shown_share=shown_share)
