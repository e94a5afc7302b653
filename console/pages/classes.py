"""/console/classes: the table of classes, and entering or changing one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot.web.problems import Problem
from console.access import allow
from console.class_form import cells_of, read_cells, read_class
from console.context import ConsoleContext, console_context
from console.forms import see_other
from console.roles import FIELD, Role
from console.sessions import SignedIn
from console.templating import page
from console.viewing import actor_of
from programme import class_table
from programme.class_file import CellInvalid
from programme.class_table import PAGE, ClassRow, Wanted
from programme.classes import Topic
from programme.communes import Commune
from store.audit import record

router = APIRouter(prefix="/classes")
Officer = Annotated[SignedIn, Depends(allow(*FIELD))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
After = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
_EMPTY = {"ngay": "", "gio": "", "noi_hoc": "", "chu_de": "", "ten_lop": "", "xa_phuong": "", "so_cho": ""}


@router.get("")
async def classes_page(
    request: Request,
    person: Officer,
    commune: Annotated[str, Query(max_length=10)] = "",
    topic: Annotated[str, Query(max_length=40)] = "",
    past: bool = False,
    after: After = None,
) -> HTMLResponse:
    """Classes that come, or that have begun; which communes had one; who waits for one. It names nobody."""
    context = console_context(request)
    now = context.clock.now()
    own = codes_of(person)
    communes = own if not commune else [commune] if own is None or commune in own else []
    wanted = Wanted(context.province, communes, Topic(topic) if topic in set(Topic) else None, past)

    def work(connection: Connection) -> dict[str, Any]:
        return {
            "classes": class_table.table(connection, wanted, now, after),
            "coverage": class_table.coverage(connection, context.province, now),
            "wishes": class_table.wishes(connection, context.province, communes),
        }

    found = await context.database.read(work)
    classes: list[ClassRow] = found.pop("classes")
    return page(
        request,
        person,
        "classes.html",
        **found,
        classes=classes[:PAGE],
        more=classes[PAGE - 1].id if len(classes) > PAGE else None,
        chosen={"commune": commune, "topic": topic, "past": past},
        all_communes=len(context.content.communes.communes(context.province)),
        **_choices(context, person),
    )


@router.get("/new")
async def new_class(request: Request, person: Officer) -> HTMLResponse:
    """An empty form."""
    return _form(request, person, _EMPTY)


@router.post("/new")
async def create_class(request: Request, person: Officer) -> Response:
    """Keep a new class; sent twice, the second leads to the first."""
    context = console_context(request)
    cells = read_cells(await request.form())
    try:
        one = read_class(context, person, cells)
    except CellInvalid as invalid:
        return _form(request, person, cells, problem=invalid.code)
    now = context.clock.now()

    def work(connection: Connection) -> ClassRow | None:
        class_id, is_new = class_table.create(connection, one)
        known = class_table.find_row(connection, class_id)
        if is_new:
            record(connection, context.keyring, now, actor_of(person), "class.created", f"class {class_id}")
        return known if known is not None and known.training_class == one else None

    known = await context.database.run(work)
    if known is None:  # another class at this time and place with this title
        return _form(request, person, cells, problem="known")
    return see_other(f"/console/classes/{known.id}")


@router.get("/{class_id}/edit")
async def edit_class(request: Request, person: Officer, class_id: Id) -> HTMLResponse:
    """The form of a class."""
    context = console_context(request)
    row = await context.database.read(lambda c: class_of(c, context, person, class_id))
    return _form(request, person, cells_of(context, row.training_class), row)


@router.post("/{class_id}/edit")
async def change_class(request: Request, person: Officer, class_id: Id) -> Response:
    """Change a class that has not begun."""
    context = console_context(request)
    cells = read_cells(await request.form())
    row = await context.database.read(lambda c: class_of(c, context, person, class_id))
    try:
        one = read_class(context, person, cells)
    except CellInvalid as invalid:
        return _form(request, person, cells, row, invalid.code)
    now = context.clock.now()

    def work(connection: Connection) -> class_table.Changed:
        class_of(connection, context, person, class_id)
        changed = class_table.change(connection, class_id, one, now)
        if changed == "changed":
            record(connection, context.keyring, now, actor_of(person), "class.changed", f"class {class_id}")
        return changed

    changed = await context.database.run(work)
    if changed != "changed":
        return _form(request, person, cells, row, changed)
    return see_other(f"/console/classes/{class_id}")


def class_of(connection: Connection, context: ConsoleContext, person: SignedIn, class_id: int) -> ClassRow:
    """The class with this number, if it is `person`'s to see. Raises Problem 404, the same for what is another's."""
    row = class_table.find_row(connection, class_id)
    if row is None or row.training_class.province != context.province or not person.may_see(row.training_class.commune):
        raise Problem(404, "class_unknown", context.words.say("classes.unknown", person.language))
    return row


def codes_of(person: SignedIn) -> list[str] | None:
    """The communes whose classes somebody sees; None: all, also those for the whole province."""
    return list(person.communes or ()) if person.role is Role.COMMUNE else None


def names_of(context: ConsoleContext) -> dict[str, str]:
    """The communes of the hotline's province by code, as pages call them."""
    return {one.code: one.full_name for one in context.content.communes.communes(context.province)}


def _choices(context: ConsoleContext, person: SignedIn) -> dict[str, Any]:
    own = codes_of(person)
    communes: tuple[Commune, ...] = context.content.communes.communes(context.province)
    return {
        "communes": sorted((one for one in communes if own is None or one.code in own), key=lambda one: one.name),
        "names": names_of(context),
        "topics": list(Topic),
    }


def _form(
    request: Request, person: SignedIn, cells: Mapping[str, str], row: ClassRow | None = None, problem: str = ""
) -> HTMLResponse:
    context = console_context(request)
    return page(
        request,
        person,
        "class_form.html",
        422 if problem else 200,
        cells=cells,
        row=row,
        problem=problem,
        today=f"{context.clock.today():%Y-%m-%d}",
        **_choices(context, person),
    )
