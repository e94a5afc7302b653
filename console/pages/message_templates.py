"""/console/message-templates: the texts that campaigns are made of, written with a preview, and their registration.

Leaders write them; officers read them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.forms import number_field, see_other, text_field
from console.roles import DESK, LEADERS
from console.sessions import SignedIn
from console.template_form import EMPTY, Typed, parameter_lines, read_form, typed_of
from console.template_preview import VARIABLES, preview
from console.templating import page
from console.versioned import change_as_seen
from console.viewing import actor_of
from programme import campaign_text, message_templates
from programme.bulk_law import MessageKind
from programme.message_templates import NEXT, Draft, MessageTemplate, Registration, TemplateStale
from store.audit import record

router = APIRouter(prefix="/message-templates")
Reader = Annotated[SignedIn, Depends(allow(*DESK))]
Leader = Annotated[SignedIn, Depends(allow(*LEADERS))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
ADDRESS = "/console/message-templates"


@router.get("")
async def templates_page(request: Request, person: Reader, archived: bool = False) -> HTMLResponse:
    """Those in use, or those that were archived; and the packs' texts to begin with."""
    context = console_context(request)
    read = message_templates.all_templates
    found = await context.database.read(lambda c: read(c, context.province, archived=archived))
    starters = context.content.starters.current(context.province, context.clock.today())
    return page(request, person, "message_templates.html", templates=found, archived=archived, starters=starters)


@router.get("/new")
async def new_template(
    request: Request, person: Leader, starter: Annotated[str, Query(max_length=60)] = ""
) -> HTMLResponse:
    """An empty form, or one with a text of the packs."""
    context = console_context(request)
    current = context.content.starters.current(context.province, context.clock.today())
    found = next((one for one in current if one.id == starter), None)
    if found is None:
        return _form(request, person, Typed(EMPTY))
    return _form(
        request,
        person,
        Typed(Draft(found.name, found.kind, found.text, campaign_text.plain(found.text), starter=found.id)),
    )


@router.post("/new")
async def create_template(request: Request, person: Leader) -> Response:
    """Keep a new one, or show the form again with what is wrong."""
    context = console_context(request)
    form = await request.form()
    typed = read_form(form)
    if "look" in form or _problems(context, typed.draft):
        return _form(request, person, typed, is_refused="look" not in form)
    now = context.clock.now()

    def work(connection: Connection) -> int:
        made = message_templates.create(connection, context.province, typed.draft, person.officer_id, now)
        record(connection, context.keyring, now, actor_of(person), "template.created", f"message_template {made}")
        return made

    return see_other(f"{ADDRESS}/{await context.database.run(work)}")


@router.post("/preview")
async def preview_template(request: Request, person: Leader) -> HTMLResponse:
    """What the form would become, while it is typed."""
    context = console_context(request)
    form = await request.form()
    typed = read_form(form)
    shown = preview(context, typed.draft, _say(context, person))
    return page(
        request, person, "message_template_typed.html", preview=shown, typed=typed, own_plain="own_plain" in form
    )


@router.get("/{template_id}")
async def template_page(request: Request, person: Reader, template_id: Id) -> HTMLResponse:
    """Its form for whoever may change it, else its texts."""
    context = console_context(request)
    known = await context.database.read(lambda c: _of(c, context, person, template_id))
    return _form(request, person, typed_of(known.draft, known.version), known)


@router.post("/{template_id}")
async def change_template(request: Request, person: Leader, template_id: Id) -> Response:
    """Change one; a changed text must be registered anew."""
    context = console_context(request)
    form = await request.form()
    typed = read_form(form)
    known = await context.database.read(lambda c: _of(c, context, person, template_id))
    if "look" in form or _problems(context, typed.draft):
        return _form(request, person, typed, known, is_refused="look" not in form)
    now = context.clock.now()

    def change(connection: Connection, read: MessageTemplate) -> None:
        message_templates.change(connection, read, typed.draft, person.officer_id, now)

    if not await _step(context, person, template_id, typed.version, "template.changed", change):
        return _form(request, person, typed, known, is_stale=True)
    return see_other(f"{ADDRESS}/{template_id}")


@router.post("/{template_id}/registration")
async def register_template(request: Request, person: Leader, template_id: Id) -> Response:
    """Note what the carriers have said about the text."""
    context = console_context(request)
    form = await request.form()
    state = text_field(form, "state", 12)
    if state not in set(Registration):
        raise Problem(422, "field_missing", "state")
    now = context.clock.now()

    def register(connection: Connection, read: MessageTemplate) -> None:
        message_templates.register(connection, read, Registration(state), now)

    action = f"template.{state}"
    if not await _step(context, person, template_id, number_field(form, "version"), action, register):
        raise _stale(context, person)
    return see_other(f"{ADDRESS}/{template_id}")


@router.post("/{template_id}/archive")
async def archive_template(request: Request, person: Leader, template_id: Id) -> RedirectResponse:
    """Offer it no more; campaigns keep their copies."""
    context = console_context(request)
    version = number_field(await request.form(), "version")
    now = context.clock.now()

    def archive(connection: Connection, read: MessageTemplate) -> None:
        message_templates.archive(connection, read, now)

    if not await _step(context, person, template_id, version, "template.archived", archive):
        raise _stale(context, person)
    return see_other(ADDRESS)


async def _step(
    context: ConsoleContext,
    person: SignedIn,
    template_id: int,
    version: int,
    action: str,
    act: Callable[[Connection, MessageTemplate], None],
) -> bool:
    """Do it and record it, if the template is still as the form saw it."""
    find = partial(_of, context=context, person=person, template_id=template_id)
    about = f"message_template {template_id}"
    return await change_as_seen(context, person, find, version, act, TemplateStale, action, about)


def _of(connection: Connection, context: ConsoleContext, person: SignedIn, template_id: int) -> MessageTemplate:
    found = message_templates.find(connection, context.province, template_id)
    if found is None:
        raise Problem(404, "template_unknown", context.words.say("message_templates.unknown", person.language))
    return found


def _stale(context: ConsoleContext, person: SignedIn) -> Problem:
    return Problem(409, "template_stale", context.words.say("message_templates.stale", person.language))


def _problems(context: ConsoleContext, draft: Draft) -> bool:
    return bool(message_templates.problems(context.content.bulk_law, draft, context.clock.today()))


def _say(context: ConsoleContext, person: SignedIn) -> Callable[..., str]:
    return lambda key, **values: context.words.say(key, person.language, **values)


def _form(
    request: Request,
    person: SignedIn,
    typed: Typed,
    known: MessageTemplate | None = None,
    *,
    is_refused: bool = False,
    is_stale: bool = False,
) -> HTMLResponse:
    context = console_context(request)
    is_open = person.role in LEADERS and (known is None or known.archived_at is None)
    return page(
        request,
        person,
        "message_template.html",
        409 if is_stale else 422 if is_refused else 200,
        typed=typed,
        known=known,
        is_open=is_open,
        is_refused=is_refused,
        is_stale=is_stale,
        preview=preview(context, typed.draft, _say(context, person)),
        parameters=parameter_lines(typed.draft.zbs_variables),
        kinds=list(MessageKind),
        variables=VARIABLES,
        steps=NEXT[known.registration] if known else (),
        own_plain=False,
    )
