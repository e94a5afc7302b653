"""/console/campaigns/{id}/ledger: who got what and who did not, row by row, and the auditor's file.

Each look is recorded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection, func, select
from starlette.responses import HTMLResponse, Response

from bot.web.problems import Problem
from console.access import allow
from console.campaign_facts import gateway_name
from console.context import ConsoleContext, console_context
from console.downloads import Ending
from console.pages.campaigns import Id, as_problem
from console.reason_words import reason_words
from console.roles import LEADERS
from console.row_streams import streamed
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of, note_view
from programme import ledger, ledger_table
from programme.campaign_problems import CampaignProblem
from programme.campaigns import find
from programme.ledger import State
from programme.safe_cells import Cell
from programme.thousands import grouped
from store.audit import record
from store.campaign_tables import campaign_run

router = APIRouter(prefix="/campaigns")
Auditor = Annotated[SignedIn, Depends(allow(*LEADERS))]
PAGE = 100
MOST_IN_XLSX = 200_000  # rows; Excel itself takes a million, but nobody waits that long


@router.get("/{campaign_id}/ledger/{run_id}")
async def ledger_page(
    request: Request,
    person: Auditor,
    campaign_id: Id,
    run_id: Id,
    state: State | None = None,
    reason: Annotated[str, Query(max_length=40)] = "",
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
) -> HTMLResponse:
    """The rows of one run, by state and reason."""
    context = console_context(request)

    def work(connection: Connection) -> dict[str, Any]:
        row = find(connection, campaign_id, context.province)
        run = connection.execute(select(campaign_run).filter_by(id=run_id, campaign_id=campaign_id)).mappings().first()
        if run is None:
            raise CampaignProblem("campaign_unknown")
        rows = ledger_table.part(connection, run_id, after, PAGE + 1, state, reason)
        return {"row": row, "run": run, "rows": rows, "counts": ledger.counts(connection, run_id)}

    try:
        found = await context.database.read(work)
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    now = context.clock.now()
    await context.database.run(lambda c: note_view(c, context, person, "ledger.viewed", f"campaign {campaign_id}", now))
    rows = found.pop("rows")
    more = {"state": state or "", "reason": reason, "after": rows[PAGE - 1].id} if len(rows) > PAGE else None
    return page(
        request,
        person,
        "campaign_ledger.html",
        **found,
        rows=rows[:PAGE],
        more=urlencode({key: value for key, value in more.items() if value}) if more else None,
        chosen={"state": state or "", "reason": reason},
        states=list(State),
        masked=ledger_table.masked,
        gateway_name=gateway_name,
        reason_words=partial(reason_words, language=person.language),
    )


@router.get("/{campaign_id}/ledger.{ending}")
async def export(request: Request, person: Auditor, campaign_id: Id, ending: Ending) -> Response:
    """Every row of every sending; that it was taken along is recorded before anybody has it."""
    context = console_context(request)
    now = context.clock.now()
    runs = (campaign_run.c.campaign_id == campaign_id) & campaign_run.c.is_test.is_(False)

    def work(connection: Connection) -> None:
        find(connection, campaign_id, context.province)
        rows = connection.scalar(select(func.sum(campaign_run.c.prepared)).where(runs)) or 0
        if ending == "xlsx" and rows > MOST_IN_XLSX:
            words = context.words.say(
                "campaigns.too_many_for_xlsx", person.language, most=grouped(MOST_IN_XLSX, person.language)
            )
            raise Problem(422, "too_many_rows", words)
        detail = {"as": ending, "rows": int(rows)}
        record(connection, context.keyring, now, actor_of(person), "ledger.exported", f"campaign {campaign_id}", detail)

    try:
        await context.database.run(work)
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None
    parts = _parts(context, campaign_id)
    return await streamed(f"so-cai-{campaign_id}", "Sổ cái", ledger_table.HEADER, parts, ending)


async def _parts(context: ConsoleContext, campaign_id: int) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    """Each part in a transaction of its own: a slow reader holds nothing."""
    audit = ledger_table.AuditTable(context.content, context.province, context.clock.timezone, reason_words)
    after = 0
    while rows := await context.database.read(partial(_part, campaign_id, after)):
        yield [audit.line(row) for row in rows]
        after = rows[-1].id


def _part(campaign_id: int, after: int, connection: Connection) -> Sequence[Any]:
    return ledger_table.part_of_campaign(connection, campaign_id, after)
