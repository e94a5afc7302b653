"""/leads: the owners whom a firm may call, and what becomes of them.

Name and number are answered once the firm has accepted the lead and while the owner's consent is in force; that they
were read is recorded. What a change answers names nobody.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from bot.secrets import mask
from console.api.call import Answer, Call, Key, Note, calls
from console.api.context import ApiContext
from console.api.values import (
    WHOLE,
    CommuneCode,
    Cursor,
    Moment,
    Named,
    Number,
    Shown,
    Strict,
    cursor_of,
    read_cursor,
)
from console.api_tokens import ApiScope
from programme import lead_feed
from programme.lead_feed import Changed
from programme.lead_life import LONGEST_TEXT, LeadLife, Step
from programme.lead_states import FIRM_STEPS, HIDDEN_FROM_FIRMS, LeadState
from programme.lead_steps import find
from programme.lead_table import PAGE, LeadRow

router = APIRouter()
Reader = Annotated[Call, Depends(calls(ApiScope.LEADS_READ))]
Writer = Annotated[Call, Depends(calls(ApiScope.LEADS_WRITE))]

State = StrEnum("State", {one.name: one.value for one in LeadState if one not in HIDDEN_FROM_FIRMS})  # type: ignore[misc]
State.__doc__ = "Where a lead stands. lapsed: not accepted in time. withdrawn: the owner's consent is gone."
Target = StrEnum("Target", {one.name: one.value for steps in FIRM_STEPS.values() for one in steps})  # type: ignore[misc]
Target.__doc__ = "Where a firm may bring a lead."


class Wanted(Strict):
    state: State | None = None
    commune: CommuneCode | None = None
    updated_since: Moment | None = Field(
        None,
        description="Only what has changed then or later; overlap by a minute. Leads whose consent was withdrawn come"
        " as `withdrawn`: delete what you keep of them.",
        examples=["2026-11-23T00:00:00Z"],
    )
    cursor: Cursor = None


class ConsentShown(Shown):
    version: int = Field(description="To which words the owner agreed.")
    given_at: Moment


class Contact(Shown):
    """Whom to call, for what they agreed to and nothing else."""

    name: str
    phone: str = Field(description="E.164; empty where the owner left none.", examples=["+84912345678"])
    consent: ConsentShown


class Lead(Shown):
    id: int
    vendor: str
    state: State
    version: int = Field(description="Goes up with every change; a change brings the one it has seen.")
    commune: Named | None
    trade: Named | None = Field(description="From the owner's survey.")
    level: int | None = Field(description="0 to 5, from the owner's survey.")
    reason: str | None = Field(description="Why the firm refused it.")
    created_at: Moment
    updated_at: Moment
    accept_by: Moment | None = Field(description="While it is offered: until when it may be accepted.")
    contact: Contact | None = Field(description="null until the firm has accepted it, and after the consent is gone.")


class LeadList(Shown):
    items: list[Lead]
    next: str | None = Field(description="`cursor` of the next page; null: this is the last.")


class LeadStep(Strict):
    """A step of a lead, from the version that was read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 1, "state": "accepted"}]})

    version: Annotated[int, Field(ge=1, le=2**31 - 1), WHOLE]
    state: Target
    reason: str | None = Field(None, description="Needed with refused.")
    text: str | None = Field(
        None,
        max_length=LONGEST_TEXT,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$",
        description="With refused: what happened, in words; needed with the reason other.",
    )


class LeadChanged(Shown):
    """Where the lead stands now. Read it for whom to call."""

    id: int
    state: State
    version: int
    updated_at: Moment
    next_states: list[Target] = Field(description="Where it can go from here.")


@router.get("/leads", response_model=LeadList)
async def list_leads(call: Reader, wanted: Annotated[Wanted, Query()]) -> LeadList:
    """Leads, the oldest first

    Pages of 50. Follow `next`; afterwards ask with `updated_since` for what has changed.
    """
    context, scope = call.context, call.leads
    after = read_cursor(context.keyring, "leads", wanted.cursor)
    states = None if wanted.state is None else [LeadState(wanted.state)]
    changed = Changed(states, wanted.commune, wanted.updated_since)

    def work(connection: Connection) -> tuple[list[LeadRow], Note | None]:
        found = lead_feed.page(connection, scope, changed, after)
        named = sum(row.is_named for row in found[:PAGE])
        detail = {"count": len(found[:PAGE]), "named": named, "vendor": scope.vendor}
        return found, Note("leads.viewed", f"leads {scope.vendor}", detail) if named else None

    found = await call.read(work)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return LeadList(
        items=[shown(context, row) for row in found[:PAGE]],
        next=None if more is None else cursor_of(context.keyring, "leads", more),
    )


@router.get("/leads/{lead_id}", response_model=Lead)
async def show_lead(call: Reader, lead_id: Number) -> Lead:
    """One lead

    410 when the owner has withdrawn the consent: delete what you keep of them.
    """
    scope = call.leads

    def work(connection: Connection) -> tuple[LeadRow, Note | None]:
        found = lead_feed.find(connection, lead_id, scope)
        detail = {"vendor": found.vendor, "named": True}
        return found, Note("lead.viewed", f"lead {lead_id} named", detail) if found.is_named else None

    return shown(call.context, await call.read(work))


@router.patch("/leads/{lead_id}", response_model=LeadChanged)
async def change_lead(call: Writer, lead_id: Number, step: LeadStep, key: Key) -> Response:
    """Accept a lead, go on with it, or refuse it

    accepted → contacted → trial → in_use; refused from any of them, with a reason.
    """
    context, scope = call.context, call.leads
    life = LeadLife(context.content, context.clock.timezone)
    wanted = Step(LeadState(step.state), step.version, step.reason, mask(step.text or "")[0])

    def work(connection: Connection) -> Answer:
        before = find(connection, lead_id, scope, lock=True)["version"]
        row = life.step(connection, lead_id, wanted, scope, call.token.actor, call.now)
        note = None
        if row["version"] != before:
            detail = {"to": wanted.to, "version": row["version"], "vendor": row["vendor"], "reason": row["reason"]}
            note = Note("lead.stepped", f"lead {lead_id}", detail)
        changed = LeadChanged(
            id=lead_id,
            state=State(row["status"]),
            version=row["version"],
            updated_at=row["status_at"],
            next_states=[Target(one) for one in life.steps_of(connection, row, scope)],
        )
        return Answer(changed, note)

    return await call.change(key, work)


def shown(context: ApiContext, row: LeadRow) -> Lead:
    """A lead as it is answered."""
    content = context.content
    commune = content.communes.by_code(row.commune) if row.commune else None
    trade = content.trades.trades.get(row.trade) if row.trade else None
    contact = None
    if row.is_named and row.consent_version is not None and row.consented_at is not None:
        consent = ConsentShown(version=row.consent_version, given_at=row.consented_at)
        contact = Contact(name=row.name, phone=row.phone, consent=consent)
    return Lead(
        id=row.id,
        vendor=row.vendor,
        state=State(row.status),
        version=row.version,
        commune=Named(code=commune.code, name=commune.full_name) if commune else None,
        trade=Named(code=row.trade or "", name=trade.button["vi"]) if trade else None,
        level=row.level,
        reason=row.reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
        accept_by=row.accept_by,
        contact=contact,
    )
