"""/console/imports: lists that are read in: upload, columns, what they would do, start, how far it is, the result.

A file is only taken and kept here, encrypted; whatever is read of it is scheduler/imports.py's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection, select, update
from starlette.responses import HTMLResponse, Response

from bot.wakeups import IMPORTS
from bot.web.problems import Problem
from console.access import allow
from console.context import ConsoleContext, console_context
from console.downloads import Ending
from console.forms import see_other, text_field
from console.import_form import Choice, columns_form, read_basis, read_columns, read_kind, seen_of
from console.roles import LEADERS
from console.row_streams import streamed
from console.sessions import SignedIn
from console.templating import page
from console.uploads import uploaded
from console.viewing import actor_of, note_view
from programme import file_imports
from programme.file_imports import AT_CHOICE, BUSY, COLUMNS, OPEN, RESULT_HEADER, Import
from programme.list_kinds import ListKind
from programme.safe_cells import Cell
from programme.shop_file import MOST_BYTES, MOST_ROWS
from programme.table_problems import TableInvalid
from store.audit import record
from store.registry_tables import file_import

router = APIRouter(prefix="/imports")
Leader = Annotated[SignedIn, Depends(allow(*LEADERS))]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
After = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
PAGE = 30
MOST_IN_XLSX = 100_000


@router.get("")
async def imports_page(request: Request, person: Leader, after: After = None) -> HTMLResponse:
    """The form for a new one, and those there were, the newest first."""
    return await _list(request, person, after)


@router.post("")
async def upload(request: Request, person: Leader) -> Response:
    """Keep the file, encrypted; somebody looks it over at once."""
    context = console_context(request)
    form = await request.form()
    kind, file = read_kind(form), await uploaded(form, "file")
    if kind is None or file is None or not file[1]:
        return await _list(request, person, None, problem="kind" if kind is None else "file")
    name, content = file
    sealed = await asyncio.to_thread(context.keyring.encrypt_bytes, content)
    now, detail = context.clock.now(), {"kind": str(kind), "bytes": len(content)}

    def work(connection: Connection) -> int:
        said = {"content": sealed}
        id_ = file_imports.begin(connection, kind, context.province, name, said, person.name, now)
        record(connection, context.keyring, now, actor_of(person), "registry.import_uploaded", f"import {id_}", detail)
        return id_

    id_ = await context.database.run(work)
    context.wakeups.notify(IMPORTS)
    return see_other(f"/console/imports/{id_}")


@router.get("/{import_id}")
async def import_page(request: Request, person: Leader, import_id: Id) -> HTMLResponse:
    """One file: what is asked of it now. That its first rows were seen is recorded."""
    context = console_context(request)
    one = await context.database.read(lambda c: _find(c, context, person, import_id))
    now = context.clock.now()
    await context.database.run(
        lambda c: note_view(c, context, person, "registry.import_viewed", f"import {import_id}", now)
    )
    return page(request, person, "import.html", **_values(context, one))


@router.get("/{import_id}/state")
async def state(request: Request, person: Leader, import_id: Id) -> HTMLResponse:
    """The part of the page that is read again while somebody works on the file."""
    context = console_context(request)
    one = await context.database.read(lambda c: _find(c, context, person, import_id))
    return page(request, person, "import_state.html", **_values(context, one))


@router.post("/{import_id}/columns")
async def choose_columns(request: Request, person: Leader, import_id: Id) -> Response:
    """What each column is; it is counted again. Another sheet is looked over first."""
    context = console_context(request)
    form = await request.form()
    one = await context.database.read(lambda c: _find(c, context, person, import_id))
    choice = columns_form(one)
    if choice is None:
        raise _changed(context, person)
    try:
        mapping, is_new_sheet = read_columns(form, one.kind, choice)
    except TableInvalid:
        return _again(request, person, one, "columns")
    values: dict[str, Any] = {"mapping": mapping, "dry": None, "error": None, "rows": 0, "read_rows": 0}
    values["status"] = "uploaded" if is_new_sheet else "checking"
    await _step(context, person, import_id, AT_CHOICE, values, "registry.import_columns", {})
    return see_other(f"/console/imports/{import_id}")


@router.post("/{import_id}/start")
async def start(request: Request, person: Leader, import_id: Id) -> Response:
    """Read it in, once what shows it is stated: since when everybody agreed, or where the list is from. `seen`: what
    the page showed of it; somebody else may have chosen other columns since."""
    context = console_context(request)
    form = await request.form()
    one = await context.database.read(lambda c: _find(c, context, person, import_id))
    basis, problem = read_basis(form, one.kind, context.clock.today())
    if problem:
        return _again(request, person, one, problem, form)
    values: dict[str, Any] = {"status": "waiting", "basis": basis, "read_rows": 0, "error": None}
    detail = {"kind": one.kind, "rows": one.rows, "consent": basis is not None and one.kind == ListKind.SHOPS}
    seen = text_field(form, "seen", 64)
    await _step(context, person, import_id, ("checked",), values, "registry.import_started", detail, seen)
    return see_other(f"/console/imports/{import_id}")


@router.post("/{import_id}/cancel")
async def cancel(request: Request, person: Leader, import_id: Id) -> Response:
    """Nobody goes on; the file goes, and rows that were taken stay."""
    context = console_context(request)
    values = file_imports.ended("cancelled", context.clock.now())
    await _step(context, person, import_id, OPEN, values, "registry.import_cancelled", {})
    return see_other(f"/console/imports/{import_id}")


@router.get("/{import_id}/result.{ending}")
async def result(request: Request, person: Leader, import_id: Id, ending: Ending) -> Response:
    """Every row that was not simply taken, with its reason; that it was taken along is recorded before."""
    context = console_context(request)
    now = context.clock.now()

    def work(connection: Connection) -> None:
        one = _find(connection, context, person, import_id)
        if ending == "xlsx" and one.refused + one.merged > MOST_IN_XLSX:
            words = context.words.say("imports.too_many_for_xlsx", person.language, most=MOST_IN_XLSX)
            raise Problem(422, "too_many_rows", words)
        detail = {"as": ending, **one.counts()}
        action, object_ = "registry.import_exported", f"import {import_id}"
        record(connection, context.keyring, now, actor_of(person), action, object_, detail)

    await context.database.run(work)
    return await streamed(f"ket-qua-nhap-{import_id}", "Kết quả", RESULT_HEADER, _parts(context, import_id), ending)


async def _parts(context: ConsoleContext, import_id: int) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    after = -1
    while rows := await context.database.read(partial(_part, import_id, after)):
        yield rows
        after = int(rows[-1][0])


def _part(import_id: int, after: int, connection: Connection) -> list[tuple[str | int, ...]]:
    return file_imports.result_part(connection, import_id, after)


async def _step(
    context: ConsoleContext,
    person: SignedIn,
    import_id: int,
    was: Sequence[str],
    values: Mapping[str, Any],
    action: str,
    detail: Mapping[str, Any],
    seen: str | None = None,
) -> None:
    """One of the steps that people take, from one of the states `was`. `seen`: what it must still be (seen_of). Raises
    Problem 409 import_changed."""
    now = context.clock.now()

    def work(connection: Connection) -> None:
        one = _find(connection, context, person, import_id)
        if seen is not None and seen != seen_of(one):
            raise _changed(context, person)
        own = update(file_import).where(file_import.c.id == import_id, file_import.c.status.in_(was))
        if connection.execute(own.values(values)).rowcount != 1:
            raise _changed(context, person)
        record(connection, context.keyring, now, actor_of(person), action, f"import {import_id}", detail)

    await context.database.run(work)
    context.wakeups.notify(IMPORTS)


def _find(connection: Connection, context: ConsoleContext, person: SignedIn, import_id: int) -> Import:
    """Raises Problem 404."""
    rows = select(*COLUMNS).where(file_import.c.id == import_id, file_import.c.province == context.province)
    row = connection.execute(rows).mappings().first()
    if row is None:
        raise Problem(404, "import_unknown", context.words.say("imports.unknown", person.language))
    return file_imports.read(row)


def _changed(context: ConsoleContext, person: SignedIn) -> Problem:
    return Problem(409, "import_changed", context.words.say("imports.changed", person.language))


def _again(request: Request, person: SignedIn, one: Import, problem: str, form: Any = None) -> HTMLResponse:
    values = _values(console_context(request), one)
    typed = {name: str(form.get(name, ""))[:80] for name in ("basis", "source", "day")} if form else values["typed"]
    return page(request, person, "import.html", 422, **{**values, "problem": problem, "typed": typed})


def _values(context: ConsoleContext, one: Import) -> dict[str, Any]:
    choice: Choice | None = columns_form(one)
    return {
        "one": one,
        "choice": choice,
        "seen": seen_of(one),
        "is_busy": one.status in BUSY,
        "is_open": one.status in OPEN,
        "is_shops": one.kind == ListKind.SHOPS,
        "problem": "",
        "typed": {"basis": "", "source": "", "day": ""},
        "today": f"{context.clock.today():%Y-%m-%d}",
        "reason_words": _reason_words(context),
    }


def _reason_words(context: ConsoleContext) -> Callable[[str, str], str]:
    """What a reason's code means; one of an older version stays a code."""

    def words(code: str, language: str) -> str:
        known = context.words.texts.get(f"imports.reason_{code}")
        return code if known is None else known[language]

    return words


async def _list(request: Request, person: SignedIn, after: int | None, problem: str = "") -> HTMLResponse:
    context = console_context(request)
    rows = select(*COLUMNS).where(file_import.c.province == context.province).order_by(file_import.c.id.desc())
    if after is not None:
        rows = rows.where(file_import.c.id < after)
    found = await context.database.read(
        lambda c: [file_imports.read(row) for row in c.execute(rows.limit(PAGE + 1)).mappings()]
    )
    return page(
        request,
        person,
        "imports.html",
        422 if problem else 200,
        imports=found[:PAGE],
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        kinds=list(ListKind),
        most_bytes=MOST_BYTES,
        most_rows=MOST_ROWS,
        problem=problem,
    )
