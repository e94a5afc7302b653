"""/console/data-requests: what people ask about their own data, by the law's days; every step tells the owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection, select
from starlette.responses import HTMLResponse, Response

from bot import data_requests
from bot.data_requests import CAME_BY, IDENTITIES, KINDS, PAGE, DataRequest, Desk, StepNotPossible
from bot.wakeups import OUTBOX
from bot.web.my_data import render
from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.downloads import table_download
from console.forms import see_other, text_field
from console.roles import DESK, LEADERS
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of, note_view
from programme.data_copy import copy_of
from programme.links import home
from store.audit import record
from store.contacts import Contacts, find_phone
from store.tables import conversation

router = APIRouter(prefix="/data-requests")
Officer = Annotated[SignedIn, Depends(allow(*DESK))]
Leader = Annotated[SignedIn, Depends(allow(*LEADERS))]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
After = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
LIST = "/console/data-requests"
LONGEST_REASON, LONGEST_NAME = 300, 80
_COLUMNS = (
    *("number", "kind", "came_by", "opened", "acknowledge_by", "acknowledged", "due", "processor", "extended"),
    *("identity", "state", "ground", "finished"),
)


@router.get("")
async def requests_page(
    request: Request, person: Officer, view: Literal["open", "finished"] = "open", after: After = None
) -> HTMLResponse:
    """The open ones, the first deadline first; or those that are over, the newest first. That they were seen is
    recorded."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> list[DataRequest]:
        found = data_requests.listed(connection, view == "open", after)
        note_view(connection, context, person, "data_requests.viewed", "data_requests", now)
        return found

    found = await context.database.run(work)
    more = view == "finished" and len(found) > PAGE
    return page(
        request,
        person,
        "data_requests.html",
        rows=found[:PAGE] if view == "finished" else found,
        more=found[PAGE - 1].id if more else None,
        view=view,
        today=context.clock.today(),
        kinds=KINDS,
        came_by=CAME_BY,
    )


@router.post("")
async def open_by_hand(request: Request, person: Officer) -> Response:
    """A request that came by letter, telephone, mail or in person: one for everybody who is known by that number.
    Raises Problem 409, 422."""
    context, form = console_context(request), await request.form()
    kind, came_by = _one_of(form.get("kind"), KINDS), _one_of(form.get("came_by"), CAME_BY)
    name = text_field(form, "name", LONGEST_NAME)
    typed = text_field(form, "phone", 40)
    phone = find_phone(typed) if typed else None
    here = text_field(form, "conversation", 32) or None
    if typed and phone is None:
        raise Problem(422, "phone_invalid", context.words.say("data.phone_invalid", person.language))
    if not here and not phone and not name:
        raise Problem(422, "person_missing", context.words.say("data.person_missing", person.language))

    def work(connection: Connection, desk: Desk) -> list[int]:
        whose = _whose(connection, context, here, phone, name)
        opened = [desk.open_by_hand(contact_id, talk, kind, came_by) for contact_id, talk in whose]
        numbers = [number for number in opened if number is not None]
        if not numbers:
            raise StepNotPossible("open_already")
        if len(whose) == 1:  # of several only one may be who asked: nobody else is told
            desk.acknowledge(numbers[0])
        return numbers

    numbers = await _act(context, person, "data_request.opened", work)
    return see_other(f"{LIST}/{numbers[0]}" if len(numbers) == 1 else LIST)


@router.get("/register.csv")
async def register(request: Request, person: Leader) -> Response:
    """Every request there ever was, for auditors: numbers, days and steps, no names. That it was taken is recorded."""
    context = console_context(request)

    def work(connection: Connection) -> list[DataRequest]:
        rows = data_requests.register(connection)
        detail = {"count": len(rows)}
        record(
            connection,
            context.keyring,
            context.clock.now(),
            actor_of(person),
            "data_requests.exported",
            "data_requests",
            detail,
        )
        return rows

    rows = await context.database.run(work)
    say, language = context.words.say, person.language
    header = [say(f"data.{key}", language) for key in _COLUMNS]
    cells = [_cells(context, row) for row in rows]
    return table_download("so-yeu-cau-du-lieu", say("data.title", language), header, cells, "csv")


@router.get("/{request_id}")
async def request_page(request: Request, person: Officer, request_id: Number) -> HTMLResponse:
    """One request with the steps that are possible now. Raises Problem 404."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> DataRequest | None:
        found = data_requests.find(connection, request_id)
        if found is not None:
            note_view(connection, context, person, "data_request.viewed", f"data_request {request_id}", now)
        return found

    found = await context.database.run(work)
    if found is None:
        raise Problem(404, "not_found", context.words.say("data.unknown", person.language))
    return page(
        request,
        person,
        "data_request.html",
        one=found,
        today=context.clock.today(),
        identities=IDENTITIES,
        grounds=context.content.privacy.grounds,
        can_copy=found.kind == "access" and found.identity is not None,
    )


@router.get("/{request_id}/copy")
async def copy_page(request: Request, person: Officer, request_id: Number) -> HTMLResponse:
    """The copy to print and hand over, once it is known that it is them; recorded. Raises Problem 404, 409."""
    context = console_context(request)
    now, zone = context.clock.now(), context.clock.timezone

    def work(connection: Connection) -> str:
        found = data_requests.find(connection, request_id)
        if found is None or found.kind != "access":
            raise Problem(404, "not_found", context.words.say("data.unknown", person.language))
        if found.identity is None:
            raise StepNotPossible("identity_missing")
        copy = render(copy_of(connection, context.content, found.contact_id, now, zone))
        record(connection, context.keyring, now, actor_of(person), "data.copy_printed", f"data_request {request_id}")
        return copy

    try:
        copy = await context.database.run(work)
    except StepNotPossible as refused:
        raise _not_possible(context, person, refused) from None
    return page(request, person, "data_copy.html", number=request_id, copy=copy)


@router.post("/{request_id}/acknowledge")
async def acknowledge(request: Request, person: Officer, request_id: Number) -> Response:
    return await _step(request, person, request_id, "acknowledged", lambda desk, _: desk.acknowledge(request_id))


@router.post("/{request_id}/identity")
async def identity(request: Request, person: Officer, request_id: Number) -> Response:
    how = _one_of((await request.form()).get("how"), IDENTITIES)
    return await _step(request, person, request_id, "proved", lambda desk, _: desk.proved(request_id, how))


@router.post("/{request_id}/carry-out")
async def carry_out(request: Request, person: Officer, request_id: Number) -> Response:
    return await _step(request, person, request_id, "carried_out", lambda desk, _: desk.carry_out(request_id))


@router.post("/{request_id}/processor")
async def processor(request: Request, person: Officer, request_id: Number) -> Response:
    return await _step(request, person, request_id, "processor", lambda desk, _: desk.others_must_act(request_id))


@router.post("/{request_id}/extend")
async def extend(request: Request, person: Officer, request_id: Number) -> Response:
    reason = text_field(await request.form(), "reason", LONGEST_REASON)
    return await _step(request, person, request_id, "extended", lambda desk, _: desk.extend(request_id, reason))


@router.post("/{request_id}/refuse")
async def refuse(request: Request, person: Officer, request_id: Number) -> Response:
    form = await request.form()
    context = console_context(request)
    ground = _one_of(form.get("ground"), tuple(context.content.privacy.grounds))
    reason = text_field(form, "reason", LONGEST_REASON)
    return await _step(request, person, request_id, "refused", lambda desk, _: desk.refuse(request_id, ground, reason))


async def _step(
    request: Request, person: SignedIn, number: int, what: str, step: Callable[[Desk, Connection], None]
) -> Response:
    context = console_context(request)

    def work(connection: Connection, desk: Desk) -> list[int]:
        step(desk, connection)
        return [number]

    await _act(context, person, f"data_request.{what}", work)
    return see_other(f"{LIST}/{number}")


async def _act(
    context: ConsoleContext, person: SignedIn, action: str, work: Callable[[Connection, Desk], list[int]]
) -> list[int]:
    """One transaction: the step, what the owner is told, the record; which requests. Raises Problem 409."""
    now, today = context.clock.now(), context.clock.today()
    content = context.content

    def run(connection: Connection) -> tuple[list[int], list[str]]:
        address = context.public_url or ""
        desk = Desk(
            connection, context.keyring, content.phrases, content.deadlines, person.officer_id, now, today, address
        )
        numbers = work(connection, desk)
        found = [data_requests.find(connection, number) for number in numbers]
        for number in numbers:
            record(connection, context.keyring, now, actor_of(person), action, f"data_request {number}")
        return numbers, [one.conversation_id for one in found if one and one.conversation_id]

    try:
        numbers, talks = await context.database.run(run)
    except StepNotPossible as refused:
        raise _not_possible(context, person, refused) from None
    for here in talks:
        context.wakeups.notify(here)
        context.wakeups.notify(OUTBOX)
    return numbers


def _not_possible(context: ConsoleContext, person: SignedIn, refused: StepNotPossible) -> Problem:
    code = str(refused)
    return Problem(409, code, context.words.say(f"data.problem_{code}", person.language))


def _whose(
    connection: Connection, context: ConsoleContext, here: str | None, phone: str | None, name: str
) -> list[tuple[int, str | None]]:
    """Contacts and conversations: of that conversation, else of everybody with this number, else a new one."""
    contacts = Contacts(connection, context.keyring)
    if here is not None:
        found = connection.execute(select(conversation.c.contact_id).filter_by(id=here)).scalar()
        if found is None:
            raise StepNotPossible("conversation_unknown")
        return [(int(found), here)]
    if known := contacts.with_phone(phone) if phone else []:
        people = dict.fromkeys(home(connection, one) for one in known)
        newest = select(conversation.c.id).order_by(conversation.c.last_heard_at.desc().nulls_last()).limit(1)
        return [(one, connection.scalar(newest.filter_by(contact_id=one))) for one in people]
    contact_id = contacts.add(context.clock.now(), name or None)
    if phone:
        contacts.set_phone(contact_id, phone)
    return [(contact_id, None)]


def _one_of(value: Any, known: tuple[str, ...]) -> str:
    """Raises Problem 422."""
    if value not in known:
        raise Problem(422, "request_invalid", str(value)[:40])
    return str(value)


def _cells(context: ConsoleContext, row: DataRequest) -> tuple[Any, ...]:
    zone = context.clock.timezone

    def at(moment: Any) -> str:
        return f"{moment.astimezone(zone):%d/%m/%Y %H:%M}" if moment else ""

    return (
        *(row.id, row.kind, row.came_by, at(row.opened_at), f"{row.acknowledge_by:%d/%m/%Y}"),
        *(at(row.acknowledged_at), f"{row.due_on:%d/%m/%Y}", "x" if row.with_processor else "", at(row.extended_at)),
        *(row.identity or "", row.status, row.refusal or "", at(row.finished_at)),
    )
