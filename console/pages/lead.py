"""/console/leads/{id}: one lead: what its owner agreed to, its history, the next step, notes and difficulties.

Another firm's lead and one of another commune are answered like one that does not exist. Once the consent is withdrawn
every address here answers 410, and a page that is open hears so within seconds (console/assets/lead.js).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection, RowMapping, select
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from bot.secrets import mask
from bot.web.problems import Problem
from console.context import ConsoleContext, console_context
from console.forms import see_other, text_field
from console.lead_scope import as_problem, scope_of
from console.pages.classes import names_of
from console.pages.leads import Reader
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of, note_view
from programme import lead_table
from programme.difficulties import Difficulty
from programme.difficulties import record as record_difficulty
from programme.lead_consent import agreed_to, wishes
from programme.lead_life import LONGEST_TEXT, SETTLED, LeadLife, Step, checked_text
from programme.lead_problems import LeadProblem
from programme.lead_states import LeadState
from programme.lead_steps import find, history, is_withdrawn
from store.audit import record
from store.vendor_tables import lead_note

router = APIRouter(prefix="/leads")
T = TypeVar("T")
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Version = Annotated[int, Query(ge=0, le=2**31 - 1)]
# More than a form's own limit, so that what is too long is said in our words.
MOST_READ = 4000


@router.get("/{lead_id}")
async def lead_page(request: Request, person: Reader, lead_id: Id) -> HTMLResponse:
    """Everything about one lead; that it was seen is recorded, with whether it named the owner."""
    context = console_context(request)
    scope, now, life = scope_of(context, person), context.clock.now(), _life(context)

    def work(connection: Connection) -> dict[str, Any]:
        row = find(connection, lead_id, scope)
        shown = lead_table.one(connection, lead_id, scope)
        if shown is None or is_withdrawn(row):
            raise LeadProblem("lead_withdrawn")
        notes = select(lead_note).where(lead_note.c.lead_id == lead_id).order_by(lead_note.c.id)
        values = {
            "lead": shown,
            "row": row,
            "steps": life.steps_of(connection, row, scope),
            "history": history(connection, lead_id),
            "notes": connection.execute(notes).mappings().all(),
            "agreed": agreed_to(connection, context.content, lead_id, person.language),
            "wishes": wishes(connection, context.content, lead_id, person.language),
        }
        detail = {"vendor": row["vendor"], "named": shown.is_named}
        # named or not, each is recorded by itself: what was seen before the acceptance is no view of the person
        seen = f"lead {lead_id}{' named' if shown.is_named else ''}"
        note_view(connection, context, person, "lead.viewed", seen, now, detail)
        return values

    values = await _run(context, person, work)
    pack = context.content.packs.province(context.province)
    return page(
        request,
        person,
        "lead.html",
        **values,
        oversees=scope.oversees,
        settled=SETTLED,
        vendors={one.id: one.short for one in pack.vendors},
        names=names_of(context),
        trades={id_: one.button[person.language] for id_, one in context.content.trades.trades.items()},
        reasons=context.content.refusal_reasons,
        difficulties=context.content.difficulties,
        longest=LONGEST_TEXT,
        refused=LeadState.REFUSED,
    )


@router.get("/{lead_id}/fresh")
async def fresh(request: Request, person: Reader, lead_id: Id, version: Version) -> Response:
    """For an open page: 204 while it shows what is so; 409 when somebody has changed it, 410 when it must go.

    Names nobody, so it is no view.
    """
    context = console_context(request)
    scope = scope_of(context, person)
    try:
        row = await context.database.read(lambda c: find(c, lead_id, scope))
        if is_withdrawn(row):
            raise LeadProblem("lead_withdrawn")
        if row["version"] != version:
            raise LeadProblem("lead_changed")
    except LeadProblem as problem:
        whole = problem.code != "lead_changed"
        words = problem.words(person.language)
        answer = page(request, person, "lead_stale.html", problem.status, words=words, whole=whole)
        answer.headers["HX-Retarget"] = "#lead" if whole else "#stale"
        answer.headers["X-Problem"] = problem.code
        return answer
    return Response(status_code=204)


@router.post("/{lead_id}/step")
async def take_step(request: Request, person: Reader, lead_id: Id) -> Response:
    """Bring it to another state, from the version that the page showed. Sent twice it is one step."""
    context = console_context(request)
    form = await request.form()
    wanted = _step(form)
    scope, now, life = scope_of(context, person), context.clock.now(), _life(context)

    def work(connection: Connection) -> None:
        before = find(connection, lead_id, scope, lock=True)["version"]
        row = life.step(connection, lead_id, wanted, scope, actor_of(person), now)
        if row["version"] != before:
            detail = {"to": wanted.to, "version": row["version"], "vendor": row["vendor"], "reason": row["reason"]}
            _record(connection, context, person, "lead.stepped", lead_id, detail)

    await _run(context, person, work)
    return see_other(f"/console/leads/{lead_id}")


@router.post("/{lead_id}/settle")
async def settle(request: Request, person: Reader, lead_id: Id) -> Response:
    """Those who oversee the firms have seen to a lead that no firm has."""
    context = console_context(request)
    version = _version(await request.form())
    scope, now, life = scope_of(context, person), context.clock.now(), _life(context)

    def work(connection: Connection) -> None:
        if life.settle(connection, lead_id, version, scope, actor_of(person), now):
            _record(connection, context, person, "lead.settled", lead_id, {})

    await _run(context, person, work)
    return see_other(f"/console/leads/{lead_id}")


@router.post("/{lead_id}/note")
async def add_note(request: Request, person: Reader, lead_id: Id) -> Response:
    """A word to the programme, or from it."""
    context = console_context(request)
    text = _words(await request.form())
    scope, now, life = scope_of(context, person), context.clock.now(), _life(context)

    def work(connection: Connection) -> None:
        if life.note(connection, lead_id, text, scope, actor_of(person), now):
            _record(connection, context, person, "lead.noted", lead_id, {})

    await _run(context, person, work)
    return see_other(f"/console/leads/{lead_id}#notes")


@router.post("/{lead_id}/difficulty")
async def add_difficulty(request: Request, person: Reader, lead_id: Id) -> Response:
    """What is difficult with this shop, by category. One telling for each category and day."""
    context = console_context(request)
    form = await request.form()
    category, text = text_field(form, "category", 40), _words(form)
    scope = scope_of(context, person)

    def work(connection: Connection) -> None:
        row = find(connection, lead_id, scope, lock=True)
        if is_withdrawn(row):
            raise LeadProblem("lead_withdrawn")
        if category not in context.content.difficulties.all:
            raise LeadProblem("category_unknown")
        told = _told(context, person, row, category, checked_text(text))
        record_difficulty(connection, told)
        _record(connection, context, person, "lead.difficulty", lead_id, {"category": category})

    await _run(context, person, work)
    return see_other(f"/console/leads/{lead_id}#notes")


def _told(context: ConsoleContext, person: SignedIn, row: RowMapping, category: str, text: str | None) -> Difficulty:
    now = context.clock.now()
    return Difficulty(
        source="vendor",
        category=category,
        province=row["province"],
        at=now,
        commune=row["commune"],
        vendor=row["vendor"],
        lead_id=row["id"],
        contact_id=row["contact_id"],
        officer_id=person.officer_id,
        text=text,
        telling=f"lead {row['id']} {category} {now.astimezone(context.clock.timezone):%Y-%m-%d}",
    )


def _life(context: ConsoleContext) -> LeadLife:
    return LeadLife(context.content, context.clock.timezone)


def _step(form: FormData) -> Step:
    to = text_field(form, "to", 20)
    if to not in set(LeadState):
        raise Problem(422, "request_invalid", "to")
    reason = text_field(form, "reason", 40) or None
    return Step(LeadState(to), _version(form), reason, _words(form))


def _words(form: FormData) -> str:
    """What was written, without secrets."""
    return mask(text_field(form, "text", MOST_READ))[0]


def _version(form: FormData) -> int:
    text = text_field(form, "version", 10)
    if not (text.isascii() and text.isdigit()):
        raise Problem(422, "request_invalid", "version")
    return int(text)


def _record(
    connection: Connection,
    context: ConsoleContext,
    person: SignedIn,
    action: str,
    lead_id: int,
    detail: Mapping[str, Any],
) -> None:
    """As the last statement of the transaction."""
    now = context.clock.now()
    record(connection, context.keyring, now, actor_of(person), action, f"lead {lead_id}", detail)


async def _run(context: ConsoleContext, person: SignedIn, work: Callable[[Connection], T]) -> T:
    try:
        return await context.database.run(work)
    except LeadProblem as problem:
        raise as_problem(problem, person) from None
