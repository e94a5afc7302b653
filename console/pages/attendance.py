"""/console/classes/{id}: who has a place in a class; who came, ticked one by one; the list to take along."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot.web.problems import Problem
from console.context import ConsoleContext, console_context
from console.downloads import Ending, table_download
from console.forms import see_other, text_field
from console.pages.classes import Id, Officer, class_of, names_of
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of, note_view
from programme import class_attendance
from programme.class_attendance import Counted, Pupil
from programme.class_table import ClassRow
from programme.safe_cells import Cell
from store.audit import record
from store.contacts import local_phone, normalise_phone

router = APIRouter(prefix="/classes")
PlaceId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Words = Annotated[str, Query(max_length=60)]
LONGEST_NAME, LONGEST_PHONE = 60, 30


@router.get("/{class_id}")
async def class_page(request: Request, person: Officer, class_id: Id, q: Words = "") -> HTMLResponse:
    """Everybody with a place; with `q`, whose name or number has these words."""
    return await _page(request, person, class_id, q)


@router.post("/{class_id}/places/{place_id}/tick")
async def tick(request: Request, person: Officer, class_id: Id, place_id: PlaceId) -> Response:
    """They are there. Idempotent: the first tick stays."""
    return await _mark(request, person, class_id, place_id, is_there=True)


@router.post("/{class_id}/places/{place_id}/untick")
async def untick(request: Request, person: Officer, class_id: Id, place_id: PlaceId) -> Response:
    """They are not there after all. Idempotent."""
    return await _mark(request, person, class_id, place_id, is_there=False)


@router.post("/{class_id}/places")
async def add(request: Request, person: Officer, class_id: Id) -> Response:
    """Somebody came without a place. Idempotent by name and number."""
    context = console_context(request)
    form = await request.form()
    name, typed = text_field(form, "name", LONGEST_NAME), text_field(form, "phone", LONGEST_PHONE)
    phone = normalise_phone(typed)
    problem = "name_missing" if not name else "phone_invalid" if phone is None else ""
    if not problem and "consent" not in form:
        problem = "consent_missing"
    if problem or phone is None:
        return await _page(request, person, class_id, problem=problem, typed=(name, typed))
    now = context.clock.now()

    def work(connection: Connection) -> int:
        _open(connection, context, person, class_id, now)
        place_id = class_attendance.add_at_the_door(
            connection, context.keyring, class_id, name, phone, person.officer_id, now
        )
        detail = {"place": place_id, "at_the_door": True}
        record(connection, context.keyring, now, actor_of(person), "class.ticked", f"class {class_id}", detail)
        return place_id

    place_id = await context.database.run(work)
    return see_other(f"/console/classes/{class_id}#place-{place_id}")


@router.get("/{class_id}/attendance.{ending}")
async def download(request: Request, person: Officer, class_id: Id, ending: Ending) -> Response:
    """The list with who came; that it was taken is recorded."""
    context = console_context(request)
    now, zone, say = context.clock.now(), context.clock.timezone, context.words.say

    def work(connection: Connection) -> tuple[ClassRow, list[Pupil]]:
        row = class_of(connection, context, person, class_id)
        found = class_attendance.pupils(connection, class_id)
        detail = {"rows": len(found), "as": ending}
        record(connection, context.keyring, now, actor_of(person), "class.exported", f"class {class_id}", detail)
        return row, found

    row, found = await context.database.run(work)
    there = say("classes.there", person.language)
    rows: list[tuple[Cell, ...]] = [
        (
            number,
            one.name,
            local_phone(one.phone),
            f"{one.registered_at.astimezone(zone):%d/%m/%Y}",
            there if one.attended_at else "",
            f"{one.attended_at.astimezone(zone):%H:%M %d/%m/%Y}" if one.attended_at else "",
        )
        for number, one in enumerate(found, 1)
    ]
    header = [say(f"classes.column_{key}", person.language) for key in _COLUMNS]
    day = f"{row.training_class.starts_at.astimezone(zone):%Y-%m-%d}"
    title = say("classes.sheet", person.language)
    return table_download(f"diem-danh-{class_id}-{day}", title, header, rows, ending)


_COLUMNS = ("number", "name", "phone", "registered", "there", "ticked")


async def _mark(request: Request, person: SignedIn, class_id: int, place_id: int, is_there: bool) -> Response:
    """One tap: the line and the count come back to htmx, the page to a browser without scripts."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> tuple[Pupil | None, Counted]:
        _open(connection, context, person, class_id, now)
        if is_there:
            changed = class_attendance.tick(connection, class_id, place_id, person.officer_id, now)
        else:
            changed = class_attendance.untick(connection, class_id, place_id)
        found = class_attendance.find(connection, class_id, place_id), class_attendance.counted(connection, class_id)
        if changed:
            action, detail = "class.ticked" if is_there else "class.unticked", {"place": place_id}
            record(connection, context.keyring, now, actor_of(person), action, f"class {class_id}", detail)
        return found

    pupil, counted = await context.database.run(work)
    if pupil is None:
        raise Problem(404, "place_unknown", context.words.say("classes.unknown_place", person.language))
    if "HX-Request" not in request.headers:
        return see_other(f"/console/classes/{class_id}#place-{place_id}")
    values = {"pupil": pupil, "counted": counted, "class_id": class_id}
    return page(request, person, "class_ticked.html", 200, **values)


def _open(connection: Connection, context: ConsoleContext, person: SignedIn, class_id: int, now: datetime) -> None:
    """Raises Problem 404 class_unknown, 409 class_not_open."""
    row = class_of(connection, context, person, class_id)
    if not class_attendance.is_open(row.training_class.starts_at, now):
        raise Problem(409, "class_not_open", context.words.say("classes.not_open", person.language))


async def _page(
    request: Request,
    person: SignedIn,
    class_id: int,
    words: str = "",
    problem: str = "",
    typed: tuple[str, str] = ("", ""),
) -> HTMLResponse:
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> tuple[ClassRow, list[Pupil]]:
        row = class_of(connection, context, person, class_id)
        found = class_attendance.pupils(connection, class_id, words)
        note_view(connection, context, person, "class.viewed", f"class {class_id}", now, {"people": row.taken})
        return row, found

    row, found = await context.database.run(work)
    return page(
        request,
        person,
        "class.html",
        422 if problem else 200,
        row=row,
        counted=Counted(row.taken, row.attended),
        pupils=found,
        words=words,
        is_open=class_attendance.is_open(row.training_class.starts_at, now),
        has_begun=row.training_class.starts_at <= now,
        problem=problem,
        typed=typed,
        names=names_of(context),
        class_id=class_id,
    )
