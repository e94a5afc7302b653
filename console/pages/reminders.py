"""/console/reminders: what reminds by itself: owners by the pack's texts, officers, firms and leaders by notices.

Each is switched on and off here by an administrator; every switch is in the audit log.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot.wakeups import CAMPAIGNS
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import number_field, see_other, text_field
from console.pages.campaigns import as_problem
from console.reminder_facts import reminders_of, shown_reminders
from console.roles import Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from programme import notice_switches
from programme.campaign_problems import CampaignProblem
from programme.ledger_reasons import reason_words
from programme.notice_switches import Notice
from programme.reminders import Ways

router = APIRouter(prefix="/reminders")
Administrator = Annotated[SignedIn, Depends(allow(Role.ADMINISTRATOR))]
Name = Annotated[str, Path(max_length=40)]
ADDRESS = "/console/reminders"


@router.get("")
async def reminders_page(request: Request, person: Administrator) -> HTMLResponse:
    """Every reminder in plain words."""
    context = console_context(request)
    say = partial(_said, context, person)

    def work(connection: Connection) -> dict[str, Any]:
        return {
            "reminders": shown_reminders(connection, context, person.language, say),
            "notices": notice_switches.switches(connection),
        }

    found = await context.database.read(work)
    return page(
        request,
        person,
        "reminders.html",
        **found,
        report_days=context.content.reminders[context.content.packs.province(context.province).id].reports,
        Ways=Ways,
        reason_words=partial(reason_words, language=person.language),
    )


@router.post("/{reminder}")
async def switch_reminder(request: Request, person: Administrator, reminder: Name) -> Response:
    """Field `ways`: off | free | all; `version` and `digest`: what the page showed."""
    context = console_context(request)
    form = await request.form()
    wanted, seen = text_field(form, "ways", 10), text_field(form, "digest", 64)
    version, now = number_field(form, "version"), context.clock.now()

    def work(connection: Connection) -> None:
        if wanted not in set(Ways):
            raise CampaignProblem("reminder_changed")
        reminders_of(context).switch(
            connection, context.province, reminder, version, Ways(wanted), seen, actor_of(person), now
        )

    await _work(context, person, work)
    context.wakeups.notify(CAMPAIGNS)
    return see_other(f"{ADDRESS}#{reminder}")


@router.post("/staff/{notice}")
async def switch_notice(request: Request, person: Administrator, notice: Name) -> Response:
    """Field `on`: yes, or it is switched off."""
    context = console_context(request)
    form = await request.form()
    on, version, now = text_field(form, "on", 10) == "yes", number_field(form, "version"), context.clock.now()

    def work(connection: Connection) -> None:
        if notice not in set(Notice):
            raise CampaignProblem("reminder_unknown")
        notice_switches.switch(connection, context.keyring, Notice(notice), on, version, actor_of(person), now)

    await _work(context, person, work)
    return see_other(f"{ADDRESS}#{notice}")


async def _work(context: ConsoleContext, person: SignedIn, work: Any) -> None:
    try:
        await context.database.run(work)
    except CampaignProblem as problem:
        raise as_problem(problem, person) from None


def _said(context: ConsoleContext, person: SignedIn, key: str, **values: object) -> str:
    return context.words.say(key, person.language, **values)
